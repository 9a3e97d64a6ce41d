"""The capacity plan: in time, at the lowest cost, within the limits."""

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline.domain.planning.capacity import WINDOWS_S, CapacityPlan, plan
from stt_pipeline.domain.planning.prices import FARGATE_BY_CAPACITY, Capacity
from stt_pipeline.domain.planning.shard_plan import plan_runs
from stt_pipeline.domain.planning.sharding import shard_count
from stt_pipeline.domain.planning.task_options import Backlog, DatePlan, Limits, options, priced
from stt_pipeline.domain.planning.task_sizes import TASK_SIZES
from stt_pipeline.domain.planning.throughput import PRIOR, Throughput
from stt_pipeline_tests.factories import make_recording

MONDAY = dt.date(2026, 11, 16)
H = 3600.0
MARGIN_S = 6 * H
KNOWN = Throughput(cpu_s_per_audio_min=3.4, spread=0.06, dates=5)


def backlog(call_hours: float, days: int = 0, longest_h: float = 1.0) -> Backlog:
    """Two-channel calls of six minutes."""
    audio_s = call_hours * 2 * H
    return Backlog(
        MONDAY + dt.timedelta(days=days),
        audio_s,
        min(longest_h * 2 * H, audio_s),
        max(1, round(call_hours * 10)),
    )


BACKLOGS = st.lists(st.floats(0.01, 60_000), min_size=1, max_size=4).map(
    lambda hours: [backlog(one, days) for days, one in enumerate(hours)]
)
THROUGHPUTS = st.builds(
    Throughput,
    cpu_s_per_audio_min=st.floats(1, 8),
    spread=st.floats(0.06, 0.25),
    start_s=st.floats(20, 300),
)
LIMITS = st.builds(Limits, max_tasks=st.integers(1, 128), shard_minutes=st.floats(1, 60))
LEFT_S = st.floats(-24 * H, 14 * 24 * H)


def one(planned: CapacityPlan) -> DatePlan:
    [date] = planned.dates
    return date


@given(BACKLOGS, THROUGHPUTS, LIMITS, LEFT_S, st.floats(0, 10 * 24 * H))
def test_more_time_never_costs_more(
    dates: list[Backlog], throughput: Throughput, limits: Limits, left_s: float, more_s: float
) -> None:
    less = plan(dates, throughput, limits, left_s, MARGIN_S)
    more = plan(dates, throughput, limits, left_s + more_s, MARGIN_S)

    assert more.cost_usd <= less.cost_usd * (1 + 1e-9) + 1e-6


@given(BACKLOGS, THROUGHPUTS, LIMITS, LEFT_S)
def test_the_limits_are_kept(
    dates: list[Backlog], throughput: Throughput, limits: Limits, left_s: float
) -> None:
    planned = plan(dates, throughput, limits, left_s, MARGIN_S)

    assert [date.call_date for date in planned.dates] == [date.call_date for date in dates]
    for date, option in zip(dates, planned.dates, strict=True):
        most = shard_count(date.audio_s, limits.shard_minutes, limits.max_tasks)
        assert 1 <= option.shards <= min(most, date.recordings)
        assert option.size in TASK_SIZES
    assert planned.tasks <= limits.max_tasks


@given(BACKLOGS, THROUGHPUTS, LIMITS, LEFT_S)
def test_what_it_says_of_margin_and_deadline_is_what_its_ends_say(
    dates: list[Backlog], throughput: Throughput, limits: Limits, left_s: float
) -> None:
    planned = plan(dates, throughput, limits, left_s, MARGIN_S)

    assert planned.makes_margin == (planned.sure_s <= left_s - MARGIN_S + 1e-6)
    assert planned.makes_deadline == (planned.sure_s <= left_s + 1e-6)
    assert bool(planned.why) == (not planned.makes_margin)
    assert all(date.likely_s < date.sure_s for date in planned.dates)


@given(BACKLOGS, THROUGHPUTS, LIMITS, LEFT_S)
def test_the_same_question_has_the_same_answer(
    dates: list[Backlog], throughput: Throughput, limits: Limits, left_s: float
) -> None:
    twice = [plan(dates, throughput, limits, left_s, MARGIN_S) for _ in range(2)]

    assert twice[0] == twice[1]


@given(st.lists(st.floats(1, 7200), min_size=1, max_size=60), LIMITS, st.floats(0, 48 * H))
def test_its_shards_cover_every_recording_once_and_evenly(
    lengths: list[float], limits: Limits, left_s: float
) -> None:
    recordings = [
        make_recording(f"C{number}", duration_s=length) for number, length in enumerate(lengths)
    ]
    longest_s = max(one.audio_s for one in recordings)
    audio_s = sum(one.audio_s for one in recordings)
    date = Backlog(MONDAY, audio_s, longest_s, len(recordings))
    option = one(plan([date], KNOWN, limits, left_s, MARGIN_S))
    dealt = plan_runs(recordings, recordings, limits.shard_minutes, option.shards)

    assert len(dealt.shards) == option.shards
    assert sorted(etag for shard in dealt.shards for etag in shard) == sorted(
        recording.etag for recording in recordings
    )
    loads_s = [
        sum(r.audio_s for r in dealt.mine(n, recordings)) for n in dealt.shards_of(recordings)
    ]
    assert max(loads_s) - min(loads_s) <= longest_s + 1e-6


def test_a_night_of_100_agents_is_done_on_spot_in_its_night_by_no_more_than_it_needs() -> None:
    option = one(plan([backlog(500)], KNOWN, Limits(64), 100 * H, MARGIN_S))

    assert option.capacity is Capacity.SPOT
    assert 5 * H < option.sure_s <= WINDOWS_S[0]
    # 500 h x 2 channels x 3.4 CPU s a minute are 57 vCPU-hours.
    assert 10 <= option.workers <= 12
    assert option.cost_usd / 500 == pytest.approx(0.0023, abs=0.0001)


def test_a_date_too_large_for_its_night_takes_longer_before_it_pays_for_on_demand() -> None:
    option = one(plan([backlog(5_000)], KNOWN, Limits(4), 100 * H, MARGIN_S))

    assert option.capacity is Capacity.SPOT
    assert WINDOWS_S[0] < option.sure_s <= WINDOWS_S[1]


def test_a_date_too_large_for_a_day_gets_all_there_is_on_spot() -> None:
    option = one(plan([backlog(5_000)], KNOWN, Limits(1), 100 * H, MARGIN_S))

    assert option.capacity is Capacity.SPOT
    assert (option.shards, option.size.vcpus) == (1, 16)
    assert option.sure_s > WINDOWS_S[-1]


def test_on_demand_is_bought_where_spot_would_miss_the_margin() -> None:
    date, limits = backlog(500), Limits(4)
    spot = one(plan([date], KNOWN, limits, 100 * H, MARGIN_S))
    fastest = one(plan([date], KNOWN, limits, 0.0, MARGIN_S))
    assert spot.capacity is Capacity.SPOT
    assert fastest.capacity is Capacity.ON_DEMAND

    just = plan([date], KNOWN, limits, MARGIN_S + fastest.sure_s + 1, MARGIN_S)

    assert one(just).capacity is Capacity.ON_DEMAND
    assert just.makes_margin
    assert not just.why


def test_within_the_margin_it_is_said_and_the_fastest_are_planned() -> None:
    planned = plan([backlog(500)], KNOWN, Limits(64), MARGIN_S, MARGIN_S)

    assert (planned.makes_margin, planned.makes_deadline) == (False, True)
    assert planned.why == (
        f"Even the fastest, {planned.tasks} tasks of 16 vCPU, 32 GB on-demand, may end within the "
        "margin before the deadline."
    )
    fewer = plan([backlog(500)], KNOWN, Limits(16), MARGIN_S, MARGIN_S)
    assert planned.sure_s < fewer.sure_s


def test_where_no_size_can_make_it_that_is_said_with_by_how_much() -> None:
    planned = plan([backlog(50_000)], KNOWN, Limits(1), 24 * H, MARGIN_S)

    late_h = planned.sure_s / H - 24
    assert not planned.makes_deadline
    assert planned.why.startswith("No allowed size makes the deadline for sure")
    assert "1 task of 16 vCPU, 32 GB on-demand" in planned.why
    assert f"{late_h:.1f} h after it: raise STT_MAX_SHARDS." in planned.why


def test_nothing_left_is_nothing_to_launch() -> None:
    assert plan([backlog(0.0)], KNOWN, Limits(4), -H, MARGIN_S) == CapacityPlan((), True, True)


def test_a_handful_of_late_calls_is_one_small_task() -> None:
    option = one(plan([backlog(1.0)], KNOWN, Limits(64), 100 * H, MARGIN_S))

    assert (option.shards, option.size.vcpus) == (1, 1)


def test_a_recording_cannot_be_split_however_many_tasks_there_are() -> None:
    date = replace(backlog(2.0), longest_s=2 * 2 * H, recordings=1)
    option = one(plan([date], KNOWN, Limits(64), 0.0, MARGIN_S))

    assert option.shards == 1
    assert option.likely_s > KNOWN.cpu_s(date.longest_s)


def test_several_dates_share_the_time_by_their_work() -> None:
    planned = plan([backlog(500), backlog(500, 1)], KNOWN, Limits(64), 100 * H, MARGIN_S)

    assert planned.sure_s <= WINDOWS_S[0]
    assert planned.dates[0].workers == planned.dates[1].workers


def test_what_is_less_sure_is_given_more_workers() -> None:
    sure = one(plan([backlog(500)], replace(PRIOR, spread=0.06), Limits(64), 100 * H, MARGIN_S))
    unsure = one(plan([backlog(500)], replace(PRIOR, spread=0.25), Limits(64), 100 * H, MARGIN_S))

    assert unsure.workers > sure.workers


def test_the_price_of_the_same_tasks_on_spot_and_on_demand() -> None:
    date = backlog(500)
    option = one(plan([date], KNOWN, Limits(64), 100 * H, MARGIN_S))
    prices = priced(date, option, KNOWN)
    ratio = (
        FARGATE_BY_CAPACITY[Capacity.ON_DEMAND].vcpu_hour_usd
        / FARGATE_BY_CAPACITY[Capacity.SPOT].vcpu_hour_usd
    )

    assert prices[Capacity.SPOT] == option.cost_usd
    # Spot repeats some work, so that the ratio is a little less than that of the prices.
    assert 0.97 * ratio < prices[Capacity.ON_DEMAND] / prices[Capacity.SPOT] < ratio


def test_on_demand_within_its_night_is_no_reason_to_leave_spot() -> None:
    limits = Limits(4)
    for call_hours in range(1_000, 6_000, 20):
        choices = list(options(backlog(call_hours), KNOWN, limits))
        soonest = {
            capacity: min(one.sure_s for one in choices if one.capacity is capacity)
            for capacity in Capacity
        }
        if soonest[Capacity.ON_DEMAND] <= WINDOWS_S[0] < soonest[Capacity.SPOT]:
            break
    else:
        pytest.fail("no date lies between")

    option = one(plan([backlog(call_hours)], KNOWN, limits, 100 * H, MARGIN_S))

    assert option.capacity is Capacity.SPOT
    assert WINDOWS_S[0] < option.sure_s <= WINDOWS_S[1]


def test_a_sure_end_on_spot_allows_for_two_more_interruptions() -> None:
    certain = replace(KNOWN, spread=0.0)
    for option in options(backlog(10), certain, Limits(1)):
        # An interruption repeats two minutes of work, and takes 90 s to notice and a start.
        lost_s = (120 + 90 + certain.start_s) if option.capacity is Capacity.SPOT else 0.0
        assert option.sure_s - option.likely_s == pytest.approx(2 * lost_s)


def test_there_is_no_task_without_a_recording() -> None:
    date = Backlog(MONDAY, audio_s=100 * H, longest_s=60 * H, recordings=2)

    assert one(plan([date], KNOWN, Limits(64), 0.0, MARGIN_S)).shards <= 2
    assert max(option.shards for option in options(date, KNOWN, Limits(64))) == 2
