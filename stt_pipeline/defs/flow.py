"""The whole flow as one Definitions object, for the settings given."""

import dagster as dg

from stt_pipeline.defs.jobs import date_job, week_job
from stt_pipeline.defs.published_tables import published_tables_asset
from stt_pipeline.defs.recordings import recordings_asset
from stt_pipeline.defs.resources import Pipeline, date_lock
from stt_pipeline.defs.transcript_quality import transcript_quality_asset
from stt_pipeline.defs.transcript_shards import transcript_shards_asset
from stt_pipeline.defs.transcripts import transcripts_asset
from stt_pipeline.defs.weekly_readiness import weekly_readiness_asset


def build_definitions(pipeline: Pipeline) -> dg.Definitions:
    """The five assets in the order of the flow, with their jobs; with shard runs, a sixth.

    A run is one process: transcription spreads over worker processes of its own.
    """
    settings = pipeline.settings
    return dg.Definitions(
        assets=[
            recordings_asset(settings),
            *([transcript_shards_asset(settings)] if settings.shard_runs else []),
            transcripts_asset(settings),
            transcript_quality_asset(settings),
            published_tables_asset(settings),
            weekly_readiness_asset(settings),
        ],
        jobs=[date_job, week_job],
        resources={"pipeline": pipeline, "date_lock": date_lock},
        executor=dg.in_process_executor,
    )
