"""A date of many tiny recordings, some of them broken or doubled. Transcribes nothing."""

import struct
from pathlib import Path

from stt_pipeline.domain.speech.transcription import Transcription
from stt_pipeline_tests.benchmarks.scale_engine import ANSWERS, answer

CALL_DATE = "2026-11-16"

SAMPLES = 1_600
"""0.2 s at 8 kHz: the audio is there to be listed, fingerprinted and probed."""

ODD_EVERY = 100
"""One in so many is not audio, and one the same bytes as the recording before."""

LABELLED_EVERY = 500
"""One in so many has a reference text."""


def make_site(root: Path, calls: int, words: int) -> None:
    """`calls` recordings of CALL_DATE, and references, below `root`; names say which answer."""
    folder = root / "recordings" / f"call_date={CALL_DATE}"
    references = root / "references"
    for one in (folder, references):
        one.mkdir(parents=True)
    for number in range(calls):
        name = f"call-{number:06}"
        (folder / f"{name}.wav").write_bytes(_recording(number))
        if number % LABELLED_EVERY == 0:
            (references / f"{name}.txt").write_text(_text(answer(number % ANSWERS, words)))


def transcribed(calls: int) -> int:
    """How many of them get a transcript."""
    return sum(number % ODD_EVERY not in (1, 3) for number in range(calls))


def _recording(number: int) -> bytes:
    if number % ODD_EVERY == 1:
        return b"no audio %d" % number
    return _wav(number - 1 if number % ODD_EVERY == 3 else number)


def _wav(number: int) -> bytes:
    """Mu-law in a WAV header (RFC 2361, format 7), its samples like no other number's."""
    samples = struct.pack("<I", number).ljust(SAMPLES, b"\xff")
    form = struct.pack("<HHIIHHH", 7, 1, 8_000, 8_000, 1, 8, 0)
    chunks = b"WAVEfmt " + struct.pack("<I", len(form)) + form
    chunks += b"data" + struct.pack("<I", len(samples)) + samples
    return b"RIFF" + struct.pack("<I", len(chunks)) + chunks


def _text(heard: Transcription) -> str:
    return " ".join(segment.text for segment in heard.segments)
