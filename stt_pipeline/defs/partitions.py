"""The partitions of every asset. Nothing else."""

import datetime as dt

import dagster as dg

from stt_pipeline.domain.call_dates import monday_of, week_of
from stt_pipeline.settings import Settings

CALL_DATE, SHARD = "call_date", "shard"
"""The dimensions of a shard's partition."""


def call_dates(settings: Settings) -> dg.DailyPartitionsDefinition:
    """One partition a call date, in STT_TIMEZONE; today is the last, still filling."""
    return dg.DailyPartitionsDefinition(
        start_date=settings.first_date.isoformat(), timezone=settings.timezone, end_offset=1
    )


def call_date_shards(settings: Settings) -> dg.MultiPartitionsDefinition:
    """One partition a call date and shard, such as `2026-11-20|3`: 1 to STT_MAX_SHARDS."""
    shards = [str(number) for number in range(1, settings.max_shards + 1)]
    return dg.MultiPartitionsDefinition(
        {CALL_DATE: call_dates(settings), SHARD: dg.StaticPartitionsDefinition(shards)}
    )


def shards_of_a_date() -> dg.MultiToSingleDimensionPartitionMapping:
    """A date is made of all its shards, and each shard of its date."""
    return dg.MultiToSingleDimensionPartitionMapping(CALL_DATE)


def call_weeks(settings: Settings) -> dg.WeeklyPartitionsDefinition:
    """One partition a week, Monday to Sunday, keyed by its Monday; this week is the last."""
    return dg.WeeklyPartitionsDefinition(
        start_date=settings.first_date.isoformat(),
        timezone=settings.timezone,
        day_offset=1,
        end_offset=1,
    )


def week_key(week: str) -> str:
    """The partition key of an ISO week: `2026-W47` is `2026-11-16`."""
    return monday_of(week).isoformat()


def week_of_key(key: str) -> str:
    """The ISO week of a partition key."""
    return week_of(dt.date.fromisoformat(key))
