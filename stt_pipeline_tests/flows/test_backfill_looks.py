"""How a backfill of Dagster looks at its runs, where our settings and `defs/retries.py` need it."""

import datetime as dt
import logging
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._core.events import StepMaterializationData
from dagster._core.execution import asset_backfill
from dagster._core.execution.backfill import PartitionBackfill
from dagster._core.test_utils import create_run_for_test, create_test_daemon_workspace_context
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import PythonFileTarget
from dagster._daemon.backfill import execute_backfill_iteration

ENVIRONMENT = yaml.safe_load(Path("deploy/environment.yaml").read_text())
SUCCESS = dg.DagsterEventType.RUN_SUCCESS
OFFSET = "ASSET_BACKFILL_CURSOR_OFFSET"
SITE = """
import dagster as dg

days = dg.StaticPartitionsDefinition(["monday"])

@dg.asset(partitions_def=days)
def calls():
    pass

defs = dg.Definitions([calls])
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[WorkspaceProcessContext]:
    """A code location as the daemon has it; its runs are queued, and the tests end them."""
    code = tmp_path / "site.py"
    code.write_text(SITE)
    queue = {"module": "dagster.core.run_coordinator", "class": "QueuedRunCoordinator"}
    with dg.instance_for_test(
        overrides={"run_coordinator": queue}, temp_dir=str(tmp_path)
    ) as instance:
        target = PythonFileTarget(str(code), "defs", str(tmp_path), "site")
        with create_test_daemon_workspace_context(target, instance) as context:
            yield context


def launch(workspace: WorkspaceProcessContext) -> None:
    backfill = PartitionBackfill.from_asset_partitions(
        backfill_id="week",
        asset_graph=workspace.create_request_context().asset_graph,
        partition_names=["monday"],
        asset_selection=[dg.AssetKey("calls")],
        backfill_timestamp=dt.datetime.now(dt.UTC).timestamp(),
        tags={},
        dynamic_partitions_store=workspace.instance,
        all_partitions=False,
        title=None,
        description=None,
        run_config=None,
    )
    workspace.instance.add_backfill(backfill)


def look(workspace: WorkspaceProcessContext) -> str:
    """The backfill daemon looks once; returns the status of the backfill."""
    list(execute_backfill_iteration(workspace, logging.getLogger("look")))
    backfill = workspace.instance.get_backfill("week")
    assert backfill
    return str(backfill.status.value)


def requested(instance: dg.DagsterInstance) -> dg.DagsterRun:
    """The one run that the backfill asked for."""
    [run] = instance.get_runs()
    return run


def make(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    """The run makes its part, and ends well."""
    made = StepMaterializationData(dg.AssetMaterialization("calls", partition="monday"))
    for kind, what in ((dg.DagsterEventType.ASSET_MATERIALIZATION, made), (SUCCESS, None)):
        event = dg.DagsterEvent(kind.value, run.job_name, event_specific_data=what)
        instance.report_dagster_event(event, run.run_id)


@pytest.mark.parametrize(
    ("offset", "status"),
    [(ENVIRONMENT[OFFSET], "COMPLETED_SUCCESS"), ("0", "COMPLETED_FAILED")],
)
def test_what_postgres_shows_late_is_not_missed(
    workspace: WorkspaceProcessContext, monkeypatch: pytest.MonkeyPatch, offset: str, status: str
) -> None:
    """A look goes on to an event that was written later and shown first."""
    monkeypatch.setenv(OFFSET, offset)
    launch(workspace)
    look(workspace)
    instance = workspace.instance
    log = instance.event_log_storage
    newest = log.get_maximum_record_id() or 0
    with monkeypatch.context() as patch:
        patch.setattr(log, "get_maximum_record_id", lambda: newest + 100)
        assert look(workspace) == "REQUESTED"
    make(instance, requested(instance))
    look(workspace)
    assert look(workspace) == status


def test_a_repetition_that_ends_within_a_look_counts_for_nothing(
    workspace: WorkspaceProcessContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Why ours end later: see `retries.LOOK_S`. If this fails, Dagster needs that no more."""
    launch(workspace)
    look(workspace)
    instance = workspace.instance
    lost = requested(instance)
    instance.report_run_failed(lost)
    tags = {"dagster/auto_retry_run_id": "the next", "dagster/will_retry": "true"}
    instance.add_run_tags(lost.run_id, tags)
    repeated = create_run_for_test(
        instance, lost.job_name, status=dg.DagsterRunStatus.STARTED, tags=dict(lost.tags)
    )
    assert look(workspace) == "REQUESTED"
    ask = asset_backfill.backfill_runs_are_complete

    def ask_later(backfill: str, instance: dg.DagsterInstance, logger: logging.Logger) -> bool:
        make(instance, repeated)
        return ask(backfill, instance, logger)

    monkeypatch.setattr(asset_backfill, "backfill_runs_are_complete", ask_later)
    assert look(workspace) == "COMPLETED_FAILED"
