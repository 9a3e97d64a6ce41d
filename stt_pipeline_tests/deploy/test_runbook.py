"""The runbook's table is the one that its figures give, and its files and settings are there."""

import re
import subprocess
import sys

from stt_pipeline.settings import Settings
from stt_pipeline_tests.deploy.paths import DEPLOY, REPOSITORY

RUNBOOK = (DEPLOY / "RUNBOOK.md").read_text()


def test_the_cost_table_is_that_of_the_prices() -> None:
    table = subprocess.run(
        [sys.executable, str(DEPLOY / "costs.py")], capture_output=True, text=True, check=True
    ).stdout
    assert f"<!-- costs -->\n{table}<!-- /costs -->" in RUNBOOK, (
        "run: python deploy/costs.py --write"
    )


def test_every_file_that_it_names_is_there() -> None:
    named = set(
        re.findall(r"`((?:deploy|environments|bootstrap|stt_pipeline)/[\w./-]+\.\w+)`", RUNBOOK)
    )
    named = {name for name in named if not re.search("auto.tfvars|REGION", name)}
    assert len(named) >= 6
    roots = (REPOSITORY, DEPLOY / "terraform")
    assert [name for name in named if not any((root / name).exists() for root in roots)] == []


def test_every_setting_that_it_names_is_one() -> None:
    known = {f"STT_{name.upper()}" for name in Settings.model_fields}
    assert set(re.findall(r"STT_[A-Z_0-9]+[A-Z0-9]", RUNBOOK)) <= known
