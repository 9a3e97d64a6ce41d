"""What somebody should look at: counted whole, listed in part, the most doubtful first."""

import datetime as dt
import shlex
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline.domain.tables import recordings_table, transcript_row
from stt_pipeline.domain.week.readiness import DateFacts
from stt_pipeline.domain.week.week_aside import (
    MEANINGS,
    Aside,
    AsideCollector,
    AsideRecording,
    ReviewCall,
    Some,
    kind_of,
    meaning_of,
    query_command,
)
from stt_pipeline_tests.factories import (
    CALL_DATE,
    ROOT_URI,
    make_recording,
    make_segment,
    make_transcription,
    utc,
)

DOUBTFUL = transcript_row(
    make_recording("C1"),
    make_transcription([make_segment("hello")], language_probability=0.5),
    "engine",
)
SURE = transcript_row(make_recording("C2"), make_transcription([make_segment("hello")]), "engine")
BROKEN = recordings_table([make_recording("C3").quarantined("the file is empty")]).to_pylist()


def aside_of(*facts: DateFacts, shown: int = 30) -> Aside:
    collector = AsideCollector(shown)
    for date in facts:
        collector.add(date)
    return collector.aside()


def test_calls_to_review_and_recordings_kept_aside_are_named_with_the_reason() -> None:
    published = DateFacts(CALL_DATE, recordings=BROKEN, transcripts=[DOUBTFUL, SURE])

    assert aside_of(published) == Aside(
        review=Some(
            1,
            (("language_doubtful", 1),),
            (
                ReviewCall(
                    call_date="2026-11-16",
                    call_id="C1",
                    agent_id="agent7",
                    started_at=utc("2026-11-16T09:30"),
                    duration_s=60.0,
                    language="en",
                    avg_logprob=-0.2,
                    reasons=("language_doubtful",),
                ),
            ),
        ),
        quarantined=Some(
            1,
            (("the file is empty", 1),),
            (
                AsideRecording(
                    "2026-11-16", f"{ROOT_URI}/call_date=2026-11-16/C3.wav", "the file is empty"
                ),
            ),
        ),
    )


def test_a_date_not_yet_published_shows_what_its_ledger_keeps_aside() -> None:
    assert aside_of(DateFacts(CALL_DATE, ledger=BROKEN)).quarantined.count == 1


def test_a_date_never_processed_has_nothing_to_show() -> None:
    assert aside_of(DateFacts(CALL_DATE)) == Aside()


@given(
    st.lists(st.tuples(st.integers(0, 3), st.floats(-3, 0), st.integers(0, 3)), max_size=40),
    st.integers(0, 12),
)
def test_a_long_list_is_counted_whole_and_shows_the_most_doubtful(
    calls: list[tuple[int, float, int]], shown: int
) -> None:
    dates = [CALL_DATE + dt.timedelta(days=days) for days in range(4)]
    rows: list[list[dict[str, object]]] = [[] for _ in dates]
    for number, (day, logprob, reasons) in enumerate(calls):
        changes = {
            "call_id": f"C{number:02d}",
            "avg_logprob": logprob,
            "needs_review": reasons > 0,
            "review_reasons": ",".join(("loop", "clipping", "too_fast")[:reasons]),
        }
        rows[day].append(DOUBTFUL | changes)
    facts = [DateFacts(date, transcripts=found) for date, found in zip(dates, rows, strict=True)]

    review = aside_of(*facts, shown=shown).review

    whole = aside_of(*facts, shown=len(calls)).review
    doubtful = [reasons for _, _, reasons in calls if reasons]
    assert review.count == len(doubtful)
    assert dict(review.by_reason).get("loop", 0) == len(doubtful)
    assert sum(number for _, number in review.by_reason) == sum(doubtful)
    assert review.shown == whole.shown[:shown]
    assert review.more == len(doubtful) - min(shown, len(doubtful))
    assert [len(call.reasons) for call in whole.shown] == sorted(doubtful, reverse=True)


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("the file is empty", "the file is empty"),
        ("truncated: 98517 bytes of sound are missing at its end", "truncated"),
        ("not an audio file (Invalid data found when processing input)", "not an audio file"),
        ("impossible date '2026-02-30' in the key", "impossible date"),
        ("5 channels, where 1 or 2 can be read", "… channels, where … or … can be read"),
        ("", ""),
    ],
)
def test_reasons_that_differ_in_names_and_sizes_are_counted_together(
    reason: str, kind: str
) -> None:
    assert kind_of(reason) == kind


def test_a_signal_without_words_of_its_own_is_its_name() -> None:
    assert meaning_of("dead_channel") == MEANINGS["dead_channel"]
    assert meaning_of("quite_new") == "quite new"


CALL = ReviewCall("2026-11-16", "C1", None, None, 60.0, None, None, ("loop",))


@given(st.text(max_size=12))
def test_a_query_is_one_word_of_a_shell_and_names_just_the_call(call_id: str) -> None:
    call = replace(CALL, call_id=call_id)

    program, command, sql = shlex.split(call.query)

    literal = "'" + call_id.replace("'", "''") + "'"
    assert (program, command) == ("stt-pipeline", "query")
    assert sql.endswith(f"AND call_id = {literal}")
    assert set(call.anchor) <= set(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~%"
    )


def test_a_plain_query_reads_plainly() -> None:
    assert query_command("SELECT 'x'") == "stt-pipeline query \"SELECT 'x'\""
