"""Reads encoded chunks: all in a cheap pass, the doubtful again in a dearer one. Loads nothing."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from stt_pipeline.adapters.whisper.encoded import Encoded
from stt_pipeline.adapters.whisper.model import Decoded, Model, Rung
from stt_pipeline.domain.speech.engine import Decoding
from stt_pipeline.domain.speech.loops import LOOP_COMPRESSION_RATIO, cut_loops, find_loop
from stt_pipeline.domain.speech.utterances import compression_ratio

STUBBORN = Rung(beam_size=5, repetition_penalty=1.1, no_repeat_ngram_size=5)
"""The search for a chunk that loops in both passes: what was said twice in a row is left alone."""


@dataclass(frozen=True)
class Reading:
    """The text of a chunk; `compression_ratio` is that of the text before a loop was cut."""

    decoded: Decoded
    compression_ratio: float


def read(
    model: Model, chunks: Sequence[Encoded], language: str, decoding: Decoding, batch: int
) -> list[Reading]:
    """A reading of each chunk, in their order; `batch` of them are decoded at once."""
    cheap, dear = Rung(decoding.first_beam), Rung(decoding.second_beam)
    patient = replace(dear, patience=decoding.second_patience)
    first, second = (dear, cheap) if language in decoding.unsure_languages else (cheap, patient)
    readings = dict(_pass(model, chunks, range(len(chunks)), language, first, batch))
    unsure = [
        index
        for index, reading in readings.items()
        if _is_looped(reading) or (first is cheap and _is_unsure(reading, chunks[index], decoding))
    ]
    for rung in (second, STUBBORN):
        for index, reading in _pass(model, chunks, unsure, language, rung, batch):
            if _is_better(reading, readings[index], chunks[index], decoding):
                readings[index] = reading
        unsure = [index for index in unsure if _is_looped(readings[index])]
    return [
        _silenced(readings[index])
        if _is_no_speech(readings[index].decoded, decoding)
        else _without_loops(readings[index])
        for index in range(len(chunks))
    ]


def _pass(
    model: Model,
    chunks: Sequence[Encoded],
    which: Iterable[int],
    language: str,
    rung: Rung,
    batch: int,
) -> Iterator[tuple[int, Reading]]:
    """Chunks of like length go together: none waits long for another."""
    in_turn = sorted(which, key=lambda index: chunks[index].speech_s)
    # Many beams hold the states of many texts: half as many chunks together.
    size = batch if rung.beam_size == 1 else max(1, batch // 2)
    # Batches of like size: one chunk alone costs as much as four together.
    for part in np.array_split(in_turn, math.ceil(len(in_turn) / size)) if in_turn else ():
        alike: list[int] = part.tolist()
        decoded = model.decode([chunks[index] for index in alike], language, rung)
        for index, one in zip(alike, decoded, strict=True):
            yield index, Reading(one, compression_ratio(model.text(one.tokens, language)))


def _is_unsure(reading: Reading, chunk: Encoded, decoding: Decoding) -> bool:
    unlikely = reading.decoded.avg_logprob < decoding.sure_logprob
    return unlikely or _is_short(reading, chunk, decoding)


def _is_short(reading: Reading, chunk: Encoded, decoding: Decoding) -> bool:
    return len(reading.decoded.tokens) < decoding.min_tokens_per_s * chunk.speech_s


def _is_better(new: Reading, old: Reading, chunk: Encoded, decoding: Decoding) -> bool:
    """Anything is better than a loop. A short text may be likely because half of it is missing."""
    if _is_looped(old) or _is_looped(new):
        return _is_looped(old)
    likelier = new.decoded.avg_logprob >= old.decoded.avg_logprob
    return likelier or _is_short(old, chunk, decoding)


def _is_looped(reading: Reading) -> bool:
    return (
        reading.compression_ratio > LOOP_COMPRESSION_RATIO
        or find_loop(reading.decoded.tokens) is not None
    )


def _is_no_speech(decoded: Decoded, decoding: Decoding) -> bool:
    """Whisper's own rule for a window without speech; hold music is often taken for speech."""
    return (
        decoded.no_speech_prob > decoding.no_speech_prob
        and decoded.avg_logprob < decoding.no_speech_logprob
    )


def _silenced(reading: Reading) -> Reading:
    return Reading(reading.decoded.only(()), compression_ratio=0.0)


def _without_loops(reading: Reading) -> Reading:
    tokens = tuple(cut_loops(reading.decoded.tokens))
    if tokens == reading.decoded.tokens:
        return reading
    return replace(reading, decoded=reading.decoded.only(tokens))
