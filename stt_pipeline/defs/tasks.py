"""Which tasks a date's work gets, planned from what is left of its week. Launches none."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from stt_pipeline import wiring
from stt_pipeline.defs import backlog, due
from stt_pipeline.defs.resources import Pipeline
from stt_pipeline.defs.transcribing import without_result
from stt_pipeline.domain.call_dates import dates_of, week_of
from stt_pipeline.domain.planning import capacity
from stt_pipeline.domain.planning.capacity import CapacityPlan
from stt_pipeline.domain.planning.shard_plan import ShardPlan
from stt_pipeline.domain.planning.task_options import Backlog, DatePlan
from stt_pipeline.domain.recordings.recording import Recording


def launched_plan(pipeline: Pipeline, call_date: str) -> ShardPlan | None:
    """The date's shard plan where its runs are the pipeline's to launch, with today's engine.

    The engine is asked for afresh: a list of hotwords may change while a process lives.
    """
    plan = pipeline.plans.read(call_date)
    if plan is None or not plan.launch:
        return None
    is_current = plan.engine == wiring.engine_spec(pipeline.settings).fingerprint
    return plan if is_current else None


@dataclass(frozen=True)
class DateRecordings:
    """A date's accepted recordings, and those of them that have no result."""

    call_date: dt.date
    accepted: Sequence[Recording]
    missing: Sequence[Recording]

    @property
    def left(self) -> Backlog:
        """What is left to do."""
        return Backlog(
            self.call_date,
            audio_s=sum(recording.audio_s for recording in self.missing),
            longest_s=max((recording.audio_s for recording in self.missing), default=0.0),
            recordings=max(1, len(self.missing)),
            published=len(self.accepted) - len(self.missing),
        )


def recordings_of(pipeline: Pipeline, call_date: str) -> DateRecordings:
    """A date by its ledger and results, each read once; its store is not listed."""
    accepted = pipeline.accepted(call_date)
    missing = without_result(accepted, pipeline.results(call_date))
    return DateRecordings(dt.date.fromisoformat(call_date), accepted, missing)


def work_left(pipeline: Pipeline, call_date: dt.date) -> Backlog:
    """What is left of a date."""
    return recordings_of(pipeline, call_date.isoformat()).left


def planned(
    pipeline: Pipeline, left: Sequence[Backlog], left_s: float, max_tasks: int | None = None
) -> CapacityPlan:
    """The tasks of dates at work together, `left_s` before their deadline.

    At most `max_tasks` at once, where it is said; else as the settings have it.
    """
    limits = backlog.limits(pipeline)
    return capacity.plan(
        left,
        backlog.throughput(pipeline, due.local_now(pipeline).date()),
        replace(limits, max_tasks=max_tasks) if max_tasks else limits,
        left_s,
        due.margin_s(pipeline),
    )


def tasks_of(pipeline: Pipeline, recordings: DateRecordings) -> DatePlan | None:
    """The tasks of a date beside those of its week that are at work; None if nothing is left."""
    date = recordings.call_date
    others = [one for one in dates_of(week_of(date)) if one != date]
    left = [work_left(pipeline, one) for one in dates_with_shards_at_work(pipeline, others)]
    together = sorted([*left, recordings.left], key=lambda one: one.call_date)
    return planned(pipeline, together, due.left_s(pipeline, date)).of(date)


def dates_with_shards_at_work(pipeline: Pipeline, dates: Iterable[dt.date]) -> list[dt.date]:
    """Dates whose shards are the pipeline's to launch, and whose tables lack their recordings."""
    return [
        date
        for date in dates
        if launched_plan(pipeline, date.isoformat()) and not _is_published(pipeline, date)
    ]


def _is_published(pipeline: Pipeline, date: dt.date) -> bool:
    """True where the ledger's recordings are in the published table."""
    partition = date.isoformat()
    ledger = pipeline.ledgers.read("recordings", partition, ["recording_uri", "etag"])
    if ledger is None:
        return False
    rows = ((row["recording_uri"], row["etag"]) for row in ledger.to_pylist())
    return backlog.publishes_all(pipeline, partition, rows)
