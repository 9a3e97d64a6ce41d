"""The expected rate follows what the signals say, admits its error, and refuses on few calls."""

from random import Random

import pytest

from stt_pipeline.domain.quality.call_figures import measure
from stt_pipeline.domain.quality.expected_wer import (
    FIGURES,
    MIN_LABELLED_CALLS,
    HeardCall,
    LabelledCall,
    Model,
    TooFewCalls,
    estimate,
    features_of,
    fit,
)
from stt_pipeline_tests.factories import make_segment, make_transcription


def draw_calls(count: int, seed: int = 1, noise: float = 0.01) -> list[LabelledCall]:
    """Calls whose rate is 2% and a tenth of the share of doubtful words, with noise."""
    random = Random(seed)
    calls = []
    for _ in range(count):
        doubtful = random.uniform(0.0, 0.8)
        words = random.randint(100, 400)
        rate = max(0.0, 0.02 + 0.5 * doubtful + random.gauss(0.0, noise))
        features = (1 - doubtful / 2, doubtful, -random.random(), 1.0, random.random(), 3.0)
        calls.append(LabelledCall(features, round(rate * words), words))
    return calls


def model_of(calls: list[LabelledCall]) -> Model:
    model = fit(calls)
    assert isinstance(model, Model)
    return model


def test_calls_that_the_model_never_saw_have_about_the_rate_it_expects() -> None:
    model = model_of(draw_calls(100))

    for call in draw_calls(50, seed=2):
        assert model.wer(call.features) == pytest.approx(call.wer, abs=0.05)


def test_the_error_is_that_on_calls_left_out_and_far_below_that_of_the_mean() -> None:
    calls, others = draw_calls(200), draw_calls(200, seed=3)
    model = model_of(calls)
    words = sum(call.reference_words for call in others)
    off = sum(call.reference_words * abs(call.wer - model.wer(call.features)) for call in others)

    assert model.error == pytest.approx(off / words, rel=0.2)
    assert model.error < model.error_of_mean / 5


def test_signals_that_say_nothing_are_no_better_than_the_mean() -> None:
    random = Random(4)
    calls = [
        LabelledCall(
            call.features, random.randint(0, call.reference_words // 4), call.reference_words
        )
        for call in draw_calls(200)
    ]

    assert model_of(calls).error > 0.9 * model_of(calls).error_of_mean


def test_the_interval_of_a_week_holds_its_rate_about_as_often_as_it_says() -> None:
    held = 0
    for seed in range(12):
        week = draw_calls(150, seed=1000 + seed, noise=0.03)
        found = estimate(
            draw_calls(60, seed=seed, noise=0.03),
            [HeardCall(call.features, call.reference_words) for call in week],
        )
        assert found is not None
        assert not isinstance(found, TooFewCalls)
        truth = sum(call.errors for call in week) / sum(call.reference_words for call in week)
        held += found.low <= truth <= found.high
    assert held >= 9


def test_more_labelled_calls_make_the_interval_narrower() -> None:
    week = [HeardCall(call.features, call.reference_words) for call in draw_calls(500, seed=9)]
    few, many = (estimate(draw_calls(count, noise=0.05), week) for count in (50, 300))
    assert few is not None
    assert many is not None
    assert not isinstance(few, TooFewCalls)
    assert not isinstance(many, TooFewCalls)

    assert few.high - few.low > 1.5 * (many.high - many.low)


def test_one_call_is_less_sure_than_many_alike() -> None:
    labelled = draw_calls(300, noise=0.05)
    call = HeardCall(labelled[0].features, 200)
    one, many = estimate(labelled, [call]), estimate(labelled, [call] * 500)
    assert one is not None
    assert many is not None
    assert not isinstance(one, TooFewCalls)
    assert not isinstance(many, TooFewCalls)

    assert one.wer == pytest.approx(many.wer)
    assert one.high - one.low > 3 * one.model.residual_sd > 3 * (many.high - many.low)


def test_few_labelled_calls_are_refused_and_the_missing_are_counted() -> None:
    unlabelled = LabelledCall((0.0,) * len(FIGURES), 0, 0)
    calls = [*draw_calls(MIN_LABELLED_CALLS - 3), unlabelled]
    refused = fit(calls)

    assert refused == TooFewCalls(MIN_LABELLED_CALLS - 3)
    assert refused.missing == 3
    assert refused.message == (
        "no expected WER: it needs 40 labelled calls and has 37; label 3 more."
    )
    assert estimate(calls, []) == refused


def test_a_week_without_a_word_has_no_rate() -> None:
    assert estimate(draw_calls(60), [HeardCall((0.0,) * len(FIGURES), 0)]) is None


def test_the_features_of_a_call_are_its_figures() -> None:
    heard = make_transcription([make_segment("good morning", avg_logprob=-0.1)], duration_s=9.0)

    assert features_of(vars(measure(heard))) == pytest.approx((0.9, 0.0, -0.1, 1.0, 0.99, 0.0))


def test_a_call_without_a_word_counts_as_good() -> None:
    empty = make_transcription(language=None, language_probability=None)

    assert features_of(vars(measure(empty))) == tuple(FIGURES.values())
