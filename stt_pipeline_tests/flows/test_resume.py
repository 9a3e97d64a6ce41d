"""Runs broken on purpose: killed, doubled, changed. Nothing lost, nothing doubled."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import psutil
import pytest

from stt_pipeline_tests.flows.conftest import MONDAY, Make, Site, without_times

CALLS = 8
TABLES = ("recordings", "transcripts", "segments", "words", "transcript_quality")


def _fill(site: Site, short_call: Make) -> Site:
    # A shard a call: else they are read together, and their checkpoints come at once.
    site.env.update(STT_SHARD_MINUTES="0.01", STT_MAX_SHARDS=str(CALLS))
    for number in range(CALLS):
        call = short_call(number)
        site.put_call(MONDAY, f"call{number}", call.samples, call.text)
    return site


def _wait_for(condition: Callable[[], bool], timeout_s: float = 120.0) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "the run never got that far"
        time.sleep(0.05)


def _rows(site: Site) -> dict[str, list[dict[str, Any]]]:
    return {name: without_times(site.table(name, MONDAY)) for name in TABLES}


@contextmanager
def _instance(site: Site) -> Iterator[dg.DagsterInstance]:
    with (
        pytest.MonkeyPatch.context() as patch,
        dg.DagsterInstance.from_config(site.env["DAGSTER_HOME"]) as instance,
    ):
        patch.setenv("DAGSTER_HOME", site.env["DAGSTER_HOME"])
        yield instance


def _counters(site: Site) -> list[tuple[int, int]]:
    """(transcribed now, reused) of each materialization of `transcripts`, oldest first."""
    with _instance(site) as instance:
        records = instance.fetch_materializations(dg.AssetKey("transcripts"), limit=20).records
    materializations = [record.asset_materialization for record in reversed(records)]
    metadata = [one.metadata for one in materializations if one is not None]
    return [
        (int(str(m["transcribed_now"].value)), int(str(m["reused_from_earlier_runs"].value)))
        for m in metadata
    ]


def _workers(root: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter(["cmdline"]):
        line = process.info["cmdline"] or []
        if "stt_pipeline.worker" in line and any(str(root) in part for part in line):
            found.append(process)
    return found


def test_a_run_killed_in_the_middle_goes_on_where_it_was(
    site: Site, short_call: Make, tmp_path_factory: pytest.TempPathFactory, model_dir: Path
) -> None:
    _fill(site, short_call)
    process = site.start("run", "--date", MONDAY)
    _wait_for(lambda: len(site.checkpoints()) >= 2)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    _wait_for(lambda: not _workers(site.root), timeout_s=10)
    kept = len(site.checkpoints())
    assert 2 <= kept < CALLS
    assert not site.published()

    assert site.run(MONDAY).code == 0

    assert _counters(site) == [(CALLS - kept, kept)]
    resumed = _rows(site)
    with _instance(site) as instance:
        statuses = [run.status for run in instance.get_runs() if run.job_name == "call_date"]
    assert statuses == [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]

    undisturbed = Site(tmp_path_factory.mktemp("undisturbed"), dict(site.env))
    undisturbed.env["DAGSTER_HOME"] = str(undisturbed.root / "var" / "dagster")
    (undisturbed.root / "var").mkdir()
    for folder in ("recordings", "references", "models"):
        (site.root / "var" / folder).rename(undisturbed.root / "var" / folder)
    assert undisturbed.run(MONDAY).code == 0
    expected = _rows(undisturbed)
    for row in (*resumed["recordings"], *expected["recordings"]):
        row["recording_uri"] = row["recording_uri"].rsplit("/", 1)[-1]
    assert resumed == expected


def test_a_worker_that_is_killed_costs_no_recording(site: Site, short_call: Make) -> None:
    _fill(site, short_call)
    process = site.start("run", "--date", MONDAY, "--json")
    _wait_for(lambda: len(site.checkpoints()) >= 1)
    victims = _workers(site.root)
    assert victims
    victims[0].kill()
    _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert len(site.table("transcripts", MONDAY)) == CALLS
    assert _counters(site) == [(CALLS, 0)]


def test_another_engine_transcribes_all_again_and_says_so(site: Site, short_call: Make) -> None:
    site.put_call(MONDAY, "call", short_call(1).samples)
    assert site.run(MONDAY).code == 0
    [before] = site.table("transcripts", MONDAY)
    assert site.run(MONDAY, STT_COMPUTE_TYPE="float32").code == 0
    [after] = site.table("transcripts", MONDAY)
    assert " int8 " in before["engine"]
    assert " float32 " in after["engine"]
    assert site.table("transcript_quality", MONDAY)[0]["engine"] == after["engine"]
    assert _counters(site) == [(1, 0), (1, 0)]


def test_two_runs_of_one_date_at_once_double_nothing(site: Site, short_call: Make) -> None:
    _fill(site, short_call)
    both = [site.start("run", "--date", MONDAY, "--json") for _ in range(2)]
    ended = [process.communicate(timeout=600) for process in both]
    assert [process.returncode for process in both] == [0, 0], ended
    assert sorted(_counters(site)) == [(0, CALLS), (CALLS, 0)]
    calls = [row["call_id"] for row in site.table("transcripts", MONDAY)]
    assert calls == sorted({f"call{number}" for number in range(CALLS)})


def test_ctrl_c_stops_the_run_and_its_workers_and_keeps_what_is_done(
    site: Site, short_call: Make
) -> None:
    _fill(site, short_call)
    process = site.start("run", "--date", MONDAY)
    _wait_for(lambda: len(site.checkpoints()) >= 1)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode in (1, 130), err
    assert "Traceback" not in err
    _wait_for(lambda: not _workers(site.root), timeout_s=10)
    assert site.run(MONDAY).code == 0
    assert len(site.table("transcripts", MONDAY)) == CALLS
