"""Call dates and weeks as people write them."""

import datetime as dt

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stt_pipeline.domain.call_dates import (
    date_range,
    dates_of,
    last_full_week,
    monday_of,
    parse_call_date,
    week_of,
)
from stt_pipeline.domain.errors import UserError

DATES = st.dates(dt.date(1900, 1, 1), dt.date(9990, 12, 31))


def is_no_date(text: str) -> bool:
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return True
    return False


@given(DATES)
def test_a_date_reads_back(date: dt.date) -> None:
    assert parse_call_date(str(date)) == date


@given(
    st.text(max_size=12)
    | st.builds("{:04}-{:02}-{:02}".format, *[st.integers(0, 99)] * 3).filter(is_no_date)
)
@example("2026-02-30")
@example("20261116")
@example("2026-W47-1")
@example("2026-11-16\n")
@example("２０２６-11-16")
def test_any_other_text_is_refused_with_the_form_wanted(text: str) -> None:
    with pytest.raises(UserError) as refused:
        parse_call_date(text)

    assert str(refused.value) == (
        f"'{text}' is not a call date: write it as YYYY-MM-DD, such as 2026-11-16."
    )


@given(DATES, st.integers(0, 400))
def test_a_range_holds_both_its_ends_and_every_day_between(first: dt.date, days: int) -> None:
    last = first + dt.timedelta(days=days)

    dates = date_range(first, last)

    assert (dates[0], dates[-1], len(dates)) == (first, last, days + 1)
    assert dates == sorted(set(dates))


def test_a_reversed_range_says_to_swap_its_ends() -> None:
    with pytest.raises(UserError, match=r"--from 2026-11-17 is after --to 2026-11-16: swap them\."):
        date_range(dt.date(2026, 11, 17), dt.date(2026, 11, 16))


@given(DATES)
@example(dt.date(2027, 1, 1))
@example(dt.date(2024, 12, 30))
def test_a_date_is_one_of_the_seven_of_its_week(date: dt.date) -> None:
    week = week_of(date)

    assert date in dates_of(week)
    assert len(dates_of(week)) == 7
    assert {week_of(day) for day in dates_of(week)} == {week}
    assert monday_of(week) == date - dt.timedelta(days=date.weekday())


@pytest.mark.parametrize(
    ("date", "week"),
    [("2026-11-16", "2026-W47"), ("2027-01-01", "2026-W53"), ("2024-12-30", "2025-W01")],
)
def test_weeks_are_those_of_iso_8601(date: str, week: str) -> None:
    assert week_of(parse_call_date(date)) == week


@pytest.mark.parametrize(
    "week",
    [
        "2026-47",
        "2026-W00",
        "2026-W54",
        "2025-W53",
        "0000-W01",
        "9999-W52",
        "2026-w47",
        "٢٠٢٦-W٤٧",
        "",
    ],
)
def test_a_week_that_is_none_is_refused_with_the_form_wanted(week: str) -> None:
    with pytest.raises(UserError, match="write it as YYYY-Www, such as 2026-W47"):
        dates_of(week)


@given(DATES)
def test_the_last_full_week_ended_before_today_and_less_than_a_week_ago(today: dt.date) -> None:
    sunday = dates_of(last_full_week(today))[-1]

    assert dt.timedelta(0) < today - sunday <= dt.timedelta(days=7)
