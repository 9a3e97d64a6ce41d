"""Whether a run that failed is repeated: by Dagster's own daemon and executor, never waited for."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.tags import AUTO_RETRY_RUN_ID_TAG, RETRY_STRATEGY_TAG
from dagster._core.test_utils import create_run_for_test, create_test_daemon_workspace_context
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import PythonFileTarget
from dagster._daemon.auto_run_reexecution.event_log_consumer import EventLogConsumerDaemon

from stt_pipeline.defs import retries
from stt_pipeline.defs.retries import REPEATS_FAILED_STEPS_TAG, WILL_RETRY_TAG, retry_expected

SITE = """
import dagster as dg

@dg.op
def breaks():
    raise ValueError("it breaks")

@dg.job
def breaking():
    breaks()

defs = dg.Definitions(jobs=[breaking])
"""


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """Repeats a run twice; starts none by itself, as its queue has no daemon."""
    settings = {
        "run_retries": {"enabled": True, "max_retries": 2},
        "run_coordinator": {
            "module": "dagster.core.run_coordinator",
            "class": "QueuedRunCoordinator",
        },
    }
    with dg.instance_for_test(overrides=settings, temp_dir=str(tmp_path)) as made:
        yield made


@pytest.fixture
def workspace(instance: dg.DagsterInstance, tmp_path: Path) -> Iterator[WorkspaceProcessContext]:
    """The code location of the site above, served as the daemon has it."""
    code = tmp_path / "site.py"
    code.write_text(SITE)
    target = PythonFileTarget(str(code), "defs", str(tmp_path), "site")
    with create_test_daemon_workspace_context(target, instance) as context:
        yield context


def look(workspace: WorkspaceProcessContext) -> None:
    """Dagster's daemon looks once at what ended since it last did."""
    list(EventLogConsumerDaemon().run_iteration(workspace))


def fail(instance: dg.DagsterInstance, workspace: WorkspaceProcessContext) -> str:
    """A run of the location's job, that failed."""
    location = workspace.create_request_context().get_code_location("site")
    [repository] = location.get_repositories().values()
    job = repository.get_full_job("breaking")
    run = create_run_for_test(
        instance,
        "breaking",
        status=dg.DagsterRunStatus.STARTED,
        tags={WILL_RETRY_TAG: "true", RETRY_STRATEGY_TAG: "ALL_STEPS"},
        remote_job_origin=job.get_remote_origin(),
    )
    instance.report_run_failed(run)
    run_id: str = run.run_id
    return run_id


def settle(instance: dg.DagsterInstance) -> str:
    """What the sensor says that it did."""
    sensor = retries.retries_settled_sensor()
    said = sensor.evaluate_tick(dg.build_sensor_context(instance)).skip_message
    assert said
    return said


def tag(instance: dg.DagsterInstance, run_id: str, name: str = WILL_RETRY_TAG) -> str | None:
    run = instance.get_run_by_id(run_id)
    assert run
    return run.tags.get(name)


def test_dagster_repeats_a_failure_that_it_looks_at(
    instance: dg.DagsterInstance, workspace: WorkspaceProcessContext
) -> None:
    look(workspace)
    run = fail(instance, workspace)
    look(workspace)
    assert tag(instance, run, AUTO_RETRY_RUN_ID_TAG)


def test_a_failure_that_dagster_passed_over_is_repeated_after_all(
    instance: dg.DagsterInstance,
    workspace: WorkspaceProcessContext,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It looked while the tag said no, as it did where a run took the tag back before it failed."""
    look(workspace)
    run = fail(instance, workspace)
    instance.add_run_tags(run, {WILL_RETRY_TAG: "false"})
    look(workspace)
    instance.add_run_tags(run, {WILL_RETRY_TAG: "true"})
    look(workspace)
    assert not tag(instance, run, AUTO_RETRY_RUN_ID_TAG)
    assert settle(instance) == "Nothing to settle."
    monkeypatch.setattr(retries, "FORGOTTEN_S", -1.0)
    assert settle(instance) == f"Failed, and is reported once more: {run}."
    look(workspace)
    repeated = tag(instance, run, AUTO_RETRY_RUN_ID_TAG)
    assert repeated
    found = instance.get_run_by_id(repeated)
    assert found
    assert (found.status, found.parent_run_id) == (dg.DagsterRunStatus.QUEUED, run)
    assert settle(instance) == "Nothing to settle."


def test_a_repetition_that_is_passed_over_is_reported_too(
    instance: dg.DagsterInstance,
    workspace: WorkspaceProcessContext,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retries, "FORGOTTEN_S", -1.0)
    look(workspace)
    first = fail(instance, workspace)
    settle(instance)
    look(workspace)
    second = tag(instance, first, AUTO_RETRY_RUN_ID_TAG)
    assert second
    found = instance.get_run_by_id(second)
    assert found
    instance.report_run_failed(found)
    assert settle(instance) == f"Failed, and is reported once more: {second}."


def test_a_failure_that_stays_unrepeated_is_not_waited_for(
    instance: dg.DagsterInstance,
    workspace: WorkspaceProcessContext,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retries, "FORGOTTEN_S", -1.0)
    run = fail(instance, workspace)
    settle(instance)
    assert settle(instance) == f"Failed, and was not repeated: {run}."
    assert tag(instance, run) == "false"
    assert settle(instance) == "Nothing to settle."


@pytest.mark.parametrize("end", [dg.DagsterEventType.RUN_SUCCESS, dg.DagsterEventType.RUN_CANCELED])
def test_a_run_that_ended_is_not_to_be_repeated(
    instance: dg.DagsterInstance, end: dg.DagsterEventType
) -> None:
    """It was, by a daemon that took its task for lost: its backfill would wait for ever."""
    ended, at_work = (
        create_run_for_test(
            instance, status=dg.DagsterRunStatus.STARTED, tags={WILL_RETRY_TAG: "true"}
        ).run_id
        for _ in range(2)
    )
    instance.report_dagster_event(dg.DagsterEvent(end.value, "any"), ended)
    assert settle(instance) == f"Ended, and will not be repeated: {ended}."
    assert (tag(instance, ended), tag(instance, at_work)) == ("false", "true")
    assert settle(instance) == "Nothing to settle."


@dg.op(required_resource_keys={"held"})
def listens() -> None:
    """Does nothing."""


@dg.op(required_resource_keys={"held"})
def breaks() -> None:
    raise ValueError("it breaks")


def run_with_word(
    instance: dg.DagsterInstance, op: dg.OpDefinition, tags: dict[str, str] | None = None
) -> bool:
    """Runs the op as runs of this project go; returns whether it ended well."""

    @dg.resource
    def held(context: dg.InitResourceContext) -> Iterator[None]:
        with retry_expected(context):
            yield

    @dg.job(resource_defs={"held": held})
    def runs() -> None:
        op()

    return runs.execute_in_process(instance=instance, raise_on_error=False, tags=tags).success


@pytest.mark.parametrize(
    ("op", "tags", "word"),
    [
        (listens, {}, "false"),
        (breaks, {}, "true"),
        (breaks, {REPEATS_FAILED_STEPS_TAG: "false"}, "false"),
    ],
)
def test_a_run_takes_its_word_back_where_it_will_not_be_repeated(
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
    op: dg.OpDefinition,
    tags: dict[str, str],
    word: str,
) -> None:
    """The daemon believes what it finds at a failure: before Dagster's own word it is this one."""
    said: list[str] = []
    add = instance.add_run_tags

    def listen(run_id: str, tags: dict[str, str]) -> None:
        said.extend(value for name, value in tags.items() if name == WILL_RETRY_TAG)
        add(run_id, tags)

    monkeypatch.setattr(instance, "add_run_tags", listen)
    assert run_with_word(instance, op, tags) == (op is listens)
    assert said == ["true", word, *(["false"] if tags else [])]


@pytest.mark.parametrize(
    ("tags", "op", "waits"),
    [
        ({"dagster/parent_run_id": "first", "dagster/backfill": "week"}, listens, True),
        ({"dagster/parent_run_id": "first", "dagster/backfill": "week"}, breaks, False),
        ({"dagster/parent_run_id": "first"}, listens, False),
        ({"dagster/backfill": "week"}, listens, False),
    ],
)
def test_a_repetition_ends_when_its_backfill_has_seen_what_it_made(
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
    tags: dict[str, str],
    op: dg.OpDefinition,
    waits: bool,
) -> None:
    """All its steps have ended by then, and the run has not."""
    waited: list[tuple[float, dg.DagsterRunStatus, int]] = []

    def wait(seconds: float) -> None:
        [run] = instance.get_runs()
        done = instance.get_run_stats(run.run_id).steps_succeeded
        waited.append((seconds, run.status, done))

    monkeypatch.setattr(retries, "sleep", wait)
    run_with_word(instance, op, tags)
    expected = [(retries.LOOK_S, dg.DagsterRunStatus.STARTED, 1)]
    assert waited == (expected if waits else [])
