"""Defects planted in copies, each of another kind: the check that is to catch it does."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stt_pipeline_tests.deploy.conftest import EXAMPLE, EXISTING, SERVICE, Planner
from stt_pipeline_tests.deploy.containers import environment_faults, task_faults, tasks_of
from stt_pipeline_tests.deploy.iam import actions_of, facts, policy_faults, statements
from stt_pipeline_tests.deploy.paths import DEPLOY, REPOSITORY
from stt_pipeline_tests.deploy.terraform import Plan, check, read_plan
from stt_pipeline_tests.deploy.test_observed import metric_faults, word_faults
from stt_pipeline_tests.deploy.test_tools import checkov, said


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Path]:
    """A copy of deploy/."""
    yield Path(shutil.copytree(DEPLOY, tmp_path / "deploy"))
    shutil.rmtree(tmp_path / "deploy")


def plant(file: Path, right: str, wrong: str) -> None:
    """Writes the wrong text where the right one stands."""
    text = file.read_text()
    assert right in text
    file.write_text(text.replace(right, wrong, 1))


# --- In Terraform's own files: formatting, types and the modules' assertions ---------------------

IN_MODULES = {
    "a public bucket": (
        "bucket/main.tf",
        "block_public_policy     = true",
        "block_public_policy     = false",
        "The bucket can be made public.",
    ),
    "a key for everybody": (
        "access/key.tf",
        'Principal = { AWS = "${local.arn}:iam::${var.account.id}:root" }',
        'Principal = { AWS = "*" }',
        "The key's policy names everybody.",
    ),
    "any role may be passed": (
        "access/statements.tf",
        '[local.role_arns["run"], local.execution]',
        '["${local.arn}:iam::${var.account.id}:role/*"]',
        "The daemon may pass other roles than those of a run.",
    ),
    "services on Spot": (
        "dagster/services.tf",
        'capacity_provider = "FARGATE"',
        'capacity_provider = "FARGATE_SPOT"',
        "A service can be taken away by Spot.",
    ),
    "a service that sleeps for good": (
        "service/scaling.tf",
        'stat   = "Sum", operator = "GreaterThanThreshold", threshold = 0, periods = 1\n'
        '        kind   = "ChangeInCapacity", change = 1, cooldown = 300',
        'stat   = "Sum", operator = "GreaterThanThreshold", threshold = 0, periods = 1\n'
        '        kind   = "ChangeInCapacity", change = 0, cooldown = 300',
        "Nothing wakes the service",
    ),
    "a service that writes tables": (
        "access/statements.tf",
        '"${local.lake}/lake/_work/serving/*", "${local.lake}/lake/_work/locks/serving*"',
        '"${local.lake}/lake/*"',
        "The service may change more than its own jobs.",
    ),
    "an argument that is none": (
        "cluster/main.tf",
        "kms_key_id        = var.kms_key_arn",
        "kms_key           = var.kms_key_arn",
        "Unsupported argument",
    ),
}


@pytest.mark.parametrize("defect", IN_MODULES)
def test_terraform_catches(copy: Path, defect: str) -> None:
    file, right, wrong, words = IN_MODULES[defect]
    plant(copy / "terraform" / "modules" / file, right, wrong)
    checked = check(copy / "terraform" / "modules" / file.partition("/")[0])
    assert not checked.ok
    assert words in checked.said + checked.out


# --- In what is planned: Terraform takes them, AWS or the pipeline would not ---------------------


def test_a_misspelt_setting_is_caught_in_the_plan(copy: Path) -> None:
    plant(copy / "terraform/environments/common/settings.tf", "STT_LAKE_URI ", "STT_LAKE_URL ")
    site = copy / "terraform" / "environments" / "prod"
    (site / "settings.tf").unlink()
    shutil.copy(copy / "terraform/environments/common/settings.tf", site / "settings.tf")
    planned = check(site, "plan", EXAMPLE, EXISTING, SERVICE)
    assert planned.ok, planned.said
    faults = list(environment_faults(tasks_of(read_plan(planned.out))["run"]))
    assert "run: STT_LAKE_URL is no setting" in faults
    assert "run: STT_LAKE_URI is missing" in faults


def changed(plan: Plan, kind: str, change: Callable[[dict[str, Any]], None]) -> Plan:
    """A copy of a plan in which each resource of a type is changed."""
    resources = []
    for one in plan.resources:
        copied = replace(one, values=json.loads(json.dumps(one.values)))
        if one.type == kind:
            change(copied.values)
        resources.append(copied)
    return Plan(tuple(resources))


def in_container(change: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, Any]], None]:
    """The same change of the last container of a task definition."""

    def on(values: dict[str, Any]) -> None:
        containers = json.loads(values["container_definitions"])
        change(containers[-1])
        values["container_definitions"] = json.dumps(containers)

    return on


def faults_of(plan: Plan, role: str) -> str:
    task = tasks_of(plan)[role]
    return "\n".join([*task_faults(task), *environment_faults(task)])


@pytest.fixture(scope="module")
def prod(planned: Planner) -> Plan:
    return planned("environments/prod", EXAMPLE, EXISTING, SERVICE)


def test_ecs_knows_no_such_key(prod: Plan) -> None:
    def rename(container: dict[str, Any]) -> None:
        container["stopTimout"] = container.pop("stopTimeout")

    wrong = changed(prod, "aws_ecs_task_definition", in_container(rename))
    assert 'Unknown parameter in containerDefinitions[0]: "stopTimout"' in faults_of(wrong, "run")


def test_ecs_knows_no_such_word(prod: Plan) -> None:
    wrong = changed(
        prod,
        "aws_ecs_task_definition",
        in_container(lambda one: one["logConfiguration"].update(logDriver="aws-logs")),
    )
    assert "'aws-logs' is none of" in faults_of(wrong, "run")


def test_fargate_has_no_such_size(prod: Plan) -> None:
    wrong = changed(prod, "aws_ecs_task_definition", lambda one: one.update(memory="3000"))
    assert "Fargate has no task of 2048 CPU units and 3000 MiB" in faults_of(wrong, "run")


def test_dagster_misses_a_variable(prod: Plan) -> None:
    def forget(container: dict[str, Any]) -> None:
        container["secrets"] = [
            one for one in container["secrets"] if one["name"] != "DAGSTER_POSTGRES_PASSWORD"
        ]

    wrong = changed(prod, "aws_ecs_task_definition", in_container(forget))
    assert "run: DAGSTER_POSTGRES_PASSWORD is missing" in faults_of(wrong, "run")


def test_a_value_that_the_settings_refuse(prod: Plan) -> None:
    def misspell(container: dict[str, Any]) -> None:
        for one in container["environment"]:
            if one["name"] == "STT_TIMEZONE":
                one["value"] = "Europe/Pariss"

    wrong = changed(prod, "aws_ecs_task_definition", in_container(misspell))
    assert "STT_TIMEZONE is not valid" in faults_of(wrong, "run")


def test_the_service_has_no_such_setting(prod: Plan) -> None:
    def misspell(container: dict[str, Any]) -> None:
        for one in container["environment"]:
            one["name"] = one["name"].replace("STT_SERVE_TIMEOUT_S", "STT_SERVE_TIMEOUT")

    wrong = changed(prod, "aws_ecs_task_definition", in_container(misspell))
    assert "serve: STT_SERVE_TIMEOUT is no setting" in faults_of(wrong, "serve")


def test_aws_has_no_such_word(prod: Plan) -> None:
    wrong = changed(prod, "aws_ecs_service", lambda one: one.update(propagate_tags="SERVICES"))
    assert "aws_ecs_service.propagate_tags: 'SERVICES'" in word_faults(wrong)


def test_iam_has_no_such_action(prod: Plan, tools: Path) -> None:
    def misspell(values: dict[str, Any]) -> None:
        values["policy"] = values["policy"].replace("s3:GetObject", "s3:GetObjects")

    found = list(statements(changed(prod, "aws_iam_role_policy", misspell).documents()))
    known = facts(tools, actions_of(found))
    faults = [fault for where, one in found for fault in policy_faults(where, one, known)]
    assert any(fault.endswith("s3:GetObjects is no action of AWS") for fault in faults)


def test_an_alarm_on_a_metric_that_nothing_tells(prod: Plan) -> None:
    def rename(values: dict[str, Any]) -> None:
        if values["metric_name"] == "RunsFailed":
            values["metric_name"] = "FailedRuns"

    wrong = changed(prod, "aws_cloudwatch_metric_alarm", rename)
    assert metric_faults(wrong) == ["FailedRuns is shown and never told"]


# --- In other files ------------------------------------------------------------------------------


def test_checkov_catches_a_key_that_is_never_rotated(copy: Path, tools: Path) -> None:
    registry = copy / "terraform" / "modules" / "registry"
    plant(registry / "main.tf", "enable_key_rotation     = true", "enable_key_rotation     = false")
    code, output = checkov(tools, registry, "terraform")
    assert code != 0
    assert "CKV_AWS_7" in output


def test_actionlint_catches_a_job_that_is_not_there(tmp_path: Path, tools: Path) -> None:
    file = Path(shutil.copy(REPOSITORY / ".github" / "workflows" / "release.yml", tmp_path))
    plant(file, "needs: build", "needs: biuld")
    code, output = said(tools / "actionlint", file)
    assert code != 0
    assert '"biuld"' in output


def test_the_schema_of_compose_catches_a_limit_of_another_name(copy: Path, tools: Path) -> None:
    plant(copy / "compose.yaml", "mem_limit:", "memory_limit:")
    schema = ("--builtin-schema", "vendor.compose-spec")
    code, output = said(tools / "check-jsonschema", *schema, copy / "compose.yaml")
    assert code != 0
    assert "memory_limit" in output
