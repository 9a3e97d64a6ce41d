"""What becomes of recordings that end their worker twice, and of the date they belong to."""

from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline.domain.quality.gates import check_completeness
from stt_pipeline.domain.recordings.ledger import with_failures
from stt_pipeline.domain.recordings.recording import Recording, Status
from stt_pipeline.domain.speech.poison import FEW, death_failure, is_rare
from stt_pipeline.domain.speech.transcription import Failure
from stt_pipeline_tests.factories import make_recording


def date(calls: int) -> list[Recording]:
    return [make_recording(f"C{number}") for number in range(calls)]


def failures(ledger: list[Recording], died: int, crashed: bool) -> dict[str, Failure]:
    rare = is_rare(died, len(ledger) - died)
    return {one.etag: death_failure("signal SIGSEGV", crashed, rare) for one in ledger[:died]}


def is_published(ledger: list[Recording], failed: dict[str, Failure]) -> bool:
    heard = {one.etag for one in ledger} - failed.keys()
    return check_completeness(ledger, heard, failed).passed


def test_poison_is_quarantined_with_what_happened_and_holds_up_no_date() -> None:
    ledger = date(8)
    failed = failures(ledger, FEW, crashed=True)

    assert is_published(ledger, failed)
    rows = with_failures(ledger, failed)
    assert [row.status for row in rows].count(Status.QUARANTINED) == FEW
    assert rows[0].reason == (
        "the engine died on this recording, and again on it alone (signal SIGSEGV)"
    )
    assert not any(failure.transient for failure in failed.values())


def test_one_recording_that_was_killed_from_outside_is_tried_again_and_holds_up_no_date() -> None:
    ledger = date(8)
    failed = failures(ledger, 1, crashed=False)

    assert is_published(ledger, failed)
    assert all(failure.transient for failure in failed.values())


@given(calls=st.integers(2, 300), crashed=st.booleans())
def test_an_engine_that_dies_on_everything_publishes_nothing(calls: int, crashed: bool) -> None:
    ledger = date(calls)
    failed = failures(ledger, calls, crashed)

    assert all(failure.transient for failure in failed.values())
    assert not is_published(ledger, failed)


@given(calls=st.integers(1, 300), data=st.data(), crashed=st.booleans())
def test_a_date_is_published_only_where_few_were_lost(
    calls: int, data: st.DataObject, crashed: bool
) -> None:
    ledger = date(calls)
    died = data.draw(st.integers(0, calls))
    failed = failures(ledger, died, crashed)

    if died > max(FEW, calls / 20):
        assert not is_published(ledger, failed)
    if died <= max(1, calls / 20):
        assert is_published(ledger, failed)


@given(st.integers(0, 300), st.integers(0, 300))
def test_the_fewer_die_the_rarer(died: int, transcribed: int) -> None:
    if is_rare(died + 1, transcribed):
        assert is_rare(died, transcribed)
    if is_rare(died, transcribed):
        assert is_rare(died, transcribed + 1)
