"""The ways to transcribe that are compared, and how each is started as processes of its own."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from typing import Final

from stt_pipeline_tests.benchmarks.job import ANSWER, JOB, Answer, Job
from stt_pipeline_tests.benchmarks.processes import confined_to

PLAIN_2: Final = "plain, 2 threads"
PLAIN_1: Final = "plain, 1 thread"
BATCHED_2: Final = "plain batched, 2 threads"
BATCHED_1: Final = "plain batched, 1 thread"
OURS_1: Final = "ours, 1 worker"
OURS_2: Final = "ours, 2 workers"
PLAIN_WITHOUT_VAD: Final = "plain, no voice activity, 2 threads"


@dataclass(frozen=True)
class Contender:
    """An engine, and how many CPUs it gets: as many as it has threads or workers."""

    engine: str
    cpus: int


CONTENDERS: Final[Mapping[str, Contender]] = {
    PLAIN_2: Contender("plain", 2),
    PLAIN_1: Contender("plain", 1),
    BATCHED_2: Contender("plain-batched", 2),
    BATCHED_1: Contender("plain-batched", 1),
    OURS_1: Contender("ours", 1),
    OURS_2: Contender("ours", 2),
    PLAIN_WITHOUT_VAD: Contender("plain-without-vad", 2),
}

ALL: Final = (PLAIN_2, PLAIN_1, BATCHED_2, BATCHED_1, OURS_1, OURS_2)
"""Those of the standard set; ratios are against the first."""


class ContenderError(Exception):
    """A contender that ended without an answer; the message is its last words."""


def transcribe(job: Job, timeout_s: float) -> Answer:
    """Runs a contender to its end. Raises ContenderError where it fails or takes too long."""
    program = "ours" if job.engine == "ours" else "plain"
    lake = Path(job.site, "lake")
    rmtree(lake, ignore_errors=True)
    environment = os.environ | {
        "STT_RECORDINGS_URI": Path(job.site, "recordings").as_uri(),
        "STT_LAKE_URI": lake.as_uri(),
        # What a task of so many CPUs finds: the default counts those of the whole machine.
        "STT_MAX_SHARDS": str(job.cpus),
    }
    if program == "plain":
        environment["OMP_NUM_THREADS"] = str(job.cpus)
    command = [sys.executable, "-m", f"stt_pipeline_tests.benchmarks.{program}"]
    with tempfile.TemporaryFile("w+") as words:
        with confined_to(job.cpus):
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=words,
                env=environment,
            )
        try:
            said, _ = process.communicate(JOB.dump_json(job), timeout=timeout_s)
        except BaseException as error:
            # Workers end by themselves once nobody holds the other end of their input.
            process.kill()
            process.wait()
            if isinstance(error, subprocess.TimeoutExpired):
                raise ContenderError(f"no answer within {timeout_s:.0f} s") from None
            raise
        if process.returncode != 0:
            words.seek(0)
            last = (words.read().strip().splitlines() or ["no word why"])[-1]
            raise ContenderError(f"exit code {process.returncode}: {last}")
    return ANSWER.validate_json(said)
