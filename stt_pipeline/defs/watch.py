"""The sensor that watches a week against its deadline: forecasts, gives more tasks, alerts."""

import datetime as dt
import logging
import math
from collections.abc import Sequence

import dagster as dg

from stt_pipeline import wiring
from stt_pipeline.defs import backlog, due
from stt_pipeline.defs.alerting import asset_link, raise_alert, send_unsent
from stt_pipeline.defs.handing_over import hand_over_late_shards, plan_anew
from stt_pipeline.defs.launching import FINISHED_TAG
from stt_pipeline.defs.resources import Pipeline
from stt_pipeline.defs.sensors import SHORTEST_S, wait_until_look
from stt_pipeline.defs.tasks import launched_plan, planned, recordings_of, work_left
from stt_pipeline.defs.transcribing import without_result
from stt_pipeline.defs.week_state import (
    AT_WORK,
    SHARD_TAG,
    DateReading,
    date_of,
    plan_records,
    read_states,
    read_step,
)
from stt_pipeline.domain.call_dates import dates_of
from stt_pipeline.domain.metrics import BACKLOG_HOURS, DATES_MISSING, SENSOR_LOOKS, SLACK_HOURS
from stt_pipeline.domain.planning.alarm import Decision, decide, missed
from stt_pipeline.domain.planning.capacity import CapacityPlan
from stt_pipeline.domain.planning.forecast import DateWork, Forecast, ShardWork, forecast
from stt_pipeline.domain.planning.shard_plan import ShardPlan
from stt_pipeline.domain.planning.task_options import DatePlan
from stt_pipeline.domain.planning.ticks import WATCH_S, seconds_between

FORECAST = "forecast"

SHOWN_NAMES = 20
"""Recordings of a date that an alert names."""

ONE_MACHINE = (
    "All of it is done by one machine: stop what else it does, give it more CPUs, or turn "
    "STT_SHARD_RUNS on."
)


def forecast_sensor(pipeline: Pipeline) -> dg.SensorDefinition:
    """Forecasts the finish from what is really done, and acts on it."""

    def evaluate(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        pipeline.metrics.emit({SENSOR_LOOKS: [1]})
        now = due.local_now(pipeline)
        week = due.week_watched(pipeline, now)
        deadline = due.deadline_of(pipeline, week)
        left_s = seconds_between(now, deadline)
        looked = dt.datetime.fromisoformat(context.cursor) if context.cursor else None
        if wait_s := wait_until_look(looked, now, deadline):
            return dg.SensorResult(skip_reason=f"Looks again in {wait_s:.0f} s.")
        send_unsent(pipeline, context.log)
        if left_s > WATCH_S:
            says = f"Week {week} is watched from {WATCH_S / 3600:.0f} h before {deadline} on"
        else:
            says = watch(pipeline, context.instance, context.log, week, now)
        return dg.SensorResult(skip_reason=f"{says}.", cursor=now.isoformat())

    return dg.SensorDefinition(
        name=FORECAST,
        evaluation_fn=evaluate,
        target=None,
        minimum_interval_seconds=SHORTEST_S,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Forecasts through the weekend when the week will be published. Where that "
        "may miss the margin, it gives dates more tasks, or on-demand ones, and alerts.",
    )


def watch(
    pipeline: Pipeline,
    instance: dg.DagsterInstance,
    log: logging.Logger,
    week: str,
    now: dt.datetime,
) -> str:
    """One look at a week; says what it saw."""
    deadline = due.deadline_of(pipeline, week)
    left_s = seconds_between(now, deadline)
    readings = read_states(pipeline, instance, dates_of(week))
    incomplete = [reading for reading in readings if not reading.state.is_complete]
    at_work = [r.state.call_date for r in incomplete if r.state.is_running]
    slack_s = None if incomplete else left_s
    hand_over_late_shards(pipeline, instance, log, at_work, left_s)
    works = [work for date in at_work if (work := _work(pipeline, instance, date, now))]
    says = f"Week {week}: nothing is at work"
    if works:
        outlook = forecast(works, backlog.throughput(pipeline, now.date()))
        slack_s = left_s - outlook.high_s
        decision = _decide(pipeline, week, outlook, left_s)
        for option in decision.raised:
            give(pipeline, instance, log, option)
        for alert in decision.alerts:
            raise_alert(pipeline, log, alert, asset_link(pipeline, "published_tables"))
        says = f"Week {week}: {_range(outlook, now)}, due {deadline:%a %H:%M}"
    is_in_use = any(reading.state.is_published or reading.waiting for reading in readings)
    names = [name for one in incomplete for name in _missing(one)] if is_in_use else []
    _tell(pipeline, incomplete if is_in_use else [], left_s, slack_s)
    if late := missed(week, now, deadline, names):
        raise_alert(pipeline, log, late, asset_link(pipeline, "published_tables"))
        says += f"; {late.sentence.rstrip('.')}"
    return says


def _tell(
    pipeline: Pipeline, incomplete: Sequence[DateReading], left_s: float, slack_s: float | None
) -> None:
    """Tells how the week stands; no slack where nothing says when what is missing will be done."""
    dates = [reading.state.call_date for reading in incomplete]
    backlog_s = sum(work_left(pipeline, date).audio_s for date in dates)
    missing = len(dates) if left_s < 0 else 0
    values = {BACKLOG_HOURS: [backlog_s / 3600], DATES_MISSING: [float(missing)]}
    if slack_s is not None and math.isfinite(slack_s):
        values[SLACK_HOURS] = [slack_s / 3600]
    pipeline.metrics.emit(values)


def _range(outlook: Forecast, now: dt.datetime) -> str:
    """When the last date at work will be published."""
    if outlook.high_s == float("inf"):
        return "no task is at work on a date"
    start = now.astimezone(dt.UTC)
    ends = (outlook.likely_s, outlook.low_s, outlook.high_s)
    moments = [(start + dt.timedelta(seconds=end)).astimezone(now.tzinfo) for end in ends]
    likely, low, high = (f"{moment:%a %H:%M}" for moment in moments)
    return f"published by {likely} ({low} to {high})"


def _missing(reading: DateReading) -> list[str]:
    """A date that is not complete, and which recordings its tables lack."""
    names = list(reading.waiting[:SHOWN_NAMES])
    if (more := len(reading.waiting) - SHOWN_NAMES) > 0:
        names.append(f"and {more} more")
    date = str(reading.state.call_date)
    what = "" if reading.state.is_published else "is not published"
    parts = [part for part in (what, ", ".join(names)) if part]
    return [f"{date} ({': '.join(parts)})" if parts else date]


# --- What is at work -----------------------------------------------------------------------------


def _work(
    pipeline: Pipeline, instance: dg.DagsterInstance, date: dt.date, now: dt.datetime
) -> DateWork | None:
    """None for a date whose recordings are only looked for, before its shards are planned."""
    partition = date.isoformat()
    recordings = len(pipeline.accepted(partition))
    if not pipeline.settings.shard_runs:
        return DateWork(date, (_whole(pipeline, instance, partition, now),), recordings)
    found = read_step(pipeline, instance, partition)
    if found is None or not found[1].goes_on:
        return None
    plan, step = found
    shards = () if step.closes else _shards(pipeline, instance, partition, plan, now)
    return DateWork(date, tuple(shards), recordings, is_closing=step.closes)


def _shards(
    pipeline: Pipeline,
    instance: dg.DagsterInstance,
    partition: str,
    plan: ShardPlan,
    now: dt.datetime,
) -> Sequence[ShardWork]:
    """Each shard of the plan: audio done and left by name, and since when its task works."""
    accepted = pipeline.accepted(partition)
    missing = {one.etag for one in without_result(accepted, pipeline.results(partition))}
    records = {
        record.dagster_run.tags[SHARD_TAG]: record
        for record in plan_records(instance, plan)
        if SHARD_TAG in record.dagster_run.tags
    }
    workers = plan.tasks.size.workers if plan.tasks else 1
    works = []
    for shard in plan.worth_a_run:
        mine = plan.begun_with(shard, accepted)
        left_s = sum(one.audio_s for one in mine if one.etag in missing)
        done_s = sum(one.audio_s for one in mine) - left_s
        works.append(ShardWork(left_s, done_s, workers, _working_s(records.get(str(shard)), now)))
    return works


def _working_s(record: dg.RunRecord | None, now: dt.datetime) -> float | None:
    if record is None or record.start_time is None:
        return None
    return max(0.0, now.timestamp() - record.start_time)


def _whole(
    pipeline: Pipeline, instance: dg.DagsterInstance, partition: str, now: dt.datetime
) -> ShardWork:
    """A date that is one run of this machine; what it did is reckoned by number of recordings."""
    load = backlog.date_load(pipeline, dt.date.fromisoformat(partition))
    records = [
        record
        for record in instance.get_run_records(dg.RunsFilter(statuses=AT_WORK))
        if date_of(record.dagster_run) == partition
    ]
    record = records[0] if records else None
    before = record.dagster_run.tags.get(FINISHED_TAG) if record else None
    finished = len(pipeline.results(partition).finished())
    share = (finished - int(before)) / finished if before is not None and finished else 0.0
    done_s = share * (load.audio_s - load.left_s)
    return ShardWork(load.left_s, done_s, wiring.most_workers(), _working_s(record, now))


# --- What is done about it -----------------------------------------------------------------------


def _decide(pipeline: Pipeline, week: str, outlook: Forecast, left_s: float) -> Decision:
    running, left = dict[dt.date, DatePlan](), []
    for date in (one.call_date for one in outlook.dates):
        plan = launched_plan(pipeline, date.isoformat())
        if plan and plan.tasks:
            running[date] = plan.tasks
            left.append(work_left(pipeline, date))
    if pipeline.settings.shard_runs:
        anew = planned(pipeline, left, left_s)
    else:
        anew = CapacityPlan((), makes_margin=False, makes_deadline=False, why=ONE_MACHINE)
    return decide(week, outlook, running, anew, left_s, due.margin_s(pipeline))


def give(
    pipeline: Pipeline, instance: dg.DagsterInstance, log: logging.Logger, option: DatePlan
) -> None:
    """Gives a date these tasks: a new plan of what it has left, and its runs so far stopped."""
    call_date = option.call_date.isoformat()
    log.warning(f"{call_date} is given {option.shards} of {option.size}, {option.capacity}.")
    plan_anew(pipeline, instance, recordings_of(pipeline, call_date), option)
