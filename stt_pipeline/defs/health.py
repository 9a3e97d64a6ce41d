"""Is a process of Dagster at work? Asks the process, and its database. Starts and mends none."""

import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import dagster as dg
import grpc  # type: ignore[import-untyped]
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._daemon.controller import get_daemon_statuses
from dagster._grpc.client import DagsterGrpcClient
from dagster._grpc.types import ListRepositoriesResponse
from dagster._serdes import deserialize_value
from dagster_shared.error import SerializableErrorInfo

from stt_pipeline.defs.instance import HOME_VARIABLE
from stt_pipeline.domain.errors import UserError

SILENT_S: Final = 300
"""A daemon that has not spoken for so long is taken for dead; each speaks every 30 s."""

ANSWER_S: Final = 20
"""How long the web server may take for an answer."""


def database_answers() -> str:
    """What the instance's database holds; raises UserError where it does not answer."""
    with _instance() as instance:
        return f"{instance.get_runs_count()} runs"


def daemon_speaks() -> str:
    """The daemons whose heartbeats are fresh; raises UserError where one is not."""
    with _instance() as instance:
        needed = instance.get_required_daemon_types()
        statuses = get_daemon_statuses(
            instance,
            needed,
            ignore_errors=True,
            heartbeat_interval_seconds=0,
            heartbeat_tolerance_seconds=SILENT_S,
        )
    silent = sorted(name for name, status in statuses.items() if not status.healthy)
    if silent:
        raise UserError(
            f"No heartbeat of {', '.join(silent)} for {SILENT_S} s: start the daemon again."
        )
    return f"heartbeats of {len(statuses)} daemons"


def code_loads(port: int) -> str:
    """The code location that a server on this machine has loaded; raises UserError."""
    try:
        answer = DagsterGrpcClient(port=port, host="localhost").list_repositories()
    except DagsterUserCodeUnreachableError as error:
        raise UserError(
            f"No code server answers on port {port} ({_code(error)}): start it again."
        ) from None
    loaded = deserialize_value(answer, (ListRepositoriesResponse, SerializableErrorInfo))
    if isinstance(loaded, SerializableErrorInfo):
        while loaded.cause is not None:
            loaded = loaded.cause
        said = " ".join(loaded.message.split())
        raise UserError(f"The code server cannot load the pipeline ({said}): correct it.")
    return f"{len(loaded.repository_symbols)} code location"


def web_server_answers(port: int) -> str:
    """The version of the web server on this machine; raises UserError."""
    try:
        with urllib.request.urlopen(
            f"http://localhost:{port}/server_info", timeout=ANSWER_S
        ) as answer:
            versions = json.load(answer)
    except (urllib.error.URLError, OSError, json.JSONDecodeError) as error:
        raise UserError(
            f"No web server answers on port {port} ({error}): start it again."
        ) from None
    return f"Dagster {versions['dagster_webserver_version']}"


def _code(error: BaseException) -> str:
    """What went wrong, in the words of gRPC."""
    cause = error.__cause__
    return cause.code().name.lower() if isinstance(cause, grpc.Call) else "no answer"


@contextmanager
def _instance() -> Iterator[dg.DagsterInstance]:
    """The instance of DAGSTER_HOME; whatever its database raises is a UserError."""
    if not os.environ.get(HOME_VARIABLE):
        raise UserError(f"{HOME_VARIABLE} is not set: name the folder that holds dagster.yaml.")
    try:
        with dg.DagsterInstance.get() as instance:
            yield instance
    except Exception as error:  # Drivers, pools and configuration each raise their own.
        said = " ".join(str(error.__cause__ or error).split("\n\n")[0].split())
        raise UserError(
            f"Dagster's database does not answer ({said}): check DAGSTER_HOME, the network and the "
            "password."
        ) from error
