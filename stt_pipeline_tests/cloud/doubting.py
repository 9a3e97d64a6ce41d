"""Says of a backfill's run that succeeded that it will be repeated, as if its task counted as lost.

A program: it has the environment of the daemon, so the instance is that of the bed. Its argument is
the backfill. It waits for the first success, which comes before the daemon looks at the backfill.
"""

import sys

import dagster as dg
from dagster._core.storage.tags import BACKFILL_ID_TAG

from stt_pipeline.defs.retries import WILL_RETRY_TAG
from stt_pipeline_tests.cloud.processes import wait_for

WAIT_S = 1200.0
"""Longer than a date of one call takes, on a machine that is busy."""


def main(backfill: str) -> None:
    """Tags the first run of the backfill that succeeds."""
    with dg.DagsterInstance.get() as instance:
        done = dg.RunsFilter(
            statuses=[dg.DagsterRunStatus.SUCCESS], tags={BACKFILL_ID_TAG: backfill}
        )
        wait_for(lambda: bool(instance.get_runs(done)), "a run that succeeded", WAIT_S)
        [run] = instance.get_runs(done)
        instance.add_run_tags(run.run_id, {WILL_RETRY_TAG: "true"})


if __name__ == "__main__":
    main(*sys.argv[1:])
