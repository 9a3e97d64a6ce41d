"""Throughput: the stated prior, and what replaces it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline.domain.planning.throughput import (
    BUSY,
    LEAST_SPREAD,
    PRIOR,
    PRIOR_SPREAD,
    Measured,
    Throughput,
    estimate,
)

DAY_S = 1_000 * 3600.0
"""Audio of a date of 100 agents, both channels."""


def day(cpu_s_per_audio_min: float, audio_s: float = DAY_S) -> Measured:
    return Measured(audio_s, audio_s / 60 * cpu_s_per_audio_min)


def test_before_anything_was_measured_the_prior_holds() -> None:
    assert estimate([]) == PRIOR
    assert estimate([Measured(0.0, 0.0)]) == PRIOR
    assert PRIOR.dates == 0


def test_one_date_of_a_call_centre_outweighs_the_prior() -> None:
    seen = estimate([day(2.1)])

    assert seen.cpu_s_per_audio_min == pytest.approx(2.1, rel=0.02)
    assert seen.dates == 1
    assert seen.spread == PRIOR_SPREAD / 2


def test_a_minute_of_audio_does_not() -> None:
    assert estimate([day(2.1, audio_s=60.0)]).cpu_s_per_audio_min == pytest.approx(3.8, rel=0.01)


def test_dates_are_pooled_by_their_audio_and_not_averaged() -> None:
    seen = estimate([day(2.0, DAY_S * 9), day(4.0, DAY_S)])

    assert seen.cpu_s_per_audio_min == pytest.approx(2.2, rel=0.01)


def test_dates_that_agree_narrow_the_range_and_dates_that_differ_widen_it() -> None:
    assert estimate([day(3.0)] * 14).spread == LEAST_SPREAD
    assert estimate([day(2.7), day(3.3)] * 7).spread == pytest.approx(0.2)
    assert estimate([day(1.0), day(9.0)] * 7).spread == PRIOR_SPREAD


def test_a_worker_takes_a_little_longer_than_its_cpu_seconds() -> None:
    assert Throughput(cpu_s_per_audio_min=3.0).wall_s(600.0, workers=2) == 600 / 60 * 3 / 2 / BUSY


def test_listing_and_publishing_take_a_start_and_longer_for_more_recordings() -> None:
    assert PRIOR.opening_s(0) == PRIOR.closing_s(0) == PRIOR.start_s
    assert PRIOR.closing_s(60_000) == pytest.approx(PRIOR.start_s + 1_020)
    assert PRIOR.opening_s(60_000) == pytest.approx(PRIOR.start_s + 300)


@given(
    st.lists(
        st.builds(
            Measured,
            audio_s=st.just(0.0) | st.floats(1, 1e7),
            cpu_s=st.just(0.0) | st.floats(0.01, 1e6),
        ),
        max_size=20,
    )
)
def test_an_estimate_is_always_between_what_was_seen_and_the_prior(seen: list[Measured]) -> None:
    ratios = [one.cpu_s / one.audio_s * 60 for one in seen if one.audio_s > 0 and one.cpu_s > 0]
    ratios.append(PRIOR.cpu_s_per_audio_min)
    result = estimate(seen)

    assert min(ratios) * 0.999 <= result.cpu_s_per_audio_min <= max(ratios) * 1.001
    assert LEAST_SPREAD <= result.spread <= PRIOR_SPREAD
