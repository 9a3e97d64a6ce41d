"""Whether one engine is better than another: said where the calls bear it out, and only there."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline.domain.quality.comparison import (
    LEAST_CALLS,
    MOST_CHANGED,
    Answer,
    ComparedCall,
    compare,
    cost_per_call_hour,
)
from stt_pipeline.domain.quality.wer import ErrorCounts


def make_call(number: int, a: int, b: int, words: int = 100) -> ComparedCall:
    """A call of so many words with the errors of A and of B."""
    return ComparedCall(
        call_date="2026-11-16",
        call_id=f"C{number:03}",
        audio_s=60.0,
        a=ErrorCounts(hits=words - a, substitutions=a),
        b=ErrorCounts(hits=words - b, substitutions=b),
        a_cpu_s=6.0,
        b_cpu_s=3.0,
    )


def make_calls(errors: Sequence[tuple[int, int]]) -> list[ComparedCall]:
    return [make_call(number, a, b) for number, (a, b) in enumerate(errors)]


ERRORS = st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100)), min_size=1, max_size=12)


def test_an_engine_with_fewer_errors_in_every_call_is_better() -> None:
    found = compare(make_calls([(10 + n % 3, 5 + n % 2) for n in range(20)]))

    assert found.answer is Answer.BETTER
    assert found.difference is not None
    assert found.difference.low <= found.difference.wer <= found.difference.high < 0
    assert found.sentence.startswith("B is better: its word error rate is 5.45 points lower than A")
    assert found.sentence.endswith("on 20 calls.")


def test_what_differs_by_chance_cannot_be_told() -> None:
    found = compare(make_calls([(10, 8), (4, 7), (12, 9), (3, 5), (8, 8), (9, 8), (2, 3), (7, 5)]))

    assert found.answer is Answer.CANNOT_BE_TOLD
    assert "It cannot be told from 8 calls whether B is better" in found.sentence
    assert found.sentence.endswith("Label more calls.")


@pytest.mark.parametrize("count", [1, LEAST_CALLS - 1, LEAST_CALLS])
def test_a_handful_of_calls_may_agree_by_chance(count: int) -> None:
    found = compare(make_calls([(20, 5)] * count))

    assert (found.answer is Answer.BETTER) == (count == LEAST_CALLS)
    assert ("can agree by chance" in found.sentence) == (count < LEAST_CALLS)


def test_the_hardness_of_a_call_is_shared_so_a_small_steady_gain_shows() -> None:
    """Rates of 1% to 39%, a word fewer in each: unpaired, the calls' spread would hide it."""
    found = compare(make_calls([(2 * n + 1, 2 * n) for n in range(20)]))

    assert found.answer is Answer.BETTER


def test_equal_errors_are_the_same() -> None:
    found = compare(make_calls([(3, 3), (0, 0)]))

    assert found.answer is Answer.SAME
    assert found.sentence == "B makes the same number of errors as A in each of 2 calls."


def test_without_reference_words_there_is_no_difference() -> None:
    found = compare([replace(make_call(1, 0, 0), a=ErrorCounts(), b=ErrorCounts(insertions=3))])

    assert found.difference is None
    assert found.calls == ()
    assert found.answer is Answer.CANNOT_BE_TOLD
    assert "no labelled call has reference words" in found.sentence


@given(ERRORS, st.randoms(use_true_random=False))
def test_the_order_of_the_calls_changes_nothing(
    errors: list[tuple[int, int]], random: Random
) -> None:
    calls = make_calls(errors)
    shuffled = random.sample(calls, len(calls))

    assert compare(calls, resamples=50) == compare(shuffled, resamples=50)


@given(ERRORS)
def test_engines_the_other_way_round_differ_the_other_way_round(
    errors: list[tuple[int, int]],
) -> None:
    there = compare(make_calls(errors), resamples=100).difference
    back = compare(make_calls([(b, a) for a, b in errors]), resamples=100).difference

    assert there is not None
    assert back is not None
    assert (back.wer, back.low, back.high) == (-there.wer, -there.high, -there.low)
    assert there.low <= there.high


def test_the_calls_that_changed_most_come_first_and_unchanged_ones_not_at_all() -> None:
    found = compare(make_calls([(5, 5), *((10, 10 + n) for n in range(1, 15)), (30, 0)]))

    changed = found.most_changed()

    assert len(changed) == MOST_CHANGED
    assert [call.change for call in changed] == [-30, 14, 13, 12, 11, 10, 9, 8, 7, 6]


def test_the_cost_is_of_an_hour_of_calls() -> None:
    """2 CPU-hours for 10 hours of calls, at 0.0486 + 2 x 0.0053 USD a vCPU-hour with 2 GB."""
    cost = cost_per_call_hour(7200.0, 36_000.0)

    assert cost == pytest.approx(2 * 0.0592 / 10)
    assert cost_per_call_hour(1.0, 0.0) is None
