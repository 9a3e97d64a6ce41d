"""Which dates the schedules and sensors ask for, and when: a whole year, both clock changes."""

import datetime as dt
from collections import Counter
from zoneinfo import ZoneInfo

import pytest
from dagster._utils.schedules import cron_string_iterator

from stt_pipeline.domain.call_dates import date_range
from stt_pipeline.domain.planning.deadline import Deadline
from stt_pipeline.domain.planning.ticks import (
    AGAIN_AFTER,
    CRONS,
    LATE_WAIT,
    Ask,
    DateState,
    Schedule,
    Tick,
    ask_at,
    ask_between,
    first_tick_for,
    run_key,
    seconds_between,
    sensor_every_s,
    ticks,
    week_run_key,
)

PARIS = ZoneInfo("Europe/Paris")
NEW_YEAR, NEW_YEARS_EVE = dt.date(2026, 1, 1), dt.date(2026, 12, 31)
YEAR = list(ticks(NEW_YEAR, NEW_YEARS_EVE, PARIS))
MONDAY = dt.date(2026, 11, 16)
WEEK = date_range(MONDAY, MONDAY + dt.timedelta(days=6))
CLOCK_CHANGES = (dt.date(2026, 3, 29), dt.date(2026, 10, 25))


def at(text: str) -> Tick:
    """The tick of the year at that local time."""
    [tick] = [tick for tick in YEAR if f"{tick.at:%Y-%m-%d %H:%M}" == text]
    return tick


def done(*dates: dt.date, waiting: int = 0, running: bool = False) -> list[DateState]:
    return [DateState(date, waiting, is_published=True, is_running=running) for date in dates]


# --- The year -------------------------------------------------------------------------------------


def test_every_tick_of_a_year_is_where_its_schedule_says() -> None:
    times = Counter((tick.schedule, f"{tick.at:%a %H:%M}") for tick in YEAR)

    assert times == {
        (Schedule.NIGHTLY, "Tue 00:30"): 52,
        (Schedule.NIGHTLY, "Wed 00:30"): 52,
        (Schedule.NIGHTLY, "Thu 00:30"): 53,
        (Schedule.NIGHTLY, "Fri 00:30"): 52,
        (Schedule.WEEKEND, "Sat 00:30"): 52,
        (Schedule.WEEKEND, "Sun 00:30"): 52,
        (Schedule.WEEKEND, "Sun 20:00"): 52,
        (Schedule.WEEKEND, "Mon 00:30"): 52,
    }


@pytest.mark.parametrize("schedule", list(Schedule))
def test_dagster_reads_the_same_moments_from_the_cron_lines(schedule: Schedule) -> None:
    start = dt.datetime.combine(NEW_YEAR, dt.time(), PARIS).timestamp()
    end = dt.datetime.combine(NEW_YEARS_EVE, dt.time(23, 59), PARIS).timestamp()
    moments = set()
    for cron in CRONS[schedule]:
        for moment in cron_string_iterator(start, cron, "Europe/Paris"):
            if moment.timestamp() > end:
                break
            moments.add(moment.timestamp())

    assert moments == {tick.at.timestamp() for tick in YEAR if tick.schedule is schedule}


def test_every_date_of_the_year_is_first_asked_for_half_an_hour_after_it_ended() -> None:
    for date in date_range(NEW_YEAR, NEW_YEARS_EVE):
        tick = first_tick_for(date, PARIS)
        sunday = date.weekday() == 6
        expected = date if sunday else date + dt.timedelta(days=1)
        assert tick.at.date() == expected
        assert f"{tick.at:%H:%M}" == ("20:00" if sunday else "00:30")
        assert all(date not in other.dates for other in YEAR if other.at < tick.at)


def test_a_tick_looks_at_its_week_up_to_the_date_just_ended() -> None:
    assert at("2026-11-17 00:30").dates == (MONDAY,)
    assert at("2026-11-20 00:30").dates == tuple(WEEK[:4])
    assert at("2026-11-21 00:30").dates == tuple(WEEK[:5])
    assert at("2026-11-22 00:30").dates == tuple(WEEK[:6])
    assert at("2026-11-22 20:00").dates == tuple(WEEK)
    assert at("2026-11-23 00:30").dates == tuple(WEEK)


def test_the_week_is_reported_on_sunday_evening_and_in_the_night_to_monday() -> None:
    ends = [tick for tick in YEAR if tick.ends_week]

    assert {f"{tick.at:%a %H:%M}" for tick in ends} == {"Sun 20:00", "Mon 00:30"}
    assert at("2026-11-22 20:00").week == at("2026-11-23 00:30").week == "2026-W47"
    assert all(len(tick.dates) == 7 for tick in ends)


@pytest.mark.parametrize("sunday", CLOCK_CHANGES, ids=str)
def test_a_clock_change_moves_and_drops_no_tick(sunday: dt.date) -> None:
    of_that_day = [tick for tick in YEAR if tick.at.date() == sunday]

    assert [f"{tick.at:%H:%M}" for tick in of_that_day] == ["00:30", "20:00"]
    hours = seconds_between(of_that_day[0].at, of_that_day[1].at) / 3600
    assert hours == (18.5 if sunday.month == 3 else 20.5)


def test_the_weekend_is_an_hour_shorter_or_longer_where_the_clock_changes() -> None:
    deadline = Deadline.parse("Mon 08:00")
    hours = {}
    for tick in YEAR:
        if f"{tick.at:%a %H:%M}" == "Sat 00:30":
            due = deadline.after_week(tick.dates[0], PARIS)
            hours[tick.at.date()] = seconds_between(tick.at, due) / 3600

    changed = {day + dt.timedelta(days=1): left for day, left in hours.items() if left != 55.5}
    assert changed == {CLOCK_CHANGES[0]: 54.5, CLOCK_CHANGES[1]: 56.5}


def test_where_the_clock_leaps_over_a_tick_it_comes_when_the_clock_goes_on() -> None:
    beirut = ZoneInfo("Asia/Beirut")
    [tick, _] = ticks(dt.date(2026, 3, 29), dt.date(2026, 3, 29), beirut)

    assert f"{tick.at:%Y-%m-%d %H:%M}" == "2026-03-29 01:30"


def test_run_keys_tell_every_tick_and_date_of_the_year_apart() -> None:
    keys = [run_key(tick, date) for tick in YEAR for date in tick.dates]
    keys += [week_run_key(tick) for tick in YEAR if tick.ends_week]

    assert len(set(keys)) == len(keys)
    assert run_key(at("2026-07-07 00:30"), dt.date(2026, 7, 6)) == (
        "nightly|2026-07-06T22:30Z|2026-07-06"
    )


# --- What a tick asks for -------------------------------------------------------------------------


def test_a_night_asks_for_the_date_just_ended() -> None:
    asked = ask_at(at("2026-11-18 00:30"), done(MONDAY))

    assert asked == Ask(((WEEK[1], "not published yet"),))


def test_a_night_asks_again_for_what_is_incomplete_the_oldest_first() -> None:
    states = [DateState(MONDAY, 4, is_published=False), *done(WEEK[1], waiting=3)]
    asked = ask_at(at("2026-11-19 00:30"), states)

    assert asked.dates == (
        (WEEK[0], "not published yet"),
        (WEEK[1], "3 recordings are not in its tables"),
        (WEEK[2], "not published yet"),
    )


def test_nothing_new_launches_nothing_and_says_why() -> None:
    asked = ask_at(at("2026-11-22 20:00"), done(*WEEK))

    assert asked.dates == ()
    assert "2026-11-16 to 2026-11-22 is published and nothing came since" in asked.skipped


def test_a_date_at_work_is_not_asked_for_twice() -> None:
    asked = ask_at(at("2026-11-17 00:30"), done(MONDAY, waiting=5, running=True))

    assert asked == Ask((), "at work already: 2026-11-16")


def test_a_date_without_any_recording_is_asked_for_once_to_have_its_tables() -> None:
    assert ask_at(at("2026-11-22 20:00"), done(*WEEK[:6])).dates == (
        (WEEK[6], "not published yet"),
    )


# --- Between ticks --------------------------------------------------------------------------------

DUE = Deadline.parse("Mon 08:00").after_week(MONDAY, PARIS)
MARGIN = dt.timedelta(hours=6)
NOON = dt.datetime(2026, 11, 18, 12, tzinfo=PARIS)


def late(seen: dt.datetime, **state: bool) -> DateState:
    return DateState(
        MONDAY, 2, is_published=True, first_seen=seen, ended=NOON - dt.timedelta(days=1), **state
    )


def test_late_recordings_wait_for_more_of_their_kind() -> None:
    waiting = ask_between([late(NOON - LATE_WAIT + dt.timedelta(seconds=1))], NOON, DUE, MARGIN)
    asked = ask_between([late(NOON - LATE_WAIT)], NOON, DUE, MARGIN)

    assert waiting.dates == ()
    assert waiting.skipped == "2 late recordings wait for more, at most 4:00:00"
    assert asked.dates == ((MONDAY, "2 recordings came late"),)


@pytest.mark.parametrize(("hours", "asks"), [(12.01, False), (12.0, True), (-1.0, True)])
def test_near_the_deadline_they_do_not_wait(hours: float, asks: bool) -> None:
    now = DUE - dt.timedelta(hours=hours)

    assert bool(ask_between([late(now)], now, DUE, MARGIN).dates) is asks


def test_a_wide_margin_makes_hurry_earlier() -> None:
    now = DUE - dt.timedelta(hours=20)

    assert ask_between([late(now)], now, DUE, dt.timedelta(hours=20)).dates


def test_an_hour_of_the_clock_change_is_no_hour_of_waiting() -> None:
    before = dt.datetime(2026, 10, 25, 0, 0, tzinfo=PARIS)
    now = dt.datetime(2026, 10, 25, 3, 0, tzinfo=PARIS)
    due = Deadline.parse("Mon 08:00").after_week(dt.date(2026, 10, 19), PARIS)

    assert seconds_between(before, now) == 4 * 3600
    assert ask_between([late(before)], now, due, MARGIN).dates


def unfinished(ended: dt.datetime | None, progressed: bool = False) -> DateState:
    return DateState(MONDAY, 9, is_published=False, ended=ended, progressed=progressed)


def test_a_date_whose_run_got_nowhere_is_asked_for_again_after_an_hour() -> None:
    early = ask_between([unfinished(NOON - AGAIN_AFTER / 2)], NOON, DUE, MARGIN)
    asked = ask_between([unfinished(NOON - AGAIN_AFTER)], NOON, DUE, MARGIN)

    assert early == Ask((), "nothing came late, and no date was left unfinished")
    assert asked.dates == ((MONDAY, "its last run did not finish it"),)


def test_a_date_whose_run_lost_its_tasks_on_the_way_goes_on_at_once() -> None:
    assert ask_between([unfinished(NOON, progressed=True)], NOON, DUE, MARGIN).dates


@pytest.mark.parametrize(
    "state",
    [
        unfinished(None),
        late(NOON - LATE_WAIT, is_running=True),
        late(NOON - LATE_WAIT, is_blocked=True),
        DateState(MONDAY, 0, is_published=True, ended=NOON - dt.timedelta(days=2)),
    ],
    ids=["a tick's", "at work", "its gate failed", "complete"],
)
def test_what_is_not_the_sensors_is_left_alone(state: DateState) -> None:
    assert ask_between([state], NOON, DUE, MARGIN).dates == ()


def test_several_dates_are_asked_for_the_oldest_first() -> None:
    states = [
        DateState(date, 1, is_published=True, first_seen=NOON - LATE_WAIT, ended=NOON)
        for date in (WEEK[1], WEEK[0])
    ]

    assert [date for date, _ in ask_between(states, NOON, DUE, MARGIN).dates] == WEEK[:2]


@pytest.mark.parametrize(
    ("left_h", "every_s"), [(100, 1800), (12, 600), (2.01, 600), (2, 120), (0, 600), (-3, 600)]
)
def test_the_store_is_looked_at_more_often_as_the_deadline_comes(
    left_h: float, every_s: int
) -> None:
    assert sensor_every_s(left_h * 3600) == every_s
