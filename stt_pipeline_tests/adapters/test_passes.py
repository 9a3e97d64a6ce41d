"""How chunks are dealt out to the decoder, and which reading of one is kept. No model here."""

from collections.abc import Sequence
from typing import cast

import numpy as np
import pytest

from stt_pipeline.adapters.whisper.encoded import Encoded
from stt_pipeline.adapters.whisper.model import Decoded, Model, Rung
from stt_pipeline.adapters.whisper.passes import read
from stt_pipeline.domain.speech.engine import Decoding


class CountingDecoder:
    """Says of each chunk twice its length, surely; remembers who was read together."""

    def __init__(self) -> None:
        self.batches: list[list[float]] = []

    def decode(self, chunks: Sequence[Encoded], language: str, rung: Rung) -> list[Decoded]:
        self.batches.append([chunk.speech_s for chunk in chunks])
        return [Decoded(tuple(range(2 * int(chunk.speech_s))), -0.1, 0.0) for chunk in chunks]

    def text(self, tokens: Sequence[int], language: str) -> str:
        return " ".join(map(str, tokens))


def chunk(speech_s: float) -> Encoded:
    return Encoded(np.zeros((1, 1, 1), np.float32), speech_s, 30.0)


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

    def decode(self, chunks: Sequence[Encoded], language: str, rung: Rung) -> list[Decoded]:
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
