"""How dates stand, from store, lake and the instance's runs. Decides and launches nothing."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import dagster as dg

from stt_pipeline.adapters.parquet import ParquetTables
from stt_pipeline.defs.jobs import PUBLISH_JOB
from stt_pipeline.defs.launching import FINISHED_TAG, PLAN_TAG
from stt_pipeline.defs.listing import list_date
from stt_pipeline.defs.partitions import CALL_DATE, SHARD
from stt_pipeline.defs.resources import Pipeline
from stt_pipeline.defs.tasks import launched_plan
from stt_pipeline.defs.transcribing import without_result
from stt_pipeline.defs.transcript_quality import candidate_digest
from stt_pipeline.domain.planning.shard_plan import ShardPlan
from stt_pipeline.domain.planning.shard_steps import PlanRun, Step, next_step
from stt_pipeline.domain.planning.ticks import DateState
from stt_pipeline.domain.quality.gates import COMPLETENESS
from stt_pipeline.domain.recordings.ledger import Named
from stt_pipeline.domain.recordings.recording import Recording

PARTITION_TAG = "dagster/partition"
DATE_OF_SHARD_TAG = f"{PARTITION_TAG}/{CALL_DATE}"
SHARD_TAG = f"{PARTITION_TAG}/{SHARD}"

ENDED = {
    dg.DagsterRunStatus.SUCCESS,
    dg.DagsterRunStatus.FAILURE,
    dg.DagsterRunStatus.CANCELED,
}
AT_WORK = [status for status in dg.DagsterRunStatus if status not in ENDED]


@dataclass(frozen=True)
class DateReading:
    """A date's state, and the keys in the store that its published tables do not account for."""

    state: DateState
    waiting: tuple[str, ...] = ()


@dataclass(frozen=True)
class LastRun:
    """When a date's last run ended, how many results there were before; whether it comes again."""

    ended: dt.datetime
    finished_before: int | None
    will_retry: bool


def read_states(
    pipeline: Pipeline, instance: dg.DagsterInstance, dates: Iterable[dt.date]
) -> list[DateReading]:
    """How each date stands; one listing of the store a date."""
    at_work = dates_at_work(instance)
    return [_read_state(pipeline, instance, date, at_work) for date in dates]


def dates_at_work(instance: dg.DagsterInstance) -> set[str]:
    """Dates with a run that is queued, starting, at work or being stopped."""
    runs = instance.get_runs(dg.RunsFilter(statuses=AT_WORK))
    return {date_of(run) for run in runs}


def is_at_work(run: dg.DagsterRun) -> bool:
    """Whether the run has not ended, or has failed and comes again."""
    return run.status not in ENDED or run.is_complete_and_waiting_to_retry


def date_of(run: dg.DagsterRun) -> str:
    """The call date of a run, or of its shard; empty for other runs."""
    return run.tags.get(DATE_OF_SHARD_TAG) or run.tags.get(PARTITION_TAG, "")


def _read_state(
    pipeline: Pipeline, instance: dg.DagsterInstance, date: dt.date, at_work: set[str]
) -> DateReading:
    partition = date.isoformat()
    if date < pipeline.settings.first_date:
        return DateReading(DateState(date, waiting=0, is_published=True))
    listed = list_date(pipeline, date).dated
    waiting, is_published = waiting_for(pipeline.published, partition, listed)
    state = DateState(date, len(waiting), is_published, is_running=partition in at_work)
    keys = tuple(named.found.key for named in waiting)
    if state.is_complete:
        return DateReading(state, keys)
    last = last_run(instance, partition)
    found = read_step(pipeline, instance, partition) if pipeline.settings.shard_runs else None
    goes_on = (last is not None and last.will_retry) or (found is not None and found[1].goes_on)
    state = replace(
        state,
        is_running=state.is_running or goes_on,
        ended=last.ended if last else None,
        progressed=last is not None and _progressed(pipeline, partition, last),
        is_blocked=_is_blocked(pipeline, partition, listed),
    )
    return DateReading(state, keys)


def waiting_for(
    tables: ParquetTables, partition: str, listed: Sequence[Named]
) -> tuple[list[Named], bool]:
    """The objects that the table `recordings` does not account for, and whether there is one."""
    stored = tables.read("recordings", partition, ["recording_uri", "etag", "size_bytes"])
    rows = [] if stored is None else stored.to_pylist()
    known = {row["recording_uri"]: (row["size_bytes"], row["etag"]) for row in rows}
    return [named for named in listed if _is_new(named, known.get(named.uri))], stored is not None


def _is_new(named: Named, before: tuple[int, str] | None) -> bool:
    """Whether no row has it, or its row has another size or, where the listing says it, etag."""
    if before is None or before[0] != named.found.size_bytes:
        return True
    return bool(named.found.etag) and before[1] != named.found.etag


def last_run(instance: dg.DagsterInstance, partition: str) -> LastRun | None:
    """The run of the date, or of one of its shards, that ended last."""
    found: list[dg.RunRecord] = []
    for tag in (PARTITION_TAG, DATE_OF_SHARD_TAG):
        of_date = dg.RunsFilter(tags={tag: partition}, statuses=list(ENDED))
        found += instance.get_run_records(of_date, limit=1, order_by="update_timestamp")
    if not found:
        return None
    newest = max(found, key=_ended)
    before = newest.dagster_run.tags.get(FINISHED_TAG)
    return LastRun(
        _ended(newest),
        None if before is None else int(before),
        newest.dagster_run.is_complete_and_waiting_to_retry,
    )


def _ended(record: dg.RunRecord) -> dt.datetime:
    """When a run ended; one that never began has no such time, but a last change."""
    if record.end_time is None:
        return record.update_timestamp.replace(tzinfo=dt.UTC)
    return dt.datetime.fromtimestamp(record.end_time, dt.UTC)


def _progressed(pipeline: Pipeline, partition: str, last: LastRun) -> bool:
    if last.finished_before is None:
        return False
    return len(pipeline.results(partition).finished()) > last.finished_before


def _is_blocked(pipeline: Pipeline, partition: str, listed: Sequence[Named]) -> bool:
    """Whether the gate failed on just what is listed, by a check that no other run can mend."""
    verdict = pipeline.verdicts.read(partition)
    if verdict is None or verdict.passed:
        return False
    if all(check.passed or check.name == COMPLETENESS for check in verdict.checks):
        return False
    if verdict.candidate != candidate_digest(pipeline, partition):
        return False
    return not waiting_for(pipeline.candidates, partition, listed)[0]


# --- A date whose shards are runs ----------------------------------------------------------------


def read_step(
    pipeline: Pipeline, instance: dg.DagsterInstance, partition: str
) -> tuple[ShardPlan, Step] | None:
    """The date's plan and what comes next; None where its runs are not the pipeline's to launch."""
    plan = launched_plan(pipeline, partition)
    if plan is None:
        return None

    def missing() -> list[Recording]:
        return without_result(pipeline.accepted(partition), pipeline.results(partition))

    runs = [_plan_run(record.dagster_run) for record in plan_records(instance, plan)]
    little_s = pipeline.settings.shard_minutes * 60
    return plan, next_step(plan, runs, missing, little_s)


def plan_records(instance: dg.DagsterInstance, plan: ShardPlan) -> Sequence[dg.RunRecord]:
    """Every run of the plan, the oldest first."""
    return instance.get_run_records(dg.RunsFilter(tags={PLAN_TAG: plan.id}), ascending=True)


def _plan_run(run: dg.DagsterRun) -> PlanRun:
    return PlanRun(
        shard=None if run.job_name == PUBLISH_JOB else int(run.tags[SHARD_TAG]),
        is_at_work=is_at_work(run),
        succeeded=run.status is dg.DagsterRunStatus.SUCCESS,
    )
