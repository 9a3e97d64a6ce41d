"""What the encoder made of a chunk, as fine or coarse as it is read. Encodes nothing."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stt_pipeline.adapters.whisper.model_file import Floats

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
        ends = np.cumsum(self.counts)
        at = np.searchsorted(ends, (np.arange(states) + 0.5) * (ends[-1] / states))
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
        return means(self.state, self._ends, np.linspace(0, self._ends[-1], states + 1))

    def every(self, step: int, states: int) -> Floats:
        """Every so-manieth of so many equal times, as it is in its middle."""
        middles = (np.arange(0, states, step) + 0.5) * (self._ends[-1] / states)
        return np.ascontiguousarray(self.state[:, np.searchsorted(self._ends, middles)])

    def memory(self, states: int) -> Memory:
        """Means as fine as so many of the whole window are, but no finer than what was made.

        What stands for several is left as it is: Whisper looks at single quiet states much, and
        means of those cost French 5.9 points of WER.
        """
        ends = np.interp(self._cuts(states), np.arange(len(self.counts) + 1), [0.0, *self._ends])
        spare = (0, -(len(ends) - 1) % TOGETHER)
        state = np.pad(means(self.state, self._ends, ends), ((0, 0), spare, (0, 0)))
        return Memory(state, np.pad(np.diff(ends).astype(np.float32), spare))

    def heard(self, states: int) -> int:
        """How many of so many equal times hold speech: to the end of its last second."""
        heard_s = min(math.ceil(self.speech_s), self.window_s)
        return round(heard_s * states / self.window_s)

    @cached_property
    def _ends(self) -> Floats:
        """Where each state ends, in states of the window."""
        return np.cumsum(self.counts).astype(np.float64)

    def _cuts(self, states: int) -> Floats:
        """Where means begin and end, in states made: a stretch of speech is shared out evenly."""
        is_quiet = self.counts > 1
        (begun,) = np.nonzero(np.diff(is_quiet, prepend=not is_quiet[0]))
        lengths, quiet = np.diff(begun, append=len(is_quiet)), is_quiet[begun]
        spoken = np.cumsum(np.where(quiet, 0, lengths))
        share = min(1.0, states / self._ends[-1])
        wanted = np.sum(is_quiet) + share * spoken[-1]
        whole = min(len(is_quiet), max(1, round(wanted / TOGETHER)) * TOGETHER)
        shared = np.round(spoken * ((whole - np.sum(is_quiet)) / max(1, spoken[-1])))
        pieces = np.where(quiet, lengths, np.maximum(1, np.diff(shared, prepend=0)))
        stretches = zip(begun, lengths, pieces.astype(int), strict=True)
        cuts = [np.linspace(at, at + long, into, endpoint=False) for at, long, into in stretches]
        return np.concatenate([*cuts, [len(is_quiet)]])


def means(state: Floats, ends: Floats, edges: Floats) -> Floats:
    """The means of states (1, n, width), which end at `ends`, from each of `edges` to the next.

    A state is taken in by the share of it that lies within.
    """
    begun = np.concatenate([[0.0], ends])
    sums = np.zeros((len(begun), state.shape[2]))
    np.cumsum(state[0] * np.diff(begun)[:, np.newaxis], axis=0, out=sums[1:])
    within = np.minimum(np.searchsorted(ends, edges), len(ends) - 1)
    reached = sums[within] + (edges - begun[within])[:, np.newaxis] * state[0, within]
    lengths = np.diff(edges)[:, np.newaxis]
    found: Floats = (np.diff(reached, axis=0) / lengths).astype(np.float32)
    return found[np.newaxis]
