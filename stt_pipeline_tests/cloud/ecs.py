"""Makes moto's ECS start real processes; everything else of ECS stays moto's own.

moto (5.2.5) remembers tasks and moves them to STOPPED by itself. Here RunTask starts the overridden
command of its container as a `LocalTask`, with the environment and the secrets of the task
definition, and DescribeTasks tells how that process is.
"""

import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from moto.ecs.exceptions import EcsClientException, InvalidParameterException
from moto.ecs.models import EC2ContainerServiceBackend, Task
from moto.secretsmanager.models import secretsmanager_backends

from stt_pipeline_tests.cloud.tasks import LocalTask

OVERRIDES_LIMIT = 8192
"""Most characters of `overrides` as JSON (API reference of RunTask)."""

TAG_VALUE = re.compile(r"[\w\s.:/=+\-@]{0,256}")
"""What ECS lets stand in the value of a tag (API reference of ECS, Tag)."""

SIZES = {
    256: range(512, 2049, 512),
    512: range(1024, 4097, 1024),
    1024: range(2048, 8193, 1024),
    2048: range(4096, 16385, 1024),
    4096: range(8192, 30721, 1024),
    8192: range(16384, 61441, 4096),
    16384: range(32768, 122881, 8192),
}
"""MiB of memory that Fargate gives to that many CPU units (developer guide, task size)."""


class Cluster:
    """The tasks of one stand-in."""

    def __init__(self, folder: Path, endpoint: str) -> None:
        """`folder` takes what tasks print; `endpoint` is where this stand-in answers."""
        self.folder = folder
        self.endpoint = endpoint
        self.tasks: dict[str, LocalTask] = {}

    def start(self, request: "_Request", task: Task) -> None:
        """Starts the process of a task that moto has accepted."""
        local = LocalTask(
            arn=task.task_arn,
            command=request.command,
            environment=self._environment(request, task.task_arn),
            folder=self.folder,
            cpu=request.cpu,
            memory=request.memory,
            capacity=task.capacity_provider_name or task.launch_type,
            started_by=task.started_by,
            tags={tag["key"]: tag.get("value", "") for tag in task.tags},
        )
        self.tasks[local.id] = local
        local.start()

    def _environment(self, request: "_Request", arn: str) -> dict[str, str]:
        """The container's own, and what the agent adds; of this machine only the way to Python.

        Credentials are those of the stand-in: on AWS they come from the task's role.
        """
        agent = {
            "ECS_CONTAINER_METADATA_URI_V4": f"{self.endpoint}/stand-in/metadata/{arn[-36:]}",
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        return agent | request.environment

    def metadata(self, task_id: str) -> dict[str, str]:
        """What the metadata endpoint tells a task of itself."""
        task = self.tasks[task_id]
        return {"TaskARN": task.arn, "Cluster": task.arn.split("/")[1], "KnownStatus": task.status}

    def refresh(self, task: Any) -> None:
        """Writes the process's state into moto's task."""
        local = self.tasks[task.id]
        task.stop_code = local.stop_code or None
        task.stopped_reason = local.stopped_reason or None
        [container] = task.containers
        container.exitCode = local.exit_code
        container.last_status = local.status


class _Request:
    """What RunTask asks of the container of a task definition; raises what ECS answers with."""

    def __init__(
        self, definition: Any, overrides: Mapping[str, Any], tags: list[dict[str, str]]
    ) -> None:
        if len(json.dumps(overrides)) > OVERRIDES_LIMIT:
            raise InvalidParameterException(
                f"Container Overrides length must be at most {OVERRIDES_LIMIT}"
            )
        for tag in tags:
            if not TAG_VALUE.fullmatch(tag.get("value", "")):
                raise InvalidParameterException(
                    f"Tag value {tag['value']} holds invalid characters."
                )
        [container] = definition.container_definitions
        [override] = overrides["containerOverrides"]
        self.cpu = str(overrides.get("cpu", definition.cpu))
        self.memory = str(overrides.get("memory", definition.memory))
        if int(self.memory) not in SIZES.get(int(self.cpu), ()):
            raise EcsClientException("No Fargate configuration exists for given values.")
        self.command: list[str] = override["command"]
        given = [*container["environment"], *override.get("environment", [])]
        self.environment = {one["name"]: one["value"] for one in given}
        for secret in container.get("secrets", []):
            self.environment[secret["name"]] = _secret(secret["valueFrom"])


def _secret(arn: str) -> str:
    account, region = arn.split(":")[4], arn.split(":")[3]
    value: str = secretsmanager_backends[account][region].get_secret_value(arn, "", "")[
        "SecretString"
    ]
    return value


def install(cluster: Cluster) -> None:
    """Puts the cluster behind moto's ECS, for this whole process."""
    moto_run_task = EC2ContainerServiceBackend.run_task

    def run_task(
        self: EC2ContainerServiceBackend,
        cluster_str: str,
        task_definition_str: str,
        count: int,
        overrides: dict[str, Any] | None,
        started_by: str,
        tags: list[dict[str, str]] | None,
        *others: Any,
    ) -> list[Task]:
        definition = self.describe_task_definition(task_definition_str)
        request = _Request(definition, overrides or {}, tags or [])
        [task] = moto_run_task(
            self, cluster_str, task_definition_str, count, overrides, started_by, tags, *others
        )
        cluster.start(request, task)
        return [task]

    def stop_task(
        self: EC2ContainerServiceBackend, cluster_str: str, task_str: str, reason: str
    ) -> Task:
        [task] = self.describe_tasks(cluster_str, [task_str])
        cluster.tasks[task.id].stop("UserInitiated", reason or "Task stopped by user")
        task.desired_status = "STOPPED"
        return task

    backend = {
        "run_task": run_task,
        "stop_task": stop_task,
        # moto's own fails on a container without memory of its own; it is for EC2 instances only.
        "_calculate_task_resource_requirements": staticmethod(lambda definition: {}),
    }
    of_a_task = {
        "advance": lambda task: cluster.refresh(task),
        "last_status": property(lambda task: cluster.tasks[task.id].status),
    }
    for changed, methods in ((EC2ContainerServiceBackend, backend), (Task, of_a_task)):
        for name, method in methods.items():
            setattr(changed, name, method)
