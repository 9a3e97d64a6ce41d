"""What the meeting is told of a week."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline.domain.readiness import DateFacts, DateReadiness
from stt_pipeline.domain.tables import recordings_table, transcript_row
from stt_pipeline.domain.week_report import Aside, AsideRow, WeekReport, review_rows
from stt_pipeline_tests.factories import (
    CALL_DATE,
    NOW,
    ROOT_URI,
    make_recording,
    make_segment,
    make_transcription,
)

DATES = st.builds(
    lambda errors, words, audio_s, cost_usd, ready: DateReadiness(
        week="2026-W47",
        call_date="2026-11-16",
        recordings=1,
        transcribed=1,
        no_speech=0,
        quarantined=0,
        duplicates=0,
        audio_s=audio_s,
        wer=errors / words if words else None,
        reference_words=words,
        cpu_s=0.0,
        cost_usd=cost_usd,
        ready=ready,
        reason="",
    ),
    st.integers(0, 500),
    st.integers(0, 500),
    st.floats(0, 1e6),
    st.floats(0, 100),
    st.booleans(),
)


def report_of(dates: list[DateReadiness]) -> WeekReport:
    return WeekReport("2026-W47", tuple(dates), Aside((), ()), NOW)


@given(st.lists(DATES, max_size=7))
def test_the_rate_of_a_week_is_pooled_and_never_an_average_of_its_days(
    dates: list[DateReadiness],
) -> None:
    words = sum(date.reference_words for date in dates)
    errors = sum(round((date.wer or 0) * date.reference_words) for date in dates)

    wer = report_of(dates).wer

    assert wer == (pytest.approx(errors / words) if words else None)


@given(st.lists(DATES, max_size=7))
def test_a_week_is_ready_where_every_date_is(dates: list[DateReadiness]) -> None:
    assert report_of(dates).is_ready == all(date.ready for date in dates)


@given(st.lists(DATES, max_size=7))
def test_a_week_costs_what_its_dates_cost_beside_the_price_of_the_outside_service(
    dates: list[DateReadiness],
) -> None:
    report = report_of(dates)

    assert report.cost_usd == pytest.approx(sum(date.cost_usd for date in dates))
    assert report.outside_cost_usd == pytest.approx(report.audio_s / 60 * 0.006)


def test_calls_to_review_and_recordings_kept_aside_are_named_with_the_reason() -> None:
    doubtful = make_transcription([make_segment("hello")], language_probability=0.5)
    sure = make_transcription([make_segment("hello")])
    published = DateFacts(
        CALL_DATE,
        recordings=recordings_table(
            [make_recording("C1"), make_recording("C3").quarantined("the file is empty")]
        ).to_pylist(),
        transcripts=[
            transcript_row(make_recording("C1"), doubtful, "engine"),
            transcript_row(make_recording("C2"), sure, "engine"),
        ],
    )

    assert review_rows([published]) == Aside(
        review=(AsideRow("2026-11-16", "C1", "language_doubtful"),),
        quarantined=(
            AsideRow("2026-11-16", f"{ROOT_URI}/call_date=2026-11-16/C3.wav", "the file is empty"),
        ),
    )


def test_a_date_not_yet_published_shows_what_its_ledger_keeps_aside() -> None:
    found = recordings_table([make_recording("C3").quarantined("the file is empty")]).to_pylist()

    assert len(review_rows([DateFacts(CALL_DATE, ledger=found)]).quarantined) == 1


def test_a_date_never_processed_has_nothing_to_show() -> None:
    assert review_rows([DateFacts(CALL_DATE)]) == Aside((), ())
