"""A date over many runs: each shard a run of its own, completeness found by name."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from stt_pipeline.defs.flow import build_definitions
from stt_pipeline.defs.resources import Pipeline
from stt_pipeline.settings import Settings
from stt_pipeline_tests.flows.conftest import MONDAY, Make, Site, empty_site, without_times

CALLS = 5
TABLES = ("recordings", "transcripts", "segments", "words", "transcript_quality")


class Runs:
    """Runs single steps of a site as a backfill does, each in a Dagster run of its own."""

    def __init__(self, site: Site, instance: dg.DagsterInstance, **settings: Any) -> None:
        """`settings` besides the site's folders."""
        self.settings = Settings(
            recordings_uri=site.recordings.as_uri(),
            lake_uri=site.lake.as_uri(),
            references_uri=site.references.as_uri(),
            models_dir=site.root / "var" / "models",
            **settings,
        )
        definitions = build_definitions(Pipeline(self.settings))
        self._assets = [
            one for one in definitions.assets or [] if isinstance(one, dg.AssetsDefinition)
        ]
        self._resources = dict(definitions.resources or {})
        self._instance = instance

    def run(self, partition: str, *assets: str) -> dg.ExecuteInProcessResult:
        """Materializes the assets of a partition in one run."""
        return dg.materialize(
            self._assets,
            selection=list(assets),
            partition_key=partition,
            resources=self._resources,
            instance=self._instance,
            raise_on_error=False,
        )


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def put_calls(site: Site, short_call: Make) -> None:
    for number in range(CALLS):
        call = short_call(number)
        site.put_call(MONDAY, f"call{number}", call.samples, call.text)


def numbers(result: dg.ExecuteInProcessResult, asset: str) -> dict[str, Any]:
    """The metadata of a materialized asset."""
    [event] = result.asset_materializations_for_node(asset)
    return {name: value.value for name, value in event.metadata.items()}


def failure(result: dg.ExecuteInProcessResult) -> str:
    """What the failed step says."""
    [event] = [event for event in result.all_events if event.is_step_failure]
    return str(event.step_failure_data.error)


def test_shards_in_runs_of_their_own_give_the_tables_of_one_run(
    tmp_path: Path, model_dir: Path, short_call: Make, instance: dg.DagsterInstance
) -> None:
    spread = empty_site(tmp_path / "spread", model_dir)
    whole = empty_site(tmp_path / "whole", model_dir)
    for site in (spread, whole):
        put_calls(site, short_call)
    assert whole.run(MONDAY).code == 0
    runs = Runs(spread, instance, shard_runs=True, max_shards=4, shard_minutes=0.4)

    found = runs.run(MONDAY, "recordings")
    planned = numbers(found, "recordings")["shards_to_run"].records
    assert len(planned) >= 2, planned
    assert sum(record.data["recordings"] for record in planned) == CALLS

    # Nothing but the first shard is done: the date does not complete, and says which is missing.
    first = numbers(runs.run(f"{MONDAY}|1", "transcript_shards"), "transcript_shards")
    assert first["transcribed_now"] == planned[0].data["recordings"]
    refused = runs.run(MONDAY, "transcripts")
    assert not refused.success
    others = ", ".join(f"{MONDAY}|{record.data['shard']}" for record in planned[1:])
    assert f"materialize transcript_shards {others} first" in failure(refused)

    for record in planned:
        result = runs.run(f"{MONDAY}|{record.data['shard']}", "transcript_shards")
        again = record.data["shard"] == 1
        figures = numbers(result, "transcript_shards")
        assert figures["reused_from_earlier_runs"] == (planned[0].data["recordings"] * again)
    rest = runs.run(MONDAY, "transcripts", "transcript_quality", "published_tables")
    assert rest.success
    assert numbers(rest, "transcripts")["transcribed_now"] == 0

    for name in TABLES:
        expected = [row | {"recording_uri": None} for row in whole.table(name, MONDAY)]
        got = [row | {"recording_uri": None} for row in spread.table(name, MONDAY)]
        assert without_times(got) == without_times(expected), name


def test_a_shard_without_a_plan_says_what_to_do(
    site: Site, short_call: Make, instance: dg.DagsterInstance
) -> None:
    put_calls(site, short_call)
    runs = Runs(site, instance, shard_runs=True, max_shards=2)
    refused = runs.run(f"{MONDAY}|1", "transcript_shards")
    assert not refused.success
    assert "has no shard plan yet: materialize recordings of the date first" in failure(refused)


def test_what_is_little_a_date_does_itself(
    site: Site, short_call: Make, instance: dg.DagsterInstance
) -> None:
    """A late recording costs one run, not one a shard."""
    put_calls(site, short_call)
    runs = Runs(site, instance, shard_runs=True, max_shards=2, shard_minutes=5.0)
    done = runs.run(MONDAY, "recordings", "transcripts", "transcript_quality", "published_tables")
    assert done.success
    assert numbers(done, "transcripts")["transcribed_now"] == CALLS
