"""Builders of domain objects with plain values: a test names only what it is about."""

import datetime as dt
from collections.abc import Mapping, Sequence

from stt_pipeline.domain.recordings.recording import AudioInfo, FoundObject, Recording, Status
from stt_pipeline.domain.speech.transcription import (
    Channel,
    Result,
    Segment,
    Span,
    Transcription,
    Word,
)

ROOT_URI = "file:///recordings"
CALL_DATE = dt.date(2026, 11, 16)


def utc(text: str) -> dt.datetime:
    """The moment of `2026-11-16T09:30`, UTC without a zone, as all the tables have it."""
    return dt.datetime.fromisoformat(text)


NOW = utc("2026-11-17T06:00")
"""The morning after the call date."""

TELEPHONE = AudioInfo(codec="pcm_mulaw", sample_rate_hz=8000, channels=2, duration_s=60.0)


def make_found(key: str, etag: str = "", size_bytes: int = 960_044) -> FoundObject:
    """An object of the store, its etag still to be asked for."""
    return FoundObject(key=key, size_bytes=size_bytes, etag=etag)


def make_recording(
    call_id: str | None = "C1",
    *,
    key: str | None = None,
    etag: str | None = None,
    status: Status = Status.ACCEPTED,
    reason: str | None = None,
    duration_s: float | None = 60.0,
    channels: int | None = 2,
    codec: str = "pcm_mulaw",
    discovered_at: dt.datetime = NOW,
) -> Recording:
    """A two-channel minute of telephone audio; key, URI and etag follow from its call_id."""
    key = key if key is not None else f"call_date={CALL_DATE}/{call_id}.wav"
    return Recording(
        key=key,
        recording_uri=f"{ROOT_URI}/{key}",
        etag=etag if etag is not None else f"etag-{call_id}",
        size_bytes=960_044,
        status=status,
        discovered_at=discovered_at,
        reason=reason,
        call_id=call_id,
        duration_s=duration_s,
        sample_rate_hz=8000,
        channels=channels,
        codec=codec,
        agent_id="agent7",
        started_at=utc("2026-11-16T09:30"),
    )


def make_words(
    text: str, start_s: float = 0.0, word_s: float = 0.3, probability: float = 0.9
) -> tuple[Word, ...]:
    """The words of a text, each `word_s` long, one after the other without a pause."""
    return tuple(
        Word(
            start_s=round(start_s + position * word_s, 3),
            end_s=round(start_s + (position + 1) * word_s, 3),
            word=word,
            probability=probability,
        )
        for position, word in enumerate(text.split())
    )


def make_segment(
    text: str = "hello there",
    start_s: float = 0.0,
    *,
    speaker: str = "agent",
    channel: int | None = None,
    avg_logprob: float = -0.2,
    no_speech_prob: float = 0.01,
    compression_ratio: float = 1.0,
    word_s: float = 0.3,
) -> Segment:
    """An utterance; the customer is on channel 1, everybody else on channel 0."""
    return Segment(
        channel=channel if channel is not None else int(speaker == "customer"),
        speaker=speaker,
        avg_logprob=avg_logprob,
        no_speech_prob=no_speech_prob,
        compression_ratio=compression_ratio,
        words=make_words(text, start_s, word_s),
    )


def make_channel(
    speaker: str = "agent",
    speech: Sequence[tuple[float, float]] = ((0.0, 10.0),),
    *,
    index: int | None = None,
    peak: float = 0.5,
    rms: float = 0.05,
    clipped_share: float = 0.0,
    background_rms: float = 0.0,
) -> Channel:
    """A channel with speech between these seconds, at an ordinary level."""
    return Channel(
        index=index if index is not None else int(speaker == "customer"),
        speaker=speaker,
        speech=tuple(Span(start_s, end_s) for start_s, end_s in speech),
        peak=peak,
        rms=rms,
        clipped_share=clipped_share,
        background_rms=background_rms,
    )


def make_transcription(
    segments: Sequence[Segment] = (),
    channels: Sequence[Channel] | None = None,
    *,
    duration_s: float = 60.0,
    language: str | None = "en",
    language_probability: float | None = 0.99,
    dual_mono: bool = False,
    cpu_s: float = 3.0,
) -> Transcription:
    """What an engine heard; without `channels`, each speaker's channel is speech where words are.

    A call without segments and channels has one silent channel.
    """
    if channels is None:
        speakers = dict.fromkeys(segment.speaker for segment in segments) or {"unknown": None}
        channels = [
            make_channel(who, [(one.start_s, one.end_s) for one in segments if one.speaker == who])
            for who in speakers
        ]
    return Transcription(
        duration_s=duration_s,
        channels=tuple(channels),
        segments=tuple(sorted(segments, key=lambda one: (one.start_s, one.channel))),
        language=language,
        language_probability=language_probability,
        dual_mono=dual_mono,
        cpu_s=cpu_s,
        transcribed_at=NOW,
    )


def make_result(etag: str, heard: Transcription | None = None, engine: str = "engine") -> Result:
    """A checkpoint with a transcription."""
    return Result(etag, engine, heard or make_transcription([make_segment()]))


def make_quality_row(
    call_id: str = "C1",
    *,
    hits: int = 0,
    substitutions: int = 0,
    deletions: int = 0,
    insertions: int = 0,
    coverage: float | None = 1.0,
    flags: str = "",
) -> dict[str, object]:
    """A row of `transcript_quality` whose rate follows from its counts."""
    words = hits + substitutions + deletions
    return {
        "call_id": call_id,
        "has_reference": words > 0,
        "reference_words": words,
        "hits": hits,
        "substitutions": substitutions,
        "deletions": deletions,
        "insertions": insertions,
        "wer": (substitutions + deletions + insertions) / words if words else None,
        "cer": None,
        "coverage": coverage,
        "flags": flags,
        "engine": "engine",
    }


def uris(recordings: Sequence[Recording]) -> Mapping[str, Recording]:
    """Ledger rows by URI, as a ledger is read back."""
    return {row.recording_uri: row for row in recordings}
