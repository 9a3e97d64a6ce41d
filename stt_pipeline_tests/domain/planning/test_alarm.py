"""When the forecast calls for more tasks, on-demand tasks, or a person."""

import datetime as dt
import math

import pytest

from stt_pipeline.domain.planning.alarm import Decision, decide, missed
from stt_pipeline.domain.planning.capacity import CapacityPlan
from stt_pipeline.domain.planning.forecast import DateForecast, Forecast
from stt_pipeline.domain.planning.prices import Capacity
from stt_pipeline.domain.planning.task_options import DatePlan
from stt_pipeline.domain.planning.task_sizes import TASK_SIZES

FRIDAY, SATURDAY = dt.date(2026, 11, 20), dt.date(2026, 11, 21)
H = 3600.0
LEFT_S, MARGIN_S = 20 * H, 6 * H
IN_TIME_S = LEFT_S - MARGIN_S


def option(
    sure_h: float, shards: int = 4, capacity: Capacity = Capacity.SPOT, date: dt.date = FRIDAY
) -> DatePlan:
    return DatePlan(date, shards, TASK_SIZES[2], capacity, sure_h * H, sure_h * H, 1.0)


def outlook(high_s: float, date: dt.date = FRIDAY) -> Forecast:
    return Forecast((DateForecast(date, high_s * 0.8, high_s * 0.6, high_s),))


def decided(high_s: float, anew: DatePlan, before: DatePlan, why: str = "") -> Decision:
    planned = CapacityPlan((anew,), not why, not why, why)
    return decide("2026-W47", outlook(high_s), {FRIDAY: before}, planned, LEFT_S, MARGIN_S)


def test_what_ends_before_the_margin_is_let_alone() -> None:
    assert decided(IN_TIME_S, option(1, shards=64), option(14)) == Decision()


def test_past_the_margin_more_workers_are_launched_and_it_is_said() -> None:
    decision = decided(IN_TIME_S + 1, option(8, shards=16), option(14))

    assert decision.raised == (option(8, shards=16),)
    [alert] = decision.alerts
    assert alert.condition == "2026-W47 late"
    assert alert.sentence == (
        "Week 2026-W47 is at risk: 2026-11-20 may end only 6.0 h before the deadline."
    )
    assert "raised in number or moved to on-demand" in alert.remedy


def test_past_the_deadline_it_says_by_how_much_and_why_nothing_helps() -> None:
    decision = decided(LEFT_S + 2 * H, option(21, shards=4), option(22), why="No size can.")

    [alert] = decision.alerts
    assert "may end 2.0 h after the deadline" in alert.sentence
    assert alert.remedy == "No size can."


@pytest.mark.parametrize(
    ("anew", "before", "high_h", "is_raised"),
    [
        (option(14.70, shards=5), option(20), 15, True),
        (option(14.80, shards=5), option(20), 15, False),
        (option(14.70, 4, Capacity.ON_DEMAND), option(20), 15, True),
        (option(2, shards=3), option(20), 15, False),
        (option(2, 3, Capacity.ON_DEMAND), option(20), 15, False),
        (option(11.9), option(20), 15, True),
        (option(12.1), option(20), 15, False),
        (option(12, 4, Capacity.ON_DEMAND), option(20, 4, Capacity.ON_DEMAND), 14.9, False),
        (option(11.9, 4, Capacity.ON_DEMAND), option(20, 4, Capacity.ON_DEMAND), 14.9, True),
    ],
    ids=[
        "more workers, sooner",
        "more workers, hardly sooner",
        "on demand",
        "fewer workers",
        "fewer workers, on demand",
        "as many, dealt evenly",
        "as many, hardly sooner",
        "on demand already",
        "on demand already, dealt evenly",
    ],
)
def test_tasks_are_replaced_where_that_is_worth_a_start(
    anew: DatePlan, before: DatePlan, high_h: float, is_raised: bool
) -> None:
    assert bool(decided(high_h * H, anew, before).raised) is is_raised


def test_a_date_that_nothing_works_on_is_said_and_planned() -> None:
    decision = decide(
        "2026-W47", outlook(math.inf), {}, CapacityPlan((option(8),), True, True), LEFT_S, MARGIN_S
    )

    assert decision.raised == (option(8),)
    assert "2026-11-20 has no task at work" in decision.alerts[0].sentence


def test_only_the_dates_at_risk_are_replaced_and_there_is_one_alert() -> None:
    both = Forecast((*outlook(IN_TIME_S).dates, *outlook(IN_TIME_S + H, SATURDAY).dates))
    anew = CapacityPlan((option(1, 64), option(1, 64, date=SATURDAY)), True, True)
    running = {FRIDAY: option(14), SATURDAY: option(14, date=SATURDAY)}
    decision = decide("2026-W47", both, running, anew, LEFT_S, MARGIN_S)

    assert [one.call_date for one in decision.raised] == [SATURDAY]
    assert len(decision.alerts) == 1
    assert str(SATURDAY) in decision.alerts[0].sentence


DUE = dt.datetime(2026, 11, 23, 7, tzinfo=dt.UTC)


def test_after_the_deadline_what_is_missing_is_named() -> None:
    alert = missed("2026-W47", DUE, DUE, ["2026-11-20: 3 recordings", "2026-11-22"])

    assert alert is not None
    assert alert.condition == "2026-W47 missed"
    assert alert.sentence == (
        "Week 2026-W47 was due Mon 2026-11-23 07:00 and is not complete: "
        "2026-11-20: 3 recordings, 2026-11-22."
    )
    assert alert.remedy


def test_before_the_deadline_or_with_nothing_missing_there_is_none() -> None:
    assert missed("2026-W47", DUE - dt.timedelta(seconds=1), DUE, ["2026-11-20"]) is None
    assert missed("2026-W47", DUE, DUE, []) is None
