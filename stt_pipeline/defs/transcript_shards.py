"""The step `transcript_shards`: one shard of a date in a run of its own, such as a Fargate task.

It is in the flow where STT_SHARD_RUNS says so. It writes no table: each recording that ends has a
checkpoint, and the step `transcripts` finds by name what has none.
"""

import uuid
from dataclasses import replace

import dagster as dg

from stt_pipeline import wiring
from stt_pipeline.defs import display
from stt_pipeline.defs.display import Metadata
from stt_pipeline.defs.partitions import CALL_DATE, SHARD, call_date_shards, shards_of_a_date
from stt_pipeline.defs.resources import DateLock, Pipeline
from stt_pipeline.defs.tasks import DateRecordings, recordings_of, tasks_of
from stt_pipeline.defs.transcribing import transcribe, without_result
from stt_pipeline.domain.planning.progress import DateProgress
from stt_pipeline.domain.planning.shard_plan import ShardPlan, plan_runs
from stt_pipeline.domain.planning.task_options import DatePlan
from stt_pipeline.settings import Settings

ASSET = "transcript_shards"

_WHAT = """Transcribes a shard of a date's recordings, in a run of its own.

A shard is what the plan of the step `recordings` deals to it. Every recording that ends is kept as
a checkpoint, so that a lost run repeats almost nothing. One row is **a recording's checkpoint**."""


def transcript_shards_asset(settings: Settings) -> dg.AssetsDefinition:
    """The asset `transcript_shards` for these settings."""

    @dg.asset(
        name=ASSET,
        deps=[dg.AssetDep("recordings", partition_mapping=shards_of_a_date())],
        partitions_def=call_date_shards(settings),
        group_name=display.GROUP,
        kinds={"python", "whisper"},
        description=_WHAT,
    )
    def transcript_shards(
        context: dg.AssetExecutionContext,
        pipeline: dg.ResourceParam[Pipeline],
        date_lock: dg.ResourceParam[DateLock],
    ) -> dg.MaterializeResult:
        call_date, shard = _place(context)
        mine = planned(pipeline, call_date).mine(shard, pipeline.accepted(call_date))
        missing = without_result(mine, pipeline.results(call_date))
        progress = transcribe(context, pipeline, call_date, missing, len(mine) - len(missing))
        return dg.MaterializeResult(metadata=_metadata(pipeline, progress))

    return transcript_shards


def _place(context: dg.AssetExecutionContext) -> tuple[str, int]:
    """The call date and the number of the shard."""
    key = context.partition_key
    if not isinstance(key, dg.MultiPartitionKey):
        raise TypeError(f"{key} is no partition of {ASSET}")
    return key.keys_by_dimension[CALL_DATE], int(key.keys_by_dimension[SHARD])


def plan_date(pipeline: Pipeline, call_date: str, launch: bool) -> Metadata:
    """Deals the recordings of a date to the runs of its shards, and keeps and shows the plan.

    Where the pipeline launches these runs itself, the capacity plan says how many there are.
    """
    recordings = recordings_of(pipeline, call_date)
    tasks = tasks_of(pipeline, recordings) if launch else None
    plan = keep_plan(pipeline, recordings, launch, tasks)
    shards = [(shard, plan.begun_with(shard, recordings.accepted)) for shard in plan.worth_a_run]
    if not shards:
        return {}
    metadata: Metadata = {
        "shards_to_run": display.table(
            [
                {
                    "shard": shard,
                    "recordings": len(mine),
                    "audio_min": round(sum(recording.audio_s for recording in mine) / 60, 1),
                }
                for shard, mine in shards
            ]
        )
    }
    if tasks:
        metadata["tasks"] = f"{tasks.shards} of {tasks.size}, {tasks.capacity}"
    return metadata


def keep_plan(
    pipeline: Pipeline, recordings: DateRecordings, launch: bool, tasks: DatePlan | None
) -> ShardPlan:
    """Replaces the date's plan by one of what has no result now."""
    settings = pipeline.settings
    dealt = plan_runs(
        recordings.accepted,
        recordings.missing,
        settings.shard_minutes,
        settings.max_shards,
        wanted=tasks.shards if tasks else None,
    )
    plan = replace(
        dealt,
        id=f"{pipeline.now():%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:8]}",
        engine=wiring.engine_spec(settings).fingerprint,
        launch=launch,
        tasks=tasks,
    )
    pipeline.plans.write(recordings.call_date.isoformat(), plan)
    return plan


def planned(pipeline: Pipeline, call_date: str) -> ShardPlan:
    """The date's plan; raises dg.Failure where there is none."""
    plan = pipeline.plans.read(call_date)
    if plan is None:
        raise dg.Failure(
            f"{call_date} has no shard plan yet: materialize recordings of the date first.",
            allow_retries=False,
        )
    return plan


def _metadata(pipeline: Pipeline, progress: DateProgress) -> Metadata:
    metadata: Metadata = {
        "dagster/row_count": progress.recordings_done + progress.reused,
        "transcribed_now": progress.recordings_done,
        "reused_from_earlier_runs": progress.reused,
        "failed_now": sum(shard.failed for shard in progress.shards),
        "audio_minutes": round(progress.audio_done_s / 60, 2),
        "cpu_s": round(progress.cpu_s, 1),
        "engine": pipeline.engine.label,
    }
    if progress.shards:
        metadata["workers"] = display.shards(progress)
    return metadata
