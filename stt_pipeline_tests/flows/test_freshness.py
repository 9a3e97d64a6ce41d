"""What the UI says of how fresh the published and the weekly asset are."""

import datetime as dt

import dagster as dg
import pytest

from stt_pipeline.defs.flow import build_definitions
from stt_pipeline.defs.resources import Pipeline
from stt_pipeline.settings import Settings

DAY = dt.timedelta(days=1)


def policies(**settings: str) -> dict[str, object]:
    """The policy of each asset that has one."""
    definitions = build_definitions(Pipeline(Settings.model_validate(settings)))
    specs = [
        spec
        for asset in definitions.assets or []
        if isinstance(asset, dg.AssetsDefinition)
        for spec in asset.specs
    ]
    return {
        spec.key.to_user_string(): spec.freshness_policy for spec in specs if spec.freshness_policy
    }


@pytest.mark.parametrize(
    ("deadline", "daily", "weekly", "since_sweep"),
    [
        ("Mon 08:00", "0 8 * * *", "0 8 * * 1", dt.timedelta(hours=12)),
        ("Tue 12:30", "30 12 * * *", "30 12 * * 2", dt.timedelta(hours=40, minutes=30)),
    ],
)
def test_a_date_a_day_and_the_report_between_the_sweep_and_the_deadline(
    deadline: str, daily: str, weekly: str, since_sweep: dt.timedelta
) -> None:
    """The sweep is on Sunday at 20:00."""
    assert policies(deadline=deadline, timezone="Europe/Paris") == {
        "published_tables": dg.FreshnessPolicy.cron(daily, DAY, "Europe/Paris"),
        "weekly_readiness": dg.FreshnessPolicy.cron(weekly, since_sweep, "Europe/Paris"),
    }
