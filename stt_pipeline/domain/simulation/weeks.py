"""Many simulated weeks, and what they come to. Prints nothing."""

import datetime as dt
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Final
from zoneinfo import ZoneInfo

from stt_pipeline.domain.planning.deadline import Deadline
from stt_pipeline.domain.planning.task_options import Limits
from stt_pipeline.domain.planning.ticks import HURRY_S, seconds_between
from stt_pipeline.domain.simulation import oracle
from stt_pipeline.domain.simulation.week import Promise, Week
from stt_pipeline.domain.simulation.world import World, draw_week

FIRST_MONDAY: Final = dt.date(2026, 1, 5)
"""Week 0; the weeks go on from it, through both clock changes of every year."""

MAX_TASKS: Final = 64
"""Tasks at once where STT_MAX_SHARDS does not say: 1,024 vCPU. 10,000 agents need them."""


@dataclass(frozen=True)
class Scenario:
    """What every week has in common; `seed` draws them."""

    agents: int
    limits: Limits
    zone: ZoneInfo
    deadline: Deadline
    margin_h: float
    seed: int = 0


@dataclass(frozen=True)
class WeekResult:
    """How a week went. `slack_h` is from its finish to the deadline, None where it never ended.

    `cause` says why a week was late, and is empty where it was not.
    """

    week: int
    monday: str
    feasible: bool
    slack_h: float | None
    call_hours: float
    cost_usd: float
    on_demand_usd: float
    oracle_usd: float
    peak_tasks: int
    launched: int
    raised: int
    cause: str

    @property
    def is_on_time(self) -> bool:
        """True where all was published before the deadline."""
        return self.slack_h is not None and self.slack_h >= 0


@dataclass(frozen=True)
class Summary:
    """The figures of all weeks; rates and slack over the feasible ones, None without any.

    `misses` has every week that was late, also those that no plan could have made, with its cause.
    """

    weeks: int
    agents: int
    feasible_weeks: int
    on_time_rate: float | None
    median_slack_h: float | None
    p5_slack_h: float | None
    cost_usd_per_call_hour: float
    oracle_cost_ratio: float
    peak_tasks: int
    misses: tuple[dict[str, Any], ...]

    def row(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


def simulate(scenario: Scenario, weeks: Iterable[int]) -> Iterator[WeekResult]:
    """Plays these weeks; each depends on the seed and its number alone."""
    for week in weeks:
        yield _play(scenario, week)


def _play(scenario: Scenario, week: int) -> WeekResult:
    monday = FIRST_MONDAY + dt.timedelta(weeks=week)
    # Its world does not depend on what is launched in it, nor on the limits.
    world_rng = random.Random(f"world {scenario.seed} {scenario.agents} {week}")
    world = draw_week(monday, scenario.agents, scenario.zone, world_rng)
    deadline = scenario.deadline.after_week(monday, scenario.zone)
    deadline_s = seconds_between(world.begin, deadline)
    promise = Promise(deadline, deadline_s, scenario.margin_h * 3600)
    tasks_rng = random.Random(f"tasks {scenario.seed} {scenario.agents} {week}")
    played = Week(world, promise, scenario.limits, tasks_rng).play()
    best_s = oracle.finish_s(world, scenario.limits.max_tasks)
    slack_h = None if played.finish_s is None else (deadline_s - played.finish_s) / 3600
    late = slack_h is None or slack_h < 0
    return WeekResult(
        week=week,
        monday=monday.isoformat(),
        # Made it: then it could be made, where a start was luckier than the oracle counts on.
        feasible=best_s <= deadline_s or not late,
        slack_h=slack_h,
        call_hours=world.call_hours,
        cost_usd=played.bill.cost_usd,
        on_demand_usd=played.bill.on_demand_usd,
        oracle_usd=oracle.cost_usd(world),
        peak_tasks=played.bill.peak_tasks,
        launched=played.bill.launched,
        raised=played.raised,
        cause=_cause(world, best_s, deadline_s) if late else "",
    )


def _cause(world: World, best_s: float, deadline_s: float) -> str:
    """Everything that held up the end of the week, the strongest first."""
    last_s = max((one.at_s for came in world.arrivals for one in came), default=0.0)
    gap_h = (deadline_s - last_s) / 3600
    causes = []
    if gap_h <= 0:
        causes.append(f"recordings came until {-gap_h:.1f} h after the deadline")
    elif gap_h < 1:
        causes.append(f"recordings came until {gap_h * 60:.0f} min before the deadline")
    for what, windows in (("daemon dead", world.dead), ("failed night", world.failed_nights)):
        causes += [
            f"{what} until {(deadline_s - end_s) / 3600:.1f} h before the deadline"
            for _, end_s in windows
            if 0 < deadline_s - end_s < 86_400
        ]
    if gap_h > 1 and best_s > deadline_s - HURRY_S:
        causes.append("too few tasks are allowed (STT_MAX_SHARDS)")
    best_h = (deadline_s - best_s) / 3600
    return "; ".join(causes) or f"a plan too slow: {best_h:.1f} h before the deadline was possible"


def summarise(scenario: Scenario, results: Sequence[WeekResult]) -> Summary:
    """Pools the weeks; costs are over all of them, also those that nobody could make."""
    feasible = [one for one in results if one.feasible]
    slacks = sorted(-1e9 if one.slack_h is None else one.slack_h for one in feasible)
    call_hours = sum(one.call_hours for one in results)
    cost_usd = sum(one.cost_usd for one in results)
    return Summary(
        weeks=len(results),
        agents=scenario.agents,
        feasible_weeks=len(feasible),
        on_time_rate=sum(o.is_on_time for o in feasible) / len(feasible) if feasible else None,
        median_slack_h=round(median(slacks), 2) if slacks else None,
        p5_slack_h=round(slacks[len(slacks) // 20], 2) if slacks else None,
        cost_usd_per_call_hour=round(cost_usd / call_hours, 6) if call_hours else 0.0,
        oracle_cost_ratio=round(cost_usd / sum(one.oracle_usd for one in results), 4),
        peak_tasks=max((one.peak_tasks for one in results), default=0),
        misses=tuple(
            {
                "week": one.monday,
                "feasible": one.feasible,
                "slack_h": None if one.slack_h is None else round(one.slack_h, 2),
                "cause": one.cause,
            }
            for one in results
            if not one.is_on_time
        ),
    )
