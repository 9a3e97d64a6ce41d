"""What the decoder reads of the states made: means of some, single ones. Loads no model."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline.adapters.whisper.encoded import TOGETHER, Encoded
from stt_pipeline.adapters.whisper.model_file import Floats
from stt_pipeline.adapters.whisper.thinning import thinned

LENGTHS = st.integers(1, 1500)
WIDTH = 3

stretches = st.lists(st.integers(1, 300), min_size=1, max_size=8)


def states(length: int, seed: int = 0) -> Floats:
    return np.random.default_rng(seed).normal(size=(1, length, WIDTH)).astype(np.float32)


def encoded(state: Floats, counts: np.ndarray | None = None) -> Encoded:
    """As a window of what was made, each state for one of the window's where nothing is said."""
    counts = np.ones(state.shape[1], dtype=np.int64) if counts is None else counts
    window_s = float(counts.sum()) / 50
    return Encoded(state, counts, window_s, window_s)


def of_stretches(lengths: list[int], seed: int = 0) -> Encoded:
    """Speech and quiet in turn, as long as given; of the quiet one state of four is made."""
    spoken = np.repeat(np.arange(len(lengths)) % 2 == 0, lengths)
    counts = thinned(spoken, 4).counts
    return encoded(states(len(counts), seed), counts)


class TestMeansOverEqualTimes:
    @given(LENGTHS, LENGTHS, st.integers(0, 9))
    def test_have_the_mean_of_the_whole_window(self, given_length: int, n: int, seed: int) -> None:
        state = states(given_length, seed)
        means = encoded(state).coarser(n)
        assert means.shape == (1, n, WIDTH)
        assert means.dtype == np.float32
        wanted_mean = state.mean(axis=1, dtype=float)
        assert means.mean(axis=1, dtype=float) == pytest.approx(wanted_mean, abs=1e-5)

    @given(LENGTHS)
    def test_are_the_states_themselves_where_they_are_as_many(self, length: int) -> None:
        state = states(length)
        assert encoded(state).coarser(length) == pytest.approx(state, abs=1e-5)

    def test_are_those_of_pairs_where_they_are_half_as_many(self) -> None:
        state = states(1500)
        pairs = state.reshape(1, 750, 2, WIDTH).mean(axis=2)
        assert encoded(state).coarser(750) == pytest.approx(pairs, abs=1e-5)

    @given(st.integers(1, 1499))
    def test_know_nothing_of_what_comes_after_them(self, step: int) -> None:
        """A window that is silent, and then not."""
        state = np.zeros((1, 1500, 1), dtype=np.float32)
        state[:, step:] = 1.0
        means = encoded(state).coarser(750)[0, :, 0]
        assert np.all(np.diff(means) >= -1e-5)
        assert np.all(means[: step // 2] < 1e-5)
        assert np.all(means[(step + 1) // 2 :] > 1 - 1e-5)

    @given(stretches)
    def test_count_a_state_as_often_as_it_stands_for(self, lengths: list[int]) -> None:
        chunk = of_stretches(lengths)
        everywhere = np.repeat(chunk.state, chunk.counts, axis=1)
        means = chunk.coarser(everywhere.shape[1])
        assert means == pytest.approx(everywhere, abs=1e-4)
        assert chunk.every(3, everywhere.shape[1]) == pytest.approx(everywhere[:, ::3])


class TestTheMemoryOfAChunk:
    @given(stretches, st.integers(200, 1500))
    def test_stands_for_the_whole_window(self, lengths: list[int], n: int) -> None:
        chunk = of_stretches(lengths)
        memory = chunk.memory(n)
        assert memory.state.shape[1] == len(memory.counts)
        assert memory.state.shape[1] % TOGETHER == 0
        assert memory.counts.sum() == pytest.approx(sum(lengths), rel=1e-5)
        whole = np.repeat(chunk.state, chunk.counts, axis=1).sum(axis=1)
        assert (memory.state[0].T @ memory.counts) == pytest.approx(whole[0], abs=1e-2)

    @given(stretches, st.integers(200, 1500))
    def test_has_every_quiet_state_as_it_was_made(self, lengths: list[int], n: int) -> None:
        chunk = of_stretches(lengths)
        memory = chunk.memory(n)
        for place in np.flatnonzero(chunk.counts > 1):
            off = np.abs(memory.state[0] - chunk.state[0, place]).max(axis=1)
            assert off.min() < 1e-4
            assert memory.counts[off.argmin()] == pytest.approx(chunk.counts[place], abs=1e-3)

    @given(stretches, st.integers(200, 1500))
    def test_is_as_fine_as_asked_and_no_finer_than_made(self, lengths: list[int], n: int) -> None:
        chunk = of_stretches(lengths)
        used = np.count_nonzero(chunk.memory(n).counts)
        quiet = np.count_nonzero(chunk.counts > 1)
        wanted = quiet + (len(chunk.counts) - quiet) * min(1.0, n / sum(lengths))
        assert used <= len(chunk.counts)
        # A stretch has one mean at least, however short.
        assert used <= wanted + TOGETHER / 2 + len(lengths) or used == TOGETHER
        assert used >= min(len(chunk.counts), wanted) - TOGETHER / 2 - len(lengths)

    @given(stretches, st.integers(200, 1500), st.integers(0, 3))
    def test_tells_where_was_looked_at_equal_times(
        self, lengths: list[int], n: int, more: int
    ) -> None:
        """Each state is looked at as long as it is, so that all times are looked at alike."""
        memory = of_stretches(lengths).memory(n)
        beyond = np.zeros(more * TOGETHER, dtype=np.float32)
        looks = np.concatenate([memory.counts, beyond])[np.newaxis]
        assert memory.evenly(looks, 750) == pytest.approx(np.ones((1, 750)))
