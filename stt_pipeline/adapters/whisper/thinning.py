"""Which states of a window the encoder makes, and which of them stand for the others. Makes none.

Where nobody speaks, one state of several is enough, if others still look at it as often as at
those that it stands for: Whisper was taught on whole windows, most of them with pauses.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Thinned:
    """The states made, by their places in the window; and of every state, which of those it is."""

    made: NDArray[np.int64]
    stands_for: NDArray[np.int64]

    @property
    def counts(self) -> NDArray[np.int64]:
        """How many states of the window each of those made is."""
        return np.bincount(self.stands_for)


def thinned(spoken: NDArray[np.bool_], quiet_step: int) -> Thinned:
    """Every state where somebody speaks, and the middle one of each `quiet_step` of the others.

    `spoken` says so of each state of a window. Those not made are the nearest that is.
    """
    places = np.arange(len(spoken))
    begun = np.maximum.accumulate(np.where(spoken, places + 1, 0))
    (made,) = np.nonzero(spoken | ((places - begun) % quiet_step == quiet_step // 2))
    return Thinned(made, np.searchsorted((made[1:] + made[:-1]) / 2, places))
