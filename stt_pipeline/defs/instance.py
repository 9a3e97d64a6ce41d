"""The Dagster instance of one machine: its home, and the settings that it starts with."""

import os
from pathlib import Path

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
run_retries:
  enabled: true
  max_retries: 2
  retry_on_asset_or_op_failure: false
"""


def prepare_home() -> Path:
    """The folder of DAGSTER_HOME, `var/dagster` where it is not set, with a dagster.yaml; raises UserError."""
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
