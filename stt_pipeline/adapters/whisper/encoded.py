"""What the encoder made of a chunk, as fine or coarse as it is read. Encodes nothing."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Encoded:
    """What the encoder made of a chunk: float32, shape (1, states, width), even over its window.

    Every chunk has as many states, whatever its window: chunks of any length are decoded together.
    """

    state: NDArray[np.float32]
    speech_s: float
    window_s: float

    def coarser(self, states: int) -> NDArray[np.float32]:
        """The means over so many equal times."""
        return averaged(self.state, states)

    def heard(self, states: int) -> int:
        """How many of so many states hold speech: to the end of its last second."""
        heard_s = min(math.ceil(self.speech_s), self.window_s)
        return round(heard_s * states / self.window_s)

    def every(self, step: int) -> NDArray[np.float32]:
        """Every so-manieth state, as it is."""
        return np.ascontiguousarray(self.state[:, ::step])


def averaged(state: NDArray[np.float32], states: int) -> NDArray[np.float32]:
    """States of shape (1, n, width) as means over equal times, of shape (1, states, width).

    A mean takes a state in by the share of it that lies within its time; fewer than `states` are
    spread out likewise.
    """
    given = state.shape[1]
    if given == states:
        return state
    edges = np.arange(states + 1) * (given / states)
    first = edges[:-1].astype(int)
    means = np.zeros((states, state.shape[2]), dtype=np.float32)
    for place in range(math.ceil(given / states) + 1):
        within = np.minimum(edges[1:], first + place + 1) - np.maximum(edges[:-1], first + place)
        share = np.maximum(within, 0.0) * (states / given)
        taken = state[0, np.minimum(first + place, given - 1)]
        means += taken * share.astype(np.float32)[:, np.newaxis]
    return means[np.newaxis]
