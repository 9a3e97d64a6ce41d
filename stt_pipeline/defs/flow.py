"""The whole flow as one Definitions object, for the settings given."""

import dagster as dg

from stt_pipeline.defs.alerting import run_failure_sensor
from stt_pipeline.defs.freshness import published_policy, weekly_policy, with_freshness
from stt_pipeline.defs.jobs import SHARD_JOBS, date_job, week_job
from stt_pipeline.defs.published_tables import published_tables_asset
from stt_pipeline.defs.recordings import recordings_asset
from stt_pipeline.defs.resources import Pipeline, date_lock
from stt_pipeline.defs.retries import retries_settled_sensor
from stt_pipeline.defs.schedules import schedules
from stt_pipeline.defs.sensors import (
    late_recordings_sensor,
    shard_runs_sensor,
    week_published_sensor,
)
from stt_pipeline.defs.transcript_quality import transcript_quality_asset
from stt_pipeline.defs.transcript_shards import transcript_shards_asset
from stt_pipeline.defs.transcripts import transcripts_asset
from stt_pipeline.defs.watch import forecast_sensor
from stt_pipeline.defs.weekly_readiness import weekly_readiness_asset


def build_definitions(pipeline: Pipeline) -> dg.Definitions:
    """The five assets in the order of the flow, jobs, schedules, sensors; with shard runs, a sixth.

    A run is one process: transcription spreads over worker processes of its own.
    """
    settings = pipeline.settings
    published = with_freshness(published_tables_asset(settings), published_policy(settings))
    weekly = with_freshness(weekly_readiness_asset(settings), weekly_policy(settings))
    return dg.Definitions(
        assets=[
            recordings_asset(settings),
            *([transcript_shards_asset(settings)] if settings.shard_runs else []),
            transcripts_asset(settings),
            transcript_quality_asset(settings),
            published,
            weekly,
        ],
        jobs=[date_job, week_job, *(SHARD_JOBS if settings.shard_runs else ())],
        schedules=schedules(pipeline),
        sensors=sensors(pipeline),
        resources={"pipeline": pipeline, "date_lock": date_lock},
        executor=dg.in_process_executor,
    )


def sensors(pipeline: Pipeline) -> list[dg.SensorDefinition]:
    """Those that launch, the one that watches the deadline, those that see to failures."""
    return [
        *([shard_runs_sensor(pipeline)] if pipeline.settings.shard_runs else []),
        late_recordings_sensor(pipeline),
        week_published_sensor(pipeline),
        forecast_sensor(pipeline),
        run_failure_sensor(pipeline),
        retries_settled_sensor(),
    ]
