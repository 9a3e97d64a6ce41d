"""The containers of each environment, from its plan: ECS takes them, and they miss nothing."""

import json

from stt_pipeline_tests.deploy.containers import (
    WITHOUT_DAGSTER,
    environment_faults,
    task_faults,
    tasks_of,
)
from stt_pipeline_tests.deploy.paths import DEPLOY
from stt_pipeline_tests.deploy.terraform import Plan

DOCTORED = {"webserver", "daemon", "code"}
"""Services that `doctor` asks; the one on demand is asked for an answer."""


def test_ecs_would_accept_every_task_definition(brought: Plan) -> None:
    tasks = tasks_of(brought)
    assert set(tasks) == {"webserver", "daemon", "code", "run", "serve"}
    assert [fault for task in tasks.values() for fault in task_faults(task)] == []


def test_every_variable_is_known_and_none_is_missing(brought: Plan) -> None:
    tasks = tasks_of(brought).values()
    assert [fault for task in tasks for fault in environment_faults(task)] == []


def test_schedules_and_runs_read_the_same_settings(brought: Plan) -> None:
    """Else the code server would plan for another engine than the one that runs, or serves."""
    settings = [
        {
            name: value
            for name, value in tasks_of(brought)[role].environment.items()
            if name.startswith("STT_") and not name.startswith("STT_SERVE_")
        }
        for role in ("code", "run", "serve")
    ]
    assert settings[0] == settings[1] == settings[2]


def test_each_service_is_asked_for_what_it_does(brought: Plan) -> None:
    for role, task in tasks_of(brought).items():
        own = task.containers[-1]
        assert own["name"] == role
        if role in DOCTORED:
            assert own["healthCheck"]["command"] == ["CMD", "stt-pipeline", "doctor", "--of", role]
        if role != "run":
            assert own["healthCheck"]["timeout"] < own["healthCheck"]["interval"] <= 300


def test_the_service_listens_where_it_is_asked(brought: Plan) -> None:
    [serve] = tasks_of(brought)["serve"].containers
    [group] = [
        one for one in brought.of("aws_lb_target_group") if one.values["name"].endswith("-serve")
    ]
    [service] = [one for one in brought.of("aws_ecs_service") if one.values["name"] == "serve"]
    port = int(serve["command"][serve["command"].index("--port") + 1])
    assert serve["command"][:4] == ["stt-pipeline", "serve", "--host", "0.0.0.0"]
    assert [one["containerPort"] for one in serve["portMappings"]] == [port]
    assert f"http://127.0.0.1:{port}/healthz" in serve["healthCheck"]["command"][-1]
    assert group.values["port"] == port
    assert [one["container_port"] for one in service.values["load_balancer"]] == [port]
    assert group.values["health_check"][0]["path"] == "/readyz"


def test_an_answer_that_is_late_comes_from_the_service_and_not_from_the_balancer(
    brought: Plan,
) -> None:
    [balancer] = brought.of("aws_lb")
    timeout_s = tasks_of(brought)["serve"].environment["STT_SERVE_TIMEOUT_S"]
    assert float(timeout_s) < balancer.values["idle_timeout"]


def test_the_daemon_waits_for_its_tables(brought: Plan) -> None:
    migrate, daemon = tasks_of(brought)["daemon"].containers
    assert migrate["command"] == ["dagster", "instance", "migrate"]
    assert daemon["dependsOn"] == [{"containerName": "migrate", "condition": "SUCCESS"}]


def test_the_launcher_names_a_family_and_a_container_that_exist(brought: Plan) -> None:
    tasks = tasks_of(brought)
    family = tasks["daemon"].environment["DAGSTER_ECS_RUN_TASK_DEFINITION"]
    assert family == tasks["run"].request["family"]
    assert "container_name: run\n" in (DEPLOY / "dagster.yaml").read_text()
    assert [one["name"] for one in tasks["run"].containers] == ["run"]


def test_a_container_starts_with_the_files_that_it_reads(brought: Plan) -> None:
    """The entry point writes what environment variables name, and then becomes the command."""
    for task in tasks_of(brought).values():
        if task.role in WITHOUT_DAGSTER:
            continue
        script = task.containers[-1]["entryPoint"][2]
        for name in ("DAGSTER_YAML", "WORKSPACE_YAML", "DATABASE_CA"):
            assert f'"${name}"' in script
            assert name in task.environment
        assert script.endswith('exec "$@"')
        home = task.environment["DAGSTER_HOME"]
        mounts = {one["containerPath"] for one in task.containers[-1]["mountPoints"]}
        assert any(home.startswith(f"{mount}/") for mount in mounts)


def test_an_override_of_a_run_is_far_from_the_limit_of_ecs(brought: Plan) -> None:
    """A task definition holds 64 kB: what is long goes by parameters."""
    for task in tasks_of(brought).values():
        assert len(json.dumps(task.request)) < 32_000
