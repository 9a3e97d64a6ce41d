"""A week played through: the world's events, answered by the rules of schedules and planner."""

import datetime as dt
import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

from stt_pipeline.domain.call_dates import week_of
from stt_pipeline.domain.planning.alarm import decide
from stt_pipeline.domain.planning.capacity import CapacityPlan, plan
from stt_pipeline.domain.planning.forecast import forecast
from stt_pipeline.domain.planning.task_options import DatePlan, Limits
from stt_pipeline.domain.planning.throughput import PRIOR, Measured, Throughput, estimate
from stt_pipeline.domain.planning.ticks import (
    WATCH_S,
    Ask,
    Tick,
    ask_at,
    ask_between,
    seconds_between,
    sensor_every_s,
    ticks,
)
from stt_pipeline.domain.simulation.dates import DateRun
from stt_pipeline.domain.simulation.fleet import Bill, Fleet
from stt_pipeline.domain.simulation.tasks import Task
from stt_pipeline.domain.simulation.world import World

READINESS_S: Final = 60.0
"""Work of the run that makes the weekly asset, beside its start."""

AFTER_S: Final = 48 * 3600.0
"""How long after the deadline a week is followed."""


@dataclass(frozen=True)
class Promise:
    """The deadline and its margin, in seconds from the week's beginning."""

    deadline: dt.datetime
    deadline_s: float
    margin_s: float


@dataclass
class Played:
    """How a week ended: `finish_s` is None where it never did."""

    bill: Bill
    finish_s: float | None = None
    raised: int = 0
    alerts: set[str] = field(default_factory=set)


class Week:
    """Plays a week. What it hands to a rule is what store, ledger, checkpoints and bills show."""

    def __init__(self, world: World, promise: Promise, limits: Limits, rng: random.Random) -> None:
        """`rng` draws the fate of every task that is launched."""
        self._world, self._promise, self._limits = world, promise, limits
        self._fleet = Fleet(world, limits.max_tasks, rng, self._shard_ends)
        self._events: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._number = count()
        self._throughput: Throughput = PRIOR
        self._measured: dict[dt.date, Measured] = {}
        self.played = Played(self._fleet.bill)
        days = (world.monday + dt.timedelta(days=day) for day in range(7))
        self._dates = {
            day: DateRun(day, came, longest_s)
            for day, came, longest_s in zip(days, world.arrivals, world.longest_s, strict=True)
        }

    def play(self) -> Played:
        """Until everything is published, or long after the deadline."""
        first = self._world.monday
        for tick in ticks(first, first + dt.timedelta(days=7), self._world.zone):
            if tick.dates[0] == first:
                self._at(seconds_between(self._world.begin, tick.at), self._on_tick, tick)
        self._at(0.0, self._on_sensor)
        while self._events and self.played.finish_s is None:
            at_s, _, handler, what = heapq.heappop(self._events)
            if at_s > self._promise.deadline_s + AFTER_S:
                break
            alive_s = self._world.alive(at_s)
            if alive_s > at_s:
                self._at(alive_s, handler, *what)
                continue
            handler(at_s, *what)
        return self.played

    def _at(self, at_s: float, handler: Callable[..., None], *what: object) -> None:
        heapq.heappush(self._events, (at_s, next(self._number), handler, what))

    def _left_s(self, at_s: float) -> float:
        return self._promise.deadline_s - at_s

    # --- What the schedules and sensors do -------------------------------------------------------

    def _on_tick(self, at_s: float, tick: Tick) -> None:
        states = [run.state(at_s, self._world.begin) for run in self._dates.values()]
        self._launch(at_s, ask_at(tick, states))

    def _on_sensor(self, at_s: float) -> None:
        self._at(at_s + sensor_every_s(self._left_s(at_s)), self._on_sensor)
        pending = [run for run in self._dates.values() if self._needs_a_look(run, at_s)]
        if not pending:
            return
        now = self._world.begin.astimezone(dt.UTC) + dt.timedelta(seconds=at_s)
        states = [run.state(at_s, self._world.begin) for run in pending]
        margin = dt.timedelta(seconds=self._promise.margin_s)
        self._launch(at_s, ask_between(states, now, self._promise.deadline, margin))
        self._watch(at_s)

    @staticmethod
    def _needs_a_look(run: DateRun, at_s: float) -> bool:
        if run.stage != "idle":
            return True
        return run.ended_s is not None and (not run.is_published or run.come(at_s) > run.published)

    def _watch(self, at_s: float) -> None:
        """The forecast of what is at work, and what the alarm makes of it."""
        left_s, margin_s = self._left_s(at_s), self._promise.margin_s
        at_work = [run for run in self._dates.values() if run.stage == "shards"]
        if left_s > WATCH_S or not at_work:
            return
        outlook = forecast([run.work(at_s) for run in at_work], self._throughput)
        if outlook.high_s <= left_s - margin_s:
            return
        anew = self._plan(at_s, at_work)
        running = {run.call_date: run.plan for run in at_work if run.plan}
        week = week_of(self._world.monday)
        decision = decide(week, outlook, running, anew, left_s, margin_s)
        self.played.alerts.update(alert.condition for alert in decision.alerts)
        for option in decision.raised:
            self.played.raised += 1
            run = self._dates[option.call_date]
            self._fleet.stop(at_s, run)
            self._settle(run)
            self._spread(at_s, run, option)

    def _plan(self, at_s: float, runs: list[DateRun]) -> CapacityPlan:
        return plan(
            [run.backlog(at_s) for run in runs],
            self._throughput,
            self._limits,
            self._left_s(at_s),
            self._promise.margin_s,
        )

    # --- A date's run ----------------------------------------------------------------------------

    def _launch(self, at_s: float, ask: Ask) -> None:
        for call_date, _ in ask.dates:
            run = self._dates[call_date]
            run.stage, run.round, run.progressed = "opening", run.round + 1, False
            new = run.recordings(run.listed, run.come(at_s))
            self._control(at_s, PRIOR.opening_s(new) - PRIOR.start_s, self._on_opened, run)

    def _control(
        self, at_s: float, need_s: float, ended: Callable[..., None], run: DateRun
    ) -> None:
        task = self._fleet.control(at_s, need_s)
        self._at(task.end_s, ended, run, task)

    def _on_opened(self, at_s: float, run: DateRun, task: Task) -> None:
        if not task.finished:
            self._end(run, at_s)
            return
        run.listed = run.come(task.attempts[-1].works_s)
        if run.left_audio_s <= 0:
            self._close(at_s, run)
            return
        runs = [one for one in self._dates.values() if one.stage == "shards"]
        option = self._plan(at_s, [*runs, run]).of(run.call_date)
        if option is None:
            raise RuntimeError(f"{run.call_date} has audio left and no plan")
        self._spread(at_s, run, option)

    def _spread(self, at_s: float, run: DateRun, option: DatePlan) -> None:
        run.stage, run.plan, run.unfinished = "shards", option, option.shards
        self._fleet.spread(at_s, run, option)

    def _shard_ends(self, at_s: float, run: DateRun, number: int, task: Task) -> None:
        self._at(at_s, self._on_shard, run, number)

    def _on_shard(self, at_s: float, run: DateRun, number: int) -> None:
        if run.round != number:
            return
        self._fleet.free()
        run.unfinished -= 1
        if not run.unfinished:
            self._settle(run)
            if run.left_audio_s > 1.0:
                self._end(run, at_s)
            else:
                self._close(at_s, run)
        self._fleet.start(at_s)

    def _settle(self, run: DateRun) -> None:
        """Counts the tasks of a date that ended: what they did, took and cost."""
        for task in run.tasks:
            self._fleet.bill.add(task)
        audio_s = sum(task.kept_s for task in run.tasks)
        cpu_s = sum(task.cpu_s for task in run.tasks)
        before = self._measured.get(run.call_date, Measured(0.0, 0.0))
        after = Measured(before.audio_s + audio_s, before.cpu_s + cpu_s)
        self._measured[run.call_date] = after
        self._throughput = estimate(list(self._measured.values()))
        run.done_audio_s += audio_s
        run.progressed = audio_s > 0
        run.tasks.clear()

    def _close(self, at_s: float, run: DateRun) -> None:
        run.stage = "closing"
        need_s = PRIOR.closing_s(run.recordings(0, run.listed)) - PRIOR.start_s
        self._control(at_s, need_s, self._on_closed, run)

    def _on_closed(self, at_s: float, run: DateRun, task: Task) -> None:
        self._end(run, at_s)
        if not task.finished:
            return
        run.published, run.is_published = run.listed, True
        if all(one.is_final for one in self._dates.values()):
            report = self._fleet.control(at_s, READINESS_S)
            self.played.finish_s = report.end_s

    @staticmethod
    def _end(run: DateRun, at_s: float) -> None:
        run.stage, run.ended_s = "idle", at_s
