"""Loops of a decoder are found and cut; what people say is left as it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline.domain.speech.loops import LOOP_REPEATS, MIN_TOKENS, Loop, cut_loops, find_loop

DISTINCT = st.lists(st.integers(0, 10_000), max_size=60, unique=True)


@given(DISTINCT)
def test_words_without_repetition_are_left_as_they_are(tokens: list[int]) -> None:
    assert find_loop(tokens) is None
    assert cut_loops(tokens) == tokens


@given(before=DISTINCT, size=st.integers(1, 20), more=st.integers(0, 30), part=st.integers(0, 19))
def test_a_phrase_said_over_and_over_is_left_once(
    before: list[int], size: int, more: int, part: int
) -> None:
    phrase = list(range(-1, -1 - size, -1))
    repeats = max(LOOP_REPEATS, -(-MIN_TOKENS // size)) + more
    looped = [*before, *phrase * repeats, *phrase[: part % size]]

    assert cut_loops(looped) == before + phrase


@pytest.mark.parametrize(
    "tokens", [[7] * (MIN_TOKENS - 1), [1, 2, 3, 4, 5, 6, 7] * (LOOP_REPEATS - 1)], ids=len
)
def test_short_and_rare_repetitions_are_speech(tokens: list[int]) -> None:
    assert cut_loops(tokens) == tokens


def test_what_follows_a_loop_is_kept() -> None:
    tokens = [1, 2, *[3, 4, 5, 6] * 5, 8, 9]

    assert find_loop(tokens) == Loop(start=2, period=4, end=22)
    assert cut_loops(tokens) == [1, 2, 3, 4, 5, 6, 8, 9]


@given(st.lists(st.integers(0, 2), max_size=120))
def test_nothing_is_left_to_cut_and_nothing_is_added(tokens: list[int]) -> None:
    left = cut_loops(tokens)

    assert find_loop(left) is None
    assert len(left) <= len(tokens)
