"""Which folders the listing of a date may leave out: never one that holds a key of that date."""

import datetime as dt

import pytest
from hypothesis import assume, example, given, settings

from stt_pipeline.domain.recordings.keys import KeyPattern
from stt_pipeline_tests.domain.recordings.keys_of_every_kind import (
    BY_PARTS,
    CALL_DATES,
    DAY_IN_NAME,
    DEFAULT,
    KEYS,
    LISTED_DAYS,
    NOV_16,
    PATTERNS,
)


def folders_of(key: str) -> list[str]:
    parts = key.split("/")[:-1]
    return ["/".join(parts[: count + 1]) + "/" for count in range(len(parts))]


def is_listed(pattern: KeyPattern, key: str, date: dt.date) -> bool:
    """Whether a listing for the date comes to see the key."""
    return not any(pattern.is_other_date(folder, date) for folder in folders_of(key))


def test_the_outermost_dated_folder_is_the_date_of_all_below_it() -> None:
    key = "call_date=2026-11-15/restored/call_date=2026-11-16/C1.wav"

    assert DEFAULT.read(key).call_date == dt.date(2026, 11, 15)
    assert is_listed(DEFAULT, key, dt.date(2026, 11, 15))


@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS)
@settings(max_examples=100)
@given(key=KEYS)
@example(key="call_date=2026-11-15/call_date=2026-11-16/C1.wav")
@example(key="20261116/2026-11-15/C1.wav")
@example(key="2026-11-15/20261116/C1.wav")
def test_listing_a_date_finds_every_key_of_that_date(pattern: KeyPattern, key: str) -> None:
    date = pattern.read(key).call_date

    if date is not None:
        assert is_listed(pattern, key, date)


@pytest.mark.parametrize("pattern", PATTERNS.values(), ids=PATTERNS)
@settings(max_examples=100)
@given(key=KEYS)
@example(key="year=2026/month=02/day=30/C1.wav")
@example(key="year=2026/month=13/day=01/C1.wav")
@example(key="call_date=2026-02-30/C1.wav")
@example(key="20260230/2026-11-15/C1.wav")
def test_a_key_without_a_sure_date_is_found_by_some_listing(pattern: KeyPattern, key: str) -> None:
    assume(pattern.read(key).call_date is None)

    assert any(is_listed(pattern, key, day) for day in LISTED_DAYS)


@given(date=CALL_DATES, other=CALL_DATES)
def test_a_listing_leaves_out_the_folders_of_other_dates_and_no_more(
    date: dt.date, other: dt.date
) -> None:
    assert DEFAULT.is_other_date(f"calls/call_date={other}/", date) == (other != date)
    assert DEFAULT.is_other_date(f"call_date={other}/queue=sales/", date) == (other != date)
    assert not DEFAULT.is_other_date("calls/", date)


@given(date=CALL_DATES, other=CALL_DATES)
def test_folders_of_year_month_and_day_are_left_out_one_by_one(
    date: dt.date, other: dt.date
) -> None:
    year = f"year={other.year}/"
    month = f"{year}month={other.month:02}/"
    day = f"{month}day={other.day:02}/"

    assert BY_PARTS.is_other_date(year, date) == (other.year != date.year)
    if other.year == date.year:
        assert BY_PARTS.is_other_date(month, date) == (other.month != date.month)
    if (other.year, other.month) == (date.year, date.month):
        assert BY_PARTS.is_other_date(day, date) == (other != date)


def test_a_month_is_left_out_though_the_day_is_still_to_come_in_the_name() -> None:
    assert DAY_IN_NAME.is_other_date("year=2026/month=10/", NOV_16)
    assert not DAY_IN_NAME.is_other_date("year=2026/month=11/", NOV_16)
