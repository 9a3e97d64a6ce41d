"""What the service is built from, as the settings ask. Answers no request."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from stt_pipeline.adapters import machine
from stt_pipeline.adapters.job_records import JobRecords
from stt_pipeline.adapters.whisper.process import process_environment
from stt_pipeline.adapters.worker_processes import Task, WorkerProcesses
from stt_pipeline.domain.errors import UserError
from stt_pipeline.domain.planning.sharding import batch_size
from stt_pipeline.domain.ports import ReadableStore, TokenIssuer
from stt_pipeline.domain.serving.api_keys import parse_keys
from stt_pipeline.settings import Settings
from stt_pipeline.wiring.engine import available_cpus, most_workers
from stt_pipeline.wiring.roots import S3, lake_store, store_at, text_at, work_folder

SERVING_PROGRAM = "stt_pipeline.serving.worker"
"""The module that a process of the service's engine runs."""

PROBERS = 2
"""Processes that read headers: a file that one is stuck over leaves another."""


def engine_workers(
    settings: Settings,
    limit_s: Callable[[Sequence[Task]], float],
    on_note: Callable[[Task, Any], None],
) -> WorkerProcesses:
    """Processes of the engine: one a CPU, fewer where memory is."""
    processes = most_workers()
    threads = max(1, available_cpus() // processes)
    batch = batch_size(processes, machine.available_memory_bytes())
    arguments = ["transcribe", "--threads", str(threads), "--batch", str(batch)]
    return _workers(settings, arguments, processes, limit_s, on_note)


def probers(settings: Settings, limit_s: Callable[[Sequence[Task]], float]) -> WorkerProcesses:
    """Processes that read the headers of what callers send."""
    return _workers(settings, ["probe"], PROBERS, limit_s, lambda task, note: None)


def _workers(
    settings: Settings,
    arguments: Sequence[str],
    processes: int,
    limit_s: Callable[[Sequence[Task]], float],
    on_note: Callable[[Task, Any], None],
) -> WorkerProcesses:
    # Who may call is none of their business, and everybody on the machine reads command lines.
    told = settings.model_copy(update={"serve_api_keys": ""})
    command = ["-m", SERVING_PROGRAM, *arguments, "--settings", told.model_dump_json()]
    return WorkerProcesses(
        command, processes, limit_s, environment=process_environment(), on_note=on_note
    )


def job_records(settings: Settings) -> JobRecords:
    """Jobs, in the lake's private part."""
    return JobRecords(lake_store(settings))


def readable_roots(settings: Settings) -> tuple[str, ...]:
    """Roots whose recordings may be asked for by URI."""
    return (settings.recordings_uri, *settings.serve_uris)


def store_of(root: str) -> ReadableStore:
    """The store at a root; raises UserError."""
    return store_at(root, "STT_SERVE_URIS")


def uploads_folder(settings: Settings) -> Path:
    """Where uploads lie while they are read: on disk, in a folder that only services use."""
    folder = work_folder(settings)
    name = "stt-uploads" if settings.lake_uri.startswith(S3) else "_work/serving/uploads"
    return folder / name


def api_keys(settings: Settings) -> dict[str, str]:
    """Hashes of API keys by the names of their holders; raises UserError."""
    given = settings.serve_api_keys
    if not given.startswith((S3, "file:///")):
        return parse_keys(given)
    return parse_keys(text_at(given, "STT_SERVE_API_KEYS"))


def token_issuer(settings: Settings) -> TokenIssuer | None:
    """Who checks bearer tokens, or None; raises UserError where half of it is set."""
    if bool(settings.serve_oidc_issuer) != bool(settings.serve_oidc_audience):
        raise UserError(
            "STT_SERVE_OIDC_ISSUER and STT_SERVE_OIDC_AUDIENCE go together: set both, or neither."
        )
    if not settings.serve_oidc_issuer:
        return None
    # PyJWT comes with the extra `serve`.
    from stt_pipeline.adapters.oidc import OidcIssuer

    return OidcIssuer(settings.serve_oidc_issuer, settings.serve_oidc_audience)


def free_memory_bytes() -> int:
    """Bytes that this machine, or container, can still give."""
    return machine.free_memory_bytes()
