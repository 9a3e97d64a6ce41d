"""A week against its deadline: when it was finished, or will be, and how long before."""

import datetime as dt
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline.domain.week.week_progress import DateOutlook, Expected, WeekProgress

PARIS = ZoneInfo("Europe/Paris")
DEADLINE = dt.datetime(2026, 11, 23, 8, 0, tzinfo=PARIS)
MONDAY = dt.date(2026, 11, 16)
HOUR_S = 3600.0


def before(hours: float) -> dt.datetime:
    """A moment that many hours before the deadline."""
    return (DEADLINE.astimezone(dt.UTC) - dt.timedelta(hours=hours)).astimezone(PARIS)


def complete(day: int, hours_before: float | None, hours: float = 10.0) -> DateOutlook:
    since = None if hours_before is None else before(hours_before)
    call_s = hours * HOUR_S
    date = MONDAY + dt.timedelta(days=day)
    return DateOutlook(date, True, call_s, call_s, complete_since=since)


def left(day: int, hours_before: float, hours: float = 10.0, done: float = 0.0) -> DateOutlook:
    likely, spread = before(hours_before), dt.timedelta(hours=1)
    return DateOutlook(
        MONDAY + dt.timedelta(days=day),
        is_complete=False,
        call_s=hours * HOUR_S,
        done_s=done * HOUR_S,
        expected=Expected(likely - spread, likely, likely + spread),
    )


def week(
    *dates: DateOutlook, published: tuple[tuple[dt.datetime, float], ...] = ()
) -> WeekProgress:
    return WeekProgress(before(12), DEADLINE, 6 * HOUR_S, dates, published)


def test_a_week_is_finished_with_its_last_date() -> None:
    progress = week(complete(0, 100), complete(4, 31.5), complete(5, 40))

    assert progress.is_complete
    assert progress.finished == before(31.5)
    assert progress.slack_s == 31.5 * HOUR_S
    assert progress.expected is None
    assert progress.steps_ahead == ()


def test_a_week_that_ended_after_its_deadline_has_less_than_no_time_left() -> None:
    assert week(complete(0, 100), complete(6, -2)).slack_s == -2 * HOUR_S


def test_a_date_of_which_no_time_was_kept_leaves_the_finish_unknown() -> None:
    progress = week(complete(0, 100), complete(1, None))

    assert progress.is_complete
    assert (progress.finished, progress.slack_s) == (None, None)


def test_what_is_left_is_forecast_up_to_its_last_date() -> None:
    progress = week(
        complete(0, 100),
        left(5, 8, hours=4, done=1),
        left(4, 10, hours=20, done=15),
        published=((before(100), 10.0),),
    )

    assert progress.finished is None
    assert progress.expected == Expected(before(9), before(8), before(7))
    assert progress.slack_s == 8 * HOUR_S
    assert (progress.total_h, progress.transcribed_h, progress.published_h) == (34, 26, 10)
    assert [(step.likely, hours) for step, hours in progress.steps_ahead] == [
        (before(10), 30),
        (before(8), 34),
    ]


def test_where_a_date_with_calls_has_no_forecast_there_is_none_of_the_week() -> None:
    blocked = replace(left(3, 8), expected=None)

    assert week(left(4, 10), blocked).expected is None
    assert week(left(4, 10), replace(blocked, call_s=0.0)).expected is not None


def test_the_planned_end_is_the_margin_before_the_deadline_where_the_clock_changes() -> None:
    deadline = dt.datetime(2026, 10, 25, 8, 0, tzinfo=PARIS)
    progress = WeekProgress(deadline, deadline, 6 * HOUR_S)

    # 03:00 came twice that night.
    assert progress.planned_end == dt.datetime(2026, 10, 25, 2, 0, tzinfo=PARIS, fold=1)
    assert progress.planned_end.utcoffset() == dt.timedelta(hours=1)


DATES = st.builds(
    lambda hours_before, hours, is_left: (left if is_left else complete)(0, hours_before, hours),
    st.integers(-20, 150),
    st.floats(0, 500),
    st.booleans(),
)


@given(st.lists(DATES, max_size=7))
def test_the_forecast_ends_with_all_hours_and_never_falls(dates: list[DateOutlook]) -> None:
    progress = week(*dates)
    hours = [hours for _, hours in progress.steps_ahead]

    assert hours == sorted(hours)
    assert not hours or hours[-1] == pytest.approx(progress.total_h)
    assert len(hours) == sum(not date.is_complete for date in dates)
