"""Reads the document that a job leaves, as a Transcription. Asks no service."""

import datetime as dt
import math
from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ValidationError

from stt_pipeline.domain.speech import utterances
from stt_pipeline.domain.speech.transcription import Channel, Segment, Span, Transcription, Word

SPOKEN = "pronunciation"

LEAST_CONFIDENCE = 0.01
"""A confidence of 0 has no logarithm."""

ORDINARY_LEVEL = 0.1
"""Of full scale: what stands for peak and level of a channel with words, which it does not say."""


class DocumentError(Exception):
    """A document that is cut off, or is none of these; the message ends a sentence."""


class _Alternative(BaseModel):
    content: str
    confidence: float = 0.0


class _Item(BaseModel):
    type: str
    alternatives: tuple[_Alternative, ...] = ()
    start_time: float | None = None
    end_time: float | None = None


class _Channel(BaseModel):
    channel_label: str
    items: tuple[_Item, ...]


class _ChannelLabels(BaseModel):
    channels: tuple[_Channel, ...]


class _Score(BaseModel):
    code: str
    score: float


class _Results(BaseModel):
    items: tuple[_Item, ...] = ()
    channel_labels: _ChannelLabels | None = None
    language_code: str | None = None
    language_identification: tuple[_Score, ...] = ()


class _Document(BaseModel):
    status: str
    results: _Results


def read_document(
    data: bytes,
    speakers: Sequence[str],
    dialects: Mapping[str, str],
    duration_s: float,
    now: dt.datetime,
) -> Transcription:
    """What the service heard; `speakers` are those of the channels, `dialects` its codes.

    Its words carry no level and no doubt of speech: a channel's speech is where its words are, so
    its coverage is 1, and no signal is shown that the level, the noise or the silence would show.
    Raises DocumentError.
    """
    try:
        document = _Document.model_validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise DocumentError(f"{first['msg']} {f'at {where}' if where else ''}".strip()) from None
    if document.status != "COMPLETED":
        raise DocumentError(f"its status is {document.status}")
    heard = _channels(document.results, len(speakers))
    said = [_segments(words, index, speakers[index]) for index, words in enumerate(heard)]
    words_end_s = max((words[-1].end_s for words in heard if words), default=0.0)
    language, probability = _language(document.results, dialects)
    return Transcription(
        duration_s=round(max(duration_s, words_end_s), 3),
        channels=tuple(
            _channel(index, speaker, segments)
            for index, (speaker, segments) in enumerate(zip(speakers, said, strict=True))
        ),
        segments=utterances.in_order(one for segments in said for one in segments),
        language=language if any(heard) else None,
        language_probability=probability if any(heard) else None,
        dual_mono=False,
        cpu_s=0.0,
        transcribed_at=now,
    )


def _channels(results: _Results, channels: int) -> list[list[Word]]:
    """The words of each channel, in order of time."""
    if channels == 1:
        return [_words(results.items)]
    labelled = results.channel_labels.channels if results.channel_labels else ()
    items = {one.channel_label: one.items for one in labelled}
    unknown = items.keys() - {f"ch_{index}" for index in range(channels)}
    if unknown or not items:
        raise DocumentError(f"it has {', '.join(sorted(items)) or 'no'} channels, not {channels}")
    return [_words(items.get(f"ch_{index}", ())) for index in range(channels)]


def _words(items: Sequence[_Item]) -> list[Word]:
    """Words with the punctuation behind them, as the local engine's words have it."""
    words: list[Word] = []
    for item in items:
        best = item.alternatives[0] if item.alternatives else None
        if best is None or not best.content.strip():
            continue
        if item.type != SPOKEN:
            if words:
                before = words[-1]
                text = before.word + best.content
                words[-1] = Word(before.start_s, before.end_s, text, before.probability)
            continue
        if item.start_time is None or item.end_time is None:
            raise DocumentError(f"the word {best.content!r} has no time")
        start_s, end_s = round(item.start_time, 3), round(item.end_time, 3)
        probability = round(min(1.0, max(0.0, best.confidence)), 4)
        words.append(Word(start_s, max(start_s, end_s), best.content.strip(), probability))
    return sorted(words, key=lambda word: word.start_s)


def _segments(words: Sequence[Word], channel: int, speaker: str) -> list[Segment]:
    return [
        Segment(
            channel=channel,
            speaker=speaker,
            avg_logprob=round(_mean_log(said), 4),
            no_speech_prob=0.0,
            compression_ratio=round(
                utterances.compression_ratio(" ".join(word.word for word in said)), 3
            ),
            words=said,
        )
        for said in utterances.cut(words)
    ]


def _mean_log(words: Sequence[Word]) -> float:
    logs = (math.log(max(LEAST_CONFIDENCE, word.probability)) for word in words)
    return sum(logs) / len(words)


def _channel(index: int, speaker: str, segments: Sequence[Segment]) -> Channel:
    level = ORDINARY_LEVEL if segments else 0.0
    return Channel(
        index=index,
        speaker=speaker,
        speech=tuple(Span(one.start_s, one.end_s) for one in segments),
        peak=level,
        rms=level,
        clipped_share=0.0,
    )


def _language(results: _Results, dialects: Mapping[str, str]) -> tuple[str, float]:
    """Of a job for one language that one, surely; else the one that it says, with its score."""
    by_code = {code: language for language, code in dialects.items()}
    if len(by_code) == 1:
        return next(iter(dialects)), 1.0
    scores = {one.code: one.score for one in results.language_identification}
    code = results.language_code or max(scores, key=lambda one: scores[one], default="")
    if code not in by_code:
        raise DocumentError(f"its language is {code or 'not said'}, none of {', '.join(by_code)}")
    return by_code[code], round(scores.get(code, 0.0), 4)
