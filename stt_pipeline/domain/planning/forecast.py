"""When dates at work will be published, with a range, from what is really done. Decides nothing."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from stt_pipeline.domain.planning.throughput import Throughput

SEEN_S: Final = 600.0
"""A task that has worked for that long is forecast by its own speed, not by the estimate."""


@dataclass(frozen=True)
class ShardWork:
    """A shard: audio seconds left and done by its task, and how long that has been at work.

    `working_s` is None for a task that has not begun; `workers` is what it has, or will have.
    """

    left_s: float
    done_s: float
    workers: int
    working_s: float | None = None


@dataclass(frozen=True)
class DateWork:
    """A date that is not published: its shards, and how many recordings it will publish.

    Without shards nothing is at work on it, unless `is_closing`.
    """

    call_date: dt.date
    shards: tuple[ShardWork, ...]
    recordings: int
    is_closing: bool = False


@dataclass(frozen=True)
class DateForecast:
    """Seconds until a date is published: best guess and range; infinite if nothing is at work."""

    call_date: dt.date
    likely_s: float
    low_s: float
    high_s: float


@dataclass(frozen=True)
class Forecast:
    """Of all dates at work; the last of them makes the finish."""

    dates: tuple[DateForecast, ...]

    @property
    def likely_s(self) -> float:
        """Seconds until the last date is published."""
        return max((date.likely_s for date in self.dates), default=0.0)

    @property
    def low_s(self) -> float:
        """The early end of the range."""
        return max((date.low_s for date in self.dates), default=0.0)

    @property
    def high_s(self) -> float:
        """The late end of the range."""
        return max((date.high_s for date in self.dates), default=0.0)


def forecast(works: Sequence[DateWork], throughput: Throughput) -> Forecast:
    """The finish of every date: of its slowest shard, and the time to publish."""
    return Forecast(tuple(_date(work, throughput) for work in works))


def _date(work: DateWork, throughput: Throughput) -> DateForecast:
    if not work.shards and not work.is_closing:
        return DateForecast(work.call_date, *[float("inf")] * 3)
    closing_s = throughput.closing_s(work.recordings)
    ranges = [_shard(shard, throughput) for shard in work.shards] or [(0.0, 0.0, 0.0)]
    likely_s, low_s, high_s = (max(ends) + closing_s for ends in zip(*ranges, strict=True))
    return DateForecast(work.call_date, likely_s, low_s, high_s)


def _shard(shard: ShardWork, throughput: Throughput) -> tuple[float, float, float]:
    """Likely, early and late end; the range narrows as the shard is done."""
    if shard.left_s <= 0:
        return 0.0, 0.0, 0.0
    start_s, spread = throughput.start_s, throughput.spread
    likely_s = throughput.wall_s(shard.left_s, shard.workers)
    if shard.working_s is not None:
        start_s = 0.0
        if shard.working_s >= SEEN_S and shard.done_s > 0:
            likely_s = shard.left_s / shard.done_s * shard.working_s
            spread *= (shard.left_s / (shard.left_s + shard.done_s)) ** 0.5
    return (
        start_s + likely_s,
        start_s + likely_s * (1 - spread),
        start_s + likely_s * (1 + spread),
    )
