"""Is a week ready: a row a call date, also for the date of which nothing is there."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline.domain.call_dates import dates_of
from stt_pipeline.domain.planning.fallback import ENGINE
from stt_pipeline.domain.planning.prices import FargatePrice
from stt_pipeline.domain.quality.gates import CheckResult, Verdict, check_wer
from stt_pipeline.domain.quality.labelled_calls import LabelledCalls
from stt_pipeline.domain.quality.wer import ErrorCounts, pool
from stt_pipeline.domain.recordings.recording import Recording, Status
from stt_pipeline.domain.schemas import TABLES
from stt_pipeline.domain.tables import error_count_rows, recordings_table, transcript_row
from stt_pipeline.domain.week.readiness import READINESS_COLUMNS, DateFacts, Row, judge_date
from stt_pipeline.domain.week.week_aside import AsideCollector
from stt_pipeline_tests.factories import (
    CALL_DATE,
    make_quality_row,
    make_recording,
    make_segment,
    make_transcription,
)

SPOKEN = make_transcription([make_segment("hello there")], duration_s=60.0, cpu_s=3.0)
SILENT = make_transcription(duration_s=30.0, cpu_s=0.5)
FAILED = Verdict("digest", "engine", (CheckResult("wer", False, "30.0% are wrong."),))
PASSED = Verdict("digest", "engine", (CheckResult("wer", True, "1.0% are wrong."),))


def rows_of(recordings: Sequence[Recording]) -> list[Row]:
    """The rows as they are read back from the lake."""
    rows: list[Row] = recordings_table(recordings).to_pylist()
    return rows


def a_date(date: dt.date = CALL_DATE) -> DateFacts:
    """A published date: a call, a silent call, a broken file and a duplicate."""
    call, silent = make_recording("C1"), make_recording("C2")
    ledger = rows_of(
        [
            call,
            silent,
            make_recording("C3").quarantined("the file is empty"),
            make_recording("C4", etag=call.etag, status=Status.DUPLICATE, reason="same bytes"),
        ]
    )
    return DateFacts(
        call_date=date,
        ledger=ledger,
        recordings=ledger,
        transcripts=[
            transcript_row(call, SPOKEN, "engine"),
            transcript_row(silent, SILENT, "engine"),
        ],
        quality=[
            make_quality_row("C1", hits=18, substitutions=1, deletions=1),
            make_quality_row("C2"),
        ],
        verdict=PASSED,
    )


def test_a_published_date_is_ready_with_its_counts() -> None:
    row = judge_date(a_date(), FargatePrice("here", "spot", "2026-09", 3.0, 0.25)).row()

    assert row == {
        "week": "2026-W47",
        "call_date": "2026-11-16",
        "recordings": 4,
        "transcribed": 1,
        "no_speech": 1,
        "quarantined": 1,
        "duplicates": 1,
        "audio_s": 90.0,
        "wer": 0.1,
        "reference_words": 20,
        "cpu_s": 3.5,
        "cost_usd": pytest.approx(3.5 / 3600 * 3.5),
        "ready": True,
        "reason": "",
    }


def test_every_recording_of_a_date_is_counted_once() -> None:
    row = judge_date(a_date())

    assert row.recordings == row.transcribed + row.no_speech + row.quarantined + row.duplicates


def test_a_week_with_a_missing_day_is_not_ready_and_names_that_day() -> None:
    monday, *others = dates_of("2026-W47")
    facts = [DateFacts(monday), *(a_date(date) for date in others)]

    rows = [judge_date(date) for date in facts]

    assert [row.call_date for row in rows] == [str(date) for date in dates_of("2026-W47")]
    assert [row.ready for row in rows] == [False] + [True] * 6
    assert rows[0].reason == "never processed"
    assert (rows[0].recordings, rows[0].transcribed, rows[0].wer) == (0, 0, None)


def test_a_day_without_calls_is_ready_and_says_so() -> None:
    row = judge_date(DateFacts(CALL_DATE, [], [], [], [], PASSED))

    assert (row.ready, row.reason) == (True, "no recordings found")
    assert row.wer is None


def test_a_date_found_and_not_published_counts_its_ledger() -> None:
    row = judge_date(DateFacts(CALL_DATE, ledger=a_date().ledger))

    assert (row.ready, row.reason) == (False, "found, not yet published")
    assert (row.recordings, row.quarantined, row.transcribed) == (4, 1, 0)


def test_a_date_that_never_passed_its_gate_says_what_failed() -> None:
    row = judge_date(DateFacts(CALL_DATE, ledger=a_date().ledger, verdict=FAILED))

    assert not row.ready
    assert row.reason.startswith("its last run failed the gate: wer: 30.0% are wrong")


def test_a_date_whose_new_run_failed_its_gate_keeps_the_version_before() -> None:
    row = judge_date(replace(a_date(), verdict=FAILED))

    assert row.ready
    assert row.reason.startswith("the version before stands")
    assert "failed the gate: wer: 30.0% are wrong" in row.reason


def test_a_recording_that_came_late_makes_the_date_unready() -> None:
    facts = a_date()
    late = replace(facts, ledger=[*(facts.ledger or ()), *rows_of([make_recording("C9")])])

    row = judge_date(late)

    assert (row.ready, row.reason) == (
        False,
        "1 recordings came or changed after it was published: run it again",
    )


def test_a_recording_that_changed_after_publication_makes_the_date_unready() -> None:
    facts = a_date()
    changed = [
        row | {"etag": "other bytes"} if row["call_id"] == "C1" else row
        for row in facts.ledger or ()
    ]

    row = judge_date(replace(facts, ledger=changed))

    assert (row.ready, row.reason) == (
        False,
        "1 recordings came or changed after it was published: run it again",
    )


def test_a_recording_quarantined_by_its_failure_is_no_late_one() -> None:
    facts = a_date()
    published = [
        row | {"status": "quarantined", "reason": "truncated"} if row["call_id"] == "C2" else row
        for row in facts.ledger or ()
    ]

    row = judge_date(
        replace(facts, recordings=published, transcripts=(facts.transcripts or ())[:1])
    )

    assert (row.ready, row.quarantined, row.no_speech) == (True, 2, 0)


def test_a_recording_that_no_run_has_seen_makes_the_date_unready() -> None:
    row = judge_date(replace(a_date(), waiting=2))

    assert (row.ready, row.reason) == (
        False,
        "2 recordings came or changed after it was published: run it again",
    )
    assert judge_date(DateFacts(CALL_DATE, waiting=2)).reason == "never processed"


def test_an_accepted_recording_without_transcript_makes_the_date_unready() -> None:
    facts = a_date()

    row = judge_date(replace(facts, transcripts=(facts.transcripts or ())[:1]))

    assert (row.ready, row.reason) == (False, "1 accepted recordings have no transcript")


def test_a_transcript_without_recording_makes_the_date_unready() -> None:
    facts = a_date()
    fewer = [row for row in facts.ledger or () if row["call_id"] != "C2"]

    row = judge_date(replace(facts, ledger=fewer, recordings=fewer))

    assert (row.ready, row.reason) == (False, "1 transcripts have no recording: run it again")


def test_words_heard_where_the_reference_is_empty_are_no_error_of_the_date() -> None:
    quality = [make_quality_row("C1", hits=9, deletions=1), make_quality_row("C2", insertions=50)]

    assert judge_date(replace(a_date(), quality=quality)).wer == 0.1
    assert check_wer(quality, max_wer=0.2).figures["wer"] == 0.1


def taken_in(facts: DateFacts) -> object:
    aside, labelled = AsideCollector(), LabelledCalls()
    aside.add(facts)
    labelled.add(facts)
    return aside.aside(), labelled.rates()


@pytest.mark.parametrize("verdict", [PASSED, FAILED, None])
def test_the_columns_that_are_read_are_enough(verdict: Verdict | None) -> None:
    counts = error_count_rows("C1", "en", {"agent": ErrorCounts(18, 1, 1)})
    whole = replace(a_date(), verdict=verdict, error_counts=counts)

    def read(rows: Sequence[Row] | None, table: str) -> list[Row]:
        return [{name: row[name] for name in READINESS_COLUMNS[table]} for row in rows or ()]

    facts = replace(
        whole,
        ledger=read(whole.ledger, "recordings"),
        recordings=read(whole.recordings, "recordings"),
        transcripts=read(whole.transcripts, "transcripts"),
        quality=read(whole.quality, "transcript_quality"),
        error_counts=read(whole.error_counts, "error_counts"),
    )

    assert judge_date(facts) == judge_date(whole)
    assert taken_in(facts) == taken_in(whole)


COUNTS = st.builds(ErrorCounts, *[st.integers(0, 40)] * 4)


@given(st.lists(COUNTS, max_size=6))
def test_the_rate_of_a_date_is_pooled_from_its_calls(counts: list[ErrorCounts]) -> None:
    quality = [
        make_quality_row(
            hits=one.hits,
            substitutions=one.substitutions,
            deletions=one.deletions,
            insertions=one.insertions,
        )
        for one in counts
    ]
    pooled = pool(one for one in counts if one.reference_words)

    row = judge_date(replace(a_date(), quality=quality))

    assert (row.wer, row.reference_words) == (pooled.wer, pooled.reference_words)


def test_a_call_of_the_paid_engine_costs_its_price_and_no_column_more() -> None:
    facts = a_date()
    paid = transcript_row(make_recording("C5"), replace(SPOKEN, cpu_s=0.0), ENGINE)
    with_paid = replace(facts, transcripts=[*(facts.transcripts or ()), paid])

    before, after = judge_date(facts), judge_date(with_paid)
    columns = TABLES["weekly_readiness"].schema.names

    assert after.paid_calls == 1
    assert after.paid_usd == pytest.approx(0.006)
    assert after.cost_usd == pytest.approx(before.cost_usd + 0.006)
    assert after.row().keys() == before.row().keys() == set(columns)
