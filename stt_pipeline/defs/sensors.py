"""The sensors that launch runs between ticks: shards, late recordings, the week's report."""

import datetime as dt
import hashlib
import json
from dataclasses import dataclass, field, replace

import dagster as dg
from pydantic import TypeAdapter

from stt_pipeline.defs import due
from stt_pipeline.defs.jobs import FIND_JOB, SHARD_JOBS, date_job, find_job, week_job
from stt_pipeline.defs.launching import date_requests, step_requests
from stt_pipeline.defs.partitions import week_key
from stt_pipeline.defs.resources import Pipeline
from stt_pipeline.defs.week_state import (
    DateReading,
    date_of,
    dates_at_work,
    is_at_work,
    read_states,
    read_step,
)
from stt_pipeline.domain.call_dates import date_range, dates_of, monday_of, week_of
from stt_pipeline.domain.planning.ticks import (
    SWEEP,
    DateState,
    ask_between,
    seconds_between,
    sensor_every_s,
)

SHARD_RUNS = "shard_runs"
LATE_RECORDINGS = "late_recordings"
WEEK_PUBLISHED = "week_published"

PLANS_OF = dt.timedelta(days=7)
"""A plan is followed for so long after the run that made it."""

SHORTEST_S = 120
"""The shortest of ticks.SENSOR_EVERY_S: how often a sensor may look."""


def shard_runs_sensor(pipeline: Pipeline) -> dg.SensorDefinition:
    """Launches the runs of each plan, then the run that publishes its date."""

    def evaluate(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        requests, whys = list[dg.RunRequest](), list[str]()
        for call_date, is_finding in _dates_found(pipeline, context.instance).items():
            found = None if is_finding else read_step(pipeline, context.instance, call_date)
            if found is None:
                continue
            requests += step_requests(pipeline, call_date, *found)
            whys.append(f"{call_date}: {found[1].why}")
        why = "; ".join(whys) or "no date has a plan whose runs are to be launched"
        if requests:
            return dg.SensorResult(run_requests=requests)
        return dg.SensorResult(skip_reason=f"Nothing to launch: {why}.")

    return dg.SensorDefinition(
        name=SHARD_RUNS,
        evaluation_fn=evaluate,
        jobs=list(SHARD_JOBS),
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Launches a run of each shard that lacks results, then publishes the date.",
    )


def _dates_found(pipeline: Pipeline, instance: dg.DagsterInstance) -> dict[str, bool]:
    """Dates whose recordings were looked for of late, and whether they still are."""
    since = pipeline.now() - PLANS_OF
    runs = instance.get_runs(dg.RunsFilter(job_name=FIND_JOB, updated_after=since))
    found: dict[str, bool] = {}
    for run in runs:
        found[date_of(run)] = found.get(date_of(run), False) or is_at_work(run)
    return dict(sorted(found.items()))


@dataclass
class LateCursor:
    """When the sensor looked last, and since when each date has recordings that came late."""

    looked: dt.datetime | None = None
    first_seen: dict[dt.date, dt.datetime] = field(default_factory=dict)


_CURSOR = TypeAdapter(LateCursor)


def late_recordings_sensor(pipeline: Pipeline) -> dg.SensorDefinition:
    """Asks again for dates that have late recordings, or that a run left unfinished."""

    def evaluate(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        cursor = _CURSOR.validate_json(context.cursor) if context.cursor else LateCursor()
        now = due.local_now(pipeline)
        deadline = due.deadline_of(pipeline, due.next_week_due(pipeline, now))
        if wait_s := wait_until_look(cursor.looked, now, deadline):
            return dg.SensorResult(skip_reason=f"Looks again in {wait_s:.0f} s.")
        readings = read_states(pipeline, context.instance, _dates_ended(now))
        cursor = _seen(cursor, readings, now)
        states = [_since(reading.state, cursor) for reading in readings]
        margin = dt.timedelta(seconds=due.margin_s(pipeline))
        ask = ask_between(states, now, deadline, margin)
        ended = {state.call_date: state.ended for state in states}
        return dg.SensorResult(
            run_requests=date_requests(pipeline, ask, lambda date: _again_key(date, ended[date])),
            skip_reason=None if ask.dates else f"Nothing to launch: {ask.skipped}.",
            cursor=_CURSOR.dump_json(cursor).decode(),
        )

    return dg.SensorDefinition(
        name=LATE_RECORDINGS,
        evaluation_fn=evaluate,
        job=find_job if pipeline.settings.shard_runs else date_job,
        minimum_interval_seconds=SHORTEST_S,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Runs a date again whose recordings came after it was processed, or that its "
        "last run left unfinished. Only what has no result is transcribed.",
    )


def wait_until_look(looked: dt.datetime | None, now: dt.datetime, deadline: dt.datetime) -> float:
    """Seconds until a sensor that looked then is to look again; 0 where it is due."""
    if looked is None:
        return 0.0
    every_s = sensor_every_s(seconds_between(now, deadline))
    return max(0.0, every_s - seconds_between(looked, now))


def _dates_ended(now: dt.datetime) -> list[dt.date]:
    """Of this week and the week before, as far as they have ended."""
    today = now.date()
    monday = monday_of(week_of(today))
    return date_range(monday - dt.timedelta(weeks=1), today - dt.timedelta(days=1))


def _seen(cursor: LateCursor, readings: list[DateReading], now: dt.datetime) -> LateCursor:
    """The cursor after a look: a date keeps its moment until its tables account for all."""
    late = [r.state.call_date for r in readings if r.state.is_published and r.state.waiting]
    return LateCursor(now, {date: cursor.first_seen.get(date, now) for date in late})


def _since(state: DateState, cursor: LateCursor) -> DateState:
    return replace(state, first_seen=cursor.first_seen.get(state.call_date))


def _again_key(date: dt.date, ended: dt.datetime | None) -> str:
    """A date is asked for once after each run that ended."""
    after = "" if ended is None else ended.astimezone(dt.UTC).isoformat()
    return f"{LATE_RECORDINGS}|{date}|after {after}"


def week_published_sensor(pipeline: Pipeline) -> dg.SensorDefinition:
    """Makes the week's report again once the runs of its last ticks have changed its dates."""

    def evaluate(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        now = due.local_now(pipeline)
        week = due.week_watched(pipeline, now)
        sunday = dates_of(week)[-1]
        sweep = dt.datetime.combine(sunday, SWEEP, pipeline.settings.zone)
        if seconds_between(sweep, now) < 0:
            return dg.SkipReason(f"Week {week} has not ended.")
        at_work = dates_at_work(context.instance).intersection(map(str, dates_of(week)))
        if at_work:
            return dg.SkipReason(f"At work: {', '.join(sorted(at_work))}.")
        version = _version(pipeline, week)
        if version is None:
            return dg.SkipReason(f"Nothing of week {week} was ever judged.")
        if context.cursor == version:
            return dg.SkipReason(f"Nothing of week {week} changed since its report.")
        context.update_cursor(version)
        return dg.RunRequest(run_key=version, partition_key=week_key(week))

    return dg.SensorDefinition(
        name=WEEK_PUBLISHED,
        evaluation_fn=evaluate,
        job=week_job,
        minimum_interval_seconds=SHORTEST_S,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Makes the week's report once its dates are published, and when one changes.",
    )


def _version(pipeline: Pipeline, week: str) -> str | None:
    """Changes where a date's published recordings or its verdict change; None without any."""
    seen = [
        (pipeline.published.fingerprint("recordings", str(date)), _verdict(pipeline, str(date)))
        for date in dates_of(week)
    ]
    if not any(published or verdict for published, verdict in seen):
        return None
    return f"{week}|{hashlib.sha256(json.dumps(seen).encode()).hexdigest()[:16]}"


def _verdict(pipeline: Pipeline, partition: str) -> str:
    verdict = pipeline.verdicts.read(partition)
    return verdict.candidate if verdict else ""
