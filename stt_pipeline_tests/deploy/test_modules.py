"""Every module by itself: formatted, valid, and its own assertions hold."""

import pytest

from stt_pipeline_tests.deploy.paths import MODULES, TERRAFORM
from stt_pipeline_tests.deploy.terraform import Plan, check


@pytest.mark.parametrize("module", MODULES)
def test_a_module_is_valid_and_its_assertions_hold(module: str) -> None:
    checked = check(TERRAFORM / "modules" / module)
    assert checked.ok, checked.said
    assert "0 failed" in checked.said, "a module without tests of its own"


def test_each_environment_can_be_planned(created: Plan) -> None:
    assert len(created.resources) > 100
    tasks = {
        one.values["family"].rpartition("-")[2] for one in created.of("aws_ecs_task_definition")
    }
    assert tasks == {"webserver", "daemon", "code", "run", "serve"}


def test_an_environment_that_brings_its_own_makes_none_of_it(brought: Plan) -> None:
    assert not brought.of("aws_vpc")
    assert not brought.of("aws_db_instance")
    assert not [one for one in brought.of("aws_s3_bucket") if "recordings" in one.values["bucket"]]


def test_the_account_has_a_bucket_for_states_and_a_registry(bootstrap: Plan) -> None:
    assert "stt-state-111111111111" in {
        one.values["bucket"] for one in bootstrap.of("aws_s3_bucket")
    }
    assert len(bootstrap.of("aws_ecr_repository")) == 1
