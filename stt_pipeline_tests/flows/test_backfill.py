"""Backfills as an operator starts them in the UI: a real web server, daemon and code server.

Dates of their own for every test, but one site and one Dagster for all: it takes 20 s to start, and
its daemon looks at backfills every 30 s. So all are launched before the first is waited for.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from stt_pipeline_tests.flows.conftest import (
    MONDAY,
    TUESDAY,
    Make,
    Site,
    empty_site,
)
from stt_pipeline_tests.flows.console import DATE_ASSETS, Console, wait_for

WEDNESDAY, THURSDAY = "2026-11-18", "2026-11-19"
TABLES = ("recordings", "transcripts", "segments", "words", "transcript_quality")
INTERRUPTED_CALLS = 6
REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class LocalConsole(Console):
    """The UI over a site, and the process of `dagster dev` behind it."""

    site: Site
    process: psutil.Process


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _session_of(process: psutil.Process) -> list[psutil.Process]:
    """Every process that `dagster dev` started, and theirs: none leaves its session."""
    found = []
    for one in psutil.process_iter():
        with contextlib.suppress(ProcessLookupError, psutil.NoSuchProcess):
            if os.getsid(one.pid) == process.pid and one.status() != psutil.STATUS_ZOMBIE:
                found.append(one)
    return found


@pytest.fixture(scope="module")
def console(
    tmp_path_factory: pytest.TempPathFactory, model_dir: Path, short_call: Make
) -> Iterator[LocalConsole]:
    """`make dev` over a site whose Wednesday is published already."""
    site = empty_site(tmp_path_factory.mktemp("console"), model_dir)
    # A shard a call: else they are read together, and their checkpoints come at once.
    site.env.update(STT_SHARD_MINUTES="0.01", STT_MAX_SHARDS=str(INTERRUPTED_CALLS))
    for number, date in enumerate((MONDAY, TUESDAY, WEDNESDAY)):
        call = short_call(number)
        site.put_call(date, f"call{number}", call.samples, call.text)
    for number in range(INTERRUPTED_CALLS):
        call = short_call(number + 10)
        site.put_call(THURSDAY, f"long{number}", call.samples, call.text)
    shutil.copy(REPOSITORY / "workspace.yaml", site.root)
    assert site.run(WEDNESDAY).code == 0

    port = _free_port()
    with (site.root / "dagster.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "dagster", "dev", "-w", "workspace.yaml", "-p", str(port)],
            cwd=site.root,
            env=site.env | {"PYTHONWARNINGS": "ignore"},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    console = LocalConsole(port, site, psutil.Process(process.pid))

    def is_up() -> bool:
        assert process.poll() is None, (site.root / "dagster.log").read_text()
        try:
            return {*DATE_ASSETS} <= console.assets()
        except OSError:
            return False

    try:
        wait_for(is_up)
        yield console
    finally:
        for one in _session_of(console.process):
            one.kill()
        process.wait()
        wait_for(lambda: not _session_of(console.process), timeout_s=30)


@dataclass(frozen=True)
class Backfills:
    """Ids of the backfills at work, and Wednesday's objects as they were published before."""

    of_two_dates: str
    of_failing_date: str
    published: dict[str, bytes]


@pytest.fixture(scope="module")
def backfills(console: LocalConsole) -> Backfills:
    """Monday and Tuesday, never run before; and Wednesday, whose reference is now a wrong one."""
    of_two_dates = console.launch(MONDAY, TUESDAY)
    published = _published(console.site, WEDNESDAY)
    assert len(published) == len(TABLES)
    reference = console.site.references / "call2.txt"
    reference.write_text("nobody said any of these words at all")
    return Backfills(of_two_dates, console.launch(WEDNESDAY), published)


def _published(site: Site, date: str) -> dict[str, bytes]:
    return {key: data for key, data in site.published().items() if f"call_date={date}" in key}


@pytest.mark.usefixtures("backfills")
def test_a_run_that_is_killed_is_noticed_and_its_date_completed(console: LocalConsole) -> None:
    site = console.site
    backfill = console.launch(THURSDAY)
    folder = f"_work/results/call_date={THURSDAY}"

    def checkpoints() -> dict[str, int]:
        """When each result was written."""
        return {path.name: path.stat().st_mtime_ns for path in site.lake.glob(f"{folder}/*/*.json")}

    wait_for(lambda: len(checkpoints()) >= 2)
    _run_worker(console).send_signal(signal.SIGKILL)
    wait_for(lambda: not _transcribing(console), timeout_s=30)
    kept = checkpoints()
    assert not _published(site, THURSDAY)
    assert 2 <= len(kept) < INTERRUPTED_CALLS

    assert console.ended(backfill) == "COMPLETED_SUCCESS"

    assert console.outcomes(backfill) == [(THURSDAY, "FAILURE"), (THURSDAY, "SUCCESS")]
    calls = [f"long{number}" for number in range(INTERRUPTED_CALLS)]
    assert [row["call_id"] for row in site.table("transcripts", THURSDAY)] == calls
    assert len(checkpoints()) == INTERRUPTED_CALLS
    assert kept.items() < checkpoints().items(), "a finished recording was transcribed again"


def _transcribing(console: LocalConsole) -> list[psutil.Process]:
    """Worker processes of Thursday's run."""
    found = []
    for process in _session_of(console.process):
        with contextlib.suppress(psutil.NoSuchProcess):
            line = process.cmdline()
            if "stt_pipeline.worker" in line and THURSDAY in line:
                found.append(process)
    return found


def _run_worker(console: LocalConsole) -> psutil.Process:
    """The process that a run is: the parent of those that transcribe for it."""
    [parent] = {process.ppid() for process in _transcribing(console)}
    return psutil.Process(parent)


def test_a_backfill_of_two_dates_completes(console: LocalConsole, backfills: Backfills) -> None:
    assert console.ended(backfills.of_two_dates) == "COMPLETED_SUCCESS"

    assert console.outcomes(backfills.of_two_dates) == [(MONDAY, "SUCCESS"), (TUESDAY, "SUCCESS")]
    for number, date in enumerate((MONDAY, TUESDAY)):
        tables = {name: console.site.table(name, date) for name in TABLES}
        for name in ("recordings", "transcripts", "transcript_quality"):
            assert [row["call_id"] for row in tables[name]] == [f"call{number}"]
        assert tables["segments"]
        assert len(tables["words"]) == tables["transcripts"][0]["word_count"] > 10
        assert {console.partition_status(asset, date) for asset in DATE_ASSETS} == {"MATERIALIZED"}

        [judged] = tables["transcript_quality"]
        wer = console.check("wer", date)
        assert (wer["status"], wer["success"]) == ("SUCCEEDED", True)
        assert wer["figures"]["wer"] == pytest.approx(judged["wer"], abs=1e-4)
        assert wer["figures"]["reference_words"] == judged["reference_words"]
        assert console.check("completeness", date)["figures"]["transcribed"] == 1


def test_a_date_that_fails_its_gate_fails_and_keeps_its_published_bytes(
    console: LocalConsole, backfills: Backfills
) -> None:
    assert console.ended(backfills.of_failing_date) == "COMPLETED_FAILED"

    assert console.outcomes(backfills.of_failing_date) == [(WEDNESDAY, "FAILURE")]
    wer = console.check("wer", WEDNESDAY)
    assert (wer["status"], wer["success"]) == ("FAILED", False)
    assert wer["figures"]["wer"] > 0.5
    assert "call2" in wer["description"]
    assert console.partition_status("published_tables", WEDNESDAY) == "FAILED"
    assert _published(console.site, WEDNESDAY) == backfills.published
