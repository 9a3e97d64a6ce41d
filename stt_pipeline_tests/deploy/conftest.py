"""Leaves out of `make test` what needs Terraform and checkov; `make deploy-check` runs it all."""

import json
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

from stt_pipeline_tests.deploy.paths import TERRAFORM
from stt_pipeline_tests.deploy.terraform import CHECK, Plan, plan

NEEDS_TOOLS = (
    "test_containers.py",
    "test_defects.py",
    "test_iam.py",
    "test_modules.py",
    "test_observed.py",
    "test_tools.py",
)

collect_ignore = [] if os.environ.get(CHECK) else list(NEEDS_TOOLS)

ENVIRONMENTS = ("dev", "stage", "prod")
EXAMPLE = "-var-file=../account.example.tfvars"
EXISTING = "-var-file=../existing.example.tfvars"


@cache
def planned(root: str, *more: str) -> Plan:
    """The plan of a root module of deploy/terraform."""
    return plan(TERRAFORM / root, *more)


@pytest.fixture(scope="session", params=ENVIRONMENTS)
def created(request: pytest.FixtureRequest) -> Plan:
    """Each environment, all of it made new."""
    return planned(f"environments/{request.param}", EXAMPLE)


@pytest.fixture(scope="session", params=ENVIRONMENTS)
def brought(request: pytest.FixtureRequest) -> Plan:
    """Each environment on a network, database and recordings that are there: all is known."""
    return planned(f"environments/{request.param}", EXAMPLE, EXISTING)


@pytest.fixture(scope="session")
def bootstrap() -> Plan:
    """The account, with the roles of GitHub Actions and with CodeBuild."""
    source = {
        "url": "https://github.com/example/stt-pipeline.git",
        "connection_arn": "arn:aws:codeconnections:eu-west-3:111111111111:connection/1",
    }
    given = f"source_repository={json.dumps(source)}"
    return planned("bootstrap", "-var-file=terraform.example.tfvars", "-var", given)


@pytest.fixture(scope="session")
def plans(bootstrap: Plan) -> Mapping[str, Plan]:
    """Every plan, by a name for messages."""
    sites = {name: planned(f"environments/{name}", EXAMPLE) for name in ENVIRONMENTS}
    return sites | {"bootstrap": bootstrap}


@pytest.fixture(scope="session")
def tools() -> Path:
    """Where checkov and the others are."""
    return Path(os.environ["STT_TEST_DEPLOY_TOOLS"])
