"""The stand-in of ECS answers as ECS does, where a launcher of runs would notice."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from botocore.exceptions import ClientError

from stt_pipeline_tests.cloud.account import CLUSTER, RUN_FAMILY, Account, account
from stt_pipeline_tests.cloud.processes import wait_for

SLEEP = ["python", "-c", "import time; time.sleep(60)"]
DEAF = [
    "python",
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True);"
    "time.sleep(60)",
]


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with account(tmp_path_factory.mktemp("aws")) as aws:
        aws.create_cluster()
        secret = aws.create_secret("word", "open sesame")
        aws.register_run({"PLACE": "cave"}, {"WORD": secret})
        yield aws


def run_task(aws: Account, command: list[str], **more: Any) -> dict[str, Any]:
    """Asks for a task; returns its description."""
    network = {
        "subnets": json.loads(aws.network["subnets"]),
        "securityGroups": json.loads(aws.network["security_groups"]),
    }
    size: dict[str, Any] = {name: more.pop(name) for name in ("cpu", "memory") if name in more}
    answer = aws.client("ecs").run_task(
        cluster=CLUSTER,
        taskDefinition=RUN_FAMILY,
        capacityProviderStrategy=[{"capacityProvider": "FARGATE_SPOT"}],
        networkConfiguration={"awsvpcConfiguration": network},
        overrides={"containerOverrides": [{"name": "run", "command": command}], **size},
        **more,
    )
    task: dict[str, Any] = answer["tasks"][0]
    return task


def described(aws: Account, task: dict[str, Any]) -> dict[str, Any]:
    answer = aws.client("ecs").describe_tasks(cluster=CLUSTER, tasks=[task["taskArn"]])
    found: dict[str, Any] = answer["tasks"][0]
    return found


def stopped(aws: Account, task: dict[str, Any]) -> dict[str, Any]:
    wait_for(lambda: described(aws, task)["lastStatus"] == "STOPPED", "the end of the task", 30)
    return described(aws, task)


def own(aws: Account, task: dict[str, Any]) -> dict[str, Any]:
    """The task as the stand-in itself knows it."""
    return next(one for one in aws.tasks() if one["arn"] == task["taskArn"])


def test_a_task_has_the_environment_and_the_secrets_of_its_definition(aws: Account) -> None:
    says = "import os; print(os.environ['PLACE'], os.environ['WORD']); raise SystemExit(3)"
    ended = stopped(aws, task := run_task(aws, ["python", "-c", says]))
    assert ended["containers"][0]["exitCode"] == 3
    assert ended["stopCode"] == "EssentialContainerExited"
    assert Path(own(aws, task)["log"]).read_text() == "cave open sesame\n"


def test_a_task_that_is_stopped_ends_with_all_its_processes(aws: Account) -> None:
    child = f"import subprocess; subprocess.run({SLEEP!r})"
    task = run_task(aws, ["python", "-c", child])
    assert described(aws, task)["lastStatus"] == "RUNNING"
    process = psutil.Process(own(aws, task)["pid"])
    wait_for(lambda: bool(process.children()), "the child", 30)
    [below] = process.children()
    aws.client("ecs").stop_task(cluster=CLUSTER, task=task["taskArn"], reason="enough")
    ended = stopped(aws, task)
    assert (ended["stopCode"], ended["stoppedReason"]) == ("UserInitiated", "enough")
    assert ended["containers"][0]["exitCode"] == 128 + signal.SIGTERM
    wait_for(lambda: not below.is_running(), "the end of the child", 10)


def test_spot_takes_a_task_that_does_not_listen(aws: Account) -> None:
    task = run_task(aws, DEAF)
    log = Path(own(aws, task)["log"])
    wait_for(lambda: "deaf" in log.read_text(), "its first word", 30)
    aws.interrupt(own(aws, task))
    ended = stopped(aws, task)
    assert ended["stopCode"] == "SpotInterruption"
    assert ended["containers"][0]["exitCode"] == 128 + signal.SIGKILL


def test_a_token_starts_one_task_however_often_it_is_sent(aws: Account) -> None:
    before = len(aws.tasks())
    first = run_task(aws, ["true"], clientToken="same")
    assert run_task(aws, ["true"], clientToken="same")["taskArn"] == first["taskArn"]
    assert run_task(aws, ["true"], clientToken="other")["taskArn"] != first["taskArn"]
    assert len(aws.tasks()) == before + 2


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"cpu": "4096", "memory": "2048"}, "No Fargate configuration exists"),
        ({"tags": [{"key": "partition", "value": "2026-11-16|1"}]}, "invalid characters"),
    ],
)
def test_what_ecs_refuses_is_refused(aws: Account, more: dict[str, Any], says: str) -> None:
    before = len(aws.tasks())
    with pytest.raises(ClientError, match=says):
        run_task(aws, ["true"], **more)
    assert len(aws.tasks()) == before
