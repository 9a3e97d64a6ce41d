"""The finish as what is really done says, with its range."""

import datetime as dt
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline.domain.planning.forecast import SEEN_S, DateWork, ShardWork, forecast
from stt_pipeline.domain.planning.throughput import Throughput

DATE = dt.date(2026, 11, 20)
HOUR_S = 3600.0
THROUGHPUT = Throughput(cpu_s_per_audio_min=3.0, spread=0.2, dates=3)
CLOSING_S = THROUGHPUT.closing_s(1_000)


def of(*shards: ShardWork, closing: bool = False) -> tuple[float, float, float]:
    """Likely, low and high without the time to publish."""
    work = DateWork(DATE, shards, recordings=1_000, is_closing=closing)
    [date] = forecast([work], THROUGHPUT).dates
    return date.likely_s - CLOSING_S, date.low_s - CLOSING_S, date.high_s - CLOSING_S


def test_a_task_that_has_not_begun_is_forecast_by_the_estimate_and_a_start() -> None:
    likely_s, low_s, high_s = of(ShardWork(left_s=HOUR_S * 20, done_s=0.0, workers=4))

    work_s = THROUGHPUT.wall_s(HOUR_S * 20, 4)
    assert likely_s == pytest.approx(THROUGHPUT.start_s + work_s)
    assert low_s == pytest.approx(THROUGHPUT.start_s + 0.8 * work_s)
    assert high_s == pytest.approx(THROUGHPUT.start_s + 1.2 * work_s)


def test_a_task_that_worked_for_long_is_forecast_by_its_own_speed() -> None:
    slow = ShardWork(left_s=HOUR_S * 30, done_s=HOUR_S * 10, workers=16, working_s=2 * HOUR_S)
    likely_s, low_s, high_s = of(slow)

    assert likely_s == pytest.approx(6 * HOUR_S)
    assert likely_s > 2 * THROUGHPUT.wall_s(slow.left_s, 16)
    spread = 0.2 * math.sqrt(30 / 40)
    assert (low_s, high_s) == pytest.approx((likely_s * (1 - spread), likely_s * (1 + spread)))


def test_a_task_that_has_just_begun_is_not() -> None:
    begun = ShardWork(HOUR_S * 30, done_s=1.0, workers=16, working_s=SEEN_S - 1)

    assert of(begun)[0] == pytest.approx(THROUGHPUT.wall_s(HOUR_S * 30, 16))


def test_the_slowest_shard_makes_the_date_and_the_last_date_the_finish() -> None:
    fast, slow = (ShardWork(left_s, 0.0, 1, working_s=0.0) for left_s in (60.0, HOUR_S))
    works = [
        DateWork(DATE, (fast, slow), 1_000),
        DateWork(DATE + dt.timedelta(days=1), (fast, fast), 1_000),
    ]
    outlook = forecast(works, THROUGHPUT)

    assert of(fast, slow) == of(slow) > of(fast)
    assert outlook.likely_s == outlook.dates[0].likely_s > outlook.dates[1].likely_s
    assert outlook.low_s == outlook.dates[0].low_s
    assert outlook.high_s == outlook.dates[0].high_s


def test_what_is_transcribed_has_only_to_be_published() -> None:
    done = ShardWork(0.0, HOUR_S, 4, working_s=HOUR_S)

    assert of(done) == of(closing=True) == (0.0, 0.0, 0.0)


def test_where_nothing_is_at_work_there_is_no_end() -> None:
    assert of() == (math.inf,) * 3


def test_nothing_to_do_ends_now() -> None:
    assert forecast([], THROUGHPUT).high_s == 0.0


@given(
    st.floats(1, 1e7),
    st.just(0.0) | st.floats(1, 1e7),
    st.integers(1, 16),
    st.none() | st.floats(0, 1e6),
)
def test_the_guess_is_always_within_its_range(
    left_s: float, done_s: float, workers: int, working_s: float | None
) -> None:
    likely_s, low_s, high_s = of(ShardWork(left_s, done_s, workers, working_s))

    assert -1e-6 <= low_s <= likely_s <= high_s < math.inf
