"""What cannot make the deadline with the most tasks is left to the paid engine, and only that."""

import datetime as dt
import logging
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from stt_pipeline import wiring
from stt_pipeline.defs.fallback import hand_over_late
from stt_pipeline.defs.tasks import recordings_of
from stt_pipeline.defs.transcript_shards import plan_date
from stt_pipeline.domain.planning.fallback import price_usd
from stt_pipeline_tests.flows.lake import Lake
from stt_pipeline_tests.flows.test_watch import DEADLINE, FRIDAY

CALLS = 400
HOUR = 60.0


def a_late_friday(root: Path, **settings: Any) -> Lake:
    """Friday's 400 hours of calls, 66 minutes before the deadline, at most one task."""
    before = dt.timedelta(minutes=66)
    given = {"shard_runs": True, "fallback_for": ("failed", "late"), "max_shards": 1} | settings
    lake = Lake(root, DEADLINE - before, fallback="amazon-transcribe", languages=("en",), **given)
    lake.put(FRIDAY, *(f"call{number}" for number in range(CALLS)))
    lake.keep_ledger(FRIDAY, minutes=HOUR)
    return lake


def marked(lake: Lake) -> set[str]:
    return wiring.handed_over(lake.settings, dt.date.fromisoformat(FRIDAY)).read()


def at_work(lake: Lake, instance: dg.DagsterInstance) -> list[dg.DagsterRun]:
    plan_date(lake.pipeline, FRIDAY, launch=True)
    lake.end(instance, lake.run(instance, "find_recordings", {"dagster/partition": FRIDAY}))
    requests, _, _ = lake.sensor("shard_runs", instance)
    return [lake.launched(instance, request) for request in requests]


def test_tasks_are_planned_anew_without_what_would_be_late(
    tmp_path: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = a_late_friday(tmp_path, fallback_budget_usd=1000.0)
    runs = at_work(lake, instance)
    cancelled: list[str] = []
    monkeypatch.setattr(instance.run_coordinator, "cancel_run", cancelled.append)
    lake.sensor("forecast", instance)

    left = marked(lake)
    assert 0 < len(left) < CALLS
    plan = lake.pipeline.plans.read(FRIDAY)
    assert plan is not None
    assert sum(plan.to_do) == CALLS - len(left)
    assert cancelled == [run.run_id for run in runs]
    rest = recordings_of(lake.pipeline, FRIDAY).missing
    assert not {recording.etag for recording in rest} & left

    lake.clock.forward(minutes=11)
    lake.sensor("forecast", instance)
    assert marked(lake) >= left


@pytest.mark.parametrize(
    ("settings", "calls"),
    [
        ({"fallback_budget_usd": 3.60}, 10),
        ({"fallback_budget_usd": 0.0}, 0),
        ({"fallback_budget_usd": 1000.0, "fallback_for": ("failed",)}, 0),
        ({"fallback_budget_usd": 1000.0, "max_shards": 8}, 0),
    ],
)
def test_no_more_is_left_than_is_paid_for_allowed_and_needed(
    tmp_path: Path, instance: dg.DagsterInstance, settings: dict[str, Any], calls: int
) -> None:
    lake = a_late_friday(tmp_path, **settings)
    at_work(lake, instance)
    lake.sensor("forecast", instance)
    assert len(marked(lake)) == calls


def test_one_machine_leaves_what_it_cannot_read_in_time(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lake = a_late_friday(tmp_path, shard_runs=False, fallback_budget_usd=20.0)
    missing = recordings_of(lake.pipeline, FRIDAY).missing
    chosen = hand_over_late(logging.getLogger(), lake.pipeline, FRIDAY, missing)
    assert {recording.etag for recording in chosen} == marked(lake)
    assert price_usd(chosen) == pytest.approx(19.8)
    assert "cannot make the deadline: left to amazon-transcribe" in caplog.text

    lake.clock.now = DEADLINE - dt.timedelta(days=4)
    assert hand_over_late(logging.getLogger(), lake.pipeline, FRIDAY, missing[:5]) == []
