"""Takes off tasks at work what even the most of them could not read in time. Reads no audio."""

import datetime as dt
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import dagster as dg

from stt_pipeline import wiring
from stt_pipeline.defs import backlog, due
from stt_pipeline.defs.fallback import begin, hand_over, is_for
from stt_pipeline.defs.resources import Pipeline
from stt_pipeline.defs.tasks import DateRecordings, launched_plan, recordings_of
from stt_pipeline.defs.transcript_shards import keep_plan
from stt_pipeline.defs.week_state import AT_WORK, plan_records
from stt_pipeline.domain.planning import capacity
from stt_pipeline.domain.planning.capacity import CapacityPlan
from stt_pipeline.domain.planning.fallback import LATE
from stt_pipeline.domain.planning.task_options import DatePlan
from stt_pipeline.domain.recordings.recording import Recording


def hand_over_late_shards(
    pipeline: Pipeline,
    instance: dg.DagsterInstance,
    log: logging.Logger,
    dates: Iterable[dt.date],
    left_s: float,
) -> None:
    """Leaves to the paid engine what makes the rest of these dates in time, and plans that anew.

    Nothing happens where the most tasks that the settings allow end before the deadline.
    """
    if not pipeline.settings.shard_runs or not is_for(pipeline, LATE) or left_s <= 0:
        return
    at_work = [one for one in dates if launched_plan(pipeline, one.isoformat())]
    found = {date: recordings_of(pipeline, date.isoformat()) for date in at_work}
    date_of = {one.etag: date for date, of_date in found.items() for one in of_date.missing}
    throughput = backlog.throughput(pipeline, due.local_now(pipeline).date())

    def plan(dates: Iterable[DateRecordings]) -> CapacityPlan:
        left = [one.left for one in dates if one.missing]
        limits = backlog.limits(pipeline)
        return capacity.plan(left, throughput, limits, left_s, due.margin_s(pipeline))

    def is_in_time(rest: Sequence[Recording]) -> bool:
        by_date: dict[dt.date, list[Recording]] = {date: [] for date in found}
        for recording in rest:
            by_date[date_of[recording.etag]].append(recording)
        dates = (replace(one, missing=by_date[date]) for date, one in found.items())
        return plan(dates).makes_deadline

    missing = [recording for one in found.values() for recording in one.missing]
    chosen = hand_over(
        log, pipeline, missing, is_in_time, left_s, lambda recording: date_of[recording.etag]
    )
    if chosen:
        fewer = {date: recordings_of(pipeline, date.isoformat()) for date in found}
        anew = plan(fewer.values())
        for date in sorted({date_of[recording.etag] for recording in chosen}):
            plan_anew(pipeline, instance, fewer[date], anew.of(date))
    begin(log, pipeline, list(_handed_over(pipeline, found.values())))


def _handed_over(pipeline: Pipeline, dates: Iterable[DateRecordings]) -> Iterator[Recording]:
    """What of these dates the paid engine has not read yet; the first looks begin only a part."""
    for one in dates:
        marks = wiring.handed_over(pipeline.settings, one.call_date).read()
        if marks:
            read = wiring.fallback_results(pipeline.settings, one.call_date).finished()
            yield from (row for row in one.accepted if row.etag in marks - read)


def plan_anew(
    pipeline: Pipeline,
    instance: dg.DagsterInstance,
    recordings: DateRecordings,
    tasks: DatePlan | None,
) -> None:
    """Gives a date a new plan of what it has left, and stops its runs so far.

    The new plan comes first: the sensor `shard_runs` never sees the old runs ended without it. A
    shard of the new plan waits for the old run of its number to stop.
    """
    before = launched_plan(pipeline, recordings.call_date.isoformat())
    keep_plan(pipeline, recordings, launch=True, tasks=tasks)
    if before is None:
        return
    for record in plan_records(instance, before):
        if record.dagster_run.status in AT_WORK:
            instance.run_coordinator.cancel_run(record.dagster_run.run_id)
