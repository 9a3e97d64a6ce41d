"""A Fargate task's life in simulated time: its start, speed, interruptions, retries and bill."""

import math
import random
from dataclasses import dataclass, field
from typing import Final

from stt_pipeline.domain.planning.prices import FARGATE_BY_CAPACITY, MIN_BILLED_S, Capacity
from stt_pipeline.domain.planning.sharding import GROUP_AUDIO_S
from stt_pipeline.domain.planning.task_options import CONTROL_CAPACITY, LOST_S
from stt_pipeline.domain.planning.task_sizes import CONTROL_SIZE, TaskSize
from stt_pipeline.domain.planning.throughput import BUSY, START_S
from stt_pipeline.domain.simulation.world import World

INTERRUPTED_IN_AN_HOUR: Final = 0.15
_INTERRUPTIONS_PER_S: Final = -math.log(1 - INTERRUPTED_IN_AN_HOUR) / 3600

MAX_RETRIES: Final = 2
"""run_retries of deploy/dagster.yaml; after that the date is unfinished."""

MAX_RUN_S: Final = 12 * 3600.0
"""max_runtime_seconds of deploy/dagster.yaml."""

WORKER_AUDIO_S: Final = 300.0
"""A task starts one more worker for each five minutes of audio (defs/transcribing.py)."""

START_SIGMA: Final = 0.3
RELAUNCH_S: Final = (30.0, 150.0)
SLOW_TASK: Final = 0.05
SLOW_SPEED: Final = 0.5
SPEED_SIGMA: Final = 0.05
"""One task in 20 runs at half speed; the others differ by a twentieth."""


@dataclass(frozen=True)
class Attempt:
    """One task: from `at_s` on, at work from `works_s`, gone at `end_s`; `kept_s` audio done."""

    at_s: float
    works_s: float
    end_s: float
    audio_per_s: float
    kept_s: float


@dataclass
class Task:
    """A shard's run with its retries, or a control run (no audio). Drawn whole when it is launched.

    `stopped_s` cuts it off.
    """

    size: TaskSize
    capacity: Capacity
    audio_s: float
    attempts: list[Attempt] = field(default_factory=list)
    finished: bool = False

    @property
    def end_s(self) -> float:
        """When its last attempt ended."""
        return self.attempts[-1].end_s

    def done_s(self, at_s: float) -> float:
        """Audio seconds that had a checkpoint at that moment."""
        done_s = 0.0
        for attempt in self.attempts:
            if at_s >= attempt.end_s:
                done_s += attempt.kept_s
            elif at_s > attempt.works_s:
                worked_s = (at_s - attempt.works_s) * attempt.audio_per_s
                done_s += min(attempt.kept_s, worked_s)
        return min(done_s, self.audio_s)

    def working_s(self, at_s: float) -> float | None:
        """Seconds that it has been at work; None before it begins."""
        worked_s = [
            min(at_s, one.end_s) - one.works_s for one in self.attempts if at_s > one.works_s
        ]
        return sum(worked_s) if worked_s else None

    @property
    def cpu_s(self) -> float:
        """CPU seconds of the audio it kept; a slow CPU takes more."""
        worked_s = sum(one.kept_s / one.audio_per_s for one in self.attempts if one.audio_per_s)
        return worked_s * self.workers * BUSY

    @property
    def kept_s(self) -> float:
        """Audio seconds it did."""
        return sum(one.kept_s for one in self.attempts)

    @property
    def workers(self) -> int:
        """At work: no more than it has audio for."""
        return min(self.size.workers, max(1, math.ceil(self.audio_s / WORKER_AUDIO_S)))

    def stop(self, at_s: float, rng: random.Random) -> None:
        """Ends it now: up to two minutes of its work is lost."""
        kept = [one for one in self.attempts if one.at_s < at_s]
        if kept and kept[-1].end_s > at_s:
            last = kept[-1]
            worked_s = max(0.0, at_s - last.works_s - rng.uniform(0, LOST_S))
            done_s = min(last.kept_s, worked_s * last.audio_per_s)
            kept[-1] = Attempt(last.at_s, last.works_s, at_s, last.audio_per_s, done_s)
        self.attempts, self.finished = kept, False

    @property
    def cost_usd(self) -> float:
        """What Fargate bills."""
        price = FARGATE_BY_CAPACITY[self.capacity]
        billed_s = sum(max(MIN_BILLED_S, one.end_s - one.at_s) for one in self.attempts)
        return billed_s / 3600 * price.task_hour_usd(self.size.vcpus, self.size.memory_gb)


def launch_shard(
    at_s: float,
    audio_s: float,
    longest_s: float,
    size: TaskSize,
    capacity: Capacity,
    world: World,
    rng: random.Random,
) -> Task:
    """A task that transcribes: every retry goes on where the lost one was."""
    task = Task(size, capacity, audio_s)
    left_s = audio_s
    for _ in range(1 + MAX_RETRIES):
        at_s = world.alive(at_s)
        per_worker = BUSY * 60 / world.cpu_s_per_audio_min * _speed(rng)
        rate = per_worker * task.workers
        tail_s = rng.random() * min(GROUP_AUDIO_S, left_s) / per_worker
        need_s = max(left_s / rate + tail_s, min(longest_s, left_s) / per_worker)
        attempt = _attempt(at_s, need_s, rate, left_s, capacity, world, rng)
        task.attempts.append(attempt)
        left_s -= attempt.kept_s
        if left_s <= 0:
            task.finished = True
            break
        at_s = attempt.end_s + rng.uniform(*RELAUNCH_S)
    return task


def launch_control(at_s: float, need_s: float, world: World, rng: random.Random) -> Task:
    """A run that lists or publishes a date: a retry starts from the beginning."""
    task = Task(CONTROL_SIZE, CONTROL_CAPACITY, 0.0)
    for _ in range(1 + MAX_RETRIES):
        at_s = world.alive(at_s)
        attempt = _attempt(at_s, need_s, 0.0, 0.0, CONTROL_CAPACITY, world, rng)
        task.attempts.append(attempt)
        if attempt.end_s - attempt.works_s > need_s - 1e-3:
            task.finished = True
            break
        at_s = attempt.end_s + rng.uniform(*RELAUNCH_S)
    return task


def _attempt(
    at_s: float,
    need_s: float,
    rate: float,
    left_s: float,
    capacity: Capacity,
    world: World,
    rng: random.Random,
) -> Attempt:
    """One task until it is done, taken away, ended as too long, or fails with its night."""
    works_s = at_s + START_S * math.exp(rng.gauss(0, START_SIGMA))
    if world.fails(at_s):
        return Attempt(at_s, works_s, works_s, rate, 0.0)
    end_s, cut_s = works_s + need_s, at_s + MAX_RUN_S
    if capacity is Capacity.SPOT:
        cut_s = min(cut_s, at_s + rng.expovariate(_INTERRUPTIONS_PER_S))
    if cut_s >= end_s:
        return Attempt(at_s, works_s, end_s, rate, left_s)
    worked_s = max(0.0, cut_s - works_s - rng.uniform(0, LOST_S))
    kept_s = min(worked_s * rate, left_s * 0.999)
    return Attempt(at_s, min(works_s, cut_s), cut_s, rate, kept_s)


def _speed(rng: random.Random) -> float:
    slow = SLOW_SPEED if rng.random() < SLOW_TASK else 1.0
    return slow * math.exp(rng.gauss(0, SPEED_SIGMA))
