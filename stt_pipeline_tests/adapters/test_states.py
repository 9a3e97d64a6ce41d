"""What the decoder reads of the encoder's states: means over equal times. No model is loaded."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline.adapters.whisper.encoded import averaged

LENGTHS = st.integers(1, 1500)


def states(length: int, seed: int = 0) -> np.ndarray[tuple[int, int, int], np.dtype[np.float32]]:
    return np.random.default_rng(seed).normal(size=(1, length, 3)).astype(np.float32)


@given(LENGTHS, LENGTHS, st.integers(0, 9))
def test_the_mean_over_the_whole_window_stays(given_length: int, wanted: int, seed: int) -> None:
    state = states(given_length, seed)

    means = averaged(state, wanted)

    assert means.shape == (1, wanted, 3)
    assert means.dtype == np.float32
    wanted_mean = state.mean(axis=1, dtype=float)
    assert means.mean(axis=1, dtype=float) == pytest.approx(wanted_mean, abs=1e-5)


@given(LENGTHS)
def test_as_many_as_there_are_stay_as_they_are(length: int) -> None:
    state = states(length)

    assert averaged(state, length) == pytest.approx(state, abs=1e-5)


def test_half_as_many_are_the_means_of_pairs() -> None:
    state = states(1500)

    pairs = state.reshape(1, 750, 2, 3).mean(axis=2)

    assert averaged(state, 750) == pytest.approx(pairs, abs=1e-5)


@given(st.integers(1, 1499))
def test_what_comes_first_stays_first(step: int) -> None:
    """A window that is silent, and then not: no mean before the edge knows of what comes after."""
    state = np.zeros((1, 1500, 1), dtype=np.float32)
    state[:, step:] = 1.0

    means = averaged(state, 750)[0, :, 0]

    assert np.all(np.diff(means) >= -1e-5)
    assert np.all(means[: step // 2] < 1e-5)
    assert np.all(means[(step + 1) // 2 :] > 1 - 1e-5)
