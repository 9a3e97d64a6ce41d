"""A week played through: the rules meet the faults, and nothing leaks to the planner."""

import datetime as dt
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from stt_pipeline.domain.planning import capacity
from stt_pipeline.domain.planning.task_options import Limits
from stt_pipeline.domain.planning.ticks import seconds_between
from stt_pipeline.domain.simulation import week as week_module
from stt_pipeline.domain.simulation.week import Played, Promise, Week
from stt_pipeline.domain.simulation.world import Arrival, World
from stt_pipeline_tests.domain.simulation.conftest import PARIS, make_world

H = 3600.0
DEADLINE_H = 176.0


def play(world: World, tasks: int = 64, seed: int = 1) -> tuple[Played, Week]:
    deadline = dt.datetime.combine(world.monday + dt.timedelta(days=7), dt.time(8), PARIS)
    promise = Promise(deadline, seconds_between(world.begin, deadline), 6 * H)
    week = Week(world, promise, Limits(tasks), random.Random(seed))
    return week.play(), week


def calm(**changes: Any) -> World:
    """A week of 100 agents without faults, closed on Sunday."""
    world = make_world(seed=3)
    arrivals = (*world.arrivals[:6], ())
    none: dict[str, Any] = {"dead": (), "failed_nights": ()}
    return replace(world, arrivals=arrivals, **(none | changes))


def test_a_week_without_faults_is_done_with_sunday_evenings_sweep() -> None:
    played, _ = play(calm())

    assert played.finish_s is not None
    assert 164 < played.finish_s / H < 165
    assert played.raised == 0
    assert played.alerts == set()


def test_every_recording_that_ever_comes_is_published() -> None:
    world = calm()
    _, week = play(world)

    for run, came in zip(week._dates.values(), world.arrivals, strict=True):
        assert run.is_final
        assert run.published == len(came)
        assert run.done_audio_s == pytest.approx(sum(one.audio_s for one in came))


def test_the_same_fate_is_the_same_week() -> None:
    assert play(calm())[0] == play(calm())[0]
    assert play(calm(), seed=2)[0].bill != play(calm())[0].bill


def test_a_late_recording_of_sunday_moves_the_finish() -> None:
    last = Arrival(170 * H, 720.0, 1)
    world = calm()
    played, _ = play(replace(world, arrivals=(*world.arrivals[:6], (last,))))

    assert played.finish_s is not None
    assert 170 < played.finish_s / H < 170.5


def test_a_recording_after_the_deadline_makes_the_week_late() -> None:
    world = calm()
    last = Arrival(178 * H, 720.0, 1)
    played, _ = play(replace(world, arrivals=(*world.arrivals[:6], (last,))))

    assert played.finish_s is not None
    assert played.finish_s / H > 178


def test_while_the_daemon_is_dead_nothing_starts_and_then_it_goes_on() -> None:
    played, _ = play(calm(dead=((163 * H, 172 * H),)))

    assert played.finish_s is not None
    assert 172 < played.finish_s / H < 173


def test_a_failed_night_is_made_good_the_same_day() -> None:
    friday_night_h = 120.5
    played, _ = play(calm(failed_nights=((friday_night_h * H, (friday_night_h + 6) * H),)))

    assert played.finish_s is not None
    assert played.finish_s / H < 165
    assert played.bill.launched > play(calm())[0].bill.launched


def test_never_more_tasks_than_allowed() -> None:
    for tasks in (1, 3, 64):
        assert play(calm(), tasks=tasks)[0].bill.peak_tasks <= tasks


def test_too_much_work_for_the_weekend_raises_and_alerts() -> None:
    world = calm()
    huge = tuple(replace(one, audio_s=one.audio_s * 60) for one in world.arrivals[4])
    arrivals = (*world.arrivals[:4], huge, world.arrivals[5], ())
    played, _ = play(replace(world, arrivals=arrivals), tasks=4)

    assert played.alerts == {f"{world.monday:%G-W%V} late"}
    assert played.finish_s is None or played.finish_s > DEADLINE_H * H - 6 * H


def test_the_planner_sees_only_what_has_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two weeks that differ after Wednesday noon only are planned alike until then."""
    world = calm()
    noon_s = 60 * H

    def tripled(came: tuple[Arrival, ...]) -> tuple[Arrival, ...]:
        return tuple(
            replace(one, audio_s=one.audio_s * 3) if one.at_s > noon_s else one for one in came
        )

    other = replace(world, arrivals=tuple(tripled(came) for came in world.arrivals))
    assert other != world
    asked = [_plans_until(noon_s, one, monkeypatch) for one in (world, other)]

    assert len(asked[0]) > 2
    assert asked[0] == asked[1]


def _plans_until(
    until_s: float, world: World, monkeypatch: pytest.MonkeyPatch
) -> list[tuple[Any, ...]]:
    asked: list[tuple[Any, ...]] = []
    plan: Callable[..., Any] = capacity.plan

    def recording(
        backlog: Any, throughput: Any, limits: Any, left_s: float, margin_s: float
    ) -> Any:
        if left_s > DEADLINE_H * H - until_s:
            asked.append((backlog, throughput, left_s))
        return plan(backlog, throughput, limits, left_s, margin_s)

    with monkeypatch.context() as patch:
        patch.setattr(week_module, "plan", recording)
        play(world)
    return asked


def test_the_first_plan_reckons_with_the_prior_and_the_next_with_what_was_measured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = _plans_until(170 * H, calm(cpu_s_per_audio_min=2.4), monkeypatch)

    assert asked[0][1].dates == 0
    assert asked[0][1].cpu_s_per_audio_min == 3.8
    assert asked[-1][1].dates >= 5
    assert asked[-1][1].cpu_s_per_audio_min == pytest.approx(2.4 * 1.05, rel=0.1)
