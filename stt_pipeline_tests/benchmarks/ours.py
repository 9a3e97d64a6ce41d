"""The pipeline's own worker processes: a program, a Job in and an Answer out.

Lists and probes the calls, starts `stt_pipeline.worker` as the step `transcripts` does, and reads
the checkpoints. Its own CPU is counted, its memory is not: in the pipeline it is the run's.
"""

import datetime as dt
import resource
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stt_pipeline import wiring
from stt_pipeline.adapters.worker_processes import Task
from stt_pipeline.domain.planning.sharding import plan_recordings
from stt_pipeline.domain.quality.references import spoken_by
from stt_pipeline.domain.recordings import ledger
from stt_pipeline.domain.recordings.recording import AudioInfo, FoundObject, Recording, Status
from stt_pipeline.domain.speech.transcription import Failure, Transcription
from stt_pipeline.settings import Settings, load_settings
from stt_pipeline.worker import groups_of, limit_s
from stt_pipeline_tests.benchmarks.job import (
    ANSWER,
    CALL_DATE,
    JOB,
    WARM_UP_DATE,
    Answer,
    Heard,
    Job,
)
from stt_pipeline_tests.benchmarks.processes import MemoryWatch, tree_cpu_s

STRETCH_S = 1800.0
"""Audio that a shard takes where calls are worked off in order."""

START_TIMEOUT_S = 300.0


def recordings_of(settings: Settings, date: str) -> list[Recording]:
    """The date's ledger, as the step `recordings` writes it."""
    call_date, pattern = dt.date.fromisoformat(date), settings.key_pattern
    store, prober = wiring.recordings_store(settings), wiring.prober(settings)

    def probe(found: FoundObject) -> AudioInfo | str:
        with store.open(found.key) as audio:
            return prober.probe(audio, found.key, found.size_bytes)

    found = store.walk("", skip=lambda folder: pattern.is_other_date(folder, call_date))
    listing = ledger.sort_out(found, pattern, store.uri, call_date)
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    rows = ledger.refresh(listing.dated, {}, store.etag, probe, now)
    aside = [f"{row.key}: {row.reason}" for row in rows if row.status is not Status.ACCEPTED]
    assert not aside, aside
    return rows


def stretches(recordings: Sequence[Recording]) -> list[list[Recording]]:
    """The recordings by name, in shards of about STRETCH_S."""
    shards: list[list[Recording]] = [[]]
    held_s = 0.0
    for recording in sorted(recordings, key=lambda one: one.key):
        if held_s >= STRETCH_S:
            shards.append([])
            held_s = 0.0
        shards[-1].append(recording)
        held_s += recording.duration_s or 0.0
    return shards


@dataclass
class StartingGun:
    """Holds every worker after its warm-up until all have had theirs, and notes what is used."""

    workers: int
    cpu_s: float = 0.0
    started: float = 0.0
    barrier: threading.Barrier = field(init=False)

    def __post_init__(self) -> None:
        self.barrier = threading.Barrier(self.workers, self._fire, START_TIMEOUT_S)

    def _fire(self) -> None:
        self.cpu_s, self.started = tree_cpu_s(), time.perf_counter()


class WarmUp(Sequence[list[Task]]):
    """A shard of one group; whoever asks it for the next one waits for the starting gun."""

    def __init__(self, tasks: list[Task], gun: StartingGun) -> None:
        self._tasks, self._gun = tasks, gun

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: Any) -> Any:
        return [self._tasks][index]

    def __iter__(self) -> Iterator[list[Task]]:
        yield self._tasks
        self._gun.barrier.wait()


def run(job: Job) -> Answer:
    """Transcribes the calls as a date of the pipeline; the environment names the job's folders."""
    settings = load_settings()
    recordings = recordings_of(settings, CALL_DATE)
    if job.in_order:
        shards = stretches(recordings)
    else:
        shards = plan_recordings(recordings, settings.shard_minutes, settings.max_shards)
    pool = wiring.workers(settings, dt.date.fromisoformat(CALL_DATE), len(shards), limit_s)
    gun = StartingGun(pool.workers)
    [warm_up] = groups_of(recordings_of(settings, WARM_UP_DATE))
    everything = [*(WarmUp(warm_up, gun) for _ in range(gun.workers)), *map(groups_of, shards)]
    durations_s = {recording.etag: recording.duration_s or 0.0 for recording in recordings}
    deaths: dict[str, str] = {}
    last = 0.0
    with MemoryWatch() as watch:
        for ended in pool.run(everything):
            last = time.perf_counter()
            if ended.answer is None:
                deaths[ended.task["etag"]] = f"given up: {ended.death}"
            watch.audio_s += durations_s.get(ended.task["etag"], 0.0)
    total_cpu_s = tree_cpu_s()
    # What the system kept of the largest process misses nothing between two looks.
    largest_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 / 1e6
    heard, failures = read_back(settings, job, recordings, deaths)
    return Answer(
        heard=heard,
        failures=failures,
        cpu_s=total_cpu_s - gun.cpu_s,
        total_cpu_s=total_cpu_s,
        wall_s=last - gun.started,
        peak_rss_mb=max(watch.peak_mb, largest_mb),
        largest_rss_mb=largest_mb,
        memory=watch.samples if job.in_order else [],
    )


def read_back(
    settings: Settings, job: Job, recordings: Sequence[Recording], deaths: dict[str, str]
) -> tuple[dict[str, Heard], dict[str, str]]:
    """What the checkpoints say of each call: heard, or why not."""
    results = wiring.result_store(settings, dt.date.fromisoformat(CALL_DATE))
    heard: dict[str, Heard] = {}
    failures: dict[str, str] = {}
    for recording in recordings:
        name = Path(recording.key).name
        result = results.read(recording.etag)
        if result is None:
            failures[name] = deaths.get(recording.etag, "no checkpoint")
        elif isinstance(result.outcome, Failure):
            failures[name] = result.outcome.reason
        else:
            heard[name] = _heard(result.outcome, job.calls[name])
    return heard, failures


def _heard(transcription: Transcription, speakers: Sequence[str]) -> Heard:
    texts, words = {}, {}
    for speaker in speakers:
        texts[speaker] = spoken_by(transcription, speaker or None)
        words[speaker] = [
            (word.start_s, word.end_s)
            for segment in transcription.segments
            if speaker in ("", segment.speaker)
            for word in segment.words
        ]
    return Heard(texts, words)


if __name__ == "__main__":
    answer = run(JOB.validate_json(sys.stdin.buffer.read()))
    sys.stdout.buffer.write(ANSWER.dump_json(answer))
