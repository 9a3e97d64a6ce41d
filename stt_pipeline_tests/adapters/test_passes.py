"""How chunks are dealt out to the decoder, and which reading of one is kept. No model here."""

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np
import pytest

from stt_pipeline.adapters.whisper.decoded import Decoded
from stt_pipeline.adapters.whisper.encoded import Encoded
from stt_pipeline.adapters.whisper.model import Model, Rung
from stt_pipeline.adapters.whisper.passes import read
from stt_pipeline.domain.speech.engine import Decoding
from stt_pipeline.domain.speech.own_words import RARE_TOKEN, Choice

Favours = Sequence[Mapping[int, float]]


class CountingDecoder:
    """Says of each chunk twice its length, surely; remembers who was read together."""

    def __init__(self) -> None:
        self.batches: list[list[float]] = []

    def decode(
        self, chunks: Sequence[Encoded], language: str, rung: Rung, favours: Favours
    ) -> list[Decoded]:
        self.batches.append([chunk.speech_s for chunk in chunks])
        return [Decoded(tuple(range(2 * int(chunk.speech_s))), -0.1, 0.0) for chunk in chunks]

    def text(self, tokens: Sequence[int], language: str) -> str:
        return " ".join(map(str, tokens))


def chunk(speech_s: float) -> Encoded:
    return Encoded(np.zeros((1, 1, 1), np.float32), np.ones(1, np.int64), speech_s, 30.0)


@pytest.mark.parametrize(
    ("chunks", "sizes"), [(0, []), (1, [1]), (8, [8]), (9, [5, 4]), (17, [6, 6, 5])]
)
def test_batches_are_of_like_size_and_length_and_hold_every_chunk_once(
    chunks: int, sizes: list[int]
) -> None:
    lengths = [float(5 + (7 * number) % 23) for number in range(chunks)]
    decoder = CountingDecoder()

    readings = read(cast(Model, decoder), [*map(chunk, lengths)], "en", Decoding(), batch=16)

    assert [len(batch) for batch in decoder.batches] == sizes
    assert [length for batch in decoder.batches for length in batch] == sorted(lengths)
    assert [len(reading.decoded.tokens) for reading in readings] == [
        2 * int(one) for one in lengths
    ]


class ToldDecoder:
    """Reads a chunk as it is told for each pass."""

    def __init__(self, *passes: Decoded) -> None:
        self.passes = iter(passes)

    def decode(
        self, chunks: Sequence[Encoded], language: str, rung: Rung, favours: Favours
    ) -> list[Decoded]:
        assert len(chunks) == 1
        return [next(self.passes)]

    def text(self, tokens: Sequence[int], language: str) -> str:
        return " ".join(map(str, tokens))


def told(tokens: int, avg_logprob: float) -> Decoded:
    return Decoded(tuple(range(tokens)), avg_logprob, 0.0)


LOOP = Decoded((1, 2, 3) * 40, -0.05, 0.0)


@pytest.mark.parametrize(
    ("language", "passes", "kept"),
    [
        ("en", (told(40, -0.3),), 0),
        ("en", (told(40, -0.8), told(40, -0.5)), 1),
        ("en", (told(40, -0.8), told(41, -0.9)), 0),
        ("en", (told(20, -0.2), told(40, -0.3)), 1),
        ("en", (LOOP, told(40, -0.9)), 1),
        ("en", (told(40, -0.8), LOOP), 0),
        ("en", (LOOP, LOOP, told(40, -0.9)), 2),
        ("fr", (told(40, -0.8),), 0),
        ("fr", (told(20, -0.2), told(40, -0.3)), 1),
        ("fr", (LOOP, told(40, -0.9)), 1),
        ("fr", (LOOP, LOOP, told(40, -0.9)), 2),
    ],
)
def test_a_chunk_is_read_again_where_in_doubt_and_the_better_reading_kept(
    language: str, passes: tuple[Decoded, ...], kept: int
) -> None:
    """20 s of speech; what is told first is read first."""
    decoder = ToldDecoder(*passes)
    [reading] = read(cast(Model, decoder), [chunk(20.0)], language, Decoding(), batch=16)
    assert reading.decoded == passes[kept]
    assert not [*decoder.passes]


CALLER, COLOR = RARE_TOKEN, RARE_TOKEN + 1


class LeaningDecoder(ToldDecoder):
    """Hears "caller" in the first chunk; in others "color", or "caller" where it is favoured."""

    def __init__(self) -> None:
        super().__init__()
        self.passes_seen: list[list[dict[int, float]]] = []

    def decode(
        self, chunks: Sequence[Encoded], language: str, rung: Rung, favours: Favours
    ) -> list[Decoded]:
        self.passes_seen.append([dict(favour) for favour in favours])
        return [
            self._hear(chunk.speech_s, favour)
            for chunk, favour in zip(chunks, favours, strict=True)
        ]

    def _hear(self, speech_s: float, favour: Mapping[int, float]) -> Decoded:
        told = ((COLOR, -0.3), (CALLER, -1.6))
        chosen = Choice(COLOR, -0.3, told)
        if speech_s == 1.0:
            chosen = Choice(CALLER, -0.05, ((CALLER, -0.05),))
        elif favour:
            chosen = Choice(CALLER, -0.4, told)
        return Decoded((chosen.token, 5), -0.1, 0.0, choices=(chosen,))

    def word(self, token: int) -> str | None:
        return {CALLER: "caller", COLOR: "color"}.get(token)


@pytest.mark.parametrize(
    ("language", "calls", "tokens"),
    [
        ("en", "aab", [CALLER, CALLER, COLOR]),
        ("en", "aaa", [CALLER, CALLER, CALLER]),
        ("en", "abb", [CALLER, COLOR, COLOR]),
        ("fr", "aaa", [CALLER, COLOR, COLOR]),
    ],
)
def test_a_word_that_the_same_call_says_elsewhere_is_favoured_in_a_reading_more(
    language: str, calls: str, tokens: list[int]
) -> None:
    decoder = LeaningDecoder()

    readings = read(
        cast(Model, decoder), [chunk(1.0), chunk(1.1), chunk(1.2)], language, Decoding(), 16, calls
    )

    assert [reading.decoded.tokens[0] for reading in readings] == tokens
    again = decoder.passes_seen[1:]
    assert again == ([[{CALLER: 2.0}] * (tokens.count(CALLER) - 1)] if tokens[1] != COLOR else [])
