"""A recording that ends every worker that opens it: it is quarantined, its date is published."""

import os
import signal
import subprocess
import threading
from contextlib import suppress

import numpy as np
import psutil

from stt_pipeline_tests.flows.conftest import MONDAY, Make, Site

CALLS = 4


def _end_whoever_opens(name: str, run: subprocess.Popen[str]) -> set[int]:
    """Sends SIGSEGV to each worker that has the file open, until the run ends; returns them."""
    ended: set[int] = set()
    while run.poll() is None:
        with suppress(psutil.NoSuchProcess):
            for worker in psutil.Process(run.pid).children(recursive=True):
                with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                    if any(file.path.endswith(name) for file in worker.open_files()):
                        os.kill(worker.pid, signal.SIGSEGV)
                        ended.add(worker.pid)
        threading.Event().wait(0.02)
    return ended


def test_poison_costs_itself_alone_and_is_not_tried_again(site: Site, short_call: Make) -> None:
    for number in range(CALLS):
        call = short_call(number)
        site.put_call(MONDAY, f"call{number}", call.samples, call.text)
    # Long enough to be seen open, short enough to share its group with the others.
    site.put_call(MONDAY, "poison", np.tile(short_call(9).samples, 20)[: 8000 * 240])

    run = site.start("run", "--date", MONDAY, "--json", STT_MAX_SHARDS="1")
    ended = _end_whoever_opens("poison.wav", run)
    _, err = run.communicate(timeout=60)

    assert run.returncode == 0, err
    assert len(ended) == 2
    rows = {row["call_id"]: row for row in site.table("recordings", MONDAY)}
    assert rows["poison"]["status"] == "quarantined"
    assert rows["poison"]["reason"] == (
        "the engine died on this recording, and again on it alone (signal SIGSEGV)"
    )
    calls = {f"call{number}" for number in range(CALLS)}
    assert {row["call_id"] for row in site.table("transcripts", MONDAY)} == calls
    assert {name for name, row in rows.items() if row["status"] == "accepted"} == calls

    checkpoints = site.checkpoints()
    assert site.run(MONDAY).code == 0
    assert site.checkpoints() == checkpoints
    assert {row["call_id"] for row in site.table("transcripts", MONDAY)} == calls
