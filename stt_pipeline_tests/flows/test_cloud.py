"""Two dates through production on this machine: what is deployed is what runs."""

import json

import pytest

from stt_pipeline.defs.resources import WILL_RETRY_TAG
from stt_pipeline_tests.cloud.account import LOGS_BUCKET
from stt_pipeline_tests.cloud.backfill import tables
from stt_pipeline_tests.cloud.bed import TABLES
from stt_pipeline_tests.cloud.cases import DATES, Cases

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
