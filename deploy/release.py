"""Puts an image on a site: tries a task of it, rolls the services, takes all back where one fails.

    python deploy/release.py --site stt-prod --image REPOSITORY@sha256:…

Exit code 0: it runs; 1: the version before runs again; 2: the request was wrong. It changes images
and nothing else: sizes, settings and roles are Terraform's.
"""

import argparse
import re
import sys
import time
from dataclasses import dataclass, field
from typing import Any

import boto3

FAMILIES = ("run", "code", "webserver", "daemon")
"""Of a site; the run is tried first, and has no service."""

SERVICES = ("code", "webserver", "daemon")
"""The code server first: the daemon reads the definitions from it."""

ON_DEMAND = "serve"
"""Rolled with them where the site has it; family and service have the same name."""

IMAGE = re.compile(r"[\w./-]+@sha256:[0-9a-f]{64}")

KEPT = (
    "family",
    "taskRoleArn",
    "executionRoleArn",
    "networkMode",
    "containerDefinitions",
    "volumes",
    "requiresCompatibilities",
    "cpu",
    "memory",
    "runtimePlatform",
    "ephemeralStorage",
)
"""What a new revision takes over from the one before."""


class ReleaseError(Exception):
    """The new version does not work; the message says where."""


@dataclass
class Release:
    """One image on its way to one site."""

    site: str
    image: str
    ecs: Any
    ssm: Any
    poll_s: float = 15.0
    timeout_s: float = 1800.0
    before: dict[str, str] = field(default_factory=dict)
    made: dict[str, str] = field(default_factory=dict)
    more: tuple[str, ...] = ()

    def run(self) -> None:
        """Tries, rolls, and says what runs; raises ReleaseError with all as it was before."""
        try:
            self.more = self._on_demand()
            for name in (*FAMILIES, *self.more):
                self._register(name)
            self._try()
            for service in (*SERVICES, *self.more):
                self._use(service, self.made[service])
            for service in (*SERVICES, *self.more):
                self._settle(service)
        except Exception as error:
            self._back()
            raise ReleaseError(str(error)) from error
        self.ssm.put_parameter(
            Name=f"/{self.site}/released-image",
            Value=self.image,
            Type="SecureString",
            Overwrite=True,
        )

    def _on_demand(self) -> tuple[str, ...]:
        """The service on demand, where the site has one; one that sleeps is rolled too."""
        answer = self.ecs.describe_services(cluster=self.site, services=[ON_DEMAND])
        return tuple(one["serviceName"] for one in answer["services"] if one["status"] == "ACTIVE")

    def _register(self, name: str) -> None:
        family = f"{self.site}-{name}"
        found = self.ecs.describe_task_definition(taskDefinition=family)["taskDefinition"]
        self.before[name] = found["taskDefinitionArn"]
        anew = {key: found[key] for key in KEPT if found.get(key) is not None}
        anew["containerDefinitions"] = [
            {**one, "image": self.image} for one in found["containerDefinitions"]
        ]
        made = self.ecs.register_task_definition(**anew)["taskDefinition"]
        self.made[name] = made["taskDefinitionArn"]
        say(f"{family}: {made['revision']} after {found['revision']}")

    def _try(self) -> None:
        """One task of the new run: weights, buckets, database, catalog, as a run has them."""
        [service] = self.ecs.describe_services(cluster=self.site, services=["code"])["services"]
        answer = self.ecs.run_task(
            cluster=self.site,
            taskDefinition=self.made["run"],
            networkConfiguration=service["networkConfiguration"],
            capacityProviderStrategy=[{"capacityProvider": "FARGATE", "weight": 1}],
            startedBy="release",
        )
        if not answer["tasks"]:
            raise ReleaseError(f"no task of the new version starts: {answer['failures']}")
        arn = answer["tasks"][0]["taskArn"]
        end = time.monotonic() + self.timeout_s
        while True:
            [task] = self.ecs.describe_tasks(cluster=self.site, tasks=[arn])["tasks"]
            if task["lastStatus"] == "STOPPED":
                break
            self._wait(end, "the task that tries the new version")
        code = task["containers"][0].get("exitCode")
        if code != 0:
            reason = task.get("stoppedReason", "")
            raise ReleaseError(f"doctor --of worker ended with {code} in the new version: {reason}")
        say("a task of the new version is well")

    def _use(self, service: str, definition: str) -> None:
        self.ecs.update_service(cluster=self.site, service=service, taskDefinition=definition)

    def _settle(self, service: str) -> None:
        """Waits until the service's new tasks are healthy; raises where ECS rolled them back."""
        end = time.monotonic() + self.timeout_s
        while True:
            [found] = self.ecs.describe_services(cluster=self.site, services=[service])["services"]
            newest = next(one for one in found["deployments"] if one["status"] == "PRIMARY")
            if newest["taskDefinition"] != self.made[service]:
                raise ReleaseError(f"{service} was rolled back: its health checks failed")
            if newest["rolloutState"] == "FAILED":
                raise ReleaseError(f"{service} does not start: {newest['rolloutStateReason']}")
            if newest["rolloutState"] == "COMPLETED":
                say(f"{service} runs")
                return
            self._wait(end, service)

    def _wait(self, end: float, what: str) -> None:
        if time.monotonic() > end:
            raise ReleaseError(f"{what} is not done after {self.timeout_s / 60:.0f} min")
        time.sleep(self.poll_s)

    def _back(self) -> None:
        """The services as before; no revision of this release stays the newest of its family."""
        for service in (*SERVICES, *self.more):
            if service in self.made:
                self._use(service, self.before[service])
        for made in self.made.values():
            self.ecs.deregister_task_definition(taskDefinition=made)
        say("the version before runs again")


def say(what: str) -> None:
    """Tells how it goes."""
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--site", required=True, help="such as stt-prod")
    parser.add_argument("--image", required=True, help="repository@sha256:…")
    asked = parser.parse_args()
    if not IMAGE.fullmatch(asked.image):
        sys.stderr.write(f"{asked.image} names no digest: write repository@sha256:…\n")
        return 2
    session = boto3.session.Session()
    try:
        Release(asked.site, asked.image, session.client("ecs"), session.client("ssm")).run()
    except ReleaseError as error:
        sys.stderr.write(f"{asked.image} is not released: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
