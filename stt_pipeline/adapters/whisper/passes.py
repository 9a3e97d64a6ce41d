"""Reads encoded chunks: all in a cheap pass, the doubtful again in a dearer one. Loads nothing."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from operator import attrgetter

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
    """The text of a chunk, and what is doubtful about it.

    `compression_ratio` is that of the text before a loop was cut. A short text has few tokens for
    its speech; an unlikely one a low mean log probability (see Decoding).
    """

    decoded: Decoded
    compression_ratio: float
    is_short: bool
    is_unlikely: bool

    @cached_property
    def is_looped(self) -> bool:
        """Whether it repeats itself."""
        has_loop = find_loop(self.decoded.tokens) is not None
        return has_loop or self.compression_ratio > LOOP_COMPRESSION_RATIO

    @property
    def is_unsure(self) -> bool:
        """Whether anything is doubtful."""
        return self.is_looped or self.is_unlikely or self.is_short

    def is_better(self, old: "Reading") -> bool:
        """Anything is better than a loop. A short text may be likely for what is missing in it."""
        if self.is_looped or old.is_looped:
            return old.is_looped
        return old.is_short or self.decoded.avg_logprob >= old.decoded.avg_logprob


def read(
    model: Model, chunks: Sequence[Encoded], language: str, decoding: Decoding, batch: int
) -> list[Reading]:
    """A reading of each chunk, in their order; `batch` of them are decoded at once."""
    cheap = Rung(decoding.first_beam)
    patient = Rung(decoding.second_beam, patience=decoding.second_patience)
    again: tuple[tuple[attrgetter[bool], Rung], ...]
    short, looped, unsure = map(attrgetter, ("is_short", "is_looped", "is_unsure"))
    if language in decoding.unsure_languages:
        first = Rung(decoding.unsure_beam)
        again = ((short, patient), (looped, cheap), (looped, STUBBORN))
    else:
        first = cheap
        again = ((unsure, patient), (looped, STUBBORN))
    read_by = partial(_pass, model, chunks, language=language, decoding=decoding, batch=batch)
    readings = dict(read_by(range(len(chunks)), rung=first))
    for is_doubtful, rung in again:
        which = [index for index, reading in readings.items() if is_doubtful(reading)]
        for index, reading in read_by(which, rung=rung):
            if reading.is_better(readings[index]):
                readings[index] = reading
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
    decoding: Decoding,
    batch: int,
    rung: Rung,
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
            yield (
                index,
                Reading(
                    one,
                    compression_ratio(model.text(one.tokens, language)),
                    len(one.tokens) < decoding.min_tokens_per_s * chunks[index].speech_s,
                    one.avg_logprob < decoding.sure_logprob,
                ),
            )


def _is_no_speech(decoded: Decoded, decoding: Decoding) -> bool:
    """Whisper's own rule for a window without speech; hold music is often taken for speech."""
    return (
        decoded.no_speech_prob > decoding.no_speech_prob
        and decoded.avg_logprob < decoding.no_speech_logprob
    )


def _silenced(reading: Reading) -> Reading:
    return replace(reading, decoded=reading.decoded.only(()), compression_ratio=0.0)


def _without_loops(reading: Reading) -> Reading:
    tokens = tuple(cut_loops(reading.decoded.tokens))
    if tokens == reading.decoded.tokens:
        return reading
    return replace(reading, decoded=reading.decoded.only(tokens))
