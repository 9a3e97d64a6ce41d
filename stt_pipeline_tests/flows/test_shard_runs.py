"""A date from its tick to its tables, each run launched as the schedule and the sensor ask for it.

Real runs of real calls in one process; the daemon's part, to launch what is asked, is played here.
"""

import datetime as dt

import dagster as dg

from stt_pipeline.defs.flow import build_definitions
from stt_pipeline.defs.resources import Pipeline
from stt_pipeline.settings import Settings
from stt_pipeline_tests.flows.conftest import MONDAY, Make, Site
from stt_pipeline_tests.flows.lake import Clock

NIGHT = dt.datetime(2026, 11, 16, 23, 30, tzinfo=dt.UTC)
CALLS = 3


class Daemon:
    """Evaluates schedules and sensors, and runs what they ask for, one after the other."""

    def __init__(self, site: Site, instance: dg.DagsterInstance) -> None:
        settings = Settings(
            recordings_uri=site.recordings.as_uri(),
            lake_uri=site.lake.as_uri(),
            references_uri=site.references.as_uri(),
            models_dir=site.root / "var" / "models",
            shard_runs=True,
            max_shards=4,
            shard_minutes=0.1,
        )
        self.pipeline = Pipeline(settings, now=Clock(NIGHT))
        self.definitions = build_definitions(self.pipeline)
        self.repository = self.definitions.get_repository_def()
        self.instance = instance

    def tick(self) -> list[dg.RunRequest]:
        context = dg.build_schedule_context(
            instance=self.instance,
            scheduled_execution_time=NIGHT,
            repository_def=self.repository,
        )
        data = self.repository.get_schedule_def("nightly").evaluate_tick(context)
        return list(data.run_requests or [])

    def look(self) -> list[dg.RunRequest]:
        context = dg.build_sensor_context(instance=self.instance, repository_def=self.repository)
        data = self.repository.get_sensor_def("shard_runs").evaluate_tick(context)
        return list(data.run_requests or [])

    def run(self, request: dg.RunRequest) -> dg.ExecuteInProcessResult:
        assert request.job_name
        return self.definitions.resolve_job_def(request.job_name).execute_in_process(
            instance=self.instance,
            partition_key=request.partition_key,
            tags=dict(request.tags),
            raise_on_error=False,
        )


def test_a_date_goes_from_its_tick_to_its_tables(
    site: Site, short_call: Make, instance: dg.DagsterInstance
) -> None:
    for number in range(CALLS):
        call = short_call(number)
        site.put_call(MONDAY, f"call{number}", call.samples, call.text)
    daemon = Daemon(site, instance)

    [find] = daemon.tick()
    assert daemon.look() == []
    assert daemon.run(find).success
    plan = daemon.pipeline.plans.read(MONDAY)
    assert plan
    assert plan.launch
    assert sum(plan.to_do) == CALLS

    shards = daemon.look()
    assert [request.partition_key for request in shards] == [
        f"{MONDAY}|{number}" for number in plan.worth_a_run
    ]
    assert all(daemon.run(request).success for request in shards)
    assert len(site.checkpoints()) == CALLS

    [publish] = daemon.look()
    assert daemon.run(publish).success
    assert daemon.look() == []
    calls = [f"call{number}" for number in range(CALLS)]
    assert [row["call_id"] for row in site.table("transcripts", MONDAY)] == calls

    late = short_call(CALLS)
    site.put_call(MONDAY, f"call{CALLS}", late.samples, late.text)
    [again] = daemon.tick()
    assert daemon.run(again).success
    for request in daemon.look():
        result = daemon.run(request)
        assert result.success
    for request in daemon.look():
        assert daemon.run(request).success
    rows = site.table("transcripts", MONDAY)
    assert [row["call_id"] for row in rows] == [*calls, f"call{CALLS}"]
    plan = daemon.pipeline.plans.read(MONDAY)
    assert plan
    assert sum(plan.to_do) == 1, "only the late call was transcribed"


def test_a_run_that_no_tick_asked_for_leaves_its_shards_to_whoever_did(
    site: Site, short_call: Make, instance: dg.DagsterInstance
) -> None:
    """As a backfill's: its runs of recordings are of no job of ours."""
    call = short_call(0)
    site.put_call(MONDAY, "call0", call.samples, call.text)
    daemon = Daemon(site, instance)
    assets = [a for a in daemon.definitions.assets or [] if isinstance(a, dg.AssetsDefinition)]
    found = dg.materialize(
        assets,
        selection=["recordings"],
        partition_key=MONDAY,
        resources=dict(daemon.definitions.resources or {}),
        instance=instance,
        tags={"dagster/backfill": "abcdefgh"},
    )
    assert found.success
    plan = daemon.pipeline.plans.read(MONDAY)
    assert plan
    assert not plan.launch
    assert daemon.look() == []
