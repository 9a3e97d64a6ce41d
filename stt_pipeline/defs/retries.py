"""Dagster's word on a run that it will be repeated: said in time, and taken back. Repeats nothing.

Dagster (1.13.27) writes the tag just after a run has failed. A backfill that looks between the two
takes the run's partitions for given up, ends, and so forbids that the run is repeated. So a run
carries the tag for as long as its task may be lost. A run that succeeds with it is repeated in
vain, and its backfill waits for the repetition for ever: what takes the tag back, here or in
Dagster, may meet the end of its task or a lost connection, and a task that was given up may end
well after all. A sensor takes it back then.

Once, where Postgres and the daemon restarted together, Dagster passed over a run that had failed
with the tag, and its backfill waited for a repetition that nobody would begin. The sensor takes the
tag from such runs too: the backfill ends, and says which partitions failed.
"""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

WILL_RETRY_TAG = "dagster/will_retry"
"""Dagster's own word on a run that failed: it is going to be repeated."""

RETRIED_AS_TAG = "dagster/auto_retry_run_id"
"""Dagster's own word on a run that was repeated: by which."""

FORGOTTEN_S = 900.0
"""Seconds after which a repetition that was not begun never will be; Dagster takes seconds."""

RECENT = dt.timedelta(days=7)
"""Runs that failed before are not looked at: no backfill waits so long."""

RETRIES_SETTLED = "retries_settled"


@contextmanager
def retry_expected(context: dg.InitResourceContext) -> Iterator[None]:
    """Tags the run as one that will be repeated, and takes it back where the run ends by itself."""
    instance = context.instance
    if context.run is None or instance is None or not instance.run_retries_enabled:
        yield
        return
    instance.add_run_tags(context.run.run_id, {WILL_RETRY_TAG: "true"})
    try:
        yield
    finally:
        instance.add_run_tags(context.run.run_id, {WILL_RETRY_TAG: "false"})


def retries_settled_sensor() -> dg.SensorDefinition:
    """Takes back that a run will be repeated where it succeeded, or nobody repeats it."""

    def evaluate(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        instance = context.instance
        wrong = dg.RunsFilter(statuses=[dg.DagsterRunStatus.SUCCESS], tags={WILL_RETRY_TAG: "true"})
        found = {
            "Succeeded, and will not be repeated": instance.get_runs(wrong),
            "Failed, and was not repeated": _forgotten(instance),
        }
        for run in (run for runs in found.values() for run in runs):
            instance.add_run_tags(run.run_id, {WILL_RETRY_TAG: "false"})
        said = [
            f"{what}: {', '.join(run.run_id for run in runs)}."
            for what, runs in found.items()
            if runs
        ]
        return dg.SkipReason(" ".join(said) or "Nothing to take back.")

    return dg.SensorDefinition(
        name=RETRIES_SETTLED,
        evaluation_fn=evaluate,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Takes back that a run will be repeated where it succeeded, or where Dagster "
        "passed it over, so that no backfill waits for it. Launches nothing.",
    )


def _forgotten(instance: dg.DagsterInstance) -> list[dg.DagsterRun]:
    now = dt.datetime.now(dt.UTC)
    failed = dg.RunsFilter(
        statuses=[dg.DagsterRunStatus.FAILURE],
        tags={WILL_RETRY_TAG: "true"},
        updated_after=now - RECENT,
        updated_before=now - dt.timedelta(seconds=FORGOTTEN_S),
    )
    return [run for run in instance.get_runs(failed) if RETRIED_AS_TAG not in run.tags]
