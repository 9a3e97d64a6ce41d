"""The weeks that are drawn are those that the issue asks for, and the same for the same seed."""

import datetime as dt
from dataclasses import replace
from statistics import mean

import pytest

from stt_pipeline.domain.simulation.world import (
    LATE_MOST_S,
    Arrival,
    World,
    running_total,
)
from stt_pipeline_tests.domain.simulation.conftest import MONDAY, make_world

WORLDS = [make_world(seed=seed) for seed in range(300)]
H = 3600.0


def test_the_same_seed_is_the_same_week_and_another_is_not() -> None:
    assert make_world(seed=7) == make_world(seed=7) != make_world(seed=8)


def test_100_agents_make_about_500_call_hours_on_a_weekday() -> None:
    hours = [
        sum(one.audio_s for one in day) / 2 / H for world in WORLDS for day in world.arrivals[:5]
    ]

    # One day in 60 has three times the calls.
    assert mean(hours) == pytest.approx(500 * (1 + 2 / 60), rel=0.05)


def test_one_week_in_ten_has_a_day_of_three_times_the_calls() -> None:
    with_triple = [
        world
        for world in WORLDS
        if any(sum(one.audio_s for one in day) / 2 / H > 950 for day in world.arrivals[:5])
    ]

    assert 0.04 < len(with_triple) / len(WORLDS) < 0.16


def test_one_week_in_ten_is_open_on_sunday() -> None:
    assert 0.05 < mean(bool(world.arrivals[6]) for world in WORLDS) < 0.16


def test_two_recordings_in_a_hundred_come_after_their_hour() -> None:
    late = on_time = 0
    for world in WORLDS[:50]:
        for one in world.arrivals[0]:
            if one.at_s % H == 600 and one.at_s <= 20 * H + 600:
                on_time += one.recordings
            else:
                late += one.recordings

    # Those whose ten minutes end ten minutes past an hour are counted as on time: one in six.
    assert late / (late + on_time) == pytest.approx(0.02 * 5 / 6, rel=0.2)


def test_recordings_come_in_order_after_their_call_and_at_most_a_day_late() -> None:
    for world in WORLDS[:50]:
        for day, came in enumerate(world.arrivals):
            moments = [one.at_s for one in came]
            assert moments == sorted(moments)
            assert all((day * 24 + 8) * H < at_s for at_s in moments)
            assert all(at_s <= (day * 24 + 20) * H + LATE_MOST_S for at_s in moments)


def test_one_night_in_twenty_fails_and_the_daemon_dies_in_some_weeks() -> None:
    nights = sum(len(world.failed_nights) for world in WORLDS)

    assert 0.03 < nights / (7 * len(WORLDS)) < 0.07
    assert 0.08 < mean(bool(world.dead) for world in WORLDS) < 0.22
    assert all(2 * H <= end - start <= 12 * H for world in WORLDS for start, end in world.dead)


def test_longer_weeks_have_longer_longest_calls_and_none_is_over_two_hours() -> None:
    small = mean(make_world(10, seed).longest_s[0] for seed in range(30))
    large = mean(make_world(1_000, seed).longest_s[0] for seed in range(30))

    assert 0 < small < large <= 2 * 7200


def test_a_dead_daemon_lives_again_at_its_end() -> None:
    world = replace(make_world(), dead=((10.0, 20.0),), failed_nights=((30.0, 40.0),))

    assert [world.alive(at_s) for at_s in (9.0, 10.0, 19.9, 20.0)] == [9.0, 20.0, 20.0, 20.0]
    assert [world.fails(at_s) for at_s in (29.9, 30.0, 39.9, 40.0)] == [False, True, True, False]


@pytest.mark.parametrize(
    ("monday", "tick_h"),
    [(MONDAY, 144.5), (dt.date(2026, 3, 23), 144.5), (dt.date(2026, 10, 19), 144.5)],
    ids=str,
)
def test_moments_are_real_seconds_also_where_the_clock_changes(
    monday: dt.date, tick_h: float
) -> None:
    world = make_world(monday=monday)
    change_h = {3: -1, 10: 1}.get(monday.month, 0)

    assert world.first_tick_s(5) == tick_h * H
    assert world.first_tick_s(6) == (164 + change_h) * H


def test_totals_count_what_has_come() -> None:
    came = (Arrival(1.0, 60.0, 1), Arrival(2.0, 30.0, 2))

    assert running_total(came) == [(0.0, 0), (60.0, 1), (90.0, 3)]


def test_call_hours_are_of_calls_and_not_of_channels() -> None:
    world: World = replace(make_world(), arrivals=((Arrival(1.0, 7200.0, 1),), *[()] * 6))

    assert world.call_hours == 1.0
