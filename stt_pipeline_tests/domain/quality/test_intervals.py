"""The interval of a word error rate: what it holds, and what it does not claim."""

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline.domain.quality.intervals import Interval, wer_interval
from stt_pipeline.domain.quality.wer import ErrorCounts, pool

CALLS = st.builds(
    ErrorCounts,
    hits=st.integers(0, 60),
    substitutions=st.integers(0, 20),
    deletions=st.integers(0, 20),
    insertions=st.integers(0, 20),
)
RESAMPLES = 200


def interval_of(calls: list[ErrorCounts], resamples: int = RESAMPLES) -> Interval:
    interval = wer_interval(calls, resamples=resamples)
    assert interval
    return interval


@given(st.lists(CALLS, min_size=2, max_size=12), st.integers(0, 100))
def test_it_lies_among_the_rates_of_the_calls_and_is_the_same_each_time(
    calls: list[ErrorCounts], seed: int
) -> None:
    interval = wer_interval(calls, seed, RESAMPLES)
    rates = [one.wer for one in calls if one.wer is not None]
    if not rates:
        assert interval is None
        return
    assert interval
    assert interval.wer == pool(one for one in calls if one.reference_words).wer
    assert interval.calls == len(rates)
    if len(rates) > 1:
        assert interval.low is not None
        assert interval.high is not None
        assert min(rates) <= interval.low <= interval.high <= max(rates)
    assert wer_interval(calls[::-1], seed, RESAMPLES) == interval


@given(st.lists(CALLS.filter(lambda one: one.reference_words > 0), min_size=2, max_size=4))
def test_it_holds_nineteen_of_twenty_of_all_the_samples_that_there_are(
    calls: list[ErrorCounts],
) -> None:
    interval = interval_of(calls, 2_000)
    assert interval.low is not None
    assert interval.high is not None
    rates = [pool(drawn).wer or 0.0 for drawn in itertools.product(calls, repeat=len(calls))]
    below = sum(rate < interval.low - 1e-9 for rate in rates) / len(rates)
    above = sum(rate > interval.high + 1e-9 for rate in rates) / len(rates)
    # Of 2,000 samples, a share of 2.5% is met to within 1.4 points (four standard errors).
    assert max(below, above) <= 0.025 + 0.014


def test_it_holds_the_true_rate_about_as_often_as_it_says() -> None:
    draw = random.Random(7)
    held = 0
    for _ in range(100):
        calls = []
        for _ in range(40):
            words, rate = draw.randint(50, 400), draw.choice((0.05, 0.10, 0.30))
            errors = sum(draw.random() < rate for _ in range(words))
            calls.append(ErrorCounts(hits=words - errors, substitutions=errors))
        interval = interval_of(calls)
        assert interval.low is not None
        assert interval.high is not None
        held += interval.low <= 0.15 <= interval.high
    assert 86 <= held <= 99


def test_without_reference_words_there_is_none() -> None:
    assert wer_interval([]) is None
    assert wer_interval([ErrorCounts(insertions=3), ErrorCounts()]) is None


@pytest.mark.parametrize("beside", [[], [ErrorCounts(insertions=9)]])
def test_a_single_call_has_a_rate_and_no_range(beside: list[ErrorCounts]) -> None:
    assert interval_of([ErrorCounts(hits=9, substitutions=1), *beside]) == Interval(
        wer=0.1, low=None, high=None, calls=1, reference_words=10
    )


def test_calls_that_agree_leave_no_doubt_and_calls_that_differ_do() -> None:
    alike = interval_of([ErrorCounts(hits=9, substitutions=1)] * 10)
    apart = interval_of([ErrorCounts(hits=10)] * 5 + [ErrorCounts(hits=8, substitutions=2)] * 5)

    assert (alike.low, alike.wer, alike.high) == (0.1, 0.1, 0.1)
    assert apart.wer == 0.1
    assert (apart.low or 0) < 0.08 < 0.12 < (apart.high or 0)
