"""`plan`: the week's work against its deadline, a week of other size, or simulated weeks."""

import datetime as dt
from typing import Annotated, Any

import typer

from stt_pipeline import wiring
from stt_pipeline.cli.output import OUT, Row, print_json, print_table
from stt_pipeline.cli.simulation import run_simulation
from stt_pipeline.domain.call_dates import dates_of, monday_of, week_of
from stt_pipeline.domain.errors import UserError
from stt_pipeline.domain.planning.deadline import Deadline
from stt_pipeline.domain.planning.fallback import FAILED, LATE
from stt_pipeline.domain.planning.prices import (
    FARGATE_BY_CAPACITY,
    OUTSIDE_SERVICE,
    OUTSIDE_SERVICE_USD_PER_HOUR,
    Capacity,
)
from stt_pipeline.domain.planning.task_options import Limits
from stt_pipeline.domain.planning.throughput import Throughput
from stt_pipeline.domain.planning.ticks import first_tick_for
from stt_pipeline.domain.planning.week_plan import (
    DateLoad,
    PlannedDate,
    WeekPlan,
    plan_week,
    stated_load,
)
from stt_pipeline.domain.simulation.weeks import MAX_TASKS
from stt_pipeline.settings import Settings, load_settings

COLUMNS = (
    "date",
    "audio h",
    "done h",
    "left h",
    "tasks",
    "finish",
    "from",
    "to",
    "slack h",
    "Spot USD",
    "on-demand USD",
    "outside USD",
)


_NEEDS = {FAILED: "failed here", LATE: "would be late"}


def plan(
    week: Annotated[str | None, typer.Option(help="An ISO week, such as 2026-W47.")] = None,
    agents: Annotated[
        int | None, typer.Option(min=1, help="A week of so many agents, whatever was found.")
    ] = None,
    simulate: Annotated[
        int | None, typer.Option(min=1, metavar="WEEKS", help="Play so many weeks of --agents.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the simulation.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """The week's work against its deadline: done, left, tasks, finish, cost."""
    settings = load_settings()
    if simulate is not None:
        if agents is None or week is not None:
            raise UserError("Say of how many agents: --simulate WEEKS --agents N, without --week.")
        run_simulation(settings, limits_of(settings), simulate, agents, seed, as_json)
        return
    now = dt.datetime.now(settings.zone)
    week = week or week_at_stake(settings, now)
    deadline = Deadline.parse(settings.deadline).after_week(monday_of(week), settings.zone)
    loads, throughput, limits = _loads(settings, week, agents, now)
    if agents is not None:
        now = first_tick_for(monday_of(week), settings.zone).at
    planned = plan_week(
        loads, throughput, limits, now, deadline, settings.deadline_margin_h * 3600, settings.zone
    )
    fallback = None if agents is not None else _fallback(settings)
    if as_json:
        print_json(_document(week, deadline, throughput, planned) | {"fallback": fallback})
    else:
        _show(week, deadline, throughput, planned)
        if fallback:
            needs = " or ".join(_NEEDS[need] for need in fallback["for"])
            OUT.print(
                f"Fallback: {fallback['engine']} for what {needs}: {fallback['spent_usd']:.2f} of "
                f"{fallback['budget_usd']:.2f} USD are spent this week; a call-hour costs "
                f"{fallback['usd_per_call_hour']:.2f}."
            )


def _fallback(settings: Settings) -> Row | None:
    """The paid engine and its budget of the calendar's week; None without one."""
    if settings.fallback == "none":
        return None
    return {
        "engine": settings.fallback,
        "for": list(settings.fallback_for),
        "budget_usd": settings.fallback_budget_usd,
        "spent_usd": round(wiring.weekly_budget(settings).spent_usd(), 4),
        "usd_per_call_hour": OUTSIDE_SERVICE_USD_PER_HOUR,
    }


def limits_of(settings: Settings) -> Limits:
    """STT_MAX_SHARDS where it is set; else what a cloud has, and not the CPUs of this machine."""
    named = "max_shards" in settings.model_fields_set
    return Limits(settings.max_shards if named else MAX_TASKS, settings.shard_minutes)


def week_at_stake(settings: Settings, now: dt.datetime) -> str:
    """The week whose deadline comes next."""
    deadline = Deadline.parse(settings.deadline)
    week = week_of(now.date() - dt.timedelta(days=14))
    while deadline.after_week(monday_of(week), settings.zone) <= now:
        week = week_of(monday_of(week) + dt.timedelta(days=7))
    return week


def _loads(
    settings: Settings, week: str, agents: int | None, now: dt.datetime
) -> tuple[list[DateLoad], Throughput, Limits]:
    from stt_pipeline.defs import backlog
    from stt_pipeline.defs.resources import Pipeline

    pipeline = Pipeline(settings)
    measured = backlog.throughput(pipeline, now.date())
    if agents is not None:
        loads = [stated_load(agents, date) for date in dates_of(week)]
        return loads, measured, limits_of(settings)
    today = now.date()
    loads = [backlog.found_or_expected(pipeline, date, today) for date in dates_of(week)]
    return loads, measured, backlog.limits(pipeline)


def _document(
    week: str, deadline: dt.datetime, throughput: Throughput, planned: WeekPlan
) -> dict[str, Any]:
    return {
        "week": week,
        "deadline": deadline,
        "cpu_s_per_audio_min": round(throughput.cpu_s_per_audio_min, 3),
        "measured_dates": throughput.dates,
        "dates": [_row(row) for row in planned.dates],
        "warnings": list(planned.warnings),
    }


def _row(row: PlannedDate) -> Row:
    load, option = row.load, row.option
    return {
        "call_date": load.call_date,
        "expected": load.is_guess,
        "recordings": load.recordings,
        "audio_h": round(load.call_s / 3600, 3),
        "channel_h": round(load.audio_s / 3600, 3),
        "left_channel_h": round(load.left_s / 3600, 3),
        "published": load.is_published,
        "tasks": option.shards if option else 0,
        "task_vcpus": option.size.vcpus if option else None,
        "task_memory_gb": option.size.memory_gb if option else None,
        "capacity": option.capacity if option else None,
        "starts": row.starts,
        "finish_low": row.low,
        "finish_likely": row.likely,
        "finish_high": row.high,
        "slack_h": None if row.slack_h is None else round(row.slack_h, 2),
        "cost_spot_usd": round(row.cost_usd[Capacity.SPOT], 4),
        "cost_on_demand_usd": round(row.cost_usd[Capacity.ON_DEMAND], 4),
        "cost_outside_usd": round(row.outside_usd, 4),
    }


def _show(week: str, deadline: dt.datetime, throughput: Throughput, planned: WeekPlan) -> None:
    rows = [_cells(row) for row in planned.dates]
    total: Row = dict.fromkeys(COLUMNS) | {"date": "week"}
    for name in ("audio h", "done h", "left h", "Spot USD", "on-demand USD", "outside USD"):
        total[name] = sum(row[name] for row in rows)
    print_table(COLUMNS, [*rows, total], f"Week {week}, due {deadline:%a %Y-%m-%d %H:%M}")
    source = f"{throughput.dates} dates" if throughput.dates else "the prior, nothing measured yet"
    OUT.print(
        f"{throughput.cpu_s_per_audio_min:.2f} CPU s a channel minute, give or take "
        f"{throughput.spread:.0%}: {source}."
    )
    if any(row.load.is_guess for row in planned.dates):
        OUT.print("~ is expected, not found.")
    for capacity, price in FARGATE_BY_CAPACITY.items():
        assumed = f" ({price.assumed})" if price.assumed else ""
        listed = f"{price.vcpu_hour_usd} USD a vCPU-hour, {price.gb_hour_usd} a GB-hour"
        OUT.print(f"{capacity}: {listed}, {price.region}, {price.listed}{assumed}.")
    OUT.print(f"Outside: {OUTSIDE_SERVICE}.")
    if hours := total["audio h"]:
        spot, on_demand, outside = (
            total[name] / hours for name in ("Spot USD", "on-demand USD", "outside USD")
        )
        OUT.print(
            f"A call-hour: {spot:.4f} USD on Spot, {on_demand:.4f} on demand, "
            f"{outside:.2f} outside."
        )
    late = [str(row.load.call_date) for row in planned.dates if (row.slack_h or 0.0) < 0]
    OUT.print(f"After the deadline: {', '.join(late)}." if late else "All ends in time.")
    for warning in planned.warnings:
        OUT.print(warning, markup=False)


def _cells(row: PlannedDate) -> Row:
    load, option = row.load, row.option
    share_left = load.left_s / load.audio_s if load.audio_s else 0.0
    audio_h = load.call_s / 3600
    tasks = "published" if load.is_published else ""
    if option:
        tasks = f"{option.shards} x {option.size.vcpus} vCPU {option.capacity}"
    return {
        "date": f"{load.call_date}{' ~' if load.is_guess else ''}",
        "audio h": audio_h,
        "done h": audio_h * (1 - share_left),
        "left h": audio_h * share_left,
        "tasks": tasks,
        "finish": _clock(row.likely),
        "from": _clock(row.low),
        "to": _clock(row.high),
        "slack h": None if row.slack_h is None else round(row.slack_h, 1),
        "Spot USD": row.cost_usd[Capacity.SPOT],
        "on-demand USD": row.cost_usd[Capacity.ON_DEMAND],
        "outside USD": row.outside_usd,
    }


def _clock(moment: dt.datetime | None) -> str:
    return "" if moment is None else f"{moment:%a %H:%M}"
