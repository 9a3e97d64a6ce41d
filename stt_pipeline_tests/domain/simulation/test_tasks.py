"""A task's life: starts, interruptions, retries, what is kept and what is billed."""

import random
from dataclasses import replace
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline.domain.planning.prices import FARGATE_BY_CAPACITY, Capacity
from stt_pipeline.domain.planning.task_sizes import TASK_SIZES
from stt_pipeline.domain.planning.throughput import BUSY
from stt_pipeline.domain.simulation.tasks import (
    MAX_RETRIES,
    MAX_RUN_S,
    Attempt,
    Task,
    launch_control,
    launch_shard,
)
from stt_pipeline_tests.domain.simulation.conftest import make_world

H = 3600.0
CALM = replace(make_world(), dead=(), failed_nights=(), cpu_s_per_audio_min=3.4)
SIZE = TASK_SIZES[2]
HOUR_OF_WORK_S = H * SIZE.workers * BUSY / 3.4 * 60
"""Audio that takes the task an hour."""


def shard(
    seed: int, hours: float = 1.0, capacity: Capacity = Capacity.SPOT, at_s: float = 0.0
) -> Task:
    audio_s = hours * HOUR_OF_WORK_S
    return launch_shard(at_s, audio_s, 0.0, SIZE, capacity, CALM, random.Random(seed))


@given(st.integers(0, 10_000), st.floats(0.01, 30), st.sampled_from(Capacity))
def test_attempts_follow_one_another_and_keep_no_more_than_there_is(
    seed: int, hours: float, capacity: Capacity
) -> None:
    task = shard(seed, hours, capacity)

    assert 1 <= len(task.attempts) <= 1 + MAX_RETRIES
    for before, after in zip(task.attempts, task.attempts[1:], strict=False):
        assert before.end_s < after.at_s
    for one in task.attempts:
        assert one.at_s <= one.works_s <= one.end_s <= one.at_s + MAX_RUN_S
    assert task.kept_s <= task.audio_s * (1 + 1e-9)
    assert task.finished == (task.kept_s >= task.audio_s * (1 - 1e-9))


def test_15_spot_tasks_in_a_hundred_are_taken_away_in_their_first_hour() -> None:
    tasks = [shard(seed, hours=3.0) for seed in range(2_000)]
    taken = [task for task in tasks if task.attempts[0].end_s < H and not _done(task)]

    assert len(taken) / len(tasks) == pytest.approx(0.15, abs=0.03)


def _done(task: Task) -> bool:
    return len(task.attempts) == 1 and task.finished


def test_on_demand_is_never_taken_away() -> None:
    tasks = [shard(seed, hours=3.0, capacity=Capacity.ON_DEMAND) for seed in range(200)]

    assert all(_done(task) for task in tasks)


def test_a_task_that_is_taken_away_loses_two_minutes_at_most() -> None:
    lost_s = []
    for seed in range(500):
        first, *others = shard(seed, hours=3.0).attempts
        if first.kept_s and others:
            lost_s.append((first.end_s - first.works_s) - first.kept_s / first.audio_per_s)

    assert len(lost_s) > 50
    assert min(lost_s) >= -1e-6
    assert max(lost_s) <= 120 + 1e-6
    assert mean(lost_s) == pytest.approx(60, abs=10)


def test_one_task_in_twenty_is_slow_and_takes_more_cpu() -> None:
    tasks = [shard(seed, 3.0, Capacity.ON_DEMAND) for seed in range(1_000)]
    expected_s = 3 * H * SIZE.workers * BUSY
    slow = [task for task in tasks if task.cpu_s > 1.5 * expected_s]

    assert 0.03 < len(slow) / len(tasks) < 0.07
    assert all(task.end_s > 5 * H for task in slow)


def test_what_runs_for_twelve_hours_is_ended_and_goes_on_in_a_retry() -> None:
    task = shard(1, hours=20.0, capacity=Capacity.ON_DEMAND)

    assert task.attempts[0].end_s == MAX_RUN_S
    assert task.finished
    assert len(task.attempts) == 2


def test_nothing_is_launched_again_while_the_daemon_is_dead() -> None:
    world = replace(CALM, dead=((0.0, 5 * H),))
    for seed in range(50):
        task = launch_shard(
            0.0, HOUR_OF_WORK_S, 0.0, SIZE, Capacity.SPOT, world, random.Random(seed)
        )
        assert task.attempts[0].at_s == 5 * H


def test_what_is_launched_in_a_failed_night_fails_is_billed_and_keeps_nothing() -> None:
    world = replace(CALM, failed_nights=((0.0, 6 * H),))
    task = launch_shard(0.0, HOUR_OF_WORK_S, 0.0, SIZE, Capacity.SPOT, world, random.Random(1))

    assert len(task.attempts) == 1 + MAX_RETRIES
    assert task.kept_s == 0.0
    assert not task.finished
    assert task.cost_usd > 0


def test_one_long_recording_keeps_one_worker_and_holds_up_the_task() -> None:
    short, long = (
        launch_shard(0.0, HOUR_OF_WORK_S, longest, SIZE, Capacity.ON_DEMAND, CALM, random.Random(3))
        for longest in (0.0, HOUR_OF_WORK_S)
    )

    assert long.end_s - long.attempts[0].works_s > 3.5 * (short.end_s - short.attempts[0].works_s)


def test_a_minute_is_billed_at_least_and_seconds_after_that() -> None:
    price = FARGATE_BY_CAPACITY[Capacity.SPOT].task_hour_usd(SIZE.vcpus, SIZE.memory_gb)
    task = Task(SIZE, Capacity.SPOT, 0.0, [Attempt(0.0, 5.0, 10.0, 1.0, 0.0)])
    assert task.cost_usd == pytest.approx(price / 60)

    task.attempts.append(Attempt(100.0, 110.0, 1_900.0, 1.0, 0.0))
    assert task.cost_usd == pytest.approx(price * (60 + 1_800) / 3_600)


TWO_ATTEMPTS = [Attempt(0.0, 10.0, 110.0, 2.0, 150.0), Attempt(200.0, 210.0, 260.0, 2.0, 50.0)]


@pytest.mark.parametrize(
    ("at_s", "done_s", "working_s"),
    [
        (5, 0, None),
        (60, 100, 50),
        (100, 150, 90),
        (150, 150, 100),
        (220, 170, 110),
        (300, 200, 150),
    ],
)
def test_progress_at_a_moment_is_what_has_a_checkpoint(
    at_s: float, done_s: float, working_s: float | None
) -> None:
    task = Task(SIZE, Capacity.SPOT, 200.0, list(TWO_ATTEMPTS))

    assert task.done_s(at_s) == done_s
    assert task.working_s(at_s) == working_s


def test_a_stopped_task_keeps_its_checkpoints_and_is_billed_until_then() -> None:
    task = Task(SIZE, Capacity.SPOT, 20_000.0, [Attempt(0.0, 10.0, 10_010.0, 2.0, 20_000.0)])
    task.stop(5_010.0, random.Random(1))

    assert 10_000 - 2 * 120 <= task.kept_s <= 10_000
    assert task.end_s == 5_010.0
    assert not task.finished


def test_a_task_that_has_not_begun_is_gone_when_it_is_stopped() -> None:
    task = Task(SIZE, Capacity.SPOT, 200.0, [Attempt(100.0, 110.0, 260.0, 2.0, 200.0)])
    task.stop(50.0, random.Random(1))

    assert task.attempts == []


def test_a_control_run_is_never_taken_away() -> None:
    runs = [launch_control(0.0, 8 * H, CALM, random.Random(seed)) for seed in range(300)]

    assert {(len(run.attempts), run.finished) for run in runs} == {(1, True)}
    assert {run.capacity for run in runs} == {Capacity.ON_DEMAND}


def test_a_control_run_that_fails_with_its_night_begins_anew_as_often_as_it_may() -> None:
    short = replace(CALM, failed_nights=((0.0, 60.0),))
    run = launch_control(0.0, 2 * H, short, random.Random(1))

    assert run.finished
    assert len(run.attempts) == 2
    assert run.attempts[-1].end_s - run.attempts[-1].works_s == pytest.approx(2 * H)
    night = replace(CALM, failed_nights=((0.0, 6 * H),))
    lost = launch_control(0.0, 2 * H, night, random.Random(1))
    assert not lost.finished
    assert len(lost.attempts) == 1 + MAX_RETRIES
