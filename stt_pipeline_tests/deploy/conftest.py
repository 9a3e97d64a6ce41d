"""Leaves out of `make test` what needs Terraform and checkov; `make deploy-check` runs it all."""

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from stt_pipeline_tests.deploy.paths import TERRAFORM
from stt_pipeline_tests.deploy.terraform import CHECK, Plan, plan, read_plan

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
SERVICE = "-var-file=../service.example.tfvars"


Planner = Callable[..., Plan]


@pytest.fixture(scope="session")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Planner:
    """Gives the plan of a root module of deploy/terraform, made once for all processes."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own

    def planned(root: str, *more: str) -> Plan:
        name = hashlib.sha256(" ".join((root, *more)).encode()).hexdigest()[:16]
        kept = shared / f"plan-{name}.json"
        with (shared / f"plan-{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not kept.exists():
                kept.write_text(plan(TERRAFORM / root, *more))
        return read_plan(kept.read_text())

    return planned


@pytest.fixture(scope="session", params=ENVIRONMENTS)
def created(request: pytest.FixtureRequest, planned: Planner) -> Plan:
    """Each environment, all of it made new, with transcription on demand."""
    return planned(f"environments/{request.param}", EXAMPLE, SERVICE)


@pytest.fixture(scope="session", params=ENVIRONMENTS)
def brought(request: pytest.FixtureRequest, planned: Planner) -> Plan:
    """Each environment on a network, database and recordings that are there: all is known."""
    return planned(f"environments/{request.param}", EXAMPLE, EXISTING, SERVICE)


@pytest.fixture(scope="session")
def bootstrap(planned: Planner) -> Plan:
    """The account, with the roles of GitHub Actions and with CodeBuild."""
    source = {
        "url": "https://github.com/example/stt-pipeline.git",
        "connection_arn": "arn:aws:codeconnections:eu-west-3:111111111111:connection/1",
    }
    given = f"source_repository={json.dumps(source)}"
    return planned("bootstrap", "-var-file=terraform.example.tfvars", "-var", given)


@pytest.fixture(scope="session")
def plans(bootstrap: Plan, planned: Planner) -> Mapping[str, Plan]:
    """Every plan, by a name for messages."""
    sites = {name: planned(f"environments/{name}", EXAMPLE, SERVICE) for name in ENVIRONMENTS}
    return sites | {"bootstrap": bootstrap}


@pytest.fixture(scope="session")
def tools() -> Path:
    """Where checkov and the others are."""
    return Path(os.environ["STT_TEST_DEPLOY_TOOLS"])
