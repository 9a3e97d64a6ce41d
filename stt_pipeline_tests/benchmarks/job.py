"""What a contender is asked and what it answers, as JSON over pipes. Runs and measures nothing."""

import hashlib
import json
from dataclasses import dataclass

from pydantic import TypeAdapter

CALL_DATE = "2026-11-16"
"""The date that a case's calls lie under."""

WARM_UP_DATE = "2026-11-15"
"""The date of the call that every process hears before the clock starts."""


@dataclass(frozen=True)
class Job:
    """One contender on the calls of one case.

    `site` is a folder that holds `recordings/call_date=…/` as the pipeline reads it; names in
    `calls` are files of `CALL_DATE`, and speakers by name say whether to tell channels apart.
    `cpus` is both the CPUs it may use and its threads or workers. `in_order` has the calls worked
    off by name, in stretches of half an hour, where the pipeline would take the longest first.
    """

    engine: str
    cpus: int
    language: str
    model_dir: str
    compute_type: str
    site: str
    calls: dict[str, tuple[str, ...]]
    in_order: bool = False


@dataclass(frozen=True)
class Heard:
    """Text and (start, end) of each word in seconds, by speaker; a mono call's speaker is ``."""

    texts: dict[str, str]
    words: dict[str, list[tuple[float, float]]]


@dataclass(frozen=True)
class Sample:
    """Resident memory (MB of 10**6 bytes) once so much audio was done."""

    audio_s: float
    rss_mb: float


@dataclass(frozen=True)
class Answer:
    """What a contender heard, by name of the call, and what it took.

    `cpu_s` and `wall_s` run from the end of the warm-up to the last answer, over all processes;
    `total_cpu_s` counts the start too: Python, the model, the warm-up.
    `peak_rss_mb` is the largest sum over processes that were alive at once, `largest_rss_mb` the
    peak of one, in MB of 10**6 bytes. `failures` are reasons by name of the call. `memory` is
    sampled where calls are worked off in order.
    """

    heard: dict[str, Heard]
    failures: dict[str, str]
    cpu_s: float
    total_cpu_s: float
    wall_s: float
    peak_rss_mb: float
    largest_rss_mb: float
    memory: list[Sample]

    @property
    def texts_sha256(self) -> str:
        """Equal where every speaker of every call was heard to say the same."""
        texts = {name: heard.texts for name, heard in self.heard.items()}
        return hashlib.sha256(json.dumps(texts, sort_keys=True).encode()).hexdigest()


JOB = TypeAdapter(Job)
ANSWER = TypeAdapter(Answer)
