"""The week as the operator plans it: what begins when, ends when, and what it costs."""

import datetime as dt
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from stt_pipeline.domain.call_dates import dates_of
from stt_pipeline.domain.planning.deadline import Deadline
from stt_pipeline.domain.planning.load import call_hours
from stt_pipeline.domain.planning.prices import Capacity
from stt_pipeline.domain.planning.task_options import Limits
from stt_pipeline.domain.planning.throughput import PRIOR
from stt_pipeline.domain.planning.ticks import seconds_between
from stt_pipeline.domain.planning.week_plan import DateLoad, WeekPlan, plan_week, stated_load

PARIS = ZoneInfo("Europe/Paris")
DATES = dates_of("2026-W47")
MONDAY = DATES[0]
DUE = Deadline.parse("Mon 08:00").after_week(MONDAY, PARIS)
H = 3600.0


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=PARIS)


def planned(loads: list[DateLoad], now: str, due: dt.datetime = DUE, tasks: int = 64) -> WeekPlan:
    return plan_week(loads, PRIOR, Limits(tasks), at(now), due, 6 * H, PARIS)


def test_100_agents_make_500_call_hours_on_a_weekday_and_none_on_sunday() -> None:
    assert [round(call_hours(100, date)) for date in DATES] == [550, 500, 500, 475, 475, 200, 0]
    load = stated_load(100, DATES[1])
    assert (load.recordings, load.call_s, load.audio_s) == (5_000, 500 * H, 1_000 * H)
    assert load.left_s == load.audio_s
    assert load.longest_s == 4 * H


def test_a_date_to_come_begins_with_its_tick_and_one_past_begins_now() -> None:
    rows = planned([stated_load(100, date) for date in DATES], "2026-11-18T12:00").dates

    assert [row.load.call_date for row in rows] == DATES
    assert [f"{row.starts:%a %H:%M}" for row in rows if row.starts] == [
        "Wed 12:00",
        "Wed 12:00",
        "Thu 00:30",
        "Fri 00:30",
        "Sat 00:30",
        "Sun 00:30",
    ]


def test_dates_that_begin_together_end_one_after_the_other() -> None:
    monday, tuesday, *_ = planned(
        [stated_load(100, date) for date in DATES[:2]], "2026-11-18T12:00"
    ).dates

    assert monday.likely
    assert tuesday.likely
    assert tuesday.option
    assert tuesday.high
    gap_s = seconds_between(monday.likely, tuesday.likely)
    assert gap_s == pytest.approx(tuesday.option.likely_s, abs=1)
    assert seconds_between(at("2026-11-18T12:00"), tuesday.high) <= 6 * H + 1


def test_the_range_holds_the_guess_and_slack_is_to_the_deadline() -> None:
    [row] = planned([stated_load(100, DATES[4])], "2026-11-21T00:30").dates

    assert row.low
    assert row.likely
    assert row.high
    assert row.slack_h is not None
    assert row.low < row.likely < row.high
    assert row.slack_h == pytest.approx(seconds_between(row.likely, DUE) / H)
    assert 49 < row.slack_h < 55.5


def test_where_the_clock_changes_moments_are_real() -> None:
    date = dt.date(2026, 10, 24)
    due = Deadline.parse("Mon 08:00").after_week(dt.date(2026, 10, 19), PARIS)
    [row] = planned([stated_load(100, date)], "2026-10-25T00:30", due).dates

    assert row.likely
    assert row.option
    assert row.slack_h is not None
    assert seconds_between(at("2026-10-25T00:30"), row.likely) == pytest.approx(
        row.option.likely_s, abs=1
    )
    # From 00:30 to Monday 08:00 the clock shows 31.5 h, and 32.5 h go by.
    assert row.slack_h == pytest.approx(32.5 - row.option.likely_s / H, abs=0.01)


def test_what_is_done_has_nothing_to_plan_and_still_a_price() -> None:
    done = replace(stated_load(100, MONDAY), left_s=0.0, left_recordings=0, is_published=True)
    [row] = planned([done], "2026-11-18T12:00").dates

    assert (row.option, row.starts, row.likely, row.slack_h) == (None,) * 4
    assert row.cost_usd[Capacity.SPOT] > 1
    assert row.outside_usd == pytest.approx(550 * 0.36)


def test_the_price_is_of_the_whole_date_by_capacity_beside_the_outside_service() -> None:
    half = stated_load(100, DATES[1])
    half = replace(half, left_s=half.left_s / 2, left_recordings=2_500)
    [row] = planned([half], "2026-11-18T12:00").dates
    [whole] = planned([stated_load(100, DATES[1])], "2026-11-18T12:00").dates

    assert row.cost_usd == whole.cost_usd
    assert row.option
    assert whole.option
    assert row.option.cost_usd < 0.6 * whole.option.cost_usd
    # 500 h x 2 channels x 3.8 CPU s a minute at the prices of prices.toml.
    assert row.cost_usd[Capacity.SPOT] / 500 == pytest.approx(0.0025, abs=0.0001)
    assert row.cost_usd[Capacity.ON_DEMAND] / 500 == pytest.approx(0.0080, abs=0.0002)
    assert row.outside_usd / 500 == pytest.approx(0.36)


def test_a_date_without_calls_costs_nothing() -> None:
    [row] = planned([stated_load(100, DATES[6])], "2026-11-18T12:00").dates

    assert row.option is None
    assert row.cost_usd == {Capacity.SPOT: 0.0, Capacity.ON_DEMAND: 0.0}


def test_what_a_date_has_left_is_planned_again_with_the_next() -> None:
    week = [stated_load(1_000, date) for date in DATES]
    rows = planned(week, "2026-11-17T00:30", tasks=1).dates
    hours = sum(load.audio_s for load in week) / 60 * PRIOR.cpu_s_per_audio_min / 3600 / 16 / 0.95
    last = max(row.likely for row in rows if row.likely)

    # One task of 16 vCPU at work without a pause from Tuesday 00:30 on.
    assert seconds_between(at("2026-11-17T00:30"), last) / H == pytest.approx(hours, rel=0.08)
    assert min(row.slack_h for row in rows if row.slack_h is not None) < 0
    assert rows[0].likely is not None
    assert rows[0].starts == at("2026-11-17T00:30")
    alone = planned(week[:1], "2026-11-17T00:30", tasks=1).dates[0]
    assert alone.likely is not None
    assert rows[0].likely > alone.likely - dt.timedelta(hours=1)


def test_what_cannot_be_made_is_said_with_its_date() -> None:
    week = planned([stated_load(10_000, DATES[4])], "2026-11-22T20:00", tasks=2)

    [warning] = week.warnings
    assert warning.startswith("2026-11-20: No allowed size makes the deadline")
    assert (week.dates[0].slack_h or 0) < 0
    assert not planned([stated_load(100, DATES[4])], "2026-11-21T00:30").warnings
