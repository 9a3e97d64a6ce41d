"""Gives a date other tasks while its shards are at work, as the forecast sensor does.

A program: it has the environment of the daemon, so the instance, the launcher and the lake are
those of the bed. Its arguments are the date and the number of shards. It waits for the date's first
result: to start a process takes longer than to transcribe what is left then.
"""

import datetime as dt
import logging
import sys

import dagster as dg

from stt_pipeline.defs.resources import Pipeline
from stt_pipeline.defs.watch import give
from stt_pipeline.domain.planning.prices import Capacity
from stt_pipeline.domain.planning.task_options import DatePlan
from stt_pipeline.domain.planning.task_sizes import TASK_SIZES
from stt_pipeline.settings import load_settings
from stt_pipeline_tests.cloud.processes import wait_for

WAIT_S = 1200.0
"""Longer than it takes to plan a date and to launch its shards, on a machine that is busy."""


def main(call_date: str, shards: str) -> None:
    """Gives the date so many of the smallest tasks, on demand."""
    option = DatePlan(
        dt.date.fromisoformat(call_date),
        int(shards),
        TASK_SIZES[0],
        Capacity.ON_DEMAND,
        likely_s=60.0,
        sure_s=60.0,
        cost_usd=0.0,
    )
    pipeline = Pipeline(load_settings())
    with dg.DagsterInstance.get() as instance:
        wait_for(lambda: bool(pipeline.results(call_date).finished()), "a result", WAIT_S)
        give(pipeline, instance, logging.getLogger(__name__), option)


if __name__ == "__main__":
    main(*sys.argv[1:])
