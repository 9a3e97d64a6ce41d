"""The weekly deadline, also where the clocks change."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline.domain.planning.deadline import Deadline

PARIS = ZoneInfo("Europe/Paris")
MONDAY_8 = Deadline(0, dt.time(8, 0))


@given(st.integers(0, 6), st.integers(0, 23), st.integers(0, 59))
def test_a_deadline_reads_back(weekday: int, hour: int, minute: int) -> None:
    day = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[weekday]

    deadline = Deadline.parse(f"{day} {hour:02}:{minute:02}")

    assert deadline == Deadline(weekday, dt.time(hour, minute))


@pytest.mark.parametrize(
    "text", ["", "Monday 08:00", "Mon 8:00", "Mon 24:00", "Mon 08:60", "Lun 08:00", "Mon 08:00:00"]
)
def test_another_form_is_refused_with_the_form_wanted(text: str) -> None:
    with pytest.raises(ValueError, match="write a weekday and a time, such as Mon 08:00"):
        Deadline.parse(text)


@pytest.mark.parametrize(
    ("monday", "utc"),
    [
        ("2026-03-16", "2026-03-23T07:00:00+00:00"),
        ("2026-03-23", "2026-03-30T06:00:00+00:00"),
        ("2026-10-12", "2026-10-19T06:00:00+00:00"),
        ("2026-10-19", "2026-10-26T07:00:00+00:00"),
        ("2026-12-28", "2027-01-04T07:00:00+00:00"),
    ],
)
def test_eight_oclock_stays_eight_oclock_over_both_clock_changes(monday: str, utc: str) -> None:
    moment = MONDAY_8.after_week(dt.date.fromisoformat(monday), PARIS)

    assert moment.astimezone(dt.UTC).isoformat() == utc


@given(
    st.dates(dt.date(2020, 1, 1), dt.date(2037, 1, 1)),
    st.integers(0, 6),
    st.times(),
    st.sampled_from(["Europe/Paris", "America/New_York", "Asia/Kolkata", "UTC"]),
)
def test_a_deadline_lies_in_the_week_after_its_calls_at_its_local_time(
    monday: dt.date, weekday: int, time: dt.time, zone: str
) -> None:
    monday -= dt.timedelta(days=monday.weekday())

    moment = Deadline(weekday, time).after_week(monday, ZoneInfo(zone))

    assert moment.weekday() == weekday
    assert moment.time() == time
    assert dt.timedelta(days=7) <= moment.date() - monday < dt.timedelta(days=14)
