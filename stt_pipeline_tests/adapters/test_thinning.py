"""Which states of a window are made: all that are spoken, some of the others, for any window."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline.adapters.whisper.thinning import thinned

# A window has 250 states at least, and a quiet step is at most a few of them.
windows = st.lists(st.booleans(), min_size=12, max_size=200).map(np.array)
steps = st.integers(1, 8)


@given(windows, steps)
def test_every_spoken_state_is_made_and_is_itself(spoken: np.ndarray, quiet_step: int) -> None:
    states = thinned(spoken, quiet_step)
    places = np.arange(len(spoken))
    assert np.array_equal(states.made[states.stands_for][spoken], places[spoken])


@given(windows, steps)
def test_every_state_is_the_nearest_that_is_made(spoken: np.ndarray, quiet_step: int) -> None:
    states = thinned(spoken, quiet_step)
    away = np.abs(np.arange(len(spoken))[:, np.newaxis] - states.made)
    chosen = away[np.arange(len(spoken)), states.stands_for]
    assert np.array_equal(chosen, away.min(axis=1))
    assert chosen.max() <= quiet_step


@given(windows)
def test_with_a_step_of_one_all_are_made(spoken: np.ndarray) -> None:
    assert np.array_equal(thinned(spoken, 1).stands_for, np.arange(len(spoken)))


@given(st.integers(12, 200), steps)
def test_of_silence_one_of_so_many_is_made(states: int, quiet_step: int) -> None:
    made = thinned(np.zeros(states, dtype=np.bool_), quiet_step).made
    assert abs(len(made) - states / quiet_step) < 1
