"""Which assets run together: a date, the parts of one whose shards are runs, and a week."""

import dagster as dg

DATE_JOB = "call_date"
FIND_JOB = "find_recordings"
SHARD_JOB = "transcribe_shard"
PUBLISH_JOB = "publish_date"
WEEK_JOB = "week"

date_job = dg.define_asset_job(
    DATE_JOB,
    selection=dg.AssetSelection.assets(
        "recordings", "transcripts", "transcript_quality", "published_tables"
    ),
    description="Takes a call date from recordings to published tables.",
)
"""The gate and what it guards are in one run."""

find_job = dg.define_asset_job(
    FIND_JOB,
    selection=dg.AssetSelection.assets("recordings"),
    description="Finds a date's recordings and plans its shards, which the sensor then launches.",
)

shard_job = dg.define_asset_job(
    SHARD_JOB,
    selection=dg.AssetSelection.assets("transcript_shards"),
    description="Transcribes one shard of a date.",
)

publish_job = dg.define_asset_job(
    PUBLISH_JOB,
    selection=dg.AssetSelection.assets("transcripts", "transcript_quality", "published_tables"),
    description="Takes a date whose shards are done to published tables.",
)

week_job = dg.define_asset_job(
    WEEK_JOB,
    selection=dg.AssetSelection.assets("weekly_readiness"),
    description="Says whether a week is ready, and writes the report for the meeting.",
)

SHARD_JOBS = (find_job, shard_job, publish_job)
"""Of the flow where STT_SHARD_RUNS makes each shard a run."""
