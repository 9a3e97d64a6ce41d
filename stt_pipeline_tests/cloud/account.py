"""The AWS account of a test bed: what Terraform makes in production, and what befalls its tasks.

Talks to the stand-in of `aws.py`, with boto3 where AWS has a word for it.
"""

import json
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import boto3

from stt_pipeline_tests.cloud.processes import serving
from stt_pipeline_tests.cloud.s3 import ENVIRONMENT

CLUSTER = "stt-pipeline"
RUN_FAMILY = "stt-pipeline-run"
LOGS_BUCKET = "stt-logs"

Task = dict[str, Any]


@dataclass(frozen=True)
class Account:
    """An account that is empty but for what its methods have made."""

    endpoint: str

    @cached_property
    def environment(self) -> dict[str, str]:
        """How a process finds this account; on AWS, region and credentials come from its role."""
        return {"AWS_ENDPOINT_URL": self.endpoint, **ENVIRONMENT}

    def client(self, service: str) -> Any:
        """A boto3 client of that service; threads may share it."""
        return _client(self.endpoint, service)

    def create_cluster(self) -> None:
        """Makes the cluster that runs start in."""
        self.client("ecs").create_cluster(
            clusterName=CLUSTER, capacityProviders=["FARGATE", "FARGATE_SPOT"]
        )

    def create_secret(self, name: str, value: str) -> str:
        """Keeps a secret; returns its ARN."""
        arn: str = self.client("secretsmanager").create_secret(Name=name, SecretString=value)["ARN"]
        return arn

    def register_run(self, environment: Mapping[str, str], secrets: Mapping[str, str]) -> None:
        """The task definition of a run: its environment, and the ARN of each secret variable."""
        self.client("ecs").register_task_definition(
            family=RUN_FAMILY,
            requiresCompatibilities=["FARGATE"],
            networkMode="awsvpc",
            cpu="1024",
            memory="2048",
            containerDefinitions=[
                {
                    "name": "run",
                    "image": "stt-pipeline",
                    "environment": [{"name": k, "value": v} for k, v in environment.items()],
                    "secrets": [{"name": k, "valueFrom": v} for k, v in secrets.items()],
                }
            ],
        )

    @cached_property
    def network(self) -> dict[str, str]:
        """The values that Terraform renders into dagster.yaml: the account's default network."""
        ec2 = self.client("ec2")
        subnets = [one["SubnetId"] for one in ec2.describe_subnets()["Subnets"]]
        groups = [one["GroupId"] for one in ec2.describe_security_groups()["SecurityGroups"]]
        return {
            "subnets": json.dumps(subnets),
            "security_groups": json.dumps(groups),
            "assign_public_ip": "DISABLED",
        }

    def tasks(self, started_by: str | None = None) -> list[Task]:
        """Every task ever started, oldest first; see `LocalTask.describe`."""
        query = "" if started_by is None else f"?started_by={quote(started_by)}"
        tasks: list[Task] = self._control(f"tasks{query}")
        return tasks

    def running(self, started_by: str | None = None) -> list[Task]:
        """The tasks that have not ended."""
        return [one for one in self.tasks(started_by) if one["status"] == "RUNNING"]

    def kill(self, task: Task) -> None:
        """SIGKILL to the whole task."""
        self._control(f"tasks/{task['id']}/kill", {})

    def interrupt(self, task: Task) -> None:
        """What Spot does: SIGTERM, and SIGKILL 2 s later."""
        self._control(f"tasks/{task['id']}/interrupt", {})

    def run_again(self, task: Task, started_by: str) -> None:
        """Starts a second task with the command of one, as another caller of RunTask would."""
        network = {name: json.loads(self.network[name]) for name in ("subnets", "security_groups")}
        self.client("ecs").run_task(
            cluster=CLUSTER,
            taskDefinition=RUN_FAMILY,
            startedBy=started_by,
            capacityProviderStrategy=[{"capacityProvider": "FARGATE"}],
            networkConfiguration={
                "awsvpcConfiguration": {
                    "subnets": network["subnets"],
                    "securityGroups": network["security_groups"],
                }
            },
            overrides={"containerOverrides": [{"name": "run", "command": task["command"]}]},
            tags=[{"key": "doubles", "value": task["id"]}],
        )

    def break_run_task(self, kind: str, started_by: str, times: int, seconds: float = 0.0) -> None:
        """Asks for a fault of RunTask: see `aws.Fault`."""
        fault = {"kind": kind, "started_by": started_by, "times": times, "seconds": seconds}
        self._control("faults", fault)

    def faults_left(self, started_by: str) -> int:
        """How many faults that were asked for have not happened yet."""
        faults = self._control("faults")
        return sum(one["times"] for one in faults if one["started_by"] == started_by)

    def _control(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.endpoint}/stand-in/{path}", data)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)


@lru_cache
def _client(endpoint: str, service: str) -> Any:
    session = boto3.session.Session(
        region_name=ENVIRONMENT["AWS_REGION"],
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    return session.client(service, endpoint_url=endpoint)


@contextmanager
def account(folder: Path) -> Iterator[Account]:
    """Runs a stand-in with an empty account; its tasks are killed at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    with serving(
        "stt_pipeline_tests.cloud.aws", str(folder / "tasks"), log=folder / "aws.log"
    ) as at:
        yield Account(at)
