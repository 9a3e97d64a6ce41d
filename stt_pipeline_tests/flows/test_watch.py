"""The forecast through the weekend: what it sees, what it gives, whom it tells, and how often."""

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path

import dagster as dg
import pytest

from stt_pipeline.defs.alerting import Cause, failure_alert, raise_alert, send_unsent
from stt_pipeline.defs.transcript_shards import plan_date
from stt_pipeline.domain.metrics import Metric
from stt_pipeline.domain.planning.alarm import Alert
from stt_pipeline.domain.planning.prices import Capacity
from stt_pipeline.domain.planning.shard_plan import ShardPlan
from stt_pipeline_tests.flows.lake import Lake

FRIDAY = "2026-11-20"
WEEK = [f"2026-11-{day}" for day in range(16, 23)]
DEADLINE = dt.datetime(2026, 11, 23, 7, 0, tzinfo=dt.UTC)
"""Monday 08:00 in Paris."""

UI = "https://dagster.example.com"


class Told:
    """Implements Alerts: keeps what is sent, or fails."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []
        self.fails = False

    def send(self, subject: str, text: str) -> None:
        if self.fails:
            raise OSError("no network")
        self.sent.append((subject, text))


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """A site whose week is published but for Friday, 30 h before the deadline."""
    lake = Lake(
        tmp_path,
        DEADLINE - dt.timedelta(hours=30),
        shard_runs=True,
        max_shards=8,
        shard_minutes=5.0,
        ui_url=UI,
    )
    for date in WEEK:
        lake.put(date, f"call-{date}")
        if date != FRIDAY:
            lake.publish(date)
    return lake


class Collected:
    """Implements Metrics: keeps the last value of each, by name."""

    def __init__(self) -> None:
        self.last: dict[str, float] = {}

    def emit(self, values: Mapping[Metric, Sequence[float]]) -> None:
        self.last |= {metric.name: given[-1] for metric, given in values.items()}


@pytest.fixture
def collected(lake: Lake) -> Collected:
    collected = Collected()
    lake.pipeline.__dict__["metrics"] = collected
    return collected


@pytest.fixture
def told(lake: Lake) -> Told:
    told = Told()
    lake.pipeline.__dict__["alerts"] = told
    return told


def friday_at_work(
    lake: Lake, instance: dg.DagsterInstance
) -> tuple[ShardPlan, list[dg.DagsterRun]]:
    """Friday's 400 hours of audio planned, its shards launched."""
    lake.put(FRIDAY, *(f"call{number}" for number in range(39)))
    lake.keep_ledger(FRIDAY, minutes=600.0)
    plan_date(lake.pipeline, FRIDAY, launch=True)
    lake.end(instance, lake.run(instance, "find_recordings", {"dagster/partition": FRIDAY}))
    requests, _, _ = lake.sensor("shard_runs", instance)
    plan = lake.pipeline.plans.read(FRIDAY)
    assert plan
    return plan, [lake.launched(instance, request) for request in requests]


def test_a_week_in_time_is_left_alone(lake: Lake, instance: dg.DagsterInstance, told: Told) -> None:
    plan, _ = friday_at_work(lake, instance)
    lake.clock.forward(minutes=20)
    requests, says, cursor = lake.sensor("forecast", instance)
    assert not requests
    assert "Week 2026-W47: published by Sun" in says
    assert "due Mon 08:00" in says
    assert lake.pipeline.plans.read(FRIDAY) == plan
    assert told.sent == []
    lake.clock.forward(minutes=9)
    assert "Looks again in" in lake.sensor("forecast", instance, cursor)[1]


def test_each_look_tells_the_backlog_and_the_slack(
    lake: Lake, instance: dg.DagsterInstance, collected: Collected
) -> None:
    friday_at_work(lake, instance)
    lake.clock.forward(minutes=20)
    lake.sensor("forecast", instance)
    assert collected.last["SensorLooks"] == 1
    assert collected.last["BacklogHours"] == pytest.approx(40 * 600 / 60, rel=0.01)
    assert 6 < collected.last["SlackHours"] < 30
    assert collected.last["DatesMissing"] == 0


def test_a_look_that_is_not_due_still_shows_that_the_daemon_lives(
    lake: Lake, instance: dg.DagsterInstance, collected: Collected
) -> None:
    _, _, cursor = lake.sensor("forecast", instance)
    collected.last.clear()
    lake.sensor("forecast", instance, cursor)
    assert collected.last == {"SensorLooks": 1}


def test_dates_missing_count_once_the_deadline_has_passed(
    lake: Lake, instance: dg.DagsterInstance, told: Told, collected: Collected
) -> None:
    lake.clock.now = DEADLINE + dt.timedelta(minutes=1)
    lake.sensor("forecast", instance)
    assert collected.last["DatesMissing"] == 1
    assert "SlackHours" not in collected.last
    lake.publish(FRIDAY)
    lake.clock.forward(hours=1)
    lake.sensor("forecast", instance)
    assert collected.last["DatesMissing"] == 0
    assert collected.last["BacklogHours"] == 0


def test_before_the_weekend_nothing_is_watched(lake: Lake, instance: dg.DagsterInstance) -> None:
    lake.clock.now = DEADLINE - dt.timedelta(hours=61)
    assert "is watched from 60 h before" in lake.sensor("forecast", instance)[1]


def test_a_forecast_past_the_margin_gives_more_tasks_and_alerts_once(
    lake: Lake,
    instance: dg.DagsterInstance,
    told: Told,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan, runs = friday_at_work(lake, instance)
    assert plan.tasks
    cancelled: list[str] = []
    monkeypatch.setattr(instance.run_coordinator, "cancel_run", cancelled.append)
    lake.transcribe(FRIDAY, lake.found(FRIDAY)[:4])
    lake.clock.now = DEADLINE - dt.timedelta(hours=6.2)

    lake.sensor("forecast", instance)

    anew = lake.pipeline.plans.read(FRIDAY)
    assert anew
    assert anew.tasks
    assert anew.tasks.workers > plan.tasks.workers
    assert anew.tasks.shards <= 8
    assert anew.tasks.capacity is Capacity.ON_DEMAND
    assert sum(anew.to_do) == 36, "what is done is not done again"
    assert sorted(cancelled) == sorted(run.run_id for run in runs)
    [(subject, text)] = told.sent
    assert subject.startswith(f"Week 2026-W47 is at risk: {FRIDAY} may end")
    assert f"{UI}/assets/published_tables" in text

    for run in runs:
        lake.end(instance, run, well=False)
    requests, _, _ = lake.sensor("shard_runs", instance)
    assert len(requests) == anew.tasks.shards
    assert '"FARGATE"' in requests[0].tags["ecs/run_task_kwargs"]
    lake.clock.forward(minutes=11)
    lake.sensor("forecast", instance)
    assert len(told.sent) == 1


def test_past_the_deadline_what_is_missing_is_named_once(
    lake: Lake, instance: dg.DagsterInstance, told: Told
) -> None:
    lake.put(WEEK[0], "late")
    lake.clock.now = DEADLINE + dt.timedelta(minutes=1)
    _, says, _ = lake.sensor("forecast", instance)
    [(subject, text)] = told.sent
    assert "Week 2026-W47 was due Mon 2026-11-23 08:00 and is not complete" in subject
    assert f"{WEEK[0]} (call_date={WEEK[0]}/late.wav)" in text
    assert f"{FRIDAY} (is not published: call_date={FRIDAY}/call-{FRIDAY}.wav)" in text
    assert "run the date again" in text
    assert FRIDAY in says
    lake.clock.forward(hours=1)
    lake.sensor("forecast", instance)
    assert len(told.sent) == 1


def test_a_complete_week_is_no_alert(lake: Lake, instance: dg.DagsterInstance, told: Told) -> None:
    lake.publish(FRIDAY)
    lake.clock.now = DEADLINE + dt.timedelta(minutes=1)
    lake.sensor("forecast", instance)
    assert told.sent == []


def test_a_week_before_the_first_recordings_is_no_alert(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    """A pipeline that is set up on Tuesday owes nobody the week before."""
    lake = Lake(tmp_path / "new", DEADLINE + dt.timedelta(hours=30))
    told = Told()
    lake.pipeline.__dict__["alerts"] = told
    _, says, _ = lake.sensor("forecast", instance)
    assert says == "Week 2026-W47: nothing is at work."
    assert told.sent == []


def test_one_machine_is_told_that_it_is_alone(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    lake = Lake(tmp_path / "one", DEADLINE - dt.timedelta(hours=7))
    told = Told()
    lake.pipeline.__dict__["alerts"] = told
    for date in WEEK:
        lake.put(date, f"call-{date}")
        if date != FRIDAY:
            lake.publish(date)
    lake.put(FRIDAY, *(f"call{number}" for number in range(39)))
    lake.keep_ledger(FRIDAY, minutes=600.0)
    lake.run(instance, "call_date", {"dagster/partition": FRIDAY})
    lake.sensor("forecast", instance)
    [(_, text)] = told.sent
    assert "All of it is done by one machine" in text


LATE = Alert("2026-W47 late", "Week 2026-W47 is at risk.", "Look at it.")


def test_an_alert_that_could_not_be_sent_is_sent_with_the_next_look(
    lake: Lake, instance: dg.DagsterInstance, told: Told
) -> None:
    log = dg.get_dagster_logger()
    told.fails = True
    assert raise_alert(lake.pipeline, log, LATE, link=UI)
    assert told.sent == []
    told.fails = False
    lake.clock.now = DEADLINE - dt.timedelta(hours=61)
    lake.sensor("forecast", instance)
    assert told.sent == [(LATE.sentence, f"{LATE.sentence}\n\n{LATE.remedy}\n\n{UI}")]
    send_unsent(lake.pipeline, log)
    assert not raise_alert(lake.pipeline, log, LATE)
    assert len(told.sent) == 1


def test_the_same_failure_of_a_date_is_one_condition_and_another_is_another(
    lake: Lake, instance: dg.DagsterInstance
) -> None:
    run = lake.run(instance, "call_date", {"dagster/partition": FRIDAY})
    lost = failure_alert(lake.pipeline, run, [])
    assert lost.sentence == f"The run call_date {FRIDAY} failed: its process or task was lost"
    lake.fail_gate(FRIDAY)
    gate = failure_alert(lake.pipeline, run, [Cause("DagsterAssetCheckFailedError", "1 check")])
    assert gate.sentence.startswith(f"{FRIDAY} failed its gate and is not published: wer: too many")
    assert gate.condition != lost.condition
    assert failure_alert(lake.pipeline, run, []).condition == lost.condition
