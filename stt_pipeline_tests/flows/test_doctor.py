"""`doctor --of`: a process that is there and does not work is not well. Real ones, each broken."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._daemon.types import DaemonHeartbeat
from typer.testing import CliRunner

from stt_pipeline.cli.app import app
from stt_pipeline.cli.doctor import Of
from stt_pipeline_tests.cloud.processes import Program, free_port, wait_for
from stt_pipeline_tests.cloud.s3 import ENVIRONMENT
from stt_pipeline_tests.cloud.s3 import s3_endpoint as s3_endpoint

BINARIES = Path(sys.executable).parent
BROKEN = "raise RuntimeError('this version cannot start')\n"


@pytest.fixture
def environment(tmp_path: Path, model_dir: Path) -> dict[str, str]:
    """A Dagster home with a database, a site of empty folders, the real weights."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    uris = {}
    for name in ("recordings", "references", "lake"):
        (tmp_path / name).mkdir()
        uris[f"STT_{name.upper()}_URI"] = (tmp_path / name).as_uri()
    own = {"DAGSTER_HOME": str(home), "STT_MODELS_DIR": str(model_dir.parent)}
    with dg.DagsterInstance.from_config(str(home)) as instance:
        instance.get_runs_count()
    return dict(os.environ) | uris | own


def ask(environment: dict[str, str], of: Of, *more: str) -> tuple[int, dict[str, str]]:
    """The exit code, and what each check found where it failed, else `ok`."""
    ended = CliRunner().invoke(app, ["doctor", "--of", of, "--json", *more], env=environment)
    assert ended.exception is None or isinstance(ended.exception, SystemExit), ended.exception
    rows = json.loads(ended.stdout)
    return ended.exit_code, {row["check"]: "ok" if row["ok"] else row["found"] for row in rows}


def beat(environment: dict[str, str], seconds_ago: float, silent: str = "") -> None:
    """Heartbeats of all daemons that the instance needs, but for one."""
    with dg.DagsterInstance.from_config(environment["DAGSTER_HOME"]) as instance:
        for name in instance.get_required_daemon_types():
            if name != silent:
                when = time.time() - seconds_ago
                instance.add_daemon_heartbeat(DaemonHeartbeat(when, name, "test", []))


def test_a_daemon_is_well_while_each_of_its_parts_speaks(environment: dict[str, str]) -> None:
    code, found = ask(environment, Of.DAEMON)
    assert code == 1
    assert found["database"] == "ok"
    assert found["daemon"].startswith("No heartbeat of ")

    beat(environment, seconds_ago=10, silent="SENSOR")
    code, found = ask(environment, Of.DAEMON)
    assert (code, found["daemon"][:23]) == (1, "No heartbeat of SENSOR ")

    beat(environment, seconds_ago=10)
    assert ask(environment, Of.DAEMON) == (0, {"database": "ok", "daemon": "ok"})

    beat(environment, seconds_ago=301)
    assert ask(environment, Of.DAEMON)[0] == 1


def test_a_database_that_is_gone_is_one_sentence(environment: dict[str, str]) -> None:
    home = Path(environment["DAGSTER_HOME"])
    gone = {
        "scheme": "postgresql+psycopg2",
        "hostname": "localhost",
        "port": free_port(),
        "username": "dagster",
        "password": "secret",
        "db_name": "dagster",
    }
    (home / "dagster.yaml").write_text(json.dumps({"storage": {"postgres": {"postgres_db": gone}}}))
    code, found = ask(environment, Of.DAEMON)
    assert code == 1
    assert found["database"].startswith("Dagster's database does not answer (")
    assert found["database"].endswith("check DAGSTER_HOME, the network and the password.")
    assert "\n" not in found["database"]
    assert "secret" not in found["database"]


@pytest.fixture
def broken(tmp_path: Path) -> Iterator[int]:
    """A code server that answers, and whose code cannot be loaded; its port."""
    module, port = tmp_path / "broken.py", free_port()
    module.write_text(BROKEN)
    command = [str(BINARIES / "dagster"), "api", "grpc", "--lazy-load-user-code"]
    command += ["--port", str(port), "--python-file", str(module)]
    yield from _serve(Program("broken", command, os.environ, tmp_path), port)


@pytest.fixture
def code_server(environment: dict[str, str], tmp_path: Path) -> Iterator[int]:
    """The pipeline's code server; its port."""
    port = free_port()
    command = [str(BINARIES / "dagster"), "api", "grpc", "--port", str(port)]
    command += ["--module-name", "stt_pipeline.definitions"]
    yield from _serve(Program("code", command, environment, tmp_path), port)


def _serve(program: Program, port: int) -> Iterator[int]:
    health = [str(BINARIES / "dagster"), "api", "grpc-health-check", "--port", str(port)]

    def is_up() -> bool:
        program.check()
        return subprocess.run(health, capture_output=True, check=False).returncode == 0

    program.start()
    try:
        wait_for(is_up, program.name, 60)
        yield port
    finally:
        program.stop()


def test_a_code_server_is_well_once_it_has_loaded_the_pipeline(
    environment: dict[str, str], code_server: int, broken: int
) -> None:
    assert ask(environment, Of.CODE, f"--port={code_server}") == (
        0,
        {"database": "ok", "code": "ok"},
    )

    code, found = ask(environment, Of.CODE, f"--port={broken}")
    assert code == 1
    assert found["code"].startswith("The code server cannot load the pipeline (")
    assert "this version cannot start" in found["code"]

    code, found = ask(environment, Of.CODE, f"--port={free_port()}")
    assert code == 1
    assert found["code"].endswith("start it again.")


def test_a_web_server_that_is_not_there_is_said(environment: dict[str, str]) -> None:
    port = free_port()
    code, found = ask(environment, Of.WEBSERVER, f"--port={port}")
    assert code == 1
    assert found["web server"].startswith(f"No web server answers on port {port} (")


def test_a_worker_is_well_with_verified_weights_and_its_places(
    environment: dict[str, str], tmp_path: Path
) -> None:
    code, found = ask(environment, Of.WORKER)
    assert (code, set(found.values())) == (0, {"ok"}), found
    assert {"database", "model", "recordings", "lake", "catalog"} <= set(found)

    models = tmp_path / "models" / "base"
    models.mkdir(parents=True)
    (models / "model.bin").write_bytes(b"other weights")
    code, found = ask(environment | {"STT_MODELS_DIR": str(models.parent)}, Of.WORKER)
    assert code == 1
    assert found["model"] != "ok"
    assert found["lake"] == "ok"


def test_the_paid_engine_is_asked_whether_it_answers(
    environment: dict[str, str], s3_endpoint: str
) -> None:
    def ask_it(**more: str | None) -> str:
        ended = CliRunner().invoke(app, ["doctor", "--json"], env=environment | more)
        [found] = [row["found"] for row in json.loads(ended.stdout) if row["check"] == "fallback"]
        return str(found)

    assert ask_it().startswith("none: ")
    paid: dict[str, str | None] = {
        **ENVIRONMENT,
        "AWS_ENDPOINT_URL": s3_endpoint,
        "STT_FALLBACK": "amazon-transcribe",
        "STT_FALLBACK_BUDGET_USD": "25",
        "STT_RECORDINGS_URI": "s3://calls",
        "STT_LAKE_URI": "s3://lake",
    }
    assert ask_it(**paid) == "amazon-transcribe, at most 25.00 USD a week"
    nobody = f"http://127.0.0.1:{free_port()}"
    assert "does not answer" in ask_it(**paid | {"AWS_ENDPOINT_URL": nobody})
    assert "S3 alone" in ask_it(**paid | {"STT_LAKE_URI": environment["STT_LAKE_URI"]})
    nowhere: dict[str, str | None] = {"AWS_DEFAULT_REGION": None, "AWS_REGION": None}
    assert "set AWS_DEFAULT_REGION" in ask_it(**paid | nowhere)
