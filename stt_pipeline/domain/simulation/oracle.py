"""What a plan with full knowledge could do in a simulated week: be in time, and at which cost."""

import math
from statistics import NormalDist
from typing import Final

from stt_pipeline.domain.planning.prices import FARGATE_BY_CAPACITY, Capacity
from stt_pipeline.domain.planning.task_sizes import CONTROL_SIZE, TASK_SIZES
from stt_pipeline.domain.planning.throughput import BUSY, START_S, Throughput
from stt_pipeline.domain.planning.ticks import SENSOR_EVERY_S
from stt_pipeline.domain.simulation.tasks import START_SIGMA
from stt_pipeline.domain.simulation.week import READINESS_S
from stt_pipeline.domain.simulation.world import World

_STEPS: Final = 4
"""Runs one after the other that a recording needs: list, transcribe, publish, make the report."""

_SURE_START_S: Final = START_S * math.exp(NormalDist().inv_cdf(0.95) * START_SIGMA)

LOOK_S: Final = min(every_s for _, every_s in SENSOR_EVERY_S)
"""A recording is seen that long after it came at the latest."""


def finish_s(world: World, max_tasks: int) -> float:
    """The earliest moment at which any allowed plan could have published the week.

    All allowed vCPU work from the first recording on, none is slow or taken away, and nothing
    waits. But a date begins with its first tick, as schedules allow; nothing starts while the
    daemon is dead or the night fails, nor before the store is looked at; and a task's start takes
    what 19 of 20 take: no plan can count on luck. A plan that exists is no faster; one that is as
    fast need not exist.
    """
    workers = max_tasks * TASK_SIZES[-1].workers
    truth = Throughput(world.cpu_s_per_audio_min)
    free_s, end_s = 0.0, 0.0
    first_s = [world.first_tick_s(day) for day in range(7)]
    arrivals = sorted(
        (max(one.at_s, first_s[day]), one.audio_s, day)
        for day, came in enumerate(world.arrivals)
        for one in came
    )
    recordings = [sum(one.recordings for one in came) for came in world.arrivals]
    for at_s, audio_s, day in arrivals:
        free_s = max(free_s, _can_start(world, at_s + LOOK_S)) + truth.wall_s(audio_s, workers)
        end_s = max(end_s, free_s + truth.closing_s(recordings[day]) - START_S)
    return end_s + _STEPS * _SURE_START_S + READINESS_S


def _can_start(world: World, at_s: float) -> float:
    while True:
        start_s = world.alive(at_s)
        for begin_s, end_s in world.failed_nights:
            if begin_s <= start_s < end_s:
                start_s = end_s
        if start_s == at_s:
            return at_s
        at_s = start_s


def cost_usd(world: World) -> float:
    """No plan of the week is cheaper: all on Spot, every vCPU busy, no task slow or taken away.

    Each date is listed, transcribed by one task of the smallest size and published once.
    """
    price = FARGATE_BY_CAPACITY[Capacity.SPOT]
    truth = Throughput(world.cpu_s_per_audio_min)
    control = price.task_hour_usd(CONTROL_SIZE.vcpus, CONTROL_SIZE.memory_gb)
    worker = price.task_hour_usd(TASK_SIZES[0].vcpus, TASK_SIZES[0].memory_gb)
    total_usd = 0.0
    for came in world.arrivals:
        recordings = sum(one.recordings for one in came)
        audio_s = sum(one.audio_s for one in came)
        control_s = truth.opening_s(recordings) + truth.closing_s(recordings)
        worker_s = truth.cpu_s(audio_s) / BUSY + (START_S if audio_s else 0.0)
        total_usd += (control * control_s + worker * worker_s) / 3600
    return total_usd
