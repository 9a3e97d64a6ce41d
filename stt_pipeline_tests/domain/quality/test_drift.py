"""A week is warned of when it moved beyond chance, and left alone when it did not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline.domain.quality.drift import (
    WeekFacts,
    check_signal_drift,
    check_wer_drift,
    wilson,
)
from stt_pipeline_tests.factories import make_quality_row


def make_week(name: str = "W47", *, errors: int = 5, calls: int = 30, loops: int = 0) -> WeekFacts:
    """Labelled calls of a hundred words, about so many errors each; `loops` of them flagged."""
    week = WeekFacts(name)
    week.add(
        make_quality_row(
            f"{name}-{number}",
            hits=100 - errors - number % 3,
            substitutions=errors + number % 3,
            flags="loop,clipping" if number < loops else "",
        )
        for number in range(calls)
    )
    return week


BEFORE = [make_week(f"W{number}") for number in range(43, 47)]


def test_a_week_like_those_before_passes_with_both_figures() -> None:
    result = check_wer_drift(make_week(), BEFORE, least=0.01)

    assert result.passed
    assert result.message.startswith("word error rate 6.0% (30 labelled calls, 95% interval ")
    assert "the 4 weeks before 6.0% (120 labelled calls" in result.message
    assert result.figures["wer"] == result.figures["wer_before"] == pytest.approx(0.06)


def test_a_risen_rate_is_warned_of_with_figure_limit_calls_and_remedy() -> None:
    result = check_wer_drift(make_week(errors=12), BEFORE, least=0.01)

    assert not result.passed
    for part in ("13.0%", "6.0%", "rose by 7.0%", "1.0%", "W47-2 (14 errors)", "Listen"):
        assert part in result.message


@pytest.mark.parametrize("week", [make_week(errors=2), make_week(errors=12, calls=1)])
def test_a_fallen_rate_and_a_single_call_warn_of_nothing(week: WeekFacts) -> None:
    assert check_wer_drift(week, BEFORE, least=0.01).passed


def test_a_rise_that_one_call_in_three_makes_is_chance() -> None:
    week = WeekFacts("W47")
    week.add(
        make_quality_row(f"C{number}", hits=100 - wrong, substitutions=wrong)
        for number, wrong in enumerate((0, 0, 60))
    )

    assert check_wer_drift(week, BEFORE, least=0.01).passed


def test_a_rise_below_the_least_is_no_news() -> None:
    assert check_wer_drift(make_week(errors=12), BEFORE, least=0.08).passed


@pytest.mark.parametrize(
    ("week", "before", "said"),
    [
        (WeekFacts("W47"), BEFORE, "no labelled calls this week."),
        (make_week(), [], "no labelled calls the 4 weeks before."),
    ],
)
def test_without_labelled_calls_there_is_nothing_to_compare(
    week: WeekFacts, before: list[WeekFacts], said: str
) -> None:
    result = check_wer_drift(week, before, least=0.01)

    assert (result.passed, result.message) == (True, said)


def test_a_signal_that_more_calls_show_is_warned_of_by_name() -> None:
    result = check_signal_drift(make_week(loops=6), BEFORE, least=0.02)

    assert not result.passed
    assert "loop in 6 of 30 calls (20.0%), before 0.0%: W47-0, W47-1, W47-2" in result.message
    assert "clipping in 6 of 30" in result.message
    assert "Listen" in result.message
    assert result.figures["loop"] == 6


def test_one_call_more_is_chance() -> None:
    assert check_signal_drift(make_week(loops=1), BEFORE, least=0.0).passed


def test_a_rise_of_a_signal_below_the_least_is_no_news() -> None:
    assert check_signal_drift(make_week(loops=6), BEFORE, least=0.21).passed


@pytest.mark.parametrize(
    ("week", "before"), [(WeekFacts("W47"), BEFORE), (make_week(), [WeekFacts("W46")])]
)
def test_without_calls_there_is_nothing_to_compare(
    week: WeekFacts, before: list[WeekFacts]
) -> None:
    assert check_signal_drift(week, before, least=0.0).message.startswith("no calls ")


@given(st.integers(1, 5000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_an_interval_holds_its_share_and_narrows_with_more_calls(one: tuple[int, int]) -> None:
    hits, of = one
    low, high = wilson(hits, of)
    narrower_low, narrower_high = wilson(hits * 4, of * 4)

    assert 0 <= low <= hits / of <= high <= 1
    assert narrower_high - narrower_low < high - low


def test_an_interval_is_that_of_the_tables() -> None:
    """Newcombe 1998, table I: 15 of 148."""
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)
