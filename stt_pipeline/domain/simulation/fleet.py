"""The Fargate tasks of a simulated week: a queue of shards, a limit, a bill. Decides nothing."""

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from stt_pipeline.domain.planning.prices import Capacity
from stt_pipeline.domain.planning.task_options import DatePlan
from stt_pipeline.domain.simulation.dates import DateRun
from stt_pipeline.domain.simulation.tasks import Task, launch_control, launch_shard
from stt_pipeline.domain.simulation.world import World

Ended = Callable[[float, DateRun, int, Task], None]
"""Told when a shard's task will end: the moment, its date, the date's round, the task."""


@dataclass
class Bill:
    """What all tasks came to."""

    cost_usd: float = 0.0
    on_demand_usd: float = 0.0
    launched: int = 0
    peak_tasks: int = 0

    def add(self, task: Task) -> None:
        """Counts a task that ended."""
        self.cost_usd += task.cost_usd
        self.launched += len(task.attempts)
        if task.capacity is Capacity.ON_DEMAND:
            self.on_demand_usd += task.cost_usd


class Fleet:
    """Starts shards in the order they were asked for, never more at once than allowed."""

    def __init__(self, world: World, max_tasks: int, rng: random.Random, ended: Ended) -> None:
        """`rng` draws the fate of every task."""
        self._world, self._max_tasks, self._rng, self._ended = world, max_tasks, rng, ended
        self._queue: deque[tuple[DateRun, int, float, DatePlan]] = deque()
        self._running = 0
        self.bill = Bill()

    def control(self, at_s: float, need_s: float) -> Task:
        """A run that lists, publishes or reports; it needs so long beside its start."""
        task = launch_control(at_s, need_s, self._world, self._rng)
        self.bill.add(task)
        return task

    def spread(self, at_s: float, run: DateRun, plan: DatePlan) -> None:
        """Deals what a date has left to the tasks of its plan."""
        share_s = run.left_audio_s / plan.shards
        run.queued.extend([share_s] * plan.shards)
        self._queue.extend([(run, run.round, share_s, plan)] * plan.shards)
        self.start(at_s)

    def start(self, at_s: float) -> None:
        """Starts what waits, as far as tasks are allowed; shards of a replaced plan are dropped."""
        while self._queue and self._running < self._max_tasks:
            run, number, share_s, plan = self._queue.popleft()
            if run.round != number:
                continue
            run.queued.pop()
            longest_s = min(run.longest_s, share_s)
            task = launch_shard(
                at_s, share_s, longest_s, plan.size, plan.capacity, self._world, self._rng
            )
            run.tasks.append(task)
            self._running += 1
            self.bill.peak_tasks = max(self.bill.peak_tasks, self._running)
            self._ended(task.end_s, run, number, task)

    def free(self) -> None:
        """A task ended."""
        self._running -= 1

    def stop(self, at_s: float, run: DateRun) -> None:
        """Ends a date's tasks now; what they did is kept, what waits is dropped."""
        for task in run.tasks:
            if task.end_s > at_s:
                self.free()
                task.stop(at_s, self._rng)
        run.tasks[:] = [task for task in run.tasks if task.attempts]
        run.queued.clear()
        run.round += 1
