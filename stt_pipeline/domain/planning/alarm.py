"""When a forecast calls for more tasks, for on-demand tasks, or for a person. Sends nothing."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from stt_pipeline.domain.planning.capacity import CapacityPlan
from stt_pipeline.domain.planning.forecast import Forecast
from stt_pipeline.domain.planning.prices import Capacity
from stt_pipeline.domain.planning.task_options import DatePlan

WORTH_S: Final = 900.0
"""A date's tasks are replaced by more where that ends it sooner by more than this: each replacement
repeats two minutes of work and a start."""

UNEVEN_S: Final = 3600.0
UNEVEN_SHARE: Final = 0.25
"""They are replaced by as many where that ends it sooner by more than an hour, and by a quarter:
one of them is slow, and the others could take over."""


@dataclass(frozen=True)
class Alert:
    """Something a person should know, once for each `condition`."""

    condition: str
    sentence: str
    remedy: str


@dataclass(frozen=True)
class Decision:
    """What to do now: dates whose tasks are to be stopped and launched as planned, and alerts."""

    raised: tuple[DatePlan, ...] = ()
    alerts: tuple[Alert, ...] = ()


def decide(
    week: str,
    outlook: Forecast,
    running: Mapping[dt.date, DatePlan],
    anew: CapacityPlan,
    left_s: float,
    margin_s: float,
) -> Decision:
    """Compares the forecast of the dates at work with the margin before the deadline.

    `anew` is `capacity.plan` of what they have left, from now: a date that may end within the
    margin is given it in place of the plan that is `running` where it has more workers, or
    on-demand tasks in place of Spot, or deals evenly what slow tasks have left, and ends sooner.
    """
    threatened = [date for date in outlook.dates if date.high_s > left_s - margin_s]
    if not threatened:
        return Decision()
    raised = []
    for date in threatened:
        option = anew.of(date.call_date)
        before = running.get(date.call_date)
        if option and (before is None or _is_worth(option, before, date.high_s - option.sure_s)):
            raised.append(option)
    return Decision(tuple(raised), (_late(week, threatened[0].call_date, outlook, anew, left_s),))


def _is_worth(option: DatePlan, before: DatePlan, sooner_s: float) -> bool:
    """Whether what ends a date so much sooner replaces what is at work on it."""
    if option.workers < before.workers:
        return False
    surer = before.capacity is Capacity.SPOT and option.capacity is Capacity.ON_DEMAND
    if surer or option.workers > before.workers:
        return sooner_s > WORTH_S
    return sooner_s > max(UNEVEN_S, UNEVEN_SHARE * option.sure_s)


def _late(week: str, first: dt.date, outlook: Forecast, anew: CapacityPlan, left_s: float) -> Alert:
    high_s = outlook.high_s
    if high_s == float("inf"):
        when = "has no task at work"
    elif high_s > left_s:
        when = f"may end {(high_s - left_s) / 3600:.1f} h after the deadline"
    else:
        when = f"may end only {(left_s - high_s) / 3600:.1f} h before the deadline"
    remedy = anew.why or "Its tasks are raised in number or moved to on-demand; watch its runs."
    return Alert(f"{week} late", f"Week {week} is at risk: {first} {when}.", remedy)


def missed(
    week: str, now: dt.datetime, deadline: dt.datetime, missing: Sequence[str]
) -> Alert | None:
    """The alert that the deadline passed, with the names of what is missing; None before it."""
    if now < deadline or not missing:
        return None
    return Alert(
        f"{week} missed",
        f"Week {week} was due {deadline:%a %Y-%m-%d %H:%M} and is not complete: "
        f"{', '.join(missing)}.",
        "Look at the last run of each date, correct what it says, and run the date again.",
    )
