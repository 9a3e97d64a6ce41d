"""Transcribes recordings and keeps their checkpoints, over ports. Knows no engine, no process."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import BinaryIO

from stt_pipeline.domain.errors import AudioUnreadableError, ObjectMissingError
from stt_pipeline.domain.ports import Heard, ReadableStore, ResultStore, Source, Transcriber
from stt_pipeline.domain.recordings.recording import Recording
from stt_pipeline.domain.speech.transcription import Failure, Outcome, Result

ESTIMATED_DURATION = frozenset({"mp3", "mp3float", "aac", "gsm", "gsm_ms"})
"""Codecs whose files may only let their length be estimated."""

MIN_DECODED_SHARE = 0.9
"""Below this share of the header's seconds, the file was cut off on its way."""


def transcribe_recordings(
    recordings: Sequence[Recording],
    store: ReadableStore,
    transcriber: Transcriber,
    results: ResultStore,
) -> Iterator[tuple[int, Result]]:
    """Transcribes together, and checkpoints each before it is yielded, with its place.

    Whatever one file does wrong becomes its own Failure.
    """
    for index, result in read_together(recordings, store.open, transcriber):
        results.write(result)
        yield index, result


def read_together(
    recordings: Sequence[Recording],
    opened: Callable[[str], BinaryIO],
    transcriber: Transcriber,
) -> Iterator[tuple[int, Result]]:
    """The result of each with its place, in any order; kept nowhere. `opened` takes the key."""
    sources = [Source(one.key, partial(opened, one.key)) for one in recordings]
    for index, heard in transcriber.transcribe_all(sources):
        recording = recordings[index]
        yield index, Result(recording.etag, transcriber.engine, _outcome(recording, heard))


def _outcome(recording: Recording, heard: Heard) -> Outcome:
    if isinstance(heard, ObjectMissingError):
        return Failure("the recording is no longer in the store", transient=True)
    if isinstance(heard, AudioUnreadableError):
        return Failure(str(heard))
    if isinstance(heard, OSError):
        return Failure(f"the recording cannot be read ({heard.strerror})", transient=True)
    promised_s = 0.0 if recording.codec in ESTIMATED_DURATION else recording.duration_s or 0.0
    if heard.duration_s < MIN_DECODED_SHARE * promised_s:
        return Failure(
            f"truncated: the header says {promised_s:.1f} s, "
            f"{heard.duration_s:.1f} s can be decoded"
        )
    return heard
