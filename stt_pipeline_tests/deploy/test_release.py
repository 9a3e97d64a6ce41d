"""deploy/release.py on moto's ECS: what runs after a release that works, and after others."""

import importlib.util
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import boto3
import pytest
from moto import mock_aws

from stt_pipeline_tests.deploy.paths import DEPLOY

SITE = "stt-test"
OLD = "1.dkr.ecr.eu-west-3.amazonaws.com/stt-pipeline@sha256:" + "a" * 64
NEW = "1.dkr.ecr.eu-west-3.amazonaws.com/stt-pipeline@sha256:" + "b" * 64
ROLES = ("run", "code", "webserver", "daemon", "serve")


@pytest.fixture(scope="module")
def release() -> ModuleType:
    spec = importlib.util.spec_from_file_location("release", DEPLOY / "release.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["release"] = module
    spec.loader.exec_module(module)
    return module


class Ecs:
    """Moto's ECS, with the outcome of tasks and deployments as a test says."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.exit_code = 0
        self.fails: str | None = None
        self.takes_back: str | None = None
        self.tried: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def run_task(self, **asked: Any) -> dict[str, Any]:
        self.tried.append(asked["taskDefinition"])
        return {"tasks": [{"taskArn": "task-1"}], "failures": []}

    def describe_tasks(self, **asked: Any) -> dict[str, Any]:
        container = {"exitCode": self.exit_code}
        return {"tasks": [{"lastStatus": "STOPPED", "containers": [container]}]}

    def describe_services(self, **asked: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self._client.describe_services(**asked)
        for service in answer["services"]:
            name, definition = service["serviceName"], service["taskDefinition"]
            if name == self.takes_back and definition.endswith(":2"):
                definition = definition.removesuffix("2") + "1"
            state = "FAILED" if name == self.fails else "COMPLETED"
            service["deployments"] = [
                {
                    "status": "PRIMARY",
                    "taskDefinition": definition,
                    "rolloutState": state,
                    "rolloutStateReason": "tasks failed to start",
                }
            ]
        return answer


@pytest.fixture
def ecs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ecs]:
    """A site that runs the old image."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-3")
    with mock_aws():
        client = boto3.client("ecs")
        client.create_cluster(clusterName=SITE)
        ec2 = boto3.client("ec2")
        subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
        group = ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]
        network = {"subnets": [subnet], "securityGroups": [group]}
        for role in ROLES:
            containers: list[dict[str, Any]] = [{"name": role, "image": OLD, "memory": 512}]
            if role == "daemon":
                containers.insert(0, {"name": "migrate", "image": OLD, "memory": 512})
            client.register_task_definition(
                family=f"{SITE}-{role}", containerDefinitions=containers, cpu="512", memory="1024"
            )
            if role != "run":
                client.create_service(
                    cluster=SITE,
                    serviceName=role,
                    taskDefinition=f"{SITE}-{role}",
                    desiredCount=1,
                    networkConfiguration={"awsvpcConfiguration": network},
                )
        yield Ecs(client)


def images(ecs: Ecs) -> dict[str, set[str]]:
    """What each service runs, and what a run would be started with: the newest of its family."""
    found = {}
    for role in ROLES:
        # By a family's name alone AWS gives its newest active revision; moto one that is not, too.
        active = ecs.list_task_definitions(familyPrefix=f"{SITE}-{role}", status="ACTIVE")
        name = active["taskDefinitionArns"][-1]
        if role != "run":
            [service] = ecs.describe_services(cluster=SITE, services=[role])["services"]
            name = service["taskDefinition"]
        definition = ecs.describe_task_definition(taskDefinition=name)["taskDefinition"]
        found[role] = {one["image"] for one in definition["containerDefinitions"]}
    return found


def run(release: ModuleType, ecs: Ecs) -> Any:
    """Releases the new image; the parameter of what was released."""
    ssm = boto3.client("ssm")
    release.Release(SITE, NEW, ecs, ssm, poll_s=0.0, timeout_s=1.0).run()
    return ssm.get_parameter(Name=f"/{SITE}/released-image", WithDecryption=True)["Parameter"]


def test_every_container_has_the_new_image_and_it_is_noted(release: ModuleType, ecs: Ecs) -> None:
    assert run(release, ecs)["Value"] == NEW
    assert images(ecs) == {role: {NEW} for role in ROLES}
    assert [arn.rpartition("/")[2] for arn in ecs.tried] == [f"{SITE}-run:2"]


def test_a_site_without_transcription_on_demand_is_released_too(
    release: ModuleType, ecs: Ecs
) -> None:
    ecs.delete_service(cluster=SITE, service="serve", force=True)
    run(release, ecs)
    found = ecs.list_task_definitions(familyPrefix=f"{SITE}-serve")["taskDefinitionArns"]
    assert [arn.rpartition(":")[2] for arn in found] == ["1"]


def test_an_image_whose_task_is_not_well_reaches_no_service(release: ModuleType, ecs: Ecs) -> None:
    ecs.exit_code = 1
    with pytest.raises(release.ReleaseError, match="doctor --of worker ended with 1"):
        run(release, ecs)
    assert images(ecs) == {role: {OLD} for role in ROLES}


@pytest.mark.parametrize("broken", ["code", "daemon", "serve"])
def test_a_service_that_does_not_start_takes_the_release_back(
    release: ModuleType, ecs: Ecs, broken: str
) -> None:
    ecs.fails = broken
    with pytest.raises(release.ReleaseError, match=f"{broken} does not start: tasks failed"):
        run(release, ecs)
    ecs.fails = None
    assert images(ecs) == {role: {OLD} for role in ROLES}


def test_a_service_that_ecs_has_rolled_back_takes_the_others_back(
    release: ModuleType, ecs: Ecs
) -> None:
    ecs.takes_back = "webserver"
    with pytest.raises(release.ReleaseError, match="webserver was rolled back"):
        run(release, ecs)
    assert images(ecs) == {role: {OLD} for role in ROLES}


def test_a_tag_is_refused(
    release: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["release", "--site", SITE, "--image", "stt-pipeline:v1"])
    assert release.main() == 2
    assert "names no digest" in capsys.readouterr().err
