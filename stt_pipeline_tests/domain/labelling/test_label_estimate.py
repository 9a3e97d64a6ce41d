"""The week's rate from a drawn part of it: true on average, and nearer than a plain draw gets."""

import math
from dataclasses import replace
from random import Random
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline.domain.labelling.label_estimate import (
    StratumLabels,
    estimate_week,
    labels_by_stratum,
)
from stt_pipeline.domain.labelling.label_strata import LabelledCall, WeekCall
from stt_pipeline.domain.labelling.labelling import draw_calls
from stt_pipeline_tests.factories import NOW

WEEK = "2026-W47"
MINUTES = 120.0
WEEKS = 150
RATES = {("fr", False): 0.14, ("en", False): 0.04, ("fr", True): 0.40, ("en", True): 0.25}
"""Word error rates about those of the base model: by language, and whether a signal shows."""


def simulated_week(random: Random, count: int = 400) -> list[LabelledCall]:
    """Calls whose errors a person would find if all were labelled."""
    calls = []
    for number in range(count):
        language = "fr" if random.random() < 0.7 else "en"
        needs_review = random.random() < 0.12
        minutes = min(random.lognormvariate(1.3, 0.7), 30.0)
        words = max(20, round(150 * minutes))
        expected = words * RATES[language, needs_review] * random.gammavariate(4, 0.25)
        errors = round(random.gauss(expected, math.sqrt(3 * expected)))
        call = WeekCall(
            call_date="2026-11-16",
            call_id=f"C{number}",
            etag=f"{random.random()}",
            minutes=minutes,
            words=words,
            language=language,
            needs_review=needs_review,
        )
        calls.append(LabelledCall(call, min(max(errors, 0), words), words))
    return calls


def rate_of(calls: list[LabelledCall]) -> float:
    return sum(one.errors for one in calls) / sum(one.reference_words for one in calls)


def stratified(week: list[LabelledCall], past: list[LabelledCall], seed: int) -> tuple[float, ...]:
    """The estimate from the calls drawn, its interval, and the minutes listened to."""
    draw = draw_calls(WEEK, [one.call for one in week], MINUTES, seed=seed, now=NOW, past=past)
    errors = {one.call.etag: (one.errors, one.reference_words) for one in week}
    found = estimate_week(labels_by_stratum([draw], errors), resamples=100)
    assert found is not None
    assert found.low is not None
    assert found.high is not None
    return found.wer, found.low, found.high, draw.drawn_min


def plain(week: list[LabelledCall], random: Random, minutes: float) -> float:
    """The rate of calls drawn at random from the whole week until they take so many minutes."""
    drawn: list[LabelledCall] = []
    for one in random.sample(week, len(week)):
        if sum(call.call.minutes for call in drawn) >= minutes:
            break
        if one.call.minutes <= MINUTES / 2:
            drawn.append(one)
    return rate_of(drawn)


def test_strata_come_nearer_to_the_truth_than_a_plain_draw_of_as_many_minutes() -> None:
    """Weeks of 400 calls, simulated: a quarter nearer, as if nearly twice as long were listened."""
    random = Random(11)
    apart: list[tuple[float, float]] = []
    held = 0
    for seed in range(WEEKS):
        past = random.sample(simulated_week(random), 80)
        week = simulated_week(random)
        truth = rate_of(week)
        wer, low, high, minutes = stratified(week, past, seed)
        apart.append((wer - truth, plain(week, random, minutes) - truth))
        held += low <= truth <= high
    ours, theirs = (math.sqrt(fmean(one**2 for one in each)) for each in zip(*apart, strict=True))
    bias = fmean(ours_off for ours_off, _ in apart)
    assert ours < 0.9 * theirs
    assert abs(bias) < 0.25 * ours
    assert held >= 0.85 * WEEKS


LABELS = st.lists(
    st.builds(
        StratumLabels,
        name=st.text(max_size=3),
        calls=st.integers(12, 100),
        labelled=st.lists(
            st.tuples(st.integers(0, 30), st.integers(1, 300)), min_size=1, max_size=12
        ).map(tuple),
    ),
    min_size=1,
    max_size=4,
)


@given(LABELS)
def test_a_stratum_labelled_whole_is_known_and_does_not_vary(labels: list[StratumLabels]) -> None:
    whole = [replace(one, calls=len(one.labelled)) for one in labels]

    found = estimate_week(whole, resamples=20)

    assert found is not None
    errors = sum(errors for one in whole for errors, _ in one.labelled)
    words = sum(words for one in whole for _, words in one.labelled)
    assert found.wer == pytest.approx(errors / words)
    assert (found.low, found.high, found.covered) == (None, None, 1.0)


@given(LABELS)
def test_equal_labels_in_any_stratum_order_give_the_same_rate(labels: list[StratumLabels]) -> None:
    there, back = (estimate_week(one, resamples=20) for one in (labels, labels[::-1]))

    assert there is not None
    assert back is not None
    assert there.wer == pytest.approx(back.wer)


def test_a_call_counts_as_often_as_it_stands_for_calls() -> None:
    found = estimate_week(
        [
            StratumLabels("clean", 90, ((1, 100), (3, 100))),
            StratumLabels("to review", 10, ((50, 100),)),
        ]
    )

    # 90 calls at 2 errors and 10 at 50, each of 100 words; the pooled rate would be 18%.
    assert found is not None
    assert found.wer == pytest.approx((90 * 2 + 10 * 50) / 10_000)
    assert (found.labelled, found.reference_words, found.covered) == (3, 300, 1.0)


def test_a_stratum_without_labels_is_not_spoken_for() -> None:
    found = estimate_week(
        [StratumLabels("fr", 60, ((5, 100), (9, 100))), StratumLabels("en", 40, ())]
    )

    assert found is not None
    assert found.wer == pytest.approx(0.07)
    assert found.covered == 0.6


def test_without_words_there_is_no_rate() -> None:
    assert estimate_week([]) is None
    assert estimate_week([StratumLabels("fr", 60, ())]) is None
    assert estimate_week([StratumLabels("fr", 60, ((2, 0),))]) is None


def test_labels_lie_in_the_strata_they_were_drawn_from_and_others_in_their_own() -> None:
    week = simulated_week(Random(5), 200)
    draw = draw_calls(WEEK, [one.call for one in week], MINUTES, seed=1, now=NOW)
    first, second = draw.calls[:2]

    strata = labels_by_stratum([draw], {first.etag: (1, 50), second.etag: (2, 60)}, [(9, 90)])

    labelled = {one.name: one.labelled for one in strata if one.labelled}
    assert sum(map(len, labelled.values())) == 3
    assert (1, 50) in labelled[first.stratum]
    assert (2, 60) in labelled[second.stratum]
    assert strata[-1] == StratumLabels("labelled before", 1, ((9, 90),))
