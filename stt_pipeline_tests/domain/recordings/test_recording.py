"""How an object of the store is judged, and how names are settled within a date."""

import datetime as dt
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline.domain.recordings.keys import KeyMetadata, KeyProblem
from stt_pipeline.domain.recordings.recording import (
    MAX_DURATION_S,
    AudioInfo,
    Recording,
    Status,
    judge,
    settle_names,
)
from stt_pipeline_tests.factories import (
    CALL_DATE,
    NOW,
    ROOT_URI,
    TELEPHONE,
    make_found,
    make_recording,
    utc,
)

KEY = f"call_date={CALL_DATE}/C1.wav"
NAMED = KeyMetadata(
    call_date=CALL_DATE,
    call_id="C1",
    agent_id="agent7",
    customer_id="K9",
    queue="sales",
    started_at=utc("2026-11-16T08:30"),
)


def judged(
    named: KeyMetadata | KeyProblem = NAMED, audio: AudioInfo | str = TELEPHONE
) -> Recording:
    return judge(make_found(KEY, etag="e1"), f"{ROOT_URI}/{KEY}", named, audio, NOW)


def test_an_accepted_recording_carries_all_that_its_key_and_header_say() -> None:
    assert judged() == Recording(
        key=KEY,
        recording_uri=f"{ROOT_URI}/{KEY}",
        etag="e1",
        size_bytes=960_044,
        status=Status.ACCEPTED,
        discovered_at=NOW,
        call_id="C1",
        duration_s=60.0,
        sample_rate_hz=8000,
        channels=2,
        codec="pcm_mulaw",
        agent_id="agent7",
        customer_id="K9",
        queue="sales",
        started_at=utc("2026-11-16T08:30"),
    )


def test_a_recording_whose_key_says_too_little_is_quarantined_with_that_reason() -> None:
    row = judged(named=KeyProblem("no call date in the key"))

    assert (row.status, row.reason) == (Status.QUARANTINED, "no call date in the key")
    assert row.call_id is None
    assert row.duration_s == 60.0


def test_an_unreadable_recording_is_quarantined_with_what_the_key_says() -> None:
    row = judged(audio="not an audio file")

    assert (row.status, row.reason) == (Status.QUARANTINED, "not an audio file")
    assert (row.call_id, row.queue) == ("C1", "sales")
    assert row.duration_s is None


@pytest.mark.parametrize(
    ("audio", "reason"),
    [
        (replace(TELEPHONE, channels=0), "the header says 0 channels"),
        (replace(TELEPHONE, channels=8), "8 channels, where STT_CHANNELS names 2"),
        (replace(TELEPHONE, sample_rate_hz=0), "the header says 0 Hz"),
        (replace(TELEPHONE, duration_s=0.0), "no audio behind the header"),
        (replace(TELEPHONE, duration_s=13 * 3600.0), "the header says 13 hours, more than 12"),
    ],
)
def test_an_impossible_header_is_quarantined_with_its_figure(audio: AudioInfo, reason: str) -> None:
    row = judged(audio=audio)

    assert (row.status, row.reason) == (Status.QUARANTINED, reason)


@given(
    channels=st.sampled_from([1, 2]),
    sample_rate_hz=st.sampled_from([8000, 16_000, 44_100, 48_000]),
    duration_s=st.none() | st.floats(0.001, MAX_DURATION_S),
)
def test_mono_and_stereo_of_any_length_up_to_twelve_hours_are_accepted(
    channels: int, sample_rate_hz: int, duration_s: float | None
) -> None:
    assert judged(audio=AudioInfo("opus", sample_rate_hz, channels, duration_s)).reason is None


@pytest.mark.parametrize(
    ("duration_s", "channels", "audio_s"),
    [(60.0, 2, 120.0), (60.0, 1, 60.0), (None, 2, 0.0), (60.0, None, 60.0)],
)
def test_audio_seconds_count_every_channel(
    duration_s: float | None, channels: int | None, audio_s: float
) -> None:
    assert make_recording(duration_s=duration_s, channels=channels).audio_s == audio_s


def settled(*rows: Recording, gone: tuple[str, ...] = ()) -> dict[str, Recording]:
    present = {row.recording_uri for row in rows if row.key not in gone}
    return {row.key: row for row in settle_names(rows, present)}


def test_the_same_bytes_under_a_second_key_are_a_duplicate_of_the_first() -> None:
    rows = settled(
        make_recording("C2", key="b.wav", etag="same"),
        make_recording("C1", key="a.wav", etag="same"),
    )

    assert rows["a.wav"].status is Status.ACCEPTED
    assert (rows["b.wav"].status, rows["b.wav"].reason) == (
        Status.DUPLICATE,
        "same bytes as a.wav",
    )


def test_other_bytes_under_a_taken_call_id_are_quarantined() -> None:
    rows = settled(
        make_recording("C1", key="a.wav", etag="one"),
        make_recording("C1", key="b.wav", etag="two"),
    )

    assert rows["a.wav"].status is Status.ACCEPTED
    assert (rows["b.wav"].status, rows["b.wav"].reason) == (
        Status.QUARANTINED,
        "call_id is taken by a.wav: C1",
    )


def test_the_first_discovered_keeps_the_call_id() -> None:
    rows = settled(
        make_recording("C1", key="a.wav", etag="one", discovered_at=NOW + dt.timedelta(hours=1)),
        make_recording("C1", key="b.wav", etag="two"),
    )

    assert rows["a.wav"].status is Status.QUARANTINED
    assert rows["b.wav"].status is Status.ACCEPTED


def test_a_recording_that_is_still_there_takes_over_from_one_that_is_gone() -> None:
    rows = settled(
        make_recording("C1", key="old.wav", etag="same"),
        make_recording("C1", key="new.wav", etag="same", discovered_at=NOW + dt.timedelta(days=1)),
        gone=("old.wav",),
    )

    assert rows["new.wav"].status is Status.ACCEPTED
    assert rows["old.wav"].status is Status.DUPLICATE


def test_a_call_id_is_free_again_once_its_holder_turns_out_broken() -> None:
    first, second = settle_names(
        [
            make_recording("C1", key="a.wav", etag="one"),
            make_recording("C1", key="b.wav", etag="two"),
        ],
        present=(),
    )

    rows = settled(first.quarantined("not an audio file"), second)

    assert second.status is Status.QUARANTINED
    assert (rows["b.wav"].status, rows["b.wav"].reason) == (Status.ACCEPTED, None)


def test_a_quarantined_recording_takes_no_name_from_another() -> None:
    broken = make_recording("C1", key="a.wav", etag="e").quarantined("the file is empty")

    rows = settled(broken, make_recording("C1", key="b.wav", etag="e"))

    assert rows["a.wav"] == broken
    assert rows["b.wav"].status is Status.ACCEPTED


LEDGERS = st.lists(
    st.builds(
        make_recording,
        st.sampled_from(["C1", "C2", "C3"]),
        key=st.sampled_from(["a.wav", "b.wav", "c.wav", "d.wav", "e.wav"]),
        etag=st.sampled_from(["one", "two", "three"]),
        discovered_at=st.sampled_from([NOW, NOW + dt.timedelta(days=1)]),
        status=st.just(Status.ACCEPTED),
    )
    | st.builds(
        lambda key: make_recording("C1", key=key, etag="bad").quarantined("not an audio file"),
        st.sampled_from(["x.wav", "y.wav"]),
    ),
    unique_by=lambda row: row.key,
)


@given(LEDGERS, st.data())
def test_each_content_and_each_call_is_accepted_exactly_once(
    rows: list[Recording], data: st.DataObject
) -> None:
    present = data.draw(st.sets(st.sampled_from([row.recording_uri for row in rows] or [""])))

    settled_rows = settle_names(rows, present)

    accepted = [row for row in settled_rows if row.status is Status.ACCEPTED]
    usable = [row for row in rows if row.status is Status.ACCEPTED]
    assert len({row.etag for row in accepted}) == len(accepted)
    assert len({row.call_id for row in accepted}) == len(accepted)
    assert {row.key for row in settled_rows} == {row.key for row in rows}
    for row in usable:
        assert any(row.etag == one.etag or row.call_id == one.call_id for one in accepted)


@given(LEDGERS, st.randoms(use_true_random=False), st.data())
def test_settling_depends_on_no_order_and_settles_at_once(
    rows: list[Recording], random: Random, data: st.DataObject
) -> None:
    present = data.draw(st.sets(st.sampled_from([row.recording_uri for row in rows] or [""])))
    shuffled = list(rows)
    random.shuffle(shuffled)

    once = settle_names(rows, present)

    assert settle_names(shuffled, present) == once
    assert settle_names(once, present) == once
