"""What a date takes and costs on so many tasks of a size, on Spot or on demand. Chooses none."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from stt_pipeline.domain.planning.prices import FARGATE_BY_CAPACITY, MIN_BILLED_S, Capacity
from stt_pipeline.domain.planning.sharding import GROUP_AUDIO_S, shard_count
from stt_pipeline.domain.planning.task_sizes import CONTROL_SIZE, TASK_SIZES, TaskSize
from stt_pipeline.domain.planning.throughput import Throughput

SPOT_LOSSES_PER_H: Final = 0.1625
"""Interruptions of a Spot task an hour that take 15% of tasks in their first (1 - exp(-0.1625))."""

LOST_S: Final = 120.0
"""Most finished work that a lost task repeats (DESIGN, section 2)."""

RELAUNCH_S: Final = 90.0
"""Until a lost task is noticed and its run is asked for again (run_monitoring polls every 30 s)."""

LOSSES_TO_EXPECT: Final = 2
"""Interruptions of the unluckiest task that a sure end allows for beside the expected ones."""

CONTROL_CAPACITY: Final = Capacity.ON_DEMAND
"""Of a run that lists or publishes a date: it begins again from nothing where its task is taken
away, hours of work for a date of 10,000 agents, and costs a hundredth of the date's other tasks."""

_HOUR_USD: Final = {
    (size, capacity): price.task_hour_usd(size.vcpus, size.memory_gb)
    for size in TASK_SIZES
    for capacity, price in FARGATE_BY_CAPACITY.items()
}


@dataclass(frozen=True)
class Backlog:
    """Recordings of a date without a result: audio seconds over all channels, and the longest.

    `published` counts recordings that are there already, and are published with them.
    """

    call_date: dt.date
    audio_s: float
    longest_s: float = 0.0
    recordings: int = 1
    published: int = 0


@dataclass(frozen=True)
class Limits:
    """The settings MAX_SHARDS, as tasks at once over all dates, and SHARD_MINUTES."""

    max_tasks: int
    shard_minutes: float = 5.0


@dataclass(frozen=True)
class DatePlan:
    """A date over its tasks; seconds from their launch until the date is published.

    `likely_s` by the best estimate, `sure_s` where all is as slow as the estimate may be off.
    """

    call_date: dt.date
    shards: int
    size: TaskSize
    capacity: Capacity
    likely_s: float
    sure_s: float
    cost_usd: float

    @property
    def workers(self) -> int:
        """Over all tasks."""
        return self.shards * self.size.workers


@lru_cache(maxsize=64)
def _counts(most: int) -> tuple[int, ...]:
    """Numbers of tasks to choose from: all up to 8, then in steps of a quarter."""
    counts = [1]
    while counts[-1] < most:
        counts.append(min(most, counts[-1] + max(1, counts[-1] // 4)))
    return tuple(counts)


def options(date: Backlog, throughput: Throughput, limits: Limits) -> Iterator[DatePlan]:
    """Every allowed number, size and capacity of tasks for a date; no task more than it can use."""
    most = shard_count(date.audio_s, limits.shard_minutes, limits.max_tasks)
    for shards in _counts(max(1, min(most, date.recordings))):
        for size in TASK_SIZES:
            for capacity in (Capacity.SPOT, Capacity.ON_DEMAND):
                yield _option(date, throughput, shards, size, capacity)


def _option(
    date: Backlog, throughput: Throughput, shards: int, size: TaskSize, capacity: Capacity
) -> DatePlan:
    """Shards differ by the longest recording at most, and a recording has one worker.

    While a task's last group is read, its other workers are idle.
    """
    start_s, alone_s = throughput.start_s, throughput.wall_s(1.0, 1)
    tail_s = alone_s * min(GROUP_AUDIO_S, date.audio_s)
    mean_s = alone_s * date.audio_s / shards / size.workers
    uneven_s = alone_s * date.longest_s * (1 - 1 / shards) / size.workers
    slowest_s = max(mean_s + uneven_s, alone_s * date.longest_s) + tail_s
    lost_s = LOST_S + RELAUNCH_S + start_s if capacity is Capacity.SPOT else 0.0
    repeated = 1 + SPOT_LOSSES_PER_H * lost_s / 3600
    closing_s = throughput.closing_s(date.recordings + date.published)
    billed_s = max(MIN_BILLED_S, (start_s + mean_s + tail_s) * repeated)
    task_usd = _HOUR_USD[size, capacity] * billed_s / 3600
    control_usd = _HOUR_USD[CONTROL_SIZE, CONTROL_CAPACITY] * closing_s / 3600
    unsure_s = slowest_s * throughput.spread * repeated + LOSSES_TO_EXPECT * lost_s
    likely_s = (start_s + slowest_s) * repeated + closing_s
    return DatePlan(
        date.call_date,
        shards,
        size,
        capacity,
        likely_s,
        likely_s + unsure_s,
        shards * task_usd + control_usd,
    )


def priced(date: Backlog, option: DatePlan, throughput: Throughput) -> dict[Capacity, float]:
    """What the tasks of a plan cost on Spot, and on demand."""
    return {
        capacity: _option(date, throughput, option.shards, option.size, capacity).cost_usd
        for capacity in Capacity
    }
