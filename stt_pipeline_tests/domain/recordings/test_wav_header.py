"""What a WAV header promises, against files that the standard library writes."""

import io
import struct
import wave

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline.domain.recordings.wav_header import HEADER_BYTES, missing_bytes, promised_bytes

HEADER = 44
"""Bytes before the sound in the plainest WAV file."""


def written(sound: bytes, channels: int = 2) -> bytes:
    """A WAV file of 16-bit samples, as Python's own module writes it."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(sound)
    return file.getvalue()


FRAMES = st.integers(1, 3000).map(lambda count: bytes(4 * count))


@given(FRAMES)
def test_a_whole_file_promises_what_it_holds(sound: bytes) -> None:
    file = written(sound)

    assert promised_bytes(file[:HEADER_BYTES]) == (HEADER, len(sound))
    assert missing_bytes(file[:HEADER_BYTES], len(file)) == 0


@given(FRAMES, st.data())
def test_a_file_cut_off_by_some_bytes_misses_just_those(sound: bytes, data: st.DataObject) -> None:
    missing = data.draw(st.integers(0, len(sound)))
    file = written(sound)
    cut_off = file[: len(file) - missing]

    assert missing_bytes(cut_off[:HEADER_BYTES], len(cut_off)) == missing


@given(FRAMES, st.binary(max_size=64))
def test_bytes_after_the_sound_are_not_sound(sound: bytes, trailer: bytes) -> None:
    file = written(sound) + trailer

    assert missing_bytes(file[:HEADER_BYTES], len(file)) == 0


@given(FRAMES, st.binary(max_size=99), st.integers(0, 400))
def test_chunks_of_metadata_before_the_sound_are_stepped_over(
    sound: bytes, comment: bytes, missing: int
) -> None:
    plain = written(sound)
    chunk = b"LIST" + struct.pack("<I", len(comment)) + comment + b"\0" * (len(comment) % 2)
    file = plain[:36] + chunk + plain[36:]
    size = max(36 + len(chunk) + 8, len(file) - missing)

    assert promised_bytes(file[:HEADER_BYTES]) == (HEADER + len(chunk), len(sound))
    assert missing_bytes(file[:HEADER_BYTES], size) == len(file) - size


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF])
def test_a_file_written_as_a_stream_promises_nothing(size: int) -> None:
    file = written(bytes(400))
    streamed = file[:40] + struct.pack("<I", size) + file[44:]

    assert promised_bytes(streamed) is None
    assert missing_bytes(streamed, len(streamed)) == 0


@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda tail: b"RIFF1234WAVE" + tail))
def test_no_bytes_break_the_reading_and_none_promise_less_than_nothing(head: bytes) -> None:
    assert missing_bytes(head, len(head)) >= 0


@pytest.mark.parametrize("head", [b"", b"RIFF", b"ID3" + bytes(60), b"RIFF1234AVI " + bytes(60)])
def test_other_files_promise_nothing(head: bytes) -> None:
    assert promised_bytes(head) is None
