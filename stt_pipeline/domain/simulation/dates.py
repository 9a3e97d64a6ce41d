"""A call date in a simulated week: what came, what is done, which stage it is in. No rules."""

import datetime as dt
from bisect import bisect_right
from dataclasses import dataclass, field

from stt_pipeline.domain.planning.forecast import DateWork, ShardWork
from stt_pipeline.domain.planning.task_options import Backlog, DatePlan
from stt_pipeline.domain.planning.ticks import DateState
from stt_pipeline.domain.simulation.tasks import Task
from stt_pipeline.domain.simulation.world import Arrival, running_total


@dataclass
class DateRun:
    """One date. Counts of arrivals say how much of them is listed, and published.

    `stage` is idle, opening, shards or closing; `round` numbers its runs, so that an event of a
    stopped run is known for one.
    """

    call_date: dt.date
    arrivals: tuple[Arrival, ...]
    longest_s: float
    stage: str = "idle"
    round: int = 0
    listed: int = 0
    published: int = 0
    is_published: bool = False
    done_audio_s: float = 0.0
    ended_s: float | None = None
    progressed: bool = False
    tasks: list[Task] = field(default_factory=list)
    unfinished: int = 0
    plan: DatePlan | None = None

    def __post_init__(self) -> None:
        """Sums the arrivals once."""
        self._moments = [one.at_s for one in self.arrivals]
        self._totals = running_total(self.arrivals)

    def come(self, at_s: float) -> int:
        """Arrivals that are in the store."""
        return bisect_right(self._moments, at_s)

    @property
    def is_final(self) -> bool:
        """True once all that ever comes is published."""
        return self.is_published and self.published == len(self.arrivals)

    @property
    def left_audio_s(self) -> float:
        """Audio listed and not done by tasks that ended."""
        return max(0.0, self._totals[self.listed][0] - self.done_audio_s)

    def recordings(self, first: int, last: int) -> int:
        """Recordings of the arrivals from the first to before the last."""
        return self._totals[last][1] - self._totals[first][1]

    def state(self, at_s: float, begin: dt.datetime) -> DateState:
        """What a schedule or sensor can know now."""
        come = self.come(at_s)
        first_seen = self._moments[self.published] if come > self.published else None
        return DateState(
            self.call_date,
            waiting=self.recordings(self.published, come),
            is_published=self.is_published,
            is_running=self.stage != "idle",
            progressed=self.progressed,
            first_seen=None if first_seen is None else begin + dt.timedelta(seconds=first_seen),
            ended=None if self.ended_s is None else begin + dt.timedelta(seconds=self.ended_s),
        )

    def backlog(self, at_s: float) -> Backlog:
        """What it has left, as its ledger and checkpoints say."""
        done_s = sum(task.done_s(at_s) for task in self.tasks)
        left_s = max(0.0, self._totals[self.listed][0] - self.done_audio_s - done_s)
        total_s, recordings = self._totals[self.listed]
        share = left_s / total_s if total_s else 0.0
        return Backlog(
            self.call_date,
            left_s,
            min(self.longest_s, left_s),
            max(1, round(recordings * share)),
            recordings,
        )

    def work(self, at_s: float) -> DateWork:
        """What the forecast is told: audio done and left by shard, and since when."""
        shards = tuple(
            ShardWork(
                task.audio_s - task.done_s(at_s),
                task.done_s(at_s),
                task.size.workers,
                task.working_s(at_s),
            )
            for task in self.tasks
        )
        waiting = self.plan.size.workers if self.plan else 1
        shards += tuple(ShardWork(audio_s, 0.0, waiting) for audio_s in self.queued)
        return DateWork(
            self.call_date, shards, self._totals[self.listed][1], self.stage == "closing"
        )

    @property
    def queued(self) -> list[float]:
        """Audio of shards that wait for a task; kept by the week's queue."""
        return self._queued

    _queued: list[float] = field(default_factory=list)
