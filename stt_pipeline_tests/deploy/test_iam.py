"""Every policy of every plan, judged by what AWS documents of its actions."""

import json
from collections.abc import Mapping
from pathlib import Path

from stt_pipeline_tests.deploy.iam import (
    actions_of,
    facts,
    listed,
    policy_faults,
    statements,
)
from stt_pipeline_tests.deploy.terraform import Plan

PASSED = {"run", "execution"}


def test_no_policy_allows_what_does_not_exist_or_more_than_it_names(
    plans: Mapping[str, Plan], tools: Path
) -> None:
    found = [
        (f"{name} {where}", one)
        for name, plan in plans.items()
        for where, one in statements(plan.documents())
    ]
    assert len(found) > 150
    known = facts(tools, actions_of(found))
    assert [fault for where, one in found for fault in policy_faults(where, one, known)] == []


def test_recordings_are_read_and_never_written(brought: Plan) -> None:
    allowed = {
        action
        for _, one in statements(brought.documents())
        if one["Effect"] == "Allow"
        and "phone-system-recordings" in json.dumps(one.get("Resource", ""))
        for action in listed(one["Action"])
    }
    assert allowed == {"s3:GetObject", "s3:ListBucket"}


def test_a_site_passes_two_roles_alone(created: Plan) -> None:
    passing = [
        (where, listed(one["Resource"]))
        for where, one in statements(created.documents())
        if "iam:PassRole" in listed(one["Action"])
    ]
    [(where, roles)] = passing
    assert "daemon" in where
    assert {role.rpartition("-")[2] for role in roles} == PASSED


def test_no_bucket_is_public(plans: Mapping[str, Plan]) -> None:
    for plan in plans.values():
        buckets = {one.values["bucket"] for one in plan.of("aws_s3_bucket")}
        assert buckets
        for kind, holds in {
            "aws_s3_bucket_public_access_block": "block_public_policy",
            "aws_s3_bucket_versioning": "versioning_configuration",
            "aws_s3_bucket_server_side_encryption_configuration": "rule",
            "aws_s3_bucket_policy": "policy",
        }.items():
            found = plan.of(kind)
            assert len(found) == len(buckets), kind
            assert all(one.values[holds] for one in found), kind


def test_everything_has_the_tags_of_its_bill(plans: Mapping[str, Plan]) -> None:
    for plan in plans.values():
        wrong = [one.address for one in plan.resources if one.values.get("tags_all") == {}]
        assert wrong == []
