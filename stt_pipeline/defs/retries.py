"""Dagster's word on a run that it will be repeated: said in time, and taken back. Repeats nothing.

Dagster (1.13.27) writes the tag just after a run has failed. A backfill that looks between the two
takes the run's partitions for given up, ends, and so forbids that the run is repeated. So a run
carries the tag for as long as its task may be lost, or a step of it has failed. A run that succeeds
with it is repeated in vain, and its backfill waits for the repetition for ever: what takes the tag
back, here or in Dagster, may meet the end of its task or a lost connection, and a task that was
given up may end well after all. A sensor takes it back then.

The daemon looks once at a failure, and passes over a run that then says it will not be repeated, or
whose event another, later one overtook in Postgres. Its backfill waits for a repetition that nobody
begins. The sensor reports such a failure once more; if that brings no repetition either, it takes
the tag back, so that the backfill ends and says which partitions failed.

A backfill looks first at what its runs have made, and at the end of the same look at whether any is
still at work. A repetition that makes its part and ends between the two leaves it with the failure
alone: it ends as failed, and never begins what depends on that part. So a repetition stays at work
for longer than such a look lasts.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import sleep

import dagster as dg

WILL_RETRY_TAG = "dagster/will_retry"
"""Dagster's own word on a run that failed: it is going to be repeated."""

REPEATS_FAILED_STEPS_TAG = "dagster/retry_on_asset_or_op_failure"
"""Says of one run what `run_retries` in dagster.yaml says of all."""

BACKFILL_TAG, PARENT_TAG = "dagster/backfill", "dagster/parent_run_id"

REPORTED_AGAIN_TAG = "stt/failure_reported_again"
"""Names the failed run that Dagster was told of again; a repetition inherits it, and differs."""

FORGOTTEN_S = 300.0
"""Seconds after which a repetition that was not begun never will be; Dagster takes seconds."""

RECENT = dt.timedelta(days=7)
"""Runs that failed before are not looked at: no backfill waits so long."""

LOOK_S = 30.0
"""Longer than a backfill's look, which took up to 8 s with 15 of them on two busy CPUs."""

RETRIES_SETTLED = "retries_settled"


@contextmanager
def retry_expected(context: dg.InitResourceContext) -> Iterator[None]:
    """Tags the run as one that will be repeated, and takes it back where it surely will not be.

    Where a step failed, Dagster says its own word just after the run's failure, and who looks
    between the two believes what was said before: after a "false" the failure is never repeated,
    after a "true" always, also where Dagster is set to repeat no failed step. A repetition in a
    backfill that made its part ends `LOOK_S` later.
    """
    instance = context.instance
    if context.run is None or instance is None or not instance.run_retries_enabled:
        yield
        return
    instance.add_run_tags(context.run.run_id, {WILL_RETRY_TAG: "true"})
    try:
        yield
    finally:
        has_failed = bool(instance.get_run_stats(context.run.run_id).steps_failed)
        if not has_failed:
            _outlast_a_look(instance, context.run.run_id)
        if not (has_failed and _repeats_failed_steps(instance, context.run)):
            instance.add_run_tags(context.run.run_id, {WILL_RETRY_TAG: "false"})


def _repeats_failed_steps(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Whether a failed step is a reason to repeat this run: its tag, or else the instance's."""
    said = run.tags.get(REPEATS_FAILED_STEPS_TAG)
    if said is None:
        return bool(instance.run_retries_retry_on_asset_or_op_failure)
    return said.lower() == "true"


def _outlast_a_look(instance: dg.DagsterInstance, run_id: str) -> None:
    """Waits where the run is in place of one of its backfill that failed; a cancelled one goes."""
    run = instance.get_run_by_id(run_id)
    if run is None or run.status is not dg.DagsterRunStatus.STARTED:
        return
    if {BACKFILL_TAG, PARENT_TAG} <= run.tags.keys():
        said = f"All is made. Ends in {LOOK_S:g} s, so that its backfill sees it first."
        instance.report_engine_event(said, run)
        sleep(LOOK_S)


def retries_settled_sensor() -> dg.SensorDefinition:
    """Takes back a repetition that will not be, and asks again for one that has not begun."""

    def evaluate(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        instance = context.instance
        ended, forgotten = _ended(instance), _forgotten(instance)
        given_up = [run for run in forgotten if _was_reported_again(run)]
        again = [run for run in forgotten if not _was_reported_again(run)]
        for run in (*ended, *given_up):
            instance.add_run_tags(run.run_id, {WILL_RETRY_TAG: "false"})
        for run in again:
            instance.add_run_tags(run.run_id, {REPORTED_AGAIN_TAG: run.run_id})
            instance.report_run_failed(
                run, "It failed before, and Dagster has not repeated it yet."
            )
        found = {
            "Ended, and will not be repeated": ended,
            "Failed, and was not repeated": given_up,
            "Failed, and is reported once more": again,
        }
        said = [
            f"{what}: {', '.join(run.run_id for run in runs)}."
            for what, runs in found.items()
            if runs
        ]
        return dg.SkipReason(" ".join(said) or "Nothing to settle.")

    return dg.SensorDefinition(
        name=RETRIES_SETTLED,
        evaluation_fn=evaluate,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Takes back that a run will be repeated where it ended well or was stopped, "
        "and reports a failure once more where Dagster passed it over, so that no backfill waits "
        "for ever. Launches nothing itself.",
    )


def _ended(instance: dg.DagsterInstance) -> Sequence[dg.DagsterRun]:
    ended = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.CANCELED]
    return instance.get_runs(dg.RunsFilter(statuses=ended, tags={WILL_RETRY_TAG: "true"}))


def _was_reported_again(run: dg.DagsterRun) -> bool:
    return run.tags.get(REPORTED_AGAIN_TAG) == run.run_id


def _forgotten(instance: dg.DagsterInstance) -> list[dg.DagsterRun]:
    now = dt.datetime.now(dt.UTC)
    failed = dg.RunsFilter(
        statuses=[dg.DagsterRunStatus.FAILURE],
        tags={WILL_RETRY_TAG: "true"},
        updated_after=now - RECENT,
        updated_before=now - dt.timedelta(seconds=FORGOTTEN_S),
    )
    return [run for run in instance.get_runs(failed) if run.is_complete_and_waiting_to_retry]
