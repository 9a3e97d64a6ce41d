"""What the meeting is told of a week."""

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline.domain.quality.intervals import Interval
from stt_pipeline.domain.quality.labelled_calls import ErrorRate, Group
from stt_pipeline.domain.quality.wer import ErrorCounts
from stt_pipeline.domain.week.readiness import DateReadiness
from stt_pipeline.domain.week.week_aside import Aside, Some
from stt_pipeline.domain.week.week_progress import WeekProgress
from stt_pipeline.domain.week.week_report import WeekReport

NOW = dt.datetime(2026, 11, 23, 6, 0, tzinfo=dt.UTC)
PROGRESS = WeekProgress(NOW, NOW, 0.0)

DATES = st.builds(
    lambda day, audio_s, cpu_s, cost_usd, ready: DateReadiness(
        week="2026-W47",
        call_date=f"2026-11-{day}",
        recordings=1,
        transcribed=1,
        no_speech=0,
        quarantined=0,
        duplicates=0,
        audio_s=audio_s,
        wer=None,
        reference_words=0,
        cpu_s=cpu_s,
        cost_usd=cost_usd,
        ready=ready,
        reason="",
    ),
    st.integers(16, 22),
    st.just(0.0) | st.floats(0.001, 1e6),
    st.floats(0, 1e6),
    st.floats(0, 100),
    st.booleans(),
)
WEEKS = st.lists(DATES, min_size=1, max_size=7)


def report_of(dates: list[DateReadiness]) -> WeekReport:
    return WeekReport("2026-W47", tuple(dates), PROGRESS)


@given(WEEKS)
def test_a_week_is_ready_where_every_date_is(dates: list[DateReadiness]) -> None:
    report = report_of(dates)

    assert report.is_ready == all(date.ready for date in dates)
    assert list(report.waiting) == [date for date in dates if not date.ready]


@given(WEEKS)
def test_a_week_costs_what_its_dates_cost_beside_the_price_of_the_outside_service(
    dates: list[DateReadiness],
) -> None:
    report = report_of(dates)
    on_demand, spot, outside = report.costs

    assert on_demand.usd == report.cost_usd == pytest.approx(sum(date.cost_usd for date in dates))
    assert outside.usd == report.outside_cost_usd == pytest.approx(report.audio_s / 60 * 0.006)
    # A vCPU-hour and 2 GB-hours on Spot.
    assert spot.usd == pytest.approx(report.cpu_s / 3600 * (0.01548 + 2 * 0.00169))
    if report.audio_s:
        assert outside.usd_per_call_hour == pytest.approx(0.36)
    else:
        assert outside.usd_per_call_hour is None


@given(WEEKS, st.integers(1, 2000), st.floats(0.0015, 50))
def test_what_the_paid_engine_took_is_a_row_of_the_costs_and_part_of_both_others(
    dates: list[DateReadiness], calls: int, usd: float
) -> None:
    plain = report_of(dates)
    dear = replace(dates[0], paid_calls=calls, paid_usd=usd, cost_usd=dates[0].cost_usd + usd)
    on_demand, spot, paid, outside = report_of([dear, *dates[1:]]).costs

    assert paid.what.startswith(f"Of which Amazon Transcribe batch, {calls:,} call")
    assert paid.usd == usd
    assert on_demand.usd == pytest.approx(plain.costs[0].usd + usd)
    assert spot.usd == pytest.approx(plain.costs[1].usd + usd)
    assert outside == plain.costs[2]


def test_an_assumed_price_says_so() -> None:
    _, spot, _ = report_of([]).costs

    assert "no price of eu-west-3 at hand" in spot.basis


def test_the_rate_of_the_week_is_that_of_all_labelled_calls() -> None:
    interval = Interval(0.1, None, None, 1, 10)
    rates = [ErrorRate(group, "", ErrorCounts(hits=9, deletions=1), interval) for group in Group]
    report = WeekReport("2026-W47", (), PROGRESS, rates=tuple(rates[::-1]))

    assert report.rate == rates[0]
    assert report_of([]).rate is None


@given(WEEKS)
def test_the_queries_cover_the_dates_of_the_week(dates: list[DateReadiness]) -> None:
    review = Some(count=812)  # type: ignore[var-annotated]
    report = WeekReport("2026-W47", tuple(dates), PROGRESS, Aside(review=review))

    first, last = dates[0].call_date, dates[-1].call_date
    assert report.review_query == (
        "stt-pipeline query --name calls_to_review "
        f"--param from_date={first} --param to_date={last} --param rows=812"
    )
    assert f"BETWEEN '{first}' AND '{last}'" in report.quarantined_query


def test_dates_link_to_the_ui_where_its_address_is_known() -> None:
    known = WeekReport("2026-W47", (), PROGRESS, ui_url="https://dagster.example.com")

    assert known.date_url("2026-11-16") == (
        "https://dagster.example.com/assets/published_tables?view=partitions&partition=2026-11-16"
    )
    assert report_of([]).date_url("2026-11-16") == ""
