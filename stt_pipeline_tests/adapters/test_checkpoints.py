"""Checkpoints in a real folder: what was heard comes back equal, failures are kept apart."""

import datetime as dt
import uuid
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stt_pipeline.adapters.checkpoints import CheckpointStore
from stt_pipeline.adapters.local_store import LocalStore
from stt_pipeline.domain.speech.transcription import (
    Channel,
    Failure,
    Result,
    Segment,
    Span,
    Transcription,
    Word,
)
from stt_pipeline_tests.factories import CALL_DATE, NOW, make_segment, make_transcription

ENGINE = "faster-whisper base #0123456789ab"

seconds = st.floats(0, 36_000, allow_nan=False)
shares = st.floats(0, 1, allow_nan=False)
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
words = st.builds(Word, seconds, seconds, texts, shares)
segments = st.builds(
    Segment,
    st.integers(0, 1),
    st.sampled_from(["agent", "customer", "unknown"]),
    st.floats(-5, 0),
    shares,
    st.floats(0, 30),
    st.lists(words, min_size=1, max_size=4).map(tuple),
)
channels = st.builds(
    Channel,
    st.integers(0, 1),
    st.sampled_from(["agent", "customer", "unknown"]),
    st.lists(st.builds(Span, seconds, seconds), max_size=3).map(tuple),
    shares,
    shares,
    shares,
)
transcriptions = st.builds(
    Transcription,
    seconds,
    st.lists(channels, min_size=1, max_size=2).map(tuple),
    st.lists(segments, max_size=3).map(tuple),
    st.none() | st.sampled_from(["fr", "en"]),
    st.none() | shares,
    st.booleans(),
    seconds,
    st.integers(0, 10**9).map(lambda later_s: NOW + dt.timedelta(seconds=later_s)),
)
outcomes = transcriptions | st.builds(Failure, texts, st.booleans())


@pytest.fixture
def store(tmp_path: Path) -> CheckpointStore:
    return store_at(tmp_path)


def store_at(
    root: Path, call_date: dt.date = CALL_DATE, fingerprint: str = "0123456789ab"
) -> CheckpointStore:
    return CheckpointStore(LocalStore(root, "STT_LAKE_URI"), call_date, fingerprint)


def result(etag: str, outcome: Transcription | Failure) -> Result:
    return Result(etag, ENGINE, outcome)


@given(outcome=outcomes)
@settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_every_result_is_read_back_equal(store: CheckpointStore, outcome: object) -> None:
    assert isinstance(outcome, Transcription | Failure)
    # A transient failure never hides a finished result: each example has an etag of its own.
    written = result(uuid.uuid4().hex, outcome)
    store.write(written)
    assert store.read(written.etag) == written


def test_nothing_is_there_at_first(store: CheckpointStore) -> None:
    assert store.finished() == set()
    assert store.read("etag") is None


def test_transcriptions_and_lasting_failures_are_finished(store: CheckpointStore) -> None:
    store.write(result("heard", make_transcription([make_segment()])))
    store.write(result("silent", make_transcription()))
    store.write(result("broken", Failure("cannot be decoded")))
    store.write(result("killed", Failure("the engine died twice", transient=True)))
    assert store.finished() == {"heard", "silent", "broken"}
    assert store.read("killed") == result(
        "killed", Failure("the engine died twice", transient=True)
    )


def test_a_result_after_a_transient_failure_counts(store: CheckpointStore) -> None:
    heard = result("a", make_transcription([make_segment("hello again")]))
    store.write(result("a", Failure("killed", transient=True)))
    store.write(heard)
    assert store.finished() == {"a"}
    assert store.read("a") == heard


def test_a_transient_failure_does_not_hide_a_result(store: CheckpointStore) -> None:
    heard = result("a", make_transcription([make_segment()]))
    store.write(heard)
    store.write(result("a", Failure("killed", transient=True)))
    assert store.finished() == {"a"}
    assert store.read("a") == heard


def test_the_last_result_of_an_etag_counts(store: CheckpointStore) -> None:
    first = make_transcription([make_segment("first")])
    store.write(result("a", first))
    store.write(result("a", replace(first, cpu_s=99.0)))
    read = store.read("a")
    assert read == result("a", replace(first, cpu_s=99.0))


def test_other_dates_and_engines_are_not_seen(tmp_path: Path) -> None:
    store_at(tmp_path).write(result("a", make_transcription()))
    for other in (
        store_at(tmp_path, CALL_DATE + dt.timedelta(days=1)),
        store_at(tmp_path, fingerprint="fedcba987654"),
    ):
        assert other.finished() == set()
        assert other.read("a") is None
    assert store_at(tmp_path).finished() == {"a"}


def test_a_write_cut_off_midway_is_no_result(tmp_path: Path, store: CheckpointStore) -> None:
    """What a killed process leaves is a file with a leading dot: it is not taken for a result."""
    store.write(result("a", make_transcription()))
    (folder,) = {path.parent for path in tmp_path.rglob("*.json")}
    (folder / ".writing-x1").write_bytes(b'{"etag": "b", "eng')
    assert store.finished() == {"a"}


def test_results_are_read_in_the_order_asked_for(store: CheckpointStore) -> None:
    written = {f"e{number}": result(f"e{number}", Failure(f"no {number}")) for number in range(300)}
    for one in written.values():
        store.write(one)
    store.write(result("again", Failure("the engine died twice", transient=True)))
    asked = [*reversed(written), "never", "again", "e7", "e7"]
    assert list(store.read_all(asked)) == [store.read(etag) for etag in asked]
    assert list(store.read_all([])) == []


def test_a_result_that_cannot_be_read_is_an_error_and_no_missing_one(
    tmp_path: Path, store: CheckpointStore
) -> None:
    store.write(result("a", make_transcription()))
    store.write(result("b", make_transcription()))
    [path] = tmp_path.rglob("b.json")
    path.write_bytes(b'{"etag": "b", "eng')
    read = store.read_all(["a", "b"])
    assert next(read) == store.read("a")
    with pytest.raises(ValueError, match="Invalid JSON"):
        next(read)
