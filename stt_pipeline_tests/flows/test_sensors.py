"""The sensors over real stores, ledgers, checkpoints and runs, each looked at where it stands."""

import datetime as dt
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import dagster as dg
import pytest

from stt_pipeline.defs.resources import Pipeline
from stt_pipeline.defs.retries import WILL_RETRY_TAG
from stt_pipeline.defs.transcript_shards import plan_date
from stt_pipeline.domain.ports import ReadableStore
from stt_pipeline.domain.quality.gates import COMPLETENESS
from stt_pipeline.domain.recordings.recording import FoundObject
from stt_pipeline_tests.flows.lake import Lake

MONDAY, TUESDAY = "2026-11-16", "2026-11-17"
WEEK = [f"2026-11-{day}" for day in range(16, 23)]
TUESDAY_NOON = dt.datetime(2026, 11, 17, 11, 0, tzinfo=dt.UTC)
SUNDAY_NIGHT = dt.datetime(2026, 11, 22, 23, 0, tzinfo=dt.UTC)
"""Monday 00:00 in Paris, 8 hours before the deadline."""


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """One machine does all."""
    return Lake(tmp_path, TUESDAY_NOON)


@pytest.fixture
def sharded(tmp_path: Path) -> Lake:
    """Each shard is a run of its own."""
    return Lake(tmp_path, TUESDAY_NOON, shard_runs=True, max_shards=8, shard_minutes=5.0)


def partitions(requests: list[dg.RunRequest]) -> list[str]:
    return [str(request.partition_key) for request in requests]


# --- Late recordings -----------------------------------------------------------------------------


def processed(lake: Lake, instance: dg.DagsterInstance, *call_ids: str) -> None:
    """Monday with these calls, run and published an hour ago."""
    lake.put(MONDAY, *call_ids)
    run = lake.run(instance, "call_date", {"dagster/partition": MONDAY})
    lake.publish(MONDAY)
    lake.end(instance, run)
    lake.clock.forward(hours=1)


def test_a_late_recording_waits_for_more_and_then_its_date_runs_again(
    lake: Lake, instance: dg.DagsterInstance
) -> None:
    processed(lake, instance, "a")
    nothing, why, cursor = lake.sensor("late_recordings", instance)
    assert not nothing
    assert "nothing came late" in why

    lake.put(MONDAY, "b")
    lake.clock.forward(hours=1)
    nothing, why, cursor = lake.sensor("late_recordings", instance, cursor)
    assert not nothing
    assert "1 late recordings wait for more" in why

    lake.clock.forward(hours=3)
    lake.put(MONDAY, "c")
    assert not lake.sensor("late_recordings", instance, cursor)[0]
    lake.clock.forward(hours=1)
    asked, _, _ = lake.sensor("late_recordings", instance, cursor)
    assert partitions(asked) == [MONDAY]
    assert asked[0].job_name == "call_date"
    assert asked[0].tags["stt/asked_for"] == "2 recordings came late"
    again, _, _ = lake.sensor("late_recordings", instance, cursor)
    assert again[0].run_key == asked[0].run_key

    run = lake.launched(instance, asked[0])
    assert not lake.sensor("late_recordings", instance, cursor)[0]
    lake.publish(MONDAY)
    lake.end(instance, run)
    lake.clock.forward(hours=5)
    assert not lake.sensor("late_recordings", instance, cursor)[0]


def test_near_the_deadline_late_recordings_do_not_wait(
    lake: Lake, instance: dg.DagsterInstance
) -> None:
    lake.clock.now = SUNDAY_NIGHT - dt.timedelta(hours=1)
    processed(lake, instance, "a")
    lake.put(MONDAY, "b")
    assert partitions(lake.sensor("late_recordings", instance)[0]) == [MONDAY]


def test_a_recording_whose_bytes_grew_is_late_as_well(
    lake: Lake, instance: dg.DagsterInstance
) -> None:
    lake.clock.now = SUNDAY_NIGHT - dt.timedelta(hours=1)
    processed(lake, instance, "a")
    (lake.root / "recordings" / f"call_date={MONDAY}" / "a.wav").write_text("more than before")
    assert partitions(lake.sensor("late_recordings", instance)[0]) == [MONDAY]


def test_the_sensor_looks_no_more_often_than_the_deadline_asks(
    lake: Lake, instance: dg.DagsterInstance
) -> None:
    """Days before it every half hour, in its last two hours every two minutes."""
    _, _, cursor = lake.sensor("late_recordings", instance)
    lake.clock.forward(minutes=29)
    assert "Looks again in 60 s" in lake.sensor("late_recordings", instance, cursor)[1]
    lake.clock.now = SUNDAY_NIGHT + dt.timedelta(hours=7)
    _, _, cursor = lake.sensor("late_recordings", instance)
    lake.clock.forward(minutes=2)
    assert "Looks again" not in lake.sensor("late_recordings", instance, cursor)[1]


class Counted:
    """A store that counts listings, and objects that are opened."""

    def __init__(self, store: ReadableStore) -> None:
        self._store = store
        self.walked = self.opened = 0

    def walk(self, prefix: str, skip: Callable[[str], bool]) -> Iterator[FoundObject]:
        self.walked += 1
        return self._store.walk(prefix, skip)

    def etag(self, found: FoundObject) -> str:
        self.opened += 1
        return self._store.etag(found)

    def open(self, key: str) -> BinaryIO:
        self.opened += 1
        return self._store.open(key)

    def uri(self, key: str) -> str:
        return self._store.uri(key)


def test_one_look_lists_a_date_once(lake: Lake, instance: dg.DagsterInstance) -> None:
    """However many recordings it has."""
    for date in (MONDAY, "2026-11-09"):
        lake.put(date, *(f"{date}-{number}" for number in range(20)))
        lake.publish(date)
    store = Counted(lake.pipeline.recordings)
    lake.pipeline.__dict__["recordings"] = store
    lake.sensor("late_recordings", instance)
    assert store.walked == 8, "Monday to Sunday of the week before, and Monday"
    assert not store.opened


def test_a_date_that_a_run_left_unfinished_is_asked_for_after_an_hour(
    lake: Lake, instance: dg.DagsterInstance
) -> None:
    lake.put(MONDAY, "a", "b")
    assert not lake.sensor("late_recordings", instance)[0], "no tick asked for it yet"
    tags = {"dagster/partition": MONDAY, "stt/finished": "0"}
    lake.end(instance, lake.run(instance, "call_date", tags), well=False)
    lake.clock.forward(minutes=59)
    assert not lake.sensor("late_recordings", instance)[0]
    lake.clock.forward(minutes=2)
    [asked], _, _ = lake.sensor("late_recordings", instance)
    assert asked.partition_key == MONDAY
    second = lake.launched(instance, asked)
    lake.end(instance, second, well=False)
    lake.clock.forward(minutes=61)
    [next_one], _, _ = lake.sensor("late_recordings", instance)
    assert next_one.run_key != asked.run_key


def test_a_date_whose_run_got_somewhere_is_asked_for_at_once(
    lake: Lake, instance: dg.DagsterInstance
) -> None:
    lake.put(MONDAY, "a", "b")
    tags = {"dagster/partition": MONDAY, "stt/finished": "0"}
    run = lake.run(instance, "call_date", tags)
    lake.transcribe(MONDAY, lake.keep_ledger(MONDAY)[:1])
    lake.end(instance, run, well=False)
    lake.clock.forward(minutes=1)
    [asked], _, _ = lake.sensor("late_recordings", instance)
    assert (asked.partition_key, asked.tags["stt/finished"]) == (MONDAY, "1")


def test_a_run_that_dagster_repeats_is_left_to_it(lake: Lake, instance: dg.DagsterInstance) -> None:
    lake.put(MONDAY, "a")
    run = lake.run(instance, "call_date", {"dagster/partition": MONDAY})
    lake.end(instance, run, well=False)
    instance.add_run_tags(run.run_id, {WILL_RETRY_TAG: "true"})
    lake.clock.forward(hours=2)
    assert not lake.sensor("late_recordings", instance)[0]
    instance.add_run_tags(run.run_id, {WILL_RETRY_TAG: "false"})
    assert lake.sensor("late_recordings", instance)[0]


@pytest.mark.parametrize(("check", "asks"), [("wer", False), (COMPLETENESS, True)])
def test_a_date_whose_gate_failed_is_a_persons_until_something_changes(
    lake: Lake, instance: dg.DagsterInstance, check: str, asks: bool
) -> None:
    lake.put(MONDAY, "a")
    lake.end(instance, lake.run(instance, "call_date", {"dagster/partition": MONDAY}), well=False)
    lake.fail_gate(MONDAY, check)
    lake.clock.forward(hours=2)
    assert bool(lake.sensor("late_recordings", instance)[0]) is asks
    lake.put(MONDAY, "b")
    assert lake.sensor("late_recordings", instance)[0]


# --- Shards as runs ------------------------------------------------------------------------------


def planned(
    lake: Lake, instance: dg.DagsterInstance, calls: int = 6, minutes: float = 600.0
) -> dg.DagsterRun:
    """Monday's recordings found and planned, by the job that does so; its run has ended."""
    lake.put(MONDAY, *(f"call{number}" for number in range(calls)))
    run = lake.run(instance, "find_recordings", {"dagster/partition": MONDAY})
    lake.keep_ledger(MONDAY, minutes)
    plan_date(lake.pipeline, MONDAY, launch=True)
    return run


def shards(requests: list[dg.RunRequest]) -> list[str]:
    return [request.tags["dagster/partition/shard"] for request in requests]


def test_a_plan_reads_the_ledger_and_the_results_of_its_date_once(
    sharded: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    sharded.put(MONDAY, "a", "b")
    sharded.keep_ledger(MONDAY)
    asked: list[str] = []

    def counted(cls: type, name: str) -> None:
        own = getattr(cls, name)

        def count(self: object, date: str) -> object:
            if date == MONDAY:
                asked.append(name)
            return own(self, date)

        monkeypatch.setattr(cls, name, count)

    counted(Pipeline, "ledger")
    counted(Pipeline, "results")
    assert plan_date(sharded.pipeline, MONDAY, launch=True)
    assert asked == ["ledger", "results"]


def test_with_shard_runs_a_tick_only_finds_and_plans(
    sharded: Lake, instance: dg.DagsterInstance
) -> None:
    night = dt.datetime(2026, 11, 16, 23, 30, tzinfo=dt.UTC)
    sharded.put(MONDAY, "a")
    [request], _ = sharded.schedule("nightly", night, instance)
    assert request.job_name == "find_recordings"
    assert (request.tags["ecs/cpu"], request.tags["ecs/memory"]) == ("2048", "4096")


def test_shards_are_launched_then_waited_for_then_the_date_is_published(
    sharded: Lake, instance: dg.DagsterInstance
) -> None:
    finding = planned(sharded, instance)
    assert not sharded.sensor("shard_runs", instance)[0], "the plan may still change"
    sharded.end(instance, finding)

    requests, _, _ = sharded.sensor("shard_runs", instance)
    plan = sharded.pipeline.plans.read(MONDAY)
    assert plan
    assert plan.tasks
    assert shards(requests) == [str(number) for number in range(1, plan.tasks.shards + 1)]
    assert {request.job_name for request in requests} == {"transcribe_shard"}
    assert len({request.run_key for request in requests}) == len(requests)
    for request in requests:
        assert request.tags["ecs/cpu"] == str(plan.tasks.size.vcpus * 1024)
        strategy = json.loads(request.tags["ecs/run_task_kwargs"])["capacityProviderStrategy"]
        assert strategy == [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]

    runs = [sharded.launched(instance, request) for request in requests]
    nothing, why, _ = sharded.sensor("shard_runs", instance)
    assert not nothing
    assert f"{MONDAY}: {len(runs)} of its shards are at work" in why
    assert not sharded.sensor("late_recordings", instance)[0]
    night = dt.datetime(2026, 11, 17, 23, 30, tzinfo=dt.UTC)
    asked, _ = sharded.schedule("nightly", night, instance)
    assert MONDAY not in partitions(asked)

    sharded.transcribe(MONDAY, sharded.found(MONDAY))
    for run in runs:
        sharded.end(instance, run)
    [publish], _, _ = sharded.sensor("shard_runs", instance)
    assert (publish.job_name, publish.partition_key) == ("publish_date", MONDAY)
    publishing = sharded.launched(instance, publish)
    assert not sharded.sensor("shard_runs", instance)[0]
    sharded.publish(MONDAY)
    sharded.end(instance, publishing)
    assert not sharded.sensor("shard_runs", instance)[0]


def test_a_daemon_that_died_in_the_middle_of_a_launch_launches_the_rest(
    sharded: Lake, instance: dg.DagsterInstance
) -> None:
    sharded.clock.now = SUNDAY_NIGHT + dt.timedelta(hours=5)
    sharded.end(instance, planned(sharded, instance, calls=40, minutes=600.0))
    requests, _, _ = sharded.sensor("shard_runs", instance)
    assert len(requests) > 2
    sharded.launched(instance, requests[1])
    rest, _, _ = sharded.sensor("shard_runs", instance)
    keys = [request.run_key for request in requests]
    assert [request.run_key for request in rest] == [keys[0], *keys[2:]]


def test_a_shard_whose_run_failed_for_good_is_planned_anew_with_what_is_left(
    sharded: Lake, instance: dg.DagsterInstance
) -> None:
    sharded.end(instance, planned(sharded, instance))
    requests, _, _ = sharded.sensor("shard_runs", instance)
    runs = [sharded.launched(instance, request) for request in requests]
    sharded.clock.forward(hours=1)
    done = sharded.found(MONDAY)[:3]
    sharded.transcribe(MONDAY, done)
    for run in runs:
        sharded.end(instance, run, well=False)
    nothing, why, _ = sharded.sensor("shard_runs", instance)
    assert not nothing
    assert "3 recordings have no result, and runs of their shards failed" in why

    sharded.clock.forward(minutes=1)
    [again], _, _ = sharded.sensor("late_recordings", instance)
    assert (again.job_name, again.partition_key) == ("find_recordings", MONDAY)
    planned(sharded, instance)
    plan = sharded.pipeline.plans.read(MONDAY)
    assert plan
    assert sum(plan.to_do) == 3


def test_a_plan_of_a_backfill_or_of_another_engine_is_left_alone(
    sharded: Lake, instance: dg.DagsterInstance
) -> None:
    sharded.end(instance, planned(sharded, instance))
    plan_date(sharded.pipeline, MONDAY, launch=False)
    assert not sharded.sensor("shard_runs", instance)[0]

    other = Lake(
        sharded.root / "other", TUESDAY_NOON, shard_runs=True, max_shards=8, compute_type="float32"
    )
    other.end(instance, planned(other, instance))
    plan = other.pipeline.plans.read(MONDAY)
    assert plan
    sharded.pipeline.plans.write(MONDAY, plan)
    assert not sharded.sensor("shard_runs", instance)[0]
    assert other.sensor("shard_runs", instance)[0]


def test_what_is_little_is_left_to_the_publishing_run(
    sharded: Lake, instance: dg.DagsterInstance
) -> None:
    sharded.end(instance, planned(sharded, instance, calls=2, minutes=2.0))
    [request], _, _ = sharded.sensor("shard_runs", instance)
    assert request.job_name == "publish_date"


# --- The week's report ---------------------------------------------------------------------------


def test_the_report_is_made_once_for_each_state_of_the_week(
    lake: Lake, instance: dg.DagsterInstance
) -> None:
    for date in WEEK:
        lake.put(date, f"call-{date}")
        lake.publish(date)
    assert "2026-W46 was ever judged" in lake.sensor("week_published", instance)[1]
    lake.clock.forward(days=1)
    assert "2026-W47 has not ended" in lake.sensor("week_published", instance)[1]
    lake.clock.now = SUNDAY_NIGHT
    run = lake.run(instance, "call_date", {"dagster/partition": WEEK[6]})
    assert f"At work: {WEEK[6]}" in lake.sensor("week_published", instance)[1]
    lake.end(instance, run)
    [request], _, cursor = lake.sensor("week_published", instance)
    assert request.partition_key == MONDAY
    assert "changed since its report" in lake.sensor("week_published", instance, cursor)[1]
    lake.put(WEEK[6], "late")
    lake.publish(WEEK[6])
    [again], _, _ = lake.sensor("week_published", instance, cursor)
    assert again.run_key != request.run_key
