"""When the published and the weekly asset count as stale in the UI. Launches and alerts nothing.

A policy is of a whole asset: it cannot say that one date is missing, as the forecast does.
"""

import datetime as dt

import dagster as dg

from stt_pipeline.domain.planning.deadline import Deadline
from stt_pipeline.domain.planning.ticks import SWEEP
from stt_pipeline.settings import Settings

DAY = dt.timedelta(days=1)


def published_policy(settings: Settings) -> dg.FreshnessPolicy:
    """Some date is published between each time of the deadline and that of the day before."""
    time = Deadline.parse(settings.deadline).time
    return dg.FreshnessPolicy.cron(
        deadline_cron=f"{time.minute} {time.hour} * * *",
        lower_bound_delta=DAY,
        timezone=settings.timezone,
    )


def weekly_policy(settings: Settings) -> dg.FreshnessPolicy:
    """The report is made between Sunday evening's sweep and the deadline."""
    deadline = Deadline.parse(settings.deadline)
    time = deadline.time
    of_day = dt.timedelta(hours=time.hour, minutes=time.minute)
    since_sweep = deadline.weekday * DAY + of_day + DAY - dt.timedelta(hours=SWEEP.hour)
    return dg.FreshnessPolicy.cron(
        deadline_cron=f"{time.minute} {time.hour} * * {(deadline.weekday + 1) % 7}",
        lower_bound_delta=since_sweep,
        timezone=settings.timezone,
    )


def with_freshness(asset: dg.AssetsDefinition, policy: dg.FreshnessPolicy) -> dg.AssetsDefinition:
    """The same asset with the policy."""
    return asset.map_asset_specs(lambda spec: spec.replace_attributes(freshness_policy=policy))
