"""Chunks that are read together, and how far. Reads no token itself."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stt_pipeline.adapters.whisper.model_file import Floats
from stt_pipeline.adapters.whisper.said import Said
from stt_pipeline.domain.speech.beam_search import BeamSearch, Hypothesis

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Text:
    """The likeliest text of a chunk, Whisper's doubt whether there is speech, and where it looked.

    `looks` are shares of attention, (alignment heads, tokens and the end, states).
    """

    hypothesis: Hypothesis
    no_speech_prob: float
    looks: Floats


class Chunk:
    """A chunk while it is read.

    Where it looked lies in one block of memory, filled token by token: pieces of a step's own would
    keep the memory between them from being used again (a batch of four in French: 1.1 GB).
    """

    def __init__(self, search: BeamSearch, shape: tuple[int, ...]) -> None:
        """`shape` has the most tokens there may be, alignment heads, beams and states."""
        self.search = search
        self._looks = np.empty(shape, dtype=np.float32)
        self._tokens = 0

    def see(self, looks: Floats) -> None:
        """Where each beam looked for its next token, (heads, beams, states)."""
        self._looks[self._tokens, :, : looks.shape[1]] = looks[..., : self._looks.shape[-1]]
        self._tokens += 1

    def text(self, no_speech_prob: float) -> Text:
        """What was read."""
        best = self.search.best
        seen = self._looks[np.arange(len(best.beams)), :, best.beams]
        return Text(best, no_speech_prob, seen.swapaxes(0, 1))


@dataclass
class Batch:
    """Chunks that are read together: what was heard in each, and said so far by each beam."""

    chunks: list[Chunk]
    heard: Arrays
    said: Said
    favoured: Floats | None = None

    def favouring(self, allowed: Floats, asked: int) -> Floats:
        """What is added to every token's score, after so many of each row's, or wherever."""
        if self.favoured is None:
            return allowed[np.newaxis]
        rows = self.said.rows // len(self.chunks) * asked
        return np.repeat(allowed + self.favoured, rows, axis=0)

    def go_on(self) -> NDArray[np.int64]:
        """Leaves chunks out that are over; gives the last token of each beam left, in order."""
        left = [at for at, chunk in enumerate(self.chunks) if not chunk.search.is_over]
        before = self.said.rows // len(self.chunks)
        parents = np.array(
            [at * before + text.beams[-1] for at in left for text in self.chunks[at].search.live],
            dtype=np.int64,
        )
        if len(left) < len(self.chunks):
            self.heard = {name: values[left] for name, values in self.heard.items()}
            self.chunks = [self.chunks[at] for at in left]
            if self.favoured is not None:
                self.favoured = self.favoured[left]
        self.said.follow(parents)
        live = [text for chunk in self.chunks for text in chunk.search.live]
        return np.array([text.tokens[-1:] for text in live], dtype=np.int64)
