"""Rows of the domain as tables: every column filled with what it says, nothing lost on the way."""

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline.domain.quality.call_figures import measure
from stt_pipeline.domain.quality.wer import ErrorCounts
from stt_pipeline.domain.recordings.recording import Recording, Status
from stt_pipeline.domain.schemas import PRIVATE_TABLES, TABLES
from stt_pipeline.domain.tables import (
    error_count_rows,
    figures_row,
    ledger_rows,
    quality_row,
    recordings_table,
    segment_rows,
    table,
    transcript_row,
    word_rows,
)
from stt_pipeline.domain.week.readiness import DateFacts, judge_date
from stt_pipeline_tests.factories import (
    CALL_DATE,
    NOW,
    ROOT_URI,
    make_channel,
    make_recording,
    make_segment,
    make_transcription,
    utc,
)

CALL = make_recording("C1")
HEARD = make_transcription(
    [
        make_segment("good morning", 0.5, speaker="agent", avg_logprob=-0.1),
        make_segment("hello I lost my card", 2.0, speaker="customer", avg_logprob=-0.45),
    ],
    duration_s=61.0,
    cpu_s=2.5,
)
NO_SPEECH = make_transcription(
    channels=[make_channel("agent", ()), make_channel("customer", ())],
    language=None,
    language_probability=None,
)


def test_a_transcribed_call_fills_every_column() -> None:
    assert transcript_row(CALL, HEARD, "engine #1") == {
        "call_id": "C1",
        "agent_id": "agent7",
        "started_at": utc("2026-11-16T09:30"),
        "duration_s": 61.0,
        "speech_s": 2.1,
        "language": "en",
        "language_probability": 0.99,
        "text": "good morning hello I lost my card",
        "word_count": 7,
        "avg_logprob": -0.35,
        "agent_talk_s": 0.6,
        "customer_talk_s": 1.5,
        "needs_review": False,
        "review_reasons": "",
        "engine": "engine #1",
        "cpu_s": 2.5,
        "transcribed_at": NOW,
    }


def test_a_call_without_speech_has_an_empty_text_and_no_rates() -> None:
    row = transcript_row(CALL, NO_SPEECH, "engine")

    assert (row["text"], row["word_count"], row["speech_s"]) == ("", 0, 0.0)
    assert (row["language"], row["avg_logprob"]) == (None, None)
    assert (row["agent_talk_s"], row["customer_talk_s"]) == (0.0, 0.0)
    assert quality_row("C1", NO_SPEECH, None, "engine")["coverage"] is None


def test_a_mono_call_has_no_talk_time_by_speaker() -> None:
    row = transcript_row(CALL, make_transcription([make_segment(speaker="unknown")]), "engine")

    assert (row["agent_talk_s"], row["customer_talk_s"]) == (None, None)


def test_a_call_with_signals_is_for_review_with_the_reasons_that_quality_flags() -> None:
    heard = make_transcription([make_segment()], language_probability=0.5, dual_mono=True)

    row = transcript_row(CALL, heard, "engine")

    assert (row["needs_review"], row["review_reasons"]) == (True, "language_doubtful,dual_mono")
    assert quality_row("C1", heard, None, "engine")["flags"] == row["review_reasons"]


def test_segments_and_words_are_numbered_and_belong_together() -> None:
    segments, words = segment_rows("C1", HEARD.segments), word_rows("C1", HEARD.segments)

    assert [(row["segment_id"], row["speaker"], row["text"]) for row in segments] == [
        (0, "agent", "good morning"),
        (1, "customer", "hello I lost my card"),
    ]
    assert [(row["segment_id"], row["word_id"], row["word"]) for row in words] == [
        (0, 0, "good"),
        (0, 1, "morning"),
        (1, 0, "hello"),
        (1, 1, "I"),
        (1, 2, "lost"),
        (1, 3, "my"),
        (1, 4, "card"),
    ]
    for segment in segments:
        own = [word for word in words if word["segment_id"] == segment["segment_id"]]
        assert " ".join(word["word"] for word in own) == segment["text"]
        assert (own[0]["start_s"], own[-1]["end_s"]) == (segment["start_s"], segment["end_s"])
        assert {(w["speaker"], w["channel"]) for w in own} == {
            (segment["speaker"], segment["channel"])
        }


def test_a_labelled_call_carries_its_counts_and_rates() -> None:
    counts = ErrorCounts(
        hits=6,
        substitutions=1,
        deletions=1,
        insertions=2,
        reference_characters=40,
        character_errors=10,
    )

    row = quality_row("C1", HEARD, counts, "engine #1")

    assert row == {
        "call_id": "C1",
        "has_reference": True,
        "reference_words": 8,
        "hits": 6,
        "substitutions": 1,
        "deletions": 1,
        "insertions": 2,
        "wer": 0.5,
        "cer": 0.25,
        "coverage": 1.0,
        "flags": "",
        "engine": "engine #1",
    }


def test_a_call_without_label_has_null_rates_and_no_counts() -> None:
    row = quality_row("C1", HEARD, None, "engine")

    assert (row["has_reference"], row["reference_words"], row["hits"]) == (False, 0, 0)
    assert (row["wer"], row["cer"]) == (None, None)


def test_a_call_whose_reference_is_empty_has_a_reference_and_no_rate() -> None:
    row = quality_row("C1", HEARD, ErrorCounts(insertions=7, character_errors=30), "engine")

    assert (row["has_reference"], row["reference_words"], row["insertions"]) == (True, 0, 7)
    assert (row["wer"], row["cer"]) == (None, None)


def test_the_errors_of_a_call_are_kept_by_speaker() -> None:
    counts = {"agent": ErrorCounts(hits=9, substitutions=1), "customer": ErrorCounts(deletions=2)}
    rows = error_count_rows("C1", "fr", counts)

    assert [(row["speaker"], row["language"], row["hits"]) for row in rows] == [
        ("agent", "fr", 9),
        ("customer", "fr", 0),
    ]
    assert list(rows[0]) == PRIVATE_TABLES["error_counts"].schema.names
    assert table("error_counts", rows).to_pylist() == rows


def test_the_figures_that_let_expect_a_rate_are_kept_of_every_call() -> None:
    row = figures_row("C1", HEARD, ErrorCounts(hits=9, substitutions=1, insertions=2))

    assert (row["words"], row["reference_words"], row["errors"]) == (HEARD.word_count, 10, 3)
    assert row["word_probability"] == pytest.approx(measure(HEARD).word_probability)
    assert list(row) == PRIVATE_TABLES["call_figures"].schema.names
    assert table("call_figures", [row]).to_pylist() == [row]
    assert figures_row("C1", HEARD, None)["reference_words"] == 0


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("transcripts", transcript_row(CALL, HEARD, "engine")),
        ("segments", segment_rows("C1", HEARD.segments)[0]),
        ("words", word_rows("C1", HEARD.segments)[0]),
        ("transcript_quality", quality_row("C1", HEARD, None, "engine")),
        ("weekly_readiness", judge_date(DateFacts(CALL_DATE)).row()),
    ],
)
def test_a_row_has_the_columns_of_its_table_and_comes_back_from_it(
    name: str, row: dict[str, object]
) -> None:
    assert list(row) == TABLES[name].schema.names
    assert table(name, [row]).to_pylist() == [row]


@pytest.mark.parametrize("name", TABLES)
def test_a_date_without_rows_still_has_the_schema(name: str) -> None:
    assert table(name, []).schema.equals(TABLES[name].schema, check_metadata=True)


TEXT = st.text(max_size=20)
MOMENTS = st.datetimes(utc("1970-01-01"), utc("2199-12-31")).map(
    lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000)
)
"""Whole milliseconds: what the tables keep."""

RECORDINGS = st.lists(
    st.builds(
        lambda key, **columns: Recording(key=key, recording_uri=f"{ROOT_URI}/{key}", **columns),
        key=st.text(min_size=1, max_size=20),
        etag=TEXT,
        size_bytes=st.integers(0, 2**63 - 1),
        status=st.sampled_from(Status),
        discovered_at=MOMENTS,
        reason=st.none() | TEXT,
        call_id=st.none() | TEXT,
        duration_s=st.none() | st.floats(allow_nan=False),
        sample_rate_hz=st.none() | st.integers(0, 2**31 - 1),
        channels=st.none() | st.integers(0, 255),
        codec=st.none() | TEXT,
        agent_id=st.none() | TEXT,
        customer_id=st.none() | TEXT,
        queue=st.none() | TEXT,
        started_at=st.none() | MOMENTS,
    ),
    max_size=5,
    unique_by=lambda row: row.key,
)


@given(RECORDINGS)
def test_a_ledger_comes_back_from_its_parquet_as_it_was(ledger: list[Recording]) -> None:
    file = io.BytesIO()
    pq.write_table(recordings_table(ledger), file)

    read = ledger_rows(pq.read_table(io.BytesIO(file.getvalue())), ROOT_URI)

    assert read == sorted(ledger, key=lambda row: row.recording_uri)
    assert all(isinstance(row.status, Status) for row in read)


def test_a_date_never_listed_has_an_empty_ledger() -> None:
    assert ledger_rows(None, ROOT_URI) == []


def test_a_ledger_is_the_same_bytes_whatever_the_order_of_its_rows() -> None:
    one, two = make_recording("C1"), make_recording("C2")

    assert recordings_table([two, one]).equals(recordings_table([one, two]))


def test_text_that_is_no_number_is_refused_not_guessed() -> None:
    with pytest.raises(pa.ArrowInvalid):
        table("recordings", [{"size_bytes": "many"}])
