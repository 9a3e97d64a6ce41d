"""Tokens placed in time by where the decoder looked: on made-up looks, no model."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from stt_pipeline.adapters.whisper.alignment import likeness, path, starts
from stt_pipeline.adapters.whisper.model_file import Floats

matrices = st.tuples(st.integers(1, 6), st.integers(1, 8)).flatmap(
    lambda shape: arrays(np.float32, shape, elements=st.floats(-4, 4, width=32))
)


def looking(lengths: list[int], heads: int = 2) -> Floats:
    """Each token looks at its own states, so many each."""
    looks = np.full((heads, len(lengths), sum(lengths)), 0.01, dtype=np.float32)
    place = 0
    for token, length in enumerate(lengths):
        looks[:, token, place : place + length] = 1.0
        place += length
    return looks


@given(st.lists(st.integers(min_value=2, max_value=9), min_size=2, max_size=12))
def test_each_token_starts_where_it_begins_to_look(lengths: list[int]) -> None:
    assert starts(path(likeness(looking(lengths)))) == [0, *np.cumsum(lengths)[:-1]]


def test_a_single_state_that_all_heads_glance_at_moves_no_token() -> None:
    looks = looking([10, 10, 10])
    looks[:, 2, 4] = 1.0
    assert starts(path(likeness(looks))) == [0, 10, 20]


def test_one_token_has_all_states() -> None:
    assert path(likeness(looking([3]))) == [(0, 0), (0, 1), (0, 2)]


@given(matrices)
def test_a_path_goes_from_the_first_to_the_last_of_both_in_single_steps(alike: Floats) -> None:
    way = path(alike)
    assert way[0] == (0, 0)
    assert way[-1] == (alike.shape[0] - 1, alike.shape[1] - 1)
    steps = {(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(way)}
    assert steps <= {(0, 1), (1, 0), (1, 1)}
    assert len(starts(way)) == alike.shape[0]


@given(matrices)
def test_no_path_goes_along_more_likeness(alike: Floats) -> None:
    tokens, states = alike.shape
    best = np.full((tokens + 1, states + 1), -np.inf)
    best[0, 0] = 0.0
    for token in range(tokens):
        for state in range(states):
            before = max(best[token, state], best[token, state + 1], best[token + 1, state])
            best[token + 1, state + 1] = alike[token, state] + before
    found = sum(float(alike[step]) for step in path(alike))
    assert found == pytest.approx(best[-1, -1], abs=1e-4)
