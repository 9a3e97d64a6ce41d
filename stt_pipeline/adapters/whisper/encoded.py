"""What the encoder made of a chunk, as fine or coarse as it is read. Encodes nothing."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stt_pipeline.adapters.whisper.model_file import Floats

Places = NDArray[np.float64]
"""In time, in states of the window or in states made."""

TOGETHER: Final = 64
"""A decoder reads a multiple of so many states: a sum over them is then the same to the last bit
where others follow that count nothing, in a batch with longer chunks. AVX512 adds up 64 at once."""


@dataclass(frozen=True)
class Memory:
    """What a decoder reads of a chunk: states (1, n, width), and how many each stands for.

    Those at the end that stand for none fill up to a multiple of TOGETHER.
    """

    state: Floats
    counts: Floats

    def evenly(self, looks: Floats, states: int) -> Floats:
        """How much was looked at each of so many equal times; `looks` (..., n) are at each state.

        They may be more than the states here: of a batch with longer chunks.
        """
        at = _in_the_middle(np.cumsum(self.counts), states)
        seen: Floats = looks[..., at] / self.counts[at]
        return seen


@dataclass(frozen=True)
class Encoded:
    """What the encoder made of a chunk: float32, shape (1, made, width), in their order.

    `counts` are how many states of the window, 20 ms each, every one of them stands for: one where
    somebody speaks, several where nobody does.
    """

    state: Floats
    counts: NDArray[np.int64]
    speech_s: float
    window_s: float

    def coarser(self, states: int) -> Floats:
        """The means over so many equal times, (1, states, width)."""
        return means(self.state, self._borders, np.linspace(0, self._borders[-1], states + 1))

    def every(self, step: int, states: int) -> Floats:
        """Every so-manieth of so many equal times, as it is in its middle."""
        at = _in_the_middle(self._borders[1:], states)[::step]
        return np.ascontiguousarray(self.state[:, at])

    def memory(self, states: int) -> Memory:
        """Means as fine as so many of the whole window are, but no finer than what was made.

        What stands for several is left as it is: Whisper looks at single quiet states much, and
        means of those cost French 5.9 points of WER.
        """
        edges = np.interp(self._cuts(states), np.arange(len(self._borders)), self._borders)
        counts = np.diff(edges).astype(np.float32)
        spare = (0, -len(counts) % TOGETHER)
        state = np.pad(means(self.state, self._borders, edges), ((0, 0), spare, (0, 0)))
        return Memory(state, np.pad(counts, spare))

    def heard(self, states: int) -> int:
        """How many of so many equal times hold speech: to the end of its last second."""
        heard_s = min(math.ceil(self.speech_s), self.window_s)
        return round(heard_s * states / self.window_s)

    @cached_property
    def _borders(self) -> Places:
        """Where each state begins and then the last one ends, in states of the window."""
        return np.cumsum([0, *self.counts]).astype(np.float64)

    def _cuts(self, states: int) -> Places:
        """Where means begin and end, in states made: a stretch of speech is shared out evenly."""
        is_quiet = self.counts > 1
        (begun,) = np.nonzero(np.diff(is_quiet, prepend=not is_quiet[0]))
        lengths, quiet = np.diff(begun, append=len(is_quiet)), is_quiet[begun]
        spoken, kept = np.cumsum(np.where(quiet, 0, lengths)), np.sum(is_quiet)
        wanted = kept + min(1.0, states / self._borders[-1]) * spoken[-1]
        whole = min(len(is_quiet), max(1, round(wanted / TOGETHER)) * TOGETHER)
        shared = np.round(spoken * ((whole - kept) / max(1, spoken[-1])))
        pieces = np.where(quiet, lengths, np.maximum(1, np.diff(shared, prepend=0)))
        stretches = zip(begun, lengths, pieces.astype(int), strict=True)
        cuts = [np.linspace(at, at + long, into, endpoint=False) for at, long, into in stretches]
        return np.concatenate([*cuts, [len(is_quiet)]])


def means(state: Floats, borders: Places, edges: Places) -> Floats:
    """The means of states (1, n, width) from each of `edges` to the next.

    `borders` are the n + 1 of the states; one is taken in by the share of it that lies within.
    """
    sums = np.zeros((len(borders), state.shape[2]))
    np.cumsum(state[0] * np.diff(borders)[:, np.newaxis], axis=0, out=sums[1:])
    within = np.minimum(np.searchsorted(borders[1:], edges), state.shape[1] - 1)
    reached = sums[within] + (edges - borders[within])[:, np.newaxis] * state[0, within]
    lengths = np.diff(edges)[:, np.newaxis]
    found: Floats = (np.diff(reached, axis=0) / lengths).astype(np.float32)
    return found[np.newaxis]


def _in_the_middle(ends: Places | Floats, times: int) -> NDArray[np.int64]:
    """Which state, of those that end there, is in the middle of each of so many equal times."""
    middles = (np.arange(times) + 0.5) * (ends[-1] / times)
    found: NDArray[np.int64] = np.searchsorted(ends, middles)
    return found
