"""Runs a date or a week as a real Dagster run of this process, in the instance of DAGSTER_HOME."""

import datetime as dt
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import dagster as dg

from stt_pipeline.defs.flow import build_definitions
from stt_pipeline.defs.instance import local_instance
from stt_pipeline.defs.interrupts import no_interrupt_lost
from stt_pipeline.defs.jobs import DATE_JOB, WEEK_JOB
from stt_pipeline.defs.partitions import call_dates, week_key
from stt_pipeline.defs.resources import Pipeline
from stt_pipeline.domain.errors import UserError
from stt_pipeline.settings import Settings

# Ctrl-C may come while a connection is closed: sqlalchemy would print a traceback for it.
logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)

PROCESS_TAG = "stt/process"
"""Host and process of a run started here: a run whose process is gone is closed as failed."""

_SENTENCES = frozenset({UserError.__name__, dg.Failure.__name__})
"""Errors whose message says all; the class of any other says what happened."""


@dataclass(frozen=True)
class RunOutcome:
    """How a run ended; `failures` are sentences, empty where it succeeded."""

    run_id: str
    success: bool
    failures: tuple[str, ...]


def check_date(settings: Settings, call_date: dt.date) -> None:
    """Raises UserError for a date that cannot have recordings."""
    if not call_dates(settings).has_partition_key(call_date.isoformat()):
        raise UserError(
            f"{call_date} cannot be processed: use a date from {settings.first_date} "
            "(STT_FIRST_DATE) to today."
        )


class Runner:
    """Runs jobs of the flow one after the other in one instance."""

    def __init__(self, pipeline: Pipeline, instance: dg.DagsterInstance) -> None:
        """`pipeline` decides settings and who is told of progress."""
        self._instance = instance
        self._definitions = build_definitions(pipeline)

    def run_date(self, call_date: dt.date) -> RunOutcome:
        """Takes a date through the flow."""
        return self._run(DATE_JOB, call_date.isoformat())

    def run_week(self, week: str) -> RunOutcome:
        """Makes the week's readiness and report."""
        return self._run(WEEK_JOB, week_key(week))

    def _run(self, job: str, key: str) -> RunOutcome:
        with no_interrupt_lost():
            result = self._definitions.resolve_job_def(job).execute_in_process(
                instance=self._instance,
                partition_key=key,
                raise_on_error=False,
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
                tags={PROCESS_TAG: f"{socket.gethostname()}:{os.getpid()}"},
            )
        return RunOutcome(result.run_id, result.success, tuple(_failures(result)))


def _failures(result: dg.ExecuteInProcessResult) -> Iterator[str]:
    """Failed checks with their figures; failed steps where no check explains them."""
    failed_checks = [
        evaluation for evaluation in result.get_asset_check_evaluations() if not evaluation.passed
    ]
    for evaluation in failed_checks:
        yield f"check {evaluation.check_name} failed: {evaluation.description}"
    if failed_checks:
        return
    for event in result.all_events:
        if event.is_step_failure:
            error = event.step_failure_data.error
            while error is not None and error.cause is not None:
                error = error.cause
            message = error.message.strip() if error else "no message"
            if error and error.cls_name in _SENTENCES:
                message = message.partition(f"{error.cls_name}: ")[2]
            yield f"{event.step_key} failed: {message}"


@contextmanager
def runner(pipeline: Pipeline) -> Iterator[Runner]:
    """A runner in the persistent instance of DAGSTER_HOME, or of `var/dagster` without one."""
    with local_instance() as instance:
        close_dead_runs(instance)
        yield Runner(pipeline, instance)


def close_dead_runs(instance: dg.DagsterInstance) -> int:
    """Closes as failed the runs of this machine whose process is gone; returns how many."""
    closed = 0
    unfinished = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING])
    for run in instance.get_runs(unfinished):
        host, _, process = run.tags.get(PROCESS_TAG, "").partition(":")
        if host == socket.gethostname() and not _is_alive(int(process)):
            instance.report_run_failed(run, "The process of this run was killed.")
            closed += 1
    return closed


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
