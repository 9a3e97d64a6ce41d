"""Dagster's word on a run that it will be repeated: said in time, and taken back. Repeats nothing.

Dagster (1.13.27) writes the tag just after a run has failed. A backfill that looks between the two
takes the run's partitions for given up, ends, and so forbids that the run is repeated. So a run
carries the tag for as long as its task may be lost. A run that succeeds with it is repeated in
vain, and its backfill waits for the repetition for ever: what takes the tag back, here or in
Dagster, may meet the end of its task or a lost connection, and a task that was given up may end
well after all. A sensor takes it back then.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

WILL_RETRY_TAG = "dagster/will_retry"
"""Dagster's own word on a run that failed: it is going to be repeated."""

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
    """Takes back that a run will be repeated where it succeeded."""

    def evaluate(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        wrong = dg.RunsFilter(statuses=[dg.DagsterRunStatus.SUCCESS], tags={WILL_RETRY_TAG: "true"})
        runs = context.instance.get_runs(wrong)
        for run in runs:
            context.instance.add_run_tags(run.run_id, {WILL_RETRY_TAG: "false"})
        named = ", ".join(run.run_id for run in runs)
        return dg.SkipReason(
            f"Succeeded, and will not be repeated: {named}." if runs else "Nothing to take back."
        )

    return dg.SensorDefinition(
        name=RETRIES_SETTLED,
        evaluation_fn=evaluate,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Takes back that a run will be repeated where it succeeded, so that no "
        "backfill waits for it. Launches nothing.",
    )
