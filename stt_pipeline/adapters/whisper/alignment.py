"""Where in time each token of a text lies, by where the decoder looked. Knows no model."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from stt_pipeline.adapters.whisper.model_file import Floats

LEAST_SPREAD = 1e-8
"""Below it all tokens look at a state alike."""


def likeness(looks: Floats) -> Floats:
    """How much each token looked at each state beyond what the others did, (tokens, states).

    `looks` are shares of attention, (heads, tokens, states). As in openai/whisper (timing.py,
    `find_alignment`): each state's shares are standardised over the tokens, a median over time
    takes single states away, and heads are averaged. The median is of three states, which are 30 ms
    each here in a window of 30 s, where there seven have 20 ms.
    """
    spread = np.maximum(looks.std(axis=1, keepdims=True), LEAST_SPREAD)
    standard = (looks - looks.mean(axis=1, keepdims=True)) / spread
    before = np.concatenate([standard[..., 1:2], standard[..., :-1]], axis=-1)
    after = np.concatenate([standard[..., 1:], standard[..., -2:-1]], axis=-1)
    low, high = np.minimum(before, after), np.maximum(before, after)
    median = np.maximum(low, np.minimum(high, standard))
    mean: Floats = median.mean(axis=0)
    return mean


def path(alike: Floats) -> list[tuple[int, int]]:
    """The way through (tokens, states) that goes along what is alike: dynamic time warping.

    Pairs of a token and a state, from the first of both to the last of both; each step goes on by
    one token, one state or both. A whole row is found at once: the cost of going along it is a
    running minimum, once the sum of the row is taken off.
    """
    costs = -alike.astype(np.float64)
    tokens, states = costs.shape
    reached = np.empty_like(costs)
    reached[0] = np.cumsum(costs[0])
    for token in range(1, tokens):
        below = reached[token - 1]
        come = np.minimum(below, np.concatenate([[np.inf], below[:-1]]))
        sums = np.cumsum(costs[token])
        earlier = np.concatenate([[0.0], sums[:-1]])
        reached[token] = sums + np.minimum.accumulate(come - earlier)
    return _way_back(reached, tokens - 1, states - 1)


def starts(way: list[tuple[int, int]]) -> list[int]:
    """The first state of every token."""
    return [0, *(state for (before, _), (token, state) in pairwise(way) if token != before)]


def _way_back(reached: NDArray[np.float64], token: int, state: int) -> list[tuple[int, int]]:
    way = [(token, state)]
    while token or state:
        both = reached[token - 1, state - 1] if token and state else np.inf
        by_token = reached[token - 1, state] if token else np.inf
        by_state = reached[token, state - 1] if state else np.inf
        if both <= by_token and both <= by_state:
            token, state = token - 1, state - 1
        elif by_token <= by_state:
            token -= 1
        else:
            state -= 1
        way.append((token, state))
    return way[::-1]
