"""Which assets run together: a date, and a week."""

import dagster as dg

DATE_JOB = "call_date"
WEEK_JOB = "week"

date_job = dg.define_asset_job(
    DATE_JOB,
    selection=dg.AssetSelection.assets(
        "recordings", "transcripts", "transcript_quality", "published_tables"
    ),
    description="Takes a call date from recordings to published tables.",
)
"""The gate and what it guards are in one run."""

week_job = dg.define_asset_job(
    WEEK_JOB,
    selection=dg.AssetSelection.assets("weekly_readiness"),
    description="Says whether a week is ready, and writes the report for the meeting.",
)
