"""The Dagster instance of one machine: its home, and the settings that it starts with."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from stt_pipeline.domain.errors import UserError

HOME_VARIABLE = "DAGSTER_HOME"

LOCAL_DAGSTER_YAML = """\
# The instance of one machine: sqlite, one run at a time, nothing sent anywhere.
# Production is deploy/dagster.yaml. Made by stt-pipeline where it was missing; edit it freely.
telemetry:
  enabled: false
nux:
  enabled: false
concurrency:
  runs:
    max_concurrent_runs: 1
run_monitoring:
  enabled: true
  start_timeout_seconds: 300
  max_resume_run_attempts: 0
  # After a power cut a run that the daemon had started would else count as running for good.
  max_runtime_seconds: 43200
# What a step says is in its events; a worker's last words are in the reason of its recording.
compute_logs:
  module: dagster._core.storage.noop_compute_log_manager
  class: NoOpComputeLogManager
run_retries:
  enabled: true
  max_retries: 2
  retry_on_asset_or_op_failure: false
"""


def prepare_home() -> Path:
    """The folder of DAGSTER_HOME, or `var/dagster`, with a dagster.yaml; raises UserError."""
    home = Path(os.environ.setdefault(HOME_VARIABLE, str(Path.cwd() / "var" / "dagster")))
    try:
        home.mkdir(parents=True, exist_ok=True)
        file = home / "dagster.yaml"
        if not file.exists():
            file.write_text(LOCAL_DAGSTER_YAML)
    except OSError as error:
        raise UserError(
            f"{HOME_VARIABLE} is {home}, which cannot be written ({error.strerror}): name a folder "
            "that can."
        ) from None
    return home


@contextmanager
def local_instance() -> Iterator[dg.DagsterInstance]:
    """The instance of DAGSTER_HOME, opened by one process at a time.

    Two processes that make the sqlite storage of a new home at once stamp its migrations twice, and
    neither can read it again (alembic: more than one head present).
    """
    home = prepare_home()
    with (home / "opening.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        instance = dg.DagsterInstance.get()
        instance.get_runs_count()
    with instance:
        yield instance
