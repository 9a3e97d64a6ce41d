"""deploy/compose.yaml as far as it goes without containers' networks: its commands, in the image.

Each service is the file's own entry point, command and environment, with the names of other
services turned into addresses of this machine. Postgres and S3 are those of the other tests.
"""

import os
import re
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from stt_pipeline_tests.cloud.postgres import Postgres, postgres
from stt_pipeline_tests.cloud.processes import free_port, wait_for
from stt_pipeline_tests.cloud.s3 import ENVIRONMENT, client_of

COMPOSE = Path(__file__).resolve().parents[2] / "deploy" / "compose.yaml"
SERVICES = ("code", "webserver", "daemon", "serve")
LOCAL_KEY = "local-only"
"""Its hash is in the file."""


class Composed:
    """The services of the file, each a command in the image on this machine's network."""

    def __init__(self, in_image: list[str], s3: str, database: Postgres) -> None:
        """`in_image` are the words that a command in the image begins with."""
        self._in_image = in_image
        self._services = yaml.safe_load(COMPOSE.read_text())["services"]
        self.ports = {"code": free_port(), "webserver": free_port(), "serve": free_port()}
        port = rf"\n\1port: {database.port}"
        self._addresses = [
            (r"http://s3:9000", s3),
            (
                r"hostname: database\n(\s+)port: 5432",
                rf"hostname: 127.0.0.1{port}",
            ),
            (r"host: code\n(\s+)port: 4000", rf"host: 127.0.0.1\n\1port: {self.ports['code']}"),
            (r"^--port=4000$", f"--port={self.ports['code']}"),
            (r"^--port=3000$", f"--port={self.ports['webserver']}"),
            (r"^--port=8080$", f"--port={self.ports['serve']}"),
            (r"127\.0\.0\.1:8080", f"127.0.0.1:{self.ports['serve']}"),
        ]
        self._secrets = {"DAGSTER_POSTGRES_PASSWORD": database.password} | ENVIRONMENT

    def command(self, service: str, other: list[str] | None = None) -> list[str]:
        """What the service runs, or another command as in its container."""
        asked = self._services[service]
        given = asked["environment"] | self._secrets
        environment = [f"{name}={self._local(value)}" for name, value in given.items()]
        words = [*asked["entrypoint"], *(other or asked["command"])]
        return [*self._in_image, "env", *environment, *map(self._local, words)]

    def health(self, service: str) -> list[str]:
        """The command that the container's health is asked with."""
        _, *words = self._services[service]["healthcheck"]["test"]
        port = self.ports.get(service) if "doctor" in words else None
        return self.command(service, [*words, *(["--port", str(port)] if port else [])])

    def _local(self, text: Any) -> str:
        local = str(text).replace("$$", "$")
        for name, address in self._addresses:
            local = re.sub(name, address, local)
        return local


def run(command: list[str]) -> str:
    ended = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@contextmanager
def started(command: list[str], log: Path) -> Iterator[None]:
    """Runs a service within; the signal goes to all of it, since a shell passes none on."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield
            assert process.poll() is None, log.read_text()
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(60)


def status(address: str, authorization: str = "") -> int:
    headers = {"Authorization": authorization} if authorization else {}
    try:
        with urllib.request.urlopen(
            urllib.request.Request(address, headers=headers), timeout=60
        ) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def listens(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def composed(in_image: list[str], s3_endpoint: str) -> Iterator[Composed]:
    with postgres() as database:
        made = Composed(in_image, s3_endpoint, database)
        run(made.command("prepare"))
        yield made


def test_smoke_takes_a_call_from_s3_to_a_row(composed: Composed, s3_endpoint: str) -> None:
    said = run(composed.command("smoke"))

    assert "smoke" in said.splitlines()[-1]
    listed = client_of(s3_endpoint).list_objects_v2(Bucket="calls")["Contents"]
    assert [one["Key"] for one in listed] == ["calls/call_date=2026-11-16/smoke.wav"]


def test_every_service_starts_and_says_that_it_is_well(composed: Composed, tmp_path: Path) -> None:
    with ExitStack() as stack:
        for service in SERVICES:
            stack.enter_context(started(composed.command(service), tmp_path / f"{service}.log"))
            if port := composed.ports.get(service):
                wait_for(partial(listens, port), f"an answer of {service}", 180)
        page = f"http://127.0.0.1:{composed.ports['webserver']}/server_info"
        with urllib.request.urlopen(page, timeout=60) as answer:
            assert answer.status == 200
        address = f"http://127.0.0.1:{composed.ports['serve']}"
        wait_for(lambda: status(f"{address}/readyz") == 200, "a service that is ready", 180)
        assert status(f"{address}/jobs/none") == 401
        assert status(f"{address}/jobs/none", f"Bearer {LOCAL_KEY}") == 404
        for service in SERVICES:
            assert "to do" not in run(composed.health(service))
