"""A site's containers as ECS, Dagster and the pipeline would read them: what each would miss."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from pydantic import ValidationError

from stt_pipeline.settings import Settings
from stt_pipeline_tests.cloud.ecs import SIZES
from stt_pipeline_tests.deploy.aws_words import faults
from stt_pipeline_tests.deploy.paths import DEPLOY
from stt_pipeline_tests.deploy.terraform import Plan

NEEDED = {
    "STT_RECORDINGS_URI",
    "STT_LAKE_URI",
    "STT_REFERENCES_URI",
    "STT_CATALOG",
    "STT_GLUE_DATABASE",
    "STT_ATHENA_WORKGROUP",
    "STT_FIRST_DATE",
    "STT_SHARD_RUNS",
    "STT_MAX_SHARDS",
    "STT_ALERT_SNS_TOPIC",
    "STT_UI_URL",
    "STT_METRICS_NAMESPACE",
}
"""Settings whose defaults are those of one machine."""

LAUNCHERS = {"webserver", "daemon"}
"""Roles that read all of dagster.yaml; a run and the code server launch nothing."""

LAUNCH_ONLY = {"DAGSTER_ECS_CLUSTER", "DAGSTER_ECS_RUN_TASK_DEFINITION"}

WITHOUT_DAGSTER = {"serve"}
"""Roles that know no Dagster instance."""


@dataclass(frozen=True)
class Task:
    """A task definition."""

    role: str
    request: dict[str, Any]

    @property
    def containers(self) -> list[dict[str, Any]]:
        """Its containers; the last is the role's own."""
        containers: list[dict[str, Any]] = self.request["containerDefinitions"]
        return containers

    @property
    def environment(self) -> dict[str, str]:
        """What the role's container is given, secrets by their ARN."""
        given = {one["name"]: one["value"] for one in self.containers[-1]["environment"]}
        return given | {one["name"]: one["valueFrom"] for one in self.containers[-1]["secrets"]}


def tasks_of(plan: Plan) -> dict[str, Task]:
    """The task definitions of a site by role, as the provider would register them."""
    tasks = {}
    for one in plan.of("aws_ecs_task_definition"):
        values = one.values
        role = values["family"].rpartition("-")[2]
        request = {
            "family": values["family"],
            "taskRoleArn": values["task_role_arn"],
            "executionRoleArn": values["execution_role_arn"],
            "networkMode": values["network_mode"],
            "requiresCompatibilities": values["requires_compatibilities"],
            "cpu": values["cpu"],
            "memory": values["memory"],
            "containerDefinitions": json.loads(values["container_definitions"]),
            "volumes": [{"name": volume["name"]} for volume in values["volume"]],
            "runtimePlatform": {
                "cpuArchitecture": values["runtime_platform"][0]["cpu_architecture"],
                "operatingSystemFamily": values["runtime_platform"][0]["operating_system_family"],
            },
        }
        tasks[role] = Task(role, request)
    return tasks


def task_faults(task: Task) -> Iterator[str]:
    """What ECS, or Fargate, would refuse."""
    yield from faults("ecs", "RegisterTaskDefinition", task.request)
    cpu, memory = int(task.request["cpu"]), int(task.request["memory"])
    if memory not in SIZES.get(cpu, ()):
        yield f"Fargate has no task of {cpu} CPU units and {memory} MiB"
    volumes = {one["name"] for one in task.request["volumes"]}
    for container in task.containers:
        if container.get("stopTimeout") != 120:
            yield f"{container['name']} has no two minutes to end"
        for mount in container["mountPoints"]:
            if mount["sourceVolume"] not in volumes:
                yield f"{container['name']} mounts {mount['sourceVolume']}, which is no volume"
        for variable in container["environment"]:
            if "PASSWORD" in variable["name"]:
                yield f"{container['name']} has {variable['name']} in the open"


def environment_faults(task: Task) -> Iterator[str]:
    """Variables that the pipeline, or Dagster, would miss or not know."""
    given = task.environment
    known = {f"STT_{name.upper()}" for name in Settings.model_fields}
    for name in sorted(name for name in given if name.startswith("STT_")):
        if name not in known:
            yield f"{task.role}: {name} is no setting"
    for name in sorted(NEEDED - given.keys()):
        yield f"{task.role}: {name} is missing"
    for name in sorted(dagster_variables(task.role) - given.keys()):
        yield f"{task.role}: {name} is missing, which dagster.yaml reads"
    settings = {
        name.removeprefix("STT_").lower(): value for name, value in given.items() if name in known
    }
    try:
        Settings.model_validate(settings, strict=False)
    except ValidationError as error:
        for one in error.errors():
            yield f"{task.role}: STT_{str(one['loc'][0]).upper()} is not valid: {one['msg']}"


def dagster_variables(role: str) -> set[str]:
    """The variables that dagster.yaml and workspace.yaml name, as far as the role reads them."""
    if role in WITHOUT_DAGSTER:
        return set()
    names = set(_variables(yaml.safe_load((DEPLOY / "dagster.yaml").read_text())))
    if role in LAUNCHERS:
        return names | set(_variables(yaml.safe_load((DEPLOY / "workspace.yaml").read_text())))
    return names - LAUNCH_ONLY


def _variables(part: Any) -> Iterator[str]:
    if isinstance(part, Mapping):
        if set(part) == {"env"}:
            yield part["env"]
        for one in part.values():
            yield from _variables(one)
    elif isinstance(part, list):
        for one in part:
            yield from _variables(one)
