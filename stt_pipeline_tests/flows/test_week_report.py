"""What the weekly step makes of a lake on Sunday evening: done, left, late, and since when."""

import datetime as dt
from pathlib import Path

import pytest

from stt_pipeline.defs.published_tables import note_publication
from stt_pipeline.defs.weekly_readiness import judge_week, week_report
from stt_pipeline.domain.schemas import DATE_TABLES
from stt_pipeline.domain.tables import table, transcript_row
from stt_pipeline.domain.week.week_report import WeekReport
from stt_pipeline_tests.factories import make_transcription
from stt_pipeline_tests.flows.lake import Lake

WEEK = "2026-W47"
MONDAY, TUESDAY, FRIDAY = "2026-11-16", "2026-11-17", "2026-11-20"
SUNDAY_EVENING = dt.datetime(2026, 11, 22, 19, 0, tzinfo=dt.UTC)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Monday and Tuesday are published in their nights, each with two calls of an hour."""
    lake = Lake(tmp_path, SUNDAY_EVENING, shard_minutes=5.0, max_shards=4)
    for date in (MONDAY, TUESDAY):
        lake.put(date, f"one-{date}", f"two-{date}")
        night = dt.datetime.fromisoformat(date) + dt.timedelta(days=1, hours=2)
        publish(lake, date, night.replace(tzinfo=dt.UTC))
    lake.put(FRIDAY, "friday1", "friday2", "friday3")
    lake.keep_ledger(FRIDAY, minutes=60.0)
    lake.clock.now = SUNDAY_EVENING
    return lake


def publish(lake: Lake, date: str, at: dt.datetime) -> None:
    lake.clock.now = at
    lake.publish(date)
    heard = make_transcription(duration_s=3600.0)
    rows = [transcript_row(one, heard, "engine") for one in lake.found(date)]
    for name in DATE_TABLES:
        if name != "recordings":
            found = rows if name == "transcripts" else []
            lake.pipeline.published.write(name, date, table(name, found))
    note_publication(lake.pipeline, date)


def report_of(lake: Lake) -> WeekReport:
    return week_report(lake.pipeline, WEEK, judge_week(lake.pipeline, WEEK))


def test_a_week_at_work_has_what_is_done_and_a_forecast_of_the_rest(lake: Lake) -> None:
    lake.transcribe(FRIDAY, lake.found(FRIDAY)[:1])

    report = report_of(lake)

    progress = report.progress
    assert [date.is_complete for date in progress.dates] == [True, True, *[False] * 5]
    assert str(progress.dates[0].complete_since) == "2026-11-17 03:00:00+01:00"
    assert [(f"{at:%a %H}", hours) for at, hours in progress.published] == [
        ("Tue 03", 2.0),
        ("Wed 03", 4.0),
    ]
    assert (progress.total_h, progress.transcribed_h) == pytest.approx((7.0, 5.0))
    assert progress.expected
    assert progress.now < progress.expected.low < progress.expected.likely < progress.deadline
    assert progress.slack_s
    assert progress.slack_s > 6 * 3600
    assert not report.is_ready


def test_late_recordings_make_the_date_late_and_not_the_next_run_of_it(lake: Lake) -> None:
    lake.put(MONDAY, "late")

    seen = report_of(lake)
    assert seen.dates[0].reason == (
        "1 recordings came or changed after it was published: run it again"
    )
    assert not seen.progress.dates[0].is_complete

    publish(lake, MONDAY, SUNDAY_EVENING)
    lake.clock.forward(hours=20)
    note_publication(lake.pipeline, MONDAY)
    again = report_of(lake).progress
    assert again.dates[0].complete_since == SUNDAY_EVENING
    assert [hours for _, hours in again.published] == [2.0, 4.0, 5.0]


def test_a_date_published_before_times_were_kept_is_complete_without_one(lake: Lake) -> None:
    (lake.root / "lake" / "_work" / "publications" / f"call_date={MONDAY}.json").unlink()

    monday = report_of(lake).progress.dates[0]

    assert (monday.is_complete, monday.complete_since) == (True, None)
