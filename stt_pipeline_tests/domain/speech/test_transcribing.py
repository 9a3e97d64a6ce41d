"""One recording, one checkpoint: whatever a file does wrong becomes its own failure."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline.adapters.checkpoints import CheckpointStore
from stt_pipeline.domain.errors import AudioUnreadableError
from stt_pipeline.domain.ports import ResultStore
from stt_pipeline.domain.recordings.recording import Recording
from stt_pipeline.domain.speech.transcribing import ESTIMATED_DURATION, transcribe_recordings
from stt_pipeline.domain.speech.transcription import (
    Channel,
    Failure,
    Outcome,
    Result,
    Segment,
    Span,
    Transcription,
    Word,
)
from stt_pipeline_tests.factories import (
    CALL_DATE,
    make_recording,
    make_result,
    make_segment,
    make_transcription,
)
from stt_pipeline_tests.fakes import MemoryResults, MemoryStore, ScriptedTranscriber

SOUND = b"the sound of a call"
CALL = make_recording("C1", duration_s=60.0)
HEARD = make_transcription([make_segment()], duration_s=60.0)


def outcome_of(recording: Recording, answer: Transcription | Exception) -> Outcome:
    """What is checkpointed where the engine answers so."""
    results = MemoryResults()
    transcriber = ScriptedTranscriber({SOUND: answer}, "engine #1")

    ((place, result),) = transcribe_recordings(
        [recording], MemoryStore({recording.key: SOUND}), transcriber, results
    )

    assert place == 0

    assert results.read(recording.etag) == result
    assert (result.etag, result.engine) == (recording.etag, "engine #1")
    return result.outcome


def test_what_the_engine_hears_is_checkpointed_under_the_content() -> None:
    assert outcome_of(CALL, HEARD) == HEARD


def test_an_unreadable_file_fails_for_good_with_the_engines_words() -> None:
    assert outcome_of(CALL, AudioUnreadableError("cannot be decoded")) == Failure(
        "cannot be decoded", transient=False
    )


def test_running_out_of_memory_ends_the_worker_and_is_no_outcome_of_one_file() -> None:
    with pytest.raises(MemoryError):
        outcome_of(CALL, MemoryError())


def test_one_bad_file_among_many_is_its_own_failure() -> None:
    calls = [make_recording(name, duration_s=60.0) for name in ("C1", "C2", "C3")]
    sounds = {calls[0].key: b"one", calls[1].key: b"two"}
    transcriber = ScriptedTranscriber({b"one": AudioUnreadableError("broken"), b"two": HEARD}, "e")
    results = MemoryResults()

    outcomes = {
        calls[place].call_id: result.outcome
        for place, result in transcribe_recordings(calls, MemoryStore(sounds), transcriber, results)
    }

    assert outcomes == {
        "C1": Failure("broken"),
        "C2": HEARD,
        "C3": Failure("the recording is no longer in the store", transient=True),
    }


def test_a_recording_that_the_system_does_not_let_us_read_is_tried_again() -> None:
    assert outcome_of(CALL, PermissionError(13, "Permission denied")) == Failure(
        "the recording cannot be read (Permission denied)", transient=True
    )


def test_a_recording_that_is_gone_is_tried_again_and_never_reaches_the_engine() -> None:
    results, transcriber = MemoryResults(), ScriptedTranscriber({}, "engine")

    ((_, result),) = transcribe_recordings([CALL], MemoryStore(), transcriber, results)

    assert result.outcome == Failure("the recording is no longer in the store", transient=True)
    assert transcriber.asked == []
    assert results.finished() == set()


def test_an_error_of_the_program_is_not_taken_for_a_bad_file() -> None:
    with pytest.raises(ZeroDivisionError):
        outcome_of(CALL, ZeroDivisionError())


@pytest.mark.parametrize(("decoded_s", "is_whole"), [(60.0, True), (54.0, True), (53.9, False)])
def test_a_file_of_which_a_tenth_is_missing_is_truncated(decoded_s: float, is_whole: bool) -> None:
    heard = make_transcription([make_segment()], duration_s=decoded_s)

    outcome = outcome_of(CALL, heard)

    if is_whole:
        assert outcome == heard
    else:
        assert outcome == Failure(
            "truncated: the header says 60.0 s, 53.9 s can be decoded", transient=False
        )


@pytest.mark.parametrize("codec", sorted(ESTIMATED_DURATION))
def test_a_length_that_is_only_estimated_proves_no_truncation(codec: str) -> None:
    heard = make_transcription(duration_s=10.0)

    assert outcome_of(make_recording("C1", codec=codec), heard) == heard


def test_a_header_without_a_length_proves_no_truncation() -> None:
    heard = make_transcription(duration_s=10.0)

    assert outcome_of(make_recording("C1", duration_s=None), heard) == heard


FIGURES = st.floats(allow_nan=False, allow_infinity=False)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
WORDS = st.builds(Word, FIGURES, FIGURES, TEXT, FIGURES)
TRANSCRIPTIONS = st.builds(
    Transcription,
    duration_s=FIGURES,
    channels=st.lists(
        st.builds(
            Channel,
            index=st.integers(0, 1),
            speaker=TEXT,
            speech=st.lists(st.builds(Span, FIGURES, FIGURES), max_size=2).map(tuple),
            peak=FIGURES,
            rms=FIGURES,
            clipped_share=FIGURES,
        ),
        max_size=2,
    ).map(tuple),
    segments=st.lists(
        st.builds(
            Segment,
            channel=st.integers(0, 1),
            speaker=TEXT,
            avg_logprob=FIGURES,
            no_speech_prob=FIGURES,
            compression_ratio=FIGURES,
            words=st.lists(WORDS, max_size=2).map(tuple),
        ),
        max_size=2,
    ).map(tuple),
    language=st.none() | TEXT,
    language_probability=st.none() | FIGURES,
    dual_mono=st.booleans(),
    cpu_s=FIGURES,
    transcribed_at=st.datetimes(),
)
RESULTS = st.builds(
    Result,
    etag=st.from_regex(r"\A[0-9a-f]{32}\Z"),
    engine=TEXT,
    outcome=TRANSCRIPTIONS | st.builds(Failure, TEXT, st.booleans()),
)


def checkpoints(lake: MemoryStore, fingerprint: str = "f1") -> CheckpointStore:
    return CheckpointStore(lake, CALL_DATE, fingerprint)


@given(RESULTS)
def test_a_checkpoint_reads_back_as_it_was(result: Result) -> None:
    lake = MemoryStore()
    checkpoints(lake).write(result)

    assert checkpoints(lake).read(result.etag) == result


@pytest.fixture(params=["checkpoints", "in memory"])
def results(request: pytest.FixtureRequest) -> ResultStore:
    return checkpoints(MemoryStore()) if request.param == "checkpoints" else MemoryResults()


class TestResultStores:
    """What both the checkpoints and their fake promise."""

    def test_a_finished_recording_needs_no_further_work(self, results: ResultStore) -> None:
        results.write(make_result("e1"))
        results.write(Result("e2", "engine", Failure("truncated")))

        assert results.finished() == {"e1", "e2"}
        assert results.read("e3") is None

    def test_a_transient_failure_is_kept_and_tried_again(self, results: ResultStore) -> None:
        lost = Result("e1", "engine", Failure("out of memory", transient=True))
        results.write(lost)

        assert results.finished() == set()
        assert results.read("e1") == lost

    def test_a_finished_result_comes_before_a_transient_failure(self, results: ResultStore) -> None:
        lost = Result("e1", "engine", Failure("out of memory", transient=True))
        results.write(lost)
        results.write(make_result("e1"))
        results.write(lost)

        assert results.read("e1") == make_result("e1")
        assert results.finished() == {"e1"}


def test_the_checkpoints_of_another_engine_or_date_are_not_seen() -> None:
    lake = MemoryStore()
    checkpoints(lake).write(make_result("e1"))

    assert checkpoints(lake, "f2").finished() == set()
    assert checkpoints(lake, "f2").read("e1") is None
    assert CheckpointStore(lake, CALL_DATE + dt.timedelta(days=1), "f1").finished() == set()
    assert checkpoints(lake).finished() == {"e1"}
