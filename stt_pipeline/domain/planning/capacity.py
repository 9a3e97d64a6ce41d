"""How many tasks, how large, Spot or on demand: the cheapest that ends in time. Starts none."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from stt_pipeline.domain.planning.prices import Capacity
from stt_pipeline.domain.planning.task_options import Backlog, DatePlan, Limits, options
from stt_pipeline.domain.planning.throughput import Throughput

WINDOWS_S: Final = (6 * 3600.0, 11 * 3600.0)
"""A date is to be done in its night; one that is too large before the 12 h are over after which
deploy/dagster.yaml ends a run."""


@dataclass(frozen=True)
class CapacityPlan:
    """What to launch, in this order, and whether its sure end keeps the margin and the deadline.

    `why` says in a sentence what is wrong, and the remedy, where it does not.
    """

    dates: tuple[DatePlan, ...]
    makes_margin: bool
    makes_deadline: bool
    why: str = ""

    @property
    def cost_usd(self) -> float:
        """Of all tasks."""
        return sum(date.cost_usd for date in self.dates)

    @property
    def sure_s(self) -> float:
        """Seconds until all dates are published, one after the other."""
        return sum(date.sure_s for date in self.dates)

    @property
    def tasks(self) -> int:
        """Most tasks that are asked for at once."""
        return max((date.shards for date in self.dates), default=0)

    def of(self, call_date: dt.date) -> DatePlan | None:
        """The plan of one date."""
        return next((date for date in self.dates if date.call_date == call_date), None)


def plan(
    backlog: Sequence[Backlog],
    throughput: Throughput,
    limits: Limits,
    left_s: float,
    margin_s: float,
) -> CapacityPlan:
    """The cheapest allowed tasks that publish the backlog `margin_s` before the deadline.

    `left_s` is the time to the deadline. Dates are done one after the other, and share the time
    by their work; as runs queue in that order, those that overlap end no later. The time is the
    first of WINDOWS_S in which Spot suffices; where none does, the fastest tasks on Spot, so that
    the next date finds room; where these would miss the margin, the cheapest that keep it. Where
    none keep it, the fastest allowed are planned, and `why` says so. Deterministic; more time
    never costs more.
    """
    waiting = [date for date in backlog if date.audio_s > 0]
    if not waiting:
        return CapacityPlan((), True, True)
    choices = [list(options(date, throughput, limits)) for date in waiting]
    most_s = left_s - margin_s
    for window_s in (*(one for one in WINDOWS_S if one < most_s), None, most_s):
        chosen = _fastest_spot(choices) if window_s is None else _within(waiting, choices, window_s)
        needed_s = sum(one.sure_s for one in chosen)
        is_spot = all(one.capacity is Capacity.SPOT for one in chosen)
        if chosen and needed_s <= most_s and (is_spot or window_s == most_s):
            return CapacityPlan(chosen, True, True)
    return _too_late(tuple(min(one, key=_by_time) for one in choices), limits, left_s)


def _fastest_spot(choices: Sequence[Sequence[DatePlan]]) -> tuple[DatePlan, ...]:
    """Of each date the Spot tasks that end it first."""
    return tuple(
        min((one for one in date if one.capacity is Capacity.SPOT), key=_by_time)
        for date in choices
    )


def _within(
    waiting: Sequence[Backlog], choices: Sequence[Sequence[DatePlan]], window_s: float
) -> tuple[DatePlan, ...]:
    """The cheapest of each date within its share of the window; nothing where one has none."""
    shares = _shares(waiting, choices, window_s)
    chosen = [
        min((one for one in date if one.sure_s <= share_s), key=_by_cost, default=None)
        for date, share_s in zip(choices, shares, strict=True)
    ]
    return tuple(one for one in chosen if one) if all(chosen) else ()


def _too_late(fastest: tuple[DatePlan, ...], limits: Limits, left_s: float) -> CapacityPlan:
    late_s = sum(date.sure_s for date in fastest) - left_s
    most = max(fastest, key=lambda one: one.workers)
    tasks = (
        f"{most.shards} {'task' if most.shards == 1 else 'tasks'} of {most.size} {most.capacity}"
    )
    if late_s <= 0:
        why = f"Even the fastest, {tasks}, may end within the margin before the deadline."
        return CapacityPlan(fastest, False, True, why)
    remedy = ": raise STT_MAX_SHARDS" if most.shards == limits.max_tasks else ""
    why = (
        f"No allowed size makes the deadline for sure: the fastest, {tasks}, may end "
        f"{late_s / 3600:.1f} h after it{remedy}."
    )
    return CapacityPlan(fastest, False, False, why)


def _shares(
    waiting: Sequence[Backlog], choices: Sequence[Sequence[DatePlan]], window_s: float
) -> list[float]:
    """Each date's share of a window: what it takes at best, and of the rest by its audio."""
    least_s = [min(one.sure_s for one in date) for date in choices]
    spare_s = window_s - sum(least_s)
    audio_s = sum(date.audio_s for date in waiting)
    return [
        least + spare_s * date.audio_s / audio_s
        for date, least in zip(waiting, least_s, strict=True)
    ]


def _by_cost(option: DatePlan) -> tuple[float, int, int]:
    """Cost to a millionth of a dollar; of the same cost, the fewest and largest tasks."""
    return round(option.cost_usd, 6), option.shards, -option.size.vcpus


def _by_time(option: DatePlan) -> tuple[float, tuple[float, int, int]]:
    """The end to a second; of the same end, the cheapest."""
    return round(option.sure_s), _by_cost(option)
