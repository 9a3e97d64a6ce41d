"""Production on this machine: what is deployed is what runs, and it stands being broken.

Each case lost nothing, doubled nothing, and left nothing running. One file, as all share a bed.
"""

import json
from collections import Counter
from pathlib import Path

import pytest

from stt_pipeline.defs.retries import WILL_RETRY_TAG
from stt_pipeline_tests.cloud.account import LOGS_BUCKET
from stt_pipeline_tests.cloud.backfill import tables
from stt_pipeline_tests.cloud.bed import TABLES, Row
from stt_pipeline_tests.cloud.cases import DATES, MANY, ONE, Cases, Outcome
from stt_pipeline_tests.flows.console import wait_for

pytestmark = pytest.mark.timeout(1800)

OVERRIDES_LIMIT = 8192
UNDISTURBED = ("few undisturbed", "many undisturbed")


@pytest.mark.parametrize("name", UNDISTURBED)
def test_a_backfill_publishes_every_recording_of_its_date(cases: Cases, name: str) -> None:
    outcome, [date] = cases.outcome(name), DATES[name]
    assert outcome.status == "COMPLETED_SUCCESS"
    assert outcome.backfill.outcomes() == {
        (date, "SUCCESS"): 2,
        (f"{date}|1", "SUCCESS"): 1,
        (f"{date}|2", "SUCCESS"): 1,
    }
    published = tables(cases.bed, date)
    expected = [f"{cases.kind(name)}{number:02}" for number in range(len(published["recordings"]))]
    assert len(expected) == len(cases.calls[cases.kind(name)])
    for table in ("recordings", "transcripts", "transcript_quality"):
        assert [row["call_id"] for row in published[table]] == expected
    assert len(published["words"]) == sum(row["word_count"] for row in published["transcripts"])
    errors = ("substitutions", "deletions", "insertions")
    wrong = sum(row[one] for row in published["transcript_quality"] for one in errors)
    words = sum(row["reference_words"] for row in published["transcript_quality"])
    assert 0 < wrong / words < 0.2, "these calls are real speech, read by a small model"
    assert set(cases.bed.checkpoints(date).values()) == {1}


def test_each_run_was_a_task_of_the_size_and_capacity_of_dagster_yaml(cases: Cases) -> None:
    backfill = cases.outcome("few undisturbed").backfill
    backfill.wait_for_tasks()
    tasks = backfill.tasks()
    assert {task["tags"]["dagster/run_id"] for task in tasks} == {run.id for run in backfill.runs()}
    assert len(tasks) == 4
    assert {(task["cpu"], task["memory"], task["capacity"]) for task in tasks} == {
        ("4096", "8192", "FARGATE_SPOT")
    }
    assert {task["exit_code"] for task in tasks} == {0}
    shards = [task["tags"].get("dagster/partition/shard") for task in tasks]
    assert sorted(shard for shard in shards if shard) == ["1", "2"]


def test_a_run_counts_as_one_to_be_repeated_until_it_ends_by_itself(cases: Cases) -> None:
    ended = cases.outcome("few undisturbed").backfill
    assert {run.tags[WILL_RETRY_TAG] for run in ended.runs()} == {"false"}
    assert not ended.messages("retry")
    lost = cases.outcome("shard killed").backfill
    tags = {run.status: run.tags[WILL_RETRY_TAG] for run in lost.runs()}
    assert tags == {"SUCCESS": "false", "FAILURE": "true"}


def test_tags_of_a_run_choose_its_size_and_capacity(cases: Cases) -> None:
    tasks = cases.outcome("throttled").backfill.tasks()
    assert {(task["cpu"], task["memory"], task["capacity"]) for task in tasks} == {
        ("1024", "4096", "FARGATE")
    }


def test_no_secret_is_in_a_command_and_each_command_fits(cases: Cases) -> None:
    for task in cases.outcome("few undisturbed").backfill.tasks():
        command = json.dumps(task["command"])
        assert cases.bed.database.password not in command
        assert len(command) < OVERRIDES_LIMIT - 1000, "no room for a longer subnet list"
        assert "DAGSTER_POSTGRES_PASSWORD" in task["environment"]


def test_what_a_step_says_lies_in_the_logs_bucket(cases: Cases) -> None:
    outcome = cases.outcome("few undisturbed")
    found = cases.bed.account.client("s3").list_objects_v2(Bucket=LOGS_BUCKET)
    keys = [one["Key"] for one in found["Contents"]]
    for run in outcome.backfill.runs():
        assert any(key.startswith(f"compute-logs/storage/{run.id}/") for key in keys)


def test_the_catalog_has_the_tables(cases: Cases) -> None:
    cases.outcome("few undisturbed")
    glue = cases.bed.account.client("glue")
    found = glue.get_tables(DatabaseName="stt_pipeline")["TableList"]
    assert {*TABLES} <= {table["Name"] for table in found}


def undisturbed(cases: Cases, kind: str) -> dict[str, list[Row]]:
    """The tables that a date of these calls has, published by runs that nothing befell."""
    name = "many undisturbed" if kind == MANY else "few undisturbed"
    assert cases.outcome(name).status == "COMPLETED_SUCCESS"
    [date] = DATES[name]
    found = tables(cases.bed, date)
    if kind == ONE:
        return {name: _of_first_call(rows) for name, rows in found.items()}
    return found


def _of_first_call(rows: list[Row]) -> list[Row]:
    return [_unnumbered(row) for row in rows if row["call_id"] == "few00"]


def _unnumbered(row: Row) -> Row:
    """The first call is called few00 among few and one00 alone."""
    return {
        name: value.replace("few00", "one00") if isinstance(value, str) else value
        for name, value in row.items()
    }


def ended_well(cases: Cases, name: str) -> Outcome:
    """The outcome of a case, once all that every case promises is seen to hold."""
    outcome = cases.outcome(name)
    assert outcome.status == "COMPLETED_SUCCESS"
    expected = undisturbed(cases, cases.kind(name))
    checkpoints = Counter[str]()
    for date in DATES[name]:
        assert tables(cases.bed, date) == expected
        checkpoints += cases.bed.checkpoints(date)
    assert len(checkpoints) == len(expected["recordings"]) * len(DATES[name])
    assert set(checkpoints.values()) == {1}, "a finished recording was transcribed again"
    assert outcome.kept <= checkpoints
    outcome.backfill.wait_for_tasks()
    assert not _processes_of(outcome)
    return outcome


def _processes_of(outcome: Outcome) -> list[str]:
    """Processes of this machine that belong to a task of the case, by the session they are in."""
    sessions = {str(task["pid"]) for task in outcome.backfill.tasks()}
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            _, _, rest = stat.read_text().rpartition(")")
        except OSError:
            continue
        state, _, _, session, *_ = rest.split()
        if session in sessions and state != "Z":
            found.append(stat.parent.name)
    return found


@pytest.mark.parametrize("name", ["shard killed", "shard interrupted"])
def test_a_shard_whose_task_is_lost_is_repeated_by_itself(cases: Cases, name: str) -> None:
    outcome = ended_well(cases, name)
    assert 0 < len(outcome.kept) < len(cases.calls[MANY])
    failed = [run for run in outcome.backfill.runs() if run.status == "FAILURE"]
    assert len(failed) == 1
    assert failed[0].assets == {"transcript_shards"}
    assert outcome.backfill.outcomes()[failed[0].partition, "SUCCESS"] == 1
    assert sum(outcome.backfill.outcomes().values()) == 5, "the other runs were not repeated"
    assert len(outcome.backfill.messages("so that its backfill sees it first")) == 1
    [lost] = [one for one in outcome.backfill.tasks() if one["exit_code"] != 0]
    assert lost["tags"]["dagster/run_id"] == failed[0].id
    assert lost["stop_code"] == (
        "SpotInterruption" if name == "shard interrupted" else "EssentialContainerExited"
    )


def test_a_date_whose_own_task_is_killed_is_completed(cases: Cases) -> None:
    outcome, [date] = ended_well(cases, "date killed"), DATES["date killed"]
    assert len(outcome.kept) == 3
    assert outcome.backfill.outcomes() == {
        (date, "FAILURE"): 1,
        (date, "SUCCESS"): 2,
        (f"{date}|1", "SUCCESS"): 1,
        (f"{date}|2", "SUCCESS"): 1,
    }


def test_a_date_that_is_given_other_tasks_goes_on_with_them(cases: Cases) -> None:
    outcome = ended_well(cases, "tasks given")
    runs = outcome.backfill.runs()
    stopped = {run.id for run in runs if run.status == "CANCELED"}
    assert stopped, "the new tasks came when everything was done"
    assert {run.status for run in runs if run.id not in stopped} == {"SUCCESS"}
    ended_by = {one["tags"]["dagster/run_id"]: one["stop_code"] for one in outcome.backfill.tasks()}
    assert {run for run, code in ended_by.items() if code == "UserInitiated"} == stopped


def test_a_task_that_is_there_twice_does_its_work_once(cases: Cases) -> None:
    outcome = ended_well(cases, "doubled")
    [second] = [one for one in outcome.backfill.tasks() if "doubles" in one["tags"]]
    assert second["exit_code"] == 0


def test_a_backfill_does_not_wait_for_the_repetition_of_a_success(cases: Cases) -> None:
    [run] = ended_well(cases, "doubted").backfill.runs()
    assert run.status == "SUCCESS"
    wait_for(lambda: cases.outcome("doubted").backfill.runs()[0].tags[WILL_RETRY_TAG] == "false")


@pytest.mark.parametrize("name", ["throttled", "no capacity", "answer lost"])
def test_a_run_is_launched_once_however_run_task_answers(cases: Cases, name: str) -> None:
    outcome = ended_well(cases, name)
    assert cases.bed.account.faults_left(name) == 0
    assert {run.status for run in outcome.backfill.runs()} == {"SUCCESS"}
    assert len(outcome.backfill.tasks()) == len(outcome.backfill.runs()) == 1


def test_a_task_of_which_run_task_says_too_late_that_it_started(cases: Cases) -> None:
    outcome = ended_well(cases, "answer late")
    assert cases.bed.account.faults_left("answer late") == 0
    # Two where the run had begun for long enough to count as lost before its task was known.
    assert len(outcome.backfill.tasks()) == len(outcome.backfill.runs()) in (1, 2)


def test_s3_that_fails_one_request_in_ten_costs_nothing(cases: Cases) -> None:
    outcome = ended_well(cases, "S3 failing")
    assert 0.08 < outcome.broken_share < 0.12
    assert {run.status for run in outcome.backfill.runs()} == {"SUCCESS"}


def test_a_daemon_restarted_in_the_middle_of_ten_dates_finishes_them(cases: Cases) -> None:
    outcome = ended_well(cases, "daemon restarted")
    assert len(outcome.backfill.dates) == 10
    assert 2 <= len(outcome.kept) < 10


def test_postgres_restarted_while_runs_are_at_work(cases: Cases) -> None:
    ended_well(cases, "Postgres restarted")
    for program in (
        cases.bed.dagster.daemon,
        cases.bed.dagster.web_server,
        cases.bed.dagster.code_server,
    ):
        program.check()
