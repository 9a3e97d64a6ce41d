"""Dagster as in production, on deploy/dagster.yaml: code server, web server and daemon."""

import json
import os
import signal
import string
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from stt_pipeline_tests.cloud.account import CLUSTER, LOGS_BUCKET, RUN_FAMILY, Account
from stt_pipeline_tests.cloud.postgres import DATABASE, USER, Postgres
from stt_pipeline_tests.cloud.processes import Program, free_port, wait_for
from stt_pipeline_tests.flows.console import Console

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
BINARIES = Path(sys.executable).parent
MAX_CONCURRENT_RUNS = 6


@dataclass(frozen=True)
class Dagster:
    """The three processes, and the UI's own API."""

    code_server: Program
    web_server: Program
    daemon: Program
    console: Console

    def restart_daemon(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Ends the daemon with that signal, and starts it again."""
        self.daemon.stop(number)
        self.daemon.start()


def environment_of_all() -> dict[str, str]:
    """What deploy/environment.yaml gives to every process."""
    fixed: dict[str, str] = yaml.safe_load((DEPLOY / "environment.yaml").read_text())
    return fixed


def environment_of_site(database: Postgres) -> dict[str, str]:
    """What dagster.yaml needs in a run too, all but the password."""
    return {
        "DAGSTER_POSTGRES_HOST": "127.0.0.1",
        "DAGSTER_POSTGRES_PORT": str(database.port),
        "DAGSTER_POSTGRES_USER": USER,
        "DAGSTER_POSTGRES_DB": DATABASE,
        "DAGSTER_LOGS_BUCKET": LOGS_BUCKET,
        "DAGSTER_MAX_CONCURRENT_RUNS": str(MAX_CONCURRENT_RUNS),
    }


def prepare_home(home: Path, network: Mapping[str, str]) -> None:
    """Renders deploy/dagster.yaml as Terraform's templatefile does, its workspace beside it."""
    home.mkdir(parents=True)
    template = string.Template((DEPLOY / "dagster.yaml").read_text())
    (home / "dagster.yaml").write_text(template.substitute(network))
    (home / "workspace.yaml").write_text((DEPLOY / "workspace.yaml").read_text())


@contextmanager
def dagster(
    folder: Path, account: Account, database: Postgres, settings: Mapping[str, str]
) -> Iterator[Dagster]:
    """Runs Dagster with its home in `folder`; `settings` are those of the pipeline."""
    home = folder / "dagster"
    prepare_home(home, account.network)
    code_port, web_port = free_port(), free_port()
    environment = (
        _without_settings(os.environ)
        | account.environment
        | environment_of_all()
        | environment_of_site(database)
        | {
            "DAGSTER_HOME": str(home),
            "DAGSTER_POSTGRES_PASSWORD": database.password,
            "DAGSTER_ECS_CLUSTER": CLUSTER,
            "DAGSTER_ECS_RUN_TASK_DEFINITION": RUN_FAMILY,
            "DAGSTER_CODE_SERVER_HOST": "127.0.0.1",
            "DAGSTER_CODE_SERVER_PORT": str(code_port),
        }
        | dict(settings)
    )
    # Once, before three processes would make the tables at the same time.
    _run(environment, home, "dagster", "instance", "migrate")
    code_server = ["dagster", "api", "grpc", "--host", "127.0.0.1", "--port", str(code_port)]
    code_server += ["--module-name", "stt_pipeline.definitions", "--location-name", "stt_pipeline"]
    web_server = ["dagster-webserver", "--host", "127.0.0.1", "--port", str(web_port)]
    running = Dagster(
        _program("code-server", [*code_server], environment, home),
        _program("web-server", [*web_server, "-w", "workspace.yaml"], environment, home),
        _program("daemon", ["dagster-daemon", "run", "-w", "workspace.yaml"], environment, home),
        Console(web_port),
    )
    programs = (running.code_server, running.web_server, running.daemon)
    try:
        running.code_server.start()
        health = ["dagster", "api", "grpc-health-check", "--port", str(code_port)]
        wait_for(lambda: _is_healthy(environment, home, health), "the code server", 120)
        running.web_server.start()
        running.daemon.start()
        wait_for(lambda: _is_up(running), "the web server", 120)
        yield running
    finally:
        for program in reversed(programs):
            program.stop(signal.SIGKILL)  # The daemon takes half a minute otherwise.


def _without_settings(environment: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith(("STT_", "DAGSTER_", "AWS_"))
    }


def _program(name: str, command: list[str], environment: Mapping[str, str], home: Path) -> Program:
    return Program(name, [str(BINARIES / command[0]), *command[1:]], environment, home)


def _run(environment: Mapping[str, str], home: Path, name: str, *arguments: str) -> None:
    ended = subprocess.run(
        [str(BINARIES / name), *arguments],
        env=environment,
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode != 0:
        raise RuntimeError(f"{name} {' '.join(arguments)} failed:\n{ended.stdout}{ended.stderr}")


def _is_healthy(environment: Mapping[str, str], home: Path, command: list[str]) -> bool:
    ended = subprocess.run(
        [str(BINARIES / command[0]), *command[1:]],
        env=environment,
        cwd=home,
        capture_output=True,
        check=False,
    )
    return ended.returncode == 0


def _is_up(running: Dagster) -> bool:
    running.web_server.check()
    running.code_server.check()
    try:
        return "published_tables" in running.console.assets()
    except (OSError, json.JSONDecodeError):
        return False
