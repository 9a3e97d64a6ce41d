"""What other tools say of the files below deploy/ and of the workflows."""

import json
import subprocess
from pathlib import Path

from stt_pipeline_tests.deploy.paths import DEPLOY, REPOSITORY, TERRAFORM
from stt_pipeline_tests.deploy.terraform import Plan


def said(*command: str | Path) -> tuple[int, str]:
    """The exit code of a tool, and what it printed."""
    ended = subprocess.run(
        [str(one) for one in command], capture_output=True, text=True, check=False, cwd=REPOSITORY
    )
    return ended.returncode, ended.stdout + ended.stderr


def checkov(tools: Path, folder: Path, *frameworks: str) -> tuple[int, str]:
    """Policies on Terraform, the image and the workflows; each exception is beside its line."""
    options = ["--skip-download", "--quiet", "--compact", "--framework", *frameworks]
    return said(tools / "checkov", "-d", folder, *options)


def test_checkov_finds_nothing_that_is_not_justified_beside_its_line(tools: Path) -> None:
    code, output = checkov(tools, TERRAFORM, "terraform", "secrets")
    assert code == 0, output


def test_every_exception_says_why() -> None:
    lines = [
        line.strip()
        for file in TERRAFORM.rglob("*.tf")
        for line in file.read_text().splitlines()
        if "checkov:skip=" in line
    ]
    assert lines
    assert [line for line in lines if len(line.partition(": ")[2]) < 20] == []


def test_workflows_are_valid(tools: Path) -> None:
    workflows = sorted((REPOSITORY / ".github" / "workflows").glob("*.yml"))
    assert workflows
    code, output = said(tools / "actionlint", *workflows)
    assert code == 0, output
    code, output = checkov(tools, REPOSITORY / ".github", "github_actions")
    assert code == 0, output


def test_the_compose_file_is_valid(tools: Path) -> None:
    schema = ("--builtin-schema", "vendor.compose-spec")
    code, output = said(tools / "check-jsonschema", *schema, DEPLOY / "compose.yaml")
    assert code == 0, output


def test_the_firewall_is_a_valid_template(created: Plan, tools: Path, tmp_path: Path) -> None:
    [stack] = created.of("aws_cloudformation_stack")
    template = tmp_path / "firewall.json"
    template.write_text(json.dumps(json.loads(stack.values["template_body"])))
    code, output = said(tools / "cfn-lint", "--regions", "eu-west-3", "--", template)
    assert code == 0, output
