"""The schedules: which dates run when the day, and the week, has ended. The rules are ticks'."""

import datetime as dt
from collections.abc import Callable, Iterator

import dagster as dg

from stt_pipeline.defs.jobs import DATE_JOB, FIND_JOB, WEEK_JOB
from stt_pipeline.defs.launching import date_requests
from stt_pipeline.defs.partitions import week_key
from stt_pipeline.defs.resources import Pipeline
from stt_pipeline.defs.week_state import read_states
from stt_pipeline.domain.planning.ticks import CRONS, Schedule, Tick, ask_at, run_key, week_run_key

WEEKLY = "weekly"

_WHAT = {
    Schedule.NIGHTLY: "Runs the date just ended, and each earlier date of the week that is "
    "incomplete or has new recordings: Tuesday to Friday nights.",
    Schedule.WEEKEND: "The same on Saturday for Friday and on Sunday for Saturday; on Sunday "
    "evening a sweep of the whole week, and on Monday night of Sunday's calls.",
}

Launches = Iterator[dg.RunRequest | dg.SkipReason]
"""What a tick gives."""


def schedules(pipeline: Pipeline) -> list[dg.ScheduleDefinition]:
    """All schedules, in STT_TIMEZONE; they are on where nobody turned them off."""
    return [*(_of_dates(pipeline, schedule) for schedule in Schedule), _weekly(pipeline)]


def _of_dates(pipeline: Pipeline, schedule: Schedule) -> dg.ScheduleDefinition:
    def evaluate(context: dg.ScheduleEvaluationContext) -> Launches:
        tick = Tick(schedule, _at(pipeline, context))
        readings = read_states(pipeline, context.instance, tick.dates)
        ask = ask_at(tick, [reading.state for reading in readings])
        if not ask.dates:
            yield dg.SkipReason(f"Nothing to launch: {ask.skipped}.")
        yield from date_requests(pipeline, ask, lambda date: run_key(tick, date))

    job = FIND_JOB if pipeline.settings.shard_runs else DATE_JOB
    return _schedule(pipeline, schedule, CRONS[schedule], job, evaluate, _WHAT[schedule])


def _weekly(pipeline: Pipeline) -> dg.ScheduleDefinition:
    """The week's report with the ticks that end a week, however it stands.

    Once the runs of these ticks are done, the sensor `week_published` makes it again.
    """

    def evaluate(context: dg.ScheduleEvaluationContext) -> Launches:
        tick = Tick(Schedule.WEEKEND, _at(pipeline, context))
        yield dg.RunRequest(run_key=week_run_key(tick), partition_key=week_key(tick.week))

    says = "Makes the week's readiness and report with the last ticks of the weekend."
    last_two = CRONS[Schedule.WEEKEND][-2:]
    return _schedule(pipeline, WEEKLY, last_two, WEEK_JOB, evaluate, says)


def _at(pipeline: Pipeline, context: dg.ScheduleEvaluationContext) -> dt.datetime:
    return context.scheduled_execution_time.astimezone(pipeline.settings.zone)


def _schedule(
    pipeline: Pipeline,
    name: str,
    crons: tuple[str, ...],
    job: str,
    evaluate: Callable[[dg.ScheduleEvaluationContext], Launches],
    says: str,
) -> dg.ScheduleDefinition:
    return dg.ScheduleDefinition(
        name=str(name),
        cron_schedule=list(crons),
        job_name=job,
        execution_fn=evaluate,
        execution_timezone=pipeline.settings.timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=says,
    )
