"""One run of the date's job over a made site: a program, figures by stage as JSON out.

The environment names the site. Stages are the flow's own functions, timed where they are called; a
stage within another is taken off it. CPU is that of this process and its workers, memory that of
this process alone.
"""

import contextlib
import datetime as dt
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import pyarrow as pa
from pydantic import TypeAdapter

from stt_pipeline import wiring
from stt_pipeline.defs import (
    published_tables,
    recordings,
    transcribing,
    transcript_quality,
    transcripts,
    weekly_readiness,
)
from stt_pipeline.defs.resources import Pipeline
from stt_pipeline.defs.running import runner
from stt_pipeline.domain.call_dates import week_of
from stt_pipeline.domain.schemas import DATE_TABLES
from stt_pipeline.settings import Settings, load_settings
from stt_pipeline_tests.benchmarks import scale_engine
from stt_pipeline_tests.benchmarks.processes import memory_mb, tree_cpu_s
from stt_pipeline_tests.benchmarks.scale_site import CALL_DATE

OTHER = "everything else"
"""Dagster itself, ledgers read and written, metadata."""

STAGES: dict[str, list[tuple[ModuleType, str]]] = {
    "listing": [(recordings, "list_date")],
    "probing": [(recordings, "refresh")],
    "planning": [
        (transcripts, "without_result"),
        (transcribing, "plan_recordings"),
        (transcribing, "groups_of"),
    ],
    "checkpointing": [(transcripts, "transcribe")],
    "compacting": [(transcripts, "write_candidates")],
    "checking": [
        (transcript_quality, "judge_calls"),
        (transcript_quality, "judge_date"),
        (transcript_quality, "_metadata"),
    ],
    "publishing": [(published_tables, "refuse_unjudged"), (published_tables, "publish")],
    "week's readiness": [(weekly_readiness, "judge_week")],
}
"""Functions by stage, where the flow looks them up."""

POLL_S = 0.1


@dataclass
class Stage:
    """What a stage took; `peak_mb` is the most that was resident in it (MB of 10**6 bytes)."""

    wall_s: float = 0.0
    cpu_s: float = 0.0
    peak_mb: float = 0.0


@dataclass
class Ran:
    """A run's figures: rows by published table, and the whole as a stage."""

    rows: dict[str, int]
    stages: dict[str, Stage]
    whole: Stage
    published_bytes: int
    checkpoint_bytes: int
    arrow_peak_mb: float


RAN = TypeAdapter(Ran)


@dataclass
class Watch:
    """Gives time to the stage that is on, and to none but it; one thread calls it."""

    stages: dict[str, Stage] = field(default_factory=dict)
    _on: list[str] = field(default_factory=lambda: [OTHER])
    _since: tuple[float, float] = field(default_factory=lambda: (time.perf_counter(), tree_cpu_s()))

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """The stage within the block; the one around it goes on after."""
        self.settle()
        self._on.append(name)
        print(f"  {name}", file=sys.stderr, flush=True)  # noqa: T201
        try:
            yield
        finally:
            self.settle()
            self._on.pop()

    def settle(self) -> None:
        """Gives what passed since the last change to the stage that is on."""
        now = (time.perf_counter(), tree_cpu_s())
        stage = self.stages.setdefault(self._on[-1], Stage())
        stage.wall_s += now[0] - self._since[0]
        stage.cpu_s += now[1] - self._since[1]
        self._since = now

    @contextlib.contextmanager
    def memory_watched(self) -> Iterator[None]:
        """Notes within the block how much memory each stage has."""
        left = threading.Event()

        def poll() -> None:
            while not left.wait(POLL_S):
                stage = self.stages.setdefault(self._on[-1], Stage())
                stage.peak_mb = max(stage.peak_mb, memory_mb("self")[0])

        thread = threading.Thread(target=poll)
        thread.start()
        try:
            yield
        finally:
            left.set()
            thread.join()


def timed(watch: Watch, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function as a stage."""

    def run(*arguments: Any, **named: Any) -> Any:
        with watch.stage(name):
            return function(*arguments, **named)

    return run


def run(settings: Settings) -> Ran:
    """The date and its week, in a Dagster instance of the site; raises RuntimeError on failure."""
    wiring.engine.WORKER_PROGRAM = scale_engine.__name__
    watch = Watch()
    for name, places in STAGES.items():
        for module, function in places:
            setattr(module, function, timed(watch, name, getattr(module, function)))
    pipeline = Pipeline(settings)
    date = dt.date.fromisoformat(CALL_DATE)
    with watch.memory_watched(), runner(pipeline) as runs:
        for outcome in (runs.run_date(date), runs.run_week(week_of(date))):
            if not outcome.success:
                raise RuntimeError(f"the run failed: {outcome.failures}")
    watch.settle()
    stages = watch.stages.values()
    sizes = {found.key: found.size_bytes for found in pipeline.lake.walk("", lambda folder: False)}
    keys = {pipeline.published.key(name, CALL_DATE) for name in DATE_TABLES}
    return Ran(
        rows={name: pipeline.published.row_count(name, CALL_DATE) for name in DATE_TABLES},
        stages={name: watch.stages[name] for name in [*STAGES, OTHER]},
        whole=Stage(
            sum(one.wall_s for one in stages),
            sum(one.cpu_s for one in stages),
            memory_mb("self")[1],
        ),
        published_bytes=sum(sizes[key] for key in keys),
        checkpoint_bytes=sum(
            size for key, size in sizes.items() if key.startswith("_work/results/")
        ),
        arrow_peak_mb=pa.default_memory_pool().max_memory() / 1e6,
    )


if __name__ == "__main__":
    ran = run(load_settings())
    sys.stdout.buffer.write(RAN.dump_json(ran))
