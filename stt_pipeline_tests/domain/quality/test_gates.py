"""The checks of a date: each passes and fails where it should, with names and figures."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline.domain.quality.gates import (
    CHECKS,
    COMPLETENESS,
    COVERAGE,
    LOOPS,
    WER,
    WORST_CALLS,
    CheckResult,
    Verdict,
    check_completeness,
    check_coverage,
    check_loops,
    check_wer,
    digest,
)
from stt_pipeline.domain.quality.wer import ErrorCounts, pool
from stt_pipeline.domain.recordings.recording import Recording, Status
from stt_pipeline.domain.speech.transcription import Failure
from stt_pipeline_tests.factories import make_quality_row, make_recording


def calls(count: int) -> list[Recording]:
    return [make_recording(f"C{number}", etag=f"e{number}") for number in range(1, count + 1)]


def test_a_date_with_every_recording_accounted_for_is_complete() -> None:
    ledger = [
        *calls(2),
        make_recording("C3", etag="e1", status=Status.DUPLICATE, reason="same bytes as C1.wav"),
        make_recording(None, key="x.wav", etag="x").quarantined("the file is empty"),
    ]

    check = check_completeness(ledger, {"e1", "e2"}, {})

    assert check == CheckResult(
        COMPLETENESS,
        True,
        "all 4 recordings are accounted for.",
        {"recordings": 4, "accepted": 2, "transcribed": 2, "failed": 0, "missing": 0},
    )


def test_a_date_without_recordings_is_complete() -> None:
    assert check_completeness([], set(), {}).passed


def test_a_missing_transcript_fails_the_date_by_the_name_of_the_call() -> None:
    check = check_completeness(calls(3), {"e1", "e3"}, {})

    assert not check.passed
    assert check.message == (
        "1 of 3 accepted recordings have no transcript: C2. "
        "Run the date again; only these are transcribed."
    )
    assert check.figures["missing"] == 1


def test_a_broken_file_fails_nothing_and_is_named() -> None:
    failed = {"e2": Failure("cannot be decoded")}

    check = check_completeness(calls(2), {"e1"}, failed)

    assert check.passed
    assert check.message == (
        "all 2 recordings are accounted for; 1 failed and are quarantined: C2."
    )
    assert (check.figures["transcribed"], check.figures["failed"]) == (1, 1)


def test_one_failure_of_the_engine_is_let_through_and_two_are_not() -> None:
    lost = Failure("out of memory while transcribing", transient=True)

    one = check_completeness(calls(10), {f"e{n}" for n in range(2, 11)}, {"e1": lost})
    two = check_completeness(calls(10), {f"e{n}" for n in range(3, 11)}, {"e1": lost, "e2": lost})

    assert one.passed
    assert not two.passed
    assert two.message.startswith(
        "2 of 10 recordings failed in the engine (out of memory while transcribing): C1, C2."
    )


def test_in_a_large_date_a_twentieth_may_fail_in_the_engine() -> None:
    ledger = calls(100)
    lost = Failure("out of memory while transcribing", transient=True)

    def check(count: int) -> CheckResult:
        failed = {row.etag: lost for row in ledger[:count]}
        return check_completeness(ledger, {row.etag for row in ledger[count:]}, failed)

    assert check(5).passed
    assert not check(6).passed


@given(st.lists(st.sampled_from(["heard", "broken", "missing"]), max_size=20))
def test_a_date_is_complete_exactly_where_no_accepted_recording_is_missing(
    fates: list[str],
) -> None:
    ledger = calls(len(fates))
    heard = {row.etag for row, fate in zip(ledger, fates, strict=True) if fate == "heard"}
    broken = {row.etag for row, fate in zip(ledger, fates, strict=True) if fate == "broken"}

    check = check_completeness(ledger, heard, {etag: Failure("broken") for etag in broken})

    assert check.passed == ("missing" not in fates)
    assert check.figures["missing"] == fates.count("missing")
    assert check.figures["transcribed"] == fates.count("heard")


def test_many_names_are_cut_short_with_their_number() -> None:
    check = check_completeness(calls(8), set(), {})

    assert "C1, C2, C3, C4, C5 and 3 more." in check.message


COUNTS = st.builds(
    ErrorCounts,
    hits=st.integers(0, 50),
    substitutions=st.integers(0, 20),
    deletions=st.integers(0, 20),
    insertions=st.integers(0, 20),
)


def rows_of(counts: list[ErrorCounts]) -> list[dict[str, object]]:
    return [
        make_quality_row(
            f"C{number}",
            hits=one.hits,
            substitutions=one.substitutions,
            deletions=one.deletions,
            insertions=one.insertions,
        )
        for number, one in enumerate(counts)
    ]


@given(counts=st.lists(COUNTS, max_size=8), max_wer=st.floats(0, 1))
def test_the_rate_of_a_date_is_pooled_from_counts_of_labelled_calls(
    counts: list[ErrorCounts], max_wer: float
) -> None:
    pooled = pool(one for one in counts if one.reference_words)

    check = check_wer(rows_of(counts), max_wer)

    assert check.figures["wer"] == pooled.wer
    assert check.figures["reference_words"] == pooled.reference_words
    assert check.figures["word_errors"] == pooled.errors
    assert check.passed == (pooled.wer is None or pooled.wer <= max_wer)


def test_a_date_above_the_limit_fails_with_the_calls_and_the_figures() -> None:
    quality = [
        make_quality_row("C1", hits=90, substitutions=10),
        make_quality_row("C2", hits=70, substitutions=10, deletions=20, insertions=5),
        make_quality_row("C3"),
    ]

    check = check_wer(quality, max_wer=0.2)

    assert not check.passed
    for said in ("22.5%", "45 errors", "200 reference words", "2 labelled calls", "limit 20.0%"):
        assert said in check.message
    assert "Most errors in: C2 (35.0%), C1 (10.0%)." in check.message
    assert "STT_MAX_WER" in check.message
    assert check.figures == {
        "wer": 0.225,
        "max_wer": 0.2,
        "reference_words": 200,
        "word_errors": 45,
        "labelled_calls": 2,
    }


def test_a_date_at_its_limit_passes_with_the_figures() -> None:
    check = check_wer([make_quality_row(hits=80, deletions=20)], max_wer=0.2)

    assert check.passed
    assert "20.0% (20 errors in 100 reference words" in check.message
    assert "limit 20.0%" in check.message


def test_a_date_without_labelled_calls_passes_and_says_so() -> None:
    check = check_wer([make_quality_row("C1"), make_quality_row("C2", insertions=3)], max_wer=0.0)

    assert check.passed
    assert check.message == "no labelled calls."
    assert check.figures["wer"] is None


def test_only_the_worst_calls_are_named() -> None:
    quality = [make_quality_row(f"C{n}", hits=10, substitutions=n) for n in range(1, 10)]

    message = check_wer(quality, max_wer=0.01).message

    assert [f"C{n} " in message for n in range(9, 0, -1)] == [True] * WORST_CALLS + [False] * 4


@given(
    st.lists(st.tuples(st.none() | st.floats(0, 1), st.floats(0.1, 3600.0)), max_size=8),
    st.floats(0, 1),
)
def test_coverage_of_a_date_is_weighted_by_seconds_of_speech(
    spoken: list[tuple[float | None, float]], min_coverage: float
) -> None:
    quality = [make_quality_row(f"C{n}", coverage=share) for n, (share, _) in enumerate(spoken)]
    speech_s = {f"C{n}": seconds for n, (_, seconds) in enumerate(spoken)}

    check = check_coverage(quality, speech_s, min_coverage)

    total_s = sum(seconds for share, seconds in spoken if share is not None)
    covered_s = sum(share * seconds for share, seconds in spoken if share is not None)
    if not total_s:
        assert check.passed
        assert check.message == "no speech in any call."
    else:
        assert check.figures["coverage"] == pytest.approx(covered_s / total_s)
        assert check.passed == (covered_s / total_s >= min_coverage)


def test_missed_speech_fails_with_the_calls_and_the_figures() -> None:
    quality = [make_quality_row("C1", coverage=0.9), make_quality_row("C2", coverage=0.3)]

    check = check_coverage(quality, {"C1": 60.0, "C2": 120.0}, 0.7)

    assert not check.passed
    assert check.message.startswith(
        "50.0% of 3.0 min of speech has words, least 70%. Least in: C2 (30%), C1 (90%)."
    )
    assert check.figures == {"coverage": 0.5, "min_coverage": 0.7, "speech_s": 180.0}


@pytest.mark.parametrize(
    ("calls_of_the_date", "looped", "passed"),
    [(1, 1, True), (10, 1, True), (10, 2, False), (100, 5, True), (100, 6, False), (0, 0, True)],
)
def test_one_loop_is_let_through_and_more_only_up_to_a_twentieth(
    calls_of_the_date: int, looped: int, passed: bool
) -> None:
    quality = [
        make_quality_row(f"C{n}", flags="clipping,loop" if n < looped else "clipping,loopy")
        for n in range(calls_of_the_date)
    ]

    check = check_loops(quality)

    assert check.passed == passed
    assert check.figures == {"looped_calls": looped, "calls": calls_of_the_date}


def test_too_many_loops_are_named() -> None:
    check = check_loops([make_quality_row(f"C{n}", flags="loop") for n in (1, 2)])

    assert check.message.startswith("2 of 2 calls repeat a phrase, limit 5%: C1, C2.")


def test_a_verdict_passes_where_every_check_does_and_tells_only_of_those_that_failed() -> None:
    passed = CheckResult(COMPLETENESS, True, "all 2 recordings are accounted for.")
    failed = [CheckResult(WER, False, "22.5% are wrong."), CheckResult(LOOPS, False, "2 of 2.")]

    assert Verdict("digest", "engine", (passed,)).passed
    assert not Verdict("digest", "engine", (passed, *failed)).passed
    assert Verdict("digest", "engine", (passed, *failed)).failures == (
        "wer: 22.5% are wrong. loops: 2 of 2."
    )


def test_every_check_answers_under_the_name_it_is_declared_by() -> None:
    answered = [
        check_completeness([], set(), {}),
        check_wer([], 0.2),
        check_coverage([], {}, 0.7),
        check_loops([]),
    ]

    assert [check.name for check in answered] == [COMPLETENESS, WER, COVERAGE, LOOPS]
    assert [check.name for check in answered] == list(CHECKS)


fingerprints = st.lists(st.none() | st.text(max_size=8), max_size=4)


@given(fingerprints, fingerprints)
def test_digests_are_equal_for_equal_objects_alone(
    one: list[str | None], two: list[str | None]
) -> None:
    assert (digest(one) == digest(two)) == (one == two)


@given(st.lists(st.text(max_size=8), min_size=2, max_size=4))
def test_a_digest_knows_where_fingerprints_end(parts: list[str]) -> None:
    assert digest(parts) != digest(["".join(parts)])


def test_a_missing_object_is_no_object_of_that_name() -> None:
    assert digest([None]) != digest(["null"]) != digest([""])
