"""Simulated weeks on all CPUs, and how they are printed. Knows no rule of the simulation."""

import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from multiprocessing import get_context

from stt_pipeline.cli.output import NOTES, OUT, print_json, print_table
from stt_pipeline.domain.planning.deadline import Deadline
from stt_pipeline.domain.planning.task_options import Limits
from stt_pipeline.domain.simulation.weeks import (
    Scenario,
    Summary,
    WeekResult,
    simulate,
    summarise,
)
from stt_pipeline.settings import Settings

CHUNKS_A_CPU = 4
"""Parts that each CPU gets: weeks differ in length."""

SHOWN_MISSES = 20


def run_simulation(
    settings: Settings, limits: Limits, weeks: int, agents: int, seed: int, as_json: bool
) -> None:
    """Plays the weeks and prints their figures."""
    scenario = Scenario(
        agents,
        limits,
        settings.zone,
        Deadline.parse(settings.deadline),
        settings.deadline_margin_h,
        seed,
    )
    results = _play(scenario, weeks)
    summary = summarise(scenario, results)
    if as_json:
        print_json(summary.row())
    else:
        _show(scenario, summary, results)


def _play(scenario: Scenario, weeks: int) -> list[WeekResult]:
    cpus = os.cpu_count() or 1
    parts = min(weeks, cpus * CHUNKS_A_CPU)
    with ProcessPoolExecutor(cpus, mp_context=get_context("spawn")) as pool:
        played = [
            pool.submit(_play_part, scenario, range(part, weeks, parts)) for part in range(parts)
        ]
        results = [result for one in played for result in one.result()]
    return sorted(results, key=lambda one: one.week)


def _play_part(scenario: Scenario, weeks: range) -> list[WeekResult]:
    return list(simulate(scenario, weeks))


def _show(scenario: Scenario, summary: Summary, results: list[WeekResult]) -> None:
    figures = asdict(summary)
    figures.pop("misses")
    title = f"{summary.weeks} weeks of {summary.agents} agents, {scenario.limits.max_tasks} tasks"
    print_table(list(figures), [figures], title)
    slacks = sorted(one.slack_h for one in results if one.slack_h is not None)
    if slacks:
        marks = ", ".join(
            f"{percent}% {slacks[(len(slacks) - 1) * percent // 100]:.1f} h"
            for percent in (0, 5, 25, 50, 75, 100)
        )
        OUT.print(f"Slack to the deadline, all weeks: {marks}.")
    on_demand = sum(one.on_demand_usd for one in results) / sum(one.cost_usd for one in results)
    tasks = sum(one.launched for one in results) / len(results)
    raised = sum(one.raised for one in results)
    OUT.print(
        f"On demand: {on_demand:.1%} of the cost. {tasks:,.0f} tasks a week. "
        f"The alarm replaced the tasks of a date {raised} times."
    )
    for miss in summary.misses[:SHOWN_MISSES]:
        feasible = "missed" if miss["feasible"] else "nobody could make it"
        OUT.print(f"{miss['week']}: {feasible}: {miss['cause']}.", markup=False)
    if len(summary.misses) > SHOWN_MISSES:
        NOTES.print(f"{len(summary.misses) - SHOWN_MISSES} more in --json.")
