"""Reads encoded chunks: all in a cheap pass, the doubtful again in a dearer one. Loads nothing."""

import math
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from operator import attrgetter
from typing import Final

import numpy as np

from stt_pipeline.adapters.whisper.decoded import Decoded
from stt_pipeline.adapters.whisper.encoded import Encoded
from stt_pipeline.adapters.whisper.model import Model, Rung
from stt_pipeline.domain.speech.engine import Decoding
from stt_pipeline.domain.speech.loops import LOOP_COMPRESSION_RATIO, cut_loops, find_loop
from stt_pipeline.domain.speech.own_words import favours
from stt_pipeline.domain.speech.utterances import compression_ratio

STUBBORN = Rung(beam_size=5, repetition_penalty=1.1, no_repeat_ngram_size=5)
"""The search for a chunk that loops in both passes: what was said twice in a row is left alone."""

_NOTHING: Final[Mapping[int, Mapping[int, float]]] = {}


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
    def is_whole(self) -> bool:
        """Whether it neither repeats itself nor is short."""
        return not self.is_looped and not self.is_short

    @property
    def is_unsure(self) -> bool:
        """Whether anything is doubtful."""
        return self.is_unlikely or not self.is_whole

    def is_better(self, old: "Reading") -> bool:
        """Anything is better than a loop. A short text may be likely for what is missing in it."""
        if self.is_looped or old.is_looped:
            return old.is_looped
        return old.is_short or self.decoded.avg_logprob >= old.decoded.avg_logprob


def read(
    model: Model,
    chunks: Sequence[Encoded],
    language: str,
    decoding: Decoding,
    batch: int,
    calls: Sequence[Hashable] = (),
) -> list[Reading]:
    """A reading of each chunk, in their order; `batch` of them are decoded at once.

    `calls` say of each chunk which call it is of: a call's own words are looked for in all of its.
    """
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
    favoured = _own_words(model, readings, calls, language, decoding)
    own = read_by(favoured, rung=cheap, favoured=favoured)
    readings |= {index: reading for index, reading in own if reading.is_whole}
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
    favoured: Mapping[int, Mapping[int, float]] = _NOTHING,
) -> Iterator[tuple[int, Reading]]:
    """Chunks of like length go together: none waits long for another.

    `favoured` are tokens by chunk, with their odds.
    """
    in_turn = sorted(which, key=lambda index: chunks[index].speech_s)
    # Many beams hold the states of many texts: half as many chunks together.
    size = batch if rung.beam_size == 1 else max(1, batch // 2)
    # Batches of like size: one chunk alone costs as much as four together.
    for part in np.array_split(in_turn, math.ceil(len(in_turn) / size)) if in_turn else ():
        alike: list[int] = part.tolist()
        odds = [favoured.get(index, {}) for index in alike]
        decoded = model.decode([chunks[index] for index in alike], language, rung, odds)
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


def _own_words(
    model: Model,
    readings: Mapping[int, Reading],
    calls: Sequence[Hashable],
    language: str,
    decoding: Decoding,
) -> dict[int, dict[int, float]]:
    """The chunks to read again for a word that their call says elsewhere, and what to favour."""
    if language in decoding.unsure_languages:
        return {}
    by_call: dict[Hashable, list[int]] = defaultdict(list)
    for index, call in enumerate(calls):
        by_call[call].append(index)
    found: dict[int, dict[int, float]] = {}
    for which in by_call.values():
        texts = [readings[index].decoded.choices for index in which]
        tokens = favours(texts, model.word, decoding.own_word_odds)
        found.update(zip(which, tokens, strict=True))
    return {index: tokens for index, tokens in found.items() if tokens}


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
