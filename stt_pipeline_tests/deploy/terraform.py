"""Runs the command that checks Terraform, and reads what it plans. Knows no resource.

The command of STT_TEST_TERRAFORM_CHECK takes a root module, and then perhaps `plan` with options of
Terraform's, of which it prints the plan as JSON. deploy/check is one on top of `terraform`.
"""

import json
import os
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHECK = "STT_TEST_TERRAFORM_CHECK"

TIMEOUT_S = 600

Values = dict[str, Any]


@dataclass(frozen=True)
class Checked:
    """How a check ended; `said` is what it told a person."""

    ok: bool
    said: str
    out: str


@dataclass(frozen=True)
class Resource:
    """A resource that is planned, with the values that are known before it exists."""

    address: str
    type: str
    values: Values


@dataclass(frozen=True)
class Plan:
    """What Terraform would make."""

    resources: tuple[Resource, ...]

    def of(self, kind: str) -> list[Resource]:
        """The resources of a type."""
        return [one for one in self.resources if one.type == kind]

    def documents(self) -> Iterator[tuple[str, Values]]:
        """Each policy of IAM, a key, a bucket, a topic or a log, with its address."""
        for one in self.resources:
            for name in ("policy", "assume_role_policy", "policy_document"):
                text = one.values.get(name)
                if isinstance(text, str) and '"Statement"' in text:
                    yield f"{one.address}.{name}", json.loads(text)


def check(root: Path, *more: str) -> Checked:
    """Formatting, types, references and the module's own tests; then what `more` asks for."""
    ended = subprocess.run(
        [*shlex.split(os.environ[CHECK]), str(root), *more],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    return Checked(ended.returncode == 0, ended.stderr, ended.stdout)


def plan(root: Path, *more: str) -> str:
    """The plan of a root module as JSON; raises RuntimeError with what Terraform said."""
    checked = check(root, "plan", *more)
    if not checked.ok:
        raise RuntimeError(checked.said + checked.out[-4000:])
    return checked.out


def read_plan(text: str) -> Plan:
    """A plan from its JSON; modules within modules are flattened."""
    return Plan(tuple(_resources(json.loads(text)["planned_values"]["root_module"])))


def _resources(module: Values) -> Iterator[Resource]:
    for one in module.get("resources", []):
        if one["mode"] == "managed":
            # Where nothing is known before it exists, there are no values.
            yield Resource(one["address"], one["type"], one.get("values", {}))
    for child in module.get("child_modules", []):
        yield from _resources(child)
