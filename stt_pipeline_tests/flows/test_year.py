"""Both schedules over a year of nights, with both clock changes.

What is expected is written here, in UTC, from the calendar: nothing of ticks.py is asked.
"""

import datetime as dt
import random
import shutil
from pathlib import Path

import dagster as dg
import pytest
from dagster._utils.schedules import schedule_execution_time_iterator

from stt_pipeline_tests.flows.lake import Lake

FIRST, LAST = dt.date(2026, 1, 5), dt.date(2027, 1, 4)
"""Monday to Monday: 52 weeks."""

SUMMER_BEGINS = dt.datetime(2026, 3, 29, 1, tzinfo=dt.UTC)
SUMMER_ENDS = dt.datetime(2026, 10, 25, 1, tzinfo=dt.UTC)
"""When clocks in Paris go to 03:00, and back to 02:00 (directive 2000/84/EC)."""

DAYS_BEFORE = {
    ("Tue", 0): (1,),
    ("Wed", 0): (2, 1),
    ("Thu", 0): (3, 2, 1),
    ("Fri", 0): (4, 3, 2, 1),
    ("Sat", 0): (5, 4, 3, 2, 1),
    ("Sun", 0): (6, 5, 4, 3, 2, 1),
    ("Sun", 20): (6, 5, 4, 3, 2, 1, 0),
    ("Mon", 0): (7, 6, 5, 4, 3, 2, 1),
}
"""The dates of each tick, as days before it, by its day and hour in Paris."""


def in_utc(day: dt.date, hour: int, minute: int) -> dt.datetime:
    """A time of day in Paris as UTC, one or two hours earlier."""
    moment = dt.datetime.combine(day, dt.time(hour, minute), dt.UTC)
    summer = moment - dt.timedelta(hours=2)
    is_summer = SUMMER_BEGINS <= summer < SUMMER_ENDS
    return summer if is_summer else moment - dt.timedelta(hours=1)


def expected_ticks() -> list[tuple[dt.datetime, str, dt.date, int]]:
    """(moment in UTC, schedule, day in Paris, hour in Paris) of the whole year, in order."""
    expected = []
    for number in range((LAST - FIRST).days):
        day = FIRST + dt.timedelta(days=number)
        name = "nightly" if f"{day:%a}" in ("Tue", "Wed", "Thu", "Fri") else "weekend"
        expected.append((in_utc(day, 0, 30), name, day, 0))
        if f"{day:%a}" == "Sun":
            expected.append((in_utc(day, 20, 0), name, day, 20))
    return expected


def fired(lake: Lake, *names: str) -> list[tuple[dt.datetime, str]]:
    """When Dagster's own daemon would evaluate these schedules, in order."""
    start = in_utc(FIRST, 0, 0).timestamp()
    end = in_utc(LAST, 0, 0)
    found = []
    for name in names:
        schedule = lake.repository.get_schedule_def(name)
        assert schedule.execution_timezone == "Europe/Paris"
        times = schedule_execution_time_iterator(
            start, schedule.cron_schedule, schedule.execution_timezone
        )
        for moment in times:
            if moment.astimezone(dt.UTC) >= end:
                break
            found.append((moment.astimezone(dt.UTC), name))
    return sorted(found)


def dates_of(day: dt.date, hour: int) -> list[str]:
    return [str(day - dt.timedelta(days=back)) for back in DAYS_BEFORE[f"{day:%a}", hour]]


def test_every_tick_of_a_year_asks_for_what_is_missing_once(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    """Each run publishes its date, or fails (1 in 8); recordings come late to 1 date in 5."""
    lake = Lake(tmp_path, in_utc(FIRST, 0, 0))
    ticks = expected_ticks()
    assert fired(lake, "nightly", "weekend") == [(at, name) for at, name, _, _ in ticks]
    assert len(ticks) == 52 * 8

    chance = random.Random(2026)
    stored: dict[str, set[str]] = {}
    published: dict[str, set[str]] = {}
    keys: set[str] = set()
    skipped = 0
    for at, name, day, hour in ticks:
        dates = dates_of(day, hour)
        for date in dates:
            if date not in stored or chance.random() < 0.05:
                call = f"call{len(stored.setdefault(date, set()))}"
                stored[date].add(call)
                lake.put(date, call)
        missing = [date for date in dates if published.get(date) != stored[date]]

        requests, why = lake.schedule(name, at, instance)

        assert [request.partition_key for request in requests] == missing, (at, name)
        assert not requests or not why
        if not requests:
            skipped += 1
            assert f"{dates[0]} to {dates[-1]} is published" in why
        again, _ = lake.schedule(name, at, instance)
        asked = [str(request.run_key) for request in requests]
        assert [request.run_key for request in again] == asked
        assert not keys.intersection(asked)
        keys.update(asked)
        for date in missing:
            if chance.random() > 0.125:
                lake.publish(date)
                published[date] = set(stored[date])
        _forget_older(lake, day)
    assert len(keys) > 400
    assert skipped


def _forget_older(lake: Lake, day: dt.date) -> None:
    """Recordings are kept for two weeks."""
    shutil.rmtree(
        lake.root / "recordings" / f"call_date={day - dt.timedelta(days=14)}", ignore_errors=True
    )


def test_the_week_is_reported_with_its_last_ticks(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    lake = Lake(tmp_path, in_utc(FIRST, 0, 0))
    last = [
        (at, day, hour)
        for at, _, day, hour in expected_ticks()
        if hour == 20 or f"{day:%a}" == "Mon"
    ]
    assert fired(lake, "weekly") == [(at, "weekly") for at, _, _ in last]
    keys = set()
    for at, day, hour in last:
        [request], _ = lake.schedule("weekly", at, instance)
        assert request.partition_key == dates_of(day, hour)[0]
        keys.add(request.run_key)
    assert len(keys) == len(last) == 104


@pytest.mark.parametrize(
    ("night", "utc"),
    [
        (dt.date(2026, 3, 28), dt.datetime(2026, 3, 27, 23, 30, tzinfo=dt.UTC)),
        (dt.date(2026, 3, 29), dt.datetime(2026, 3, 28, 23, 30, tzinfo=dt.UTC)),
        (dt.date(2026, 3, 30), dt.datetime(2026, 3, 29, 22, 30, tzinfo=dt.UTC)),
        (dt.date(2026, 10, 25), dt.datetime(2026, 10, 24, 22, 30, tzinfo=dt.UTC)),
        (dt.date(2026, 10, 26), dt.datetime(2026, 10, 25, 23, 30, tzinfo=dt.UTC)),
    ],
)
def test_the_nights_around_a_clock_change_are_where_the_clock_says(
    tmp_path: Path, night: dt.date, utc: dt.datetime
) -> None:
    lake = Lake(tmp_path, in_utc(FIRST, 0, 0))
    assert in_utc(night, 0, 30) == utc
    assert utc in [at for at, _ in fired(lake, "nightly", "weekend")]


def test_runs_carry_size_and_capacity(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    """On Spot while there is slack; on demand when the deadline is as near as the margin."""
    lake = Lake(tmp_path, in_utc(FIRST, 0, 0))
    lake.put("2026-11-16", "a")
    [early, *_], _ = lake.schedule("nightly", in_utc(dt.date(2026, 11, 17), 0, 30), instance)
    assert early.tags["ecs/cpu"] in {"1024", "2048", "4096", "8192", "16384"}
    assert int(early.tags["ecs/memory"]) >= 2 * int(early.tags["ecs/cpu"])
    assert '"FARGATE_SPOT"' in early.tags["ecs/run_task_kwargs"]

    tight = Lake(tmp_path / "tight", in_utc(FIRST, 0, 0), deadline_margin_h=7.6)
    tight.put("2026-11-16", "a")
    [late, *_], _ = tight.schedule("weekend", in_utc(dt.date(2026, 11, 23), 0, 30), instance)
    assert late.partition_key == "2026-11-16"
    assert '"FARGATE"' in late.tags["ecs/run_task_kwargs"]


def test_a_date_at_work_is_not_asked_for_and_the_tick_says_so(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    lake = Lake(tmp_path, in_utc(FIRST, 0, 0))
    lake.put("2026-11-16", "a")
    lake.run(instance, "call_date", {"dagster/partition": "2026-11-16"})
    requests, why = lake.schedule("nightly", in_utc(dt.date(2026, 11, 17), 0, 30), instance)
    assert not requests
    assert "at work already: 2026-11-16" in why


def test_dates_before_the_first_are_left_alone(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    lake = Lake(tmp_path, in_utc(FIRST, 0, 0), first_date=dt.date(2026, 11, 17))
    requests, _ = lake.schedule("nightly", in_utc(dt.date(2026, 11, 18), 0, 30), instance)
    assert [request.partition_key for request in requests] == ["2026-11-17"]
