"""Many weeks: their figures, the oracle they are held against, and that both are honest."""

import random
from dataclasses import replace

import pytest

from stt_pipeline.domain.planning.task_options import Limits
from stt_pipeline.domain.simulation import oracle
from stt_pipeline.domain.simulation.weeks import Scenario, WeekResult, simulate, summarise
from stt_pipeline.domain.simulation.world import Arrival, World, draw_week
from stt_pipeline_tests.domain.simulation.conftest import MONDAY, PARIS, make_world

H = 3600.0
DEADLINE_S = 176 * H
KEYS = [
    "weeks",
    "agents",
    "feasible_weeks",
    "on_time_rate",
    "median_slack_h",
    "p5_slack_h",
    "cost_usd_per_call_hour",
    "oracle_cost_ratio",
    "peak_tasks",
    "misses",
]


@pytest.mark.parametrize("agents", [100, 1_000, 10_000])
def test_the_promise_is_kept_wherever_it_can_be_at_the_price_that_was_asked(
    scenario: Scenario, agents: int
) -> None:
    scenario = replace(scenario, agents=agents)
    summary = summarise(scenario, list(simulate(scenario, range(25))))

    assert summary.feasible_weeks >= 20
    assert summary.on_time_rate == 1.0
    assert (summary.median_slack_h or 0) >= 6
    assert summary.cost_usd_per_call_hour <= 0.004
    assert 1.0 < summary.oracle_cost_ratio <= 1.15
    assert summary.peak_tasks <= 64
    assert all(not miss["feasible"] and miss["cause"] for miss in summary.misses)


def test_a_week_depends_on_its_number_alone(scenario: Scenario) -> None:
    alone = list(simulate(scenario, [3]))
    among = list(simulate(scenario, range(5)))

    assert alone[0] == among[3]
    assert next(simulate(replace(scenario, seed=1), [3])) != alone[0]


def test_no_week_that_was_in_time_was_impossible_and_none_was_cheaper_than_the_oracle(
    scenario: Scenario,
) -> None:
    for result in simulate(replace(scenario, agents=1_000), range(12)):
        if result.is_on_time:
            assert result.feasible
        assert result.cost_usd > result.oracle_usd


def test_too_few_tasks_are_said_to_be_the_cause(scenario: Scenario) -> None:
    scenario = replace(scenario, agents=1_000, limits=Limits(1))
    [result] = simulate(scenario, [0])

    assert not result.feasible
    assert result.cause == "too few tasks are allowed (STT_MAX_SHARDS)"


def test_the_figures_have_the_names_that_were_asked_for(scenario: Scenario) -> None:
    assert list(summarise(scenario, list(simulate(scenario, [0]))).row()) == KEYS


def week(**changes: object) -> WeekResult:
    base = WeekResult(0, "2026-01-05", True, 10.0, 1_000.0, 3.0, 0.0, 2.0, 5, 9, 0, "")
    return replace(base, **changes)  # type: ignore[arg-type]


def test_rates_are_of_the_feasible_weeks_and_costs_of_all(scenario: Scenario) -> None:
    results = [
        week(),
        week(slack_h=-1.0, cause="why"),
        week(slack_h=None, cause="never"),
        week(slack_h=8.0, peak_tasks=7),
        week(slack_h=-9.0, feasible=False, cause="came late", cost_usd=13.0),
    ]
    summary = summarise(scenario, results)

    assert summary.feasible_weeks == 4
    assert summary.on_time_rate == 0.5
    assert summary.median_slack_h == 3.5
    assert summary.cost_usd_per_call_hour == 25 / 5_000
    assert summary.oracle_cost_ratio == 2.5
    assert summary.peak_tasks == 7
    assert [(miss["feasible"], miss["cause"]) for miss in summary.misses] == [
        (True, "why"),
        (True, "never"),
        (False, "came late"),
    ]


def test_without_a_feasible_week_there_is_no_rate(scenario: Scenario) -> None:
    summary = summarise(scenario, [week(feasible=False, slack_h=-2.0)])

    assert (summary.on_time_rate, summary.median_slack_h, summary.p5_slack_h) == (None, None, None)


def test_p5_is_the_slack_that_one_week_in_twenty_has_less_of(scenario: Scenario) -> None:
    summary = summarise(scenario, [week(slack_h=float(hours)) for hours in range(100)])

    assert summary.p5_slack_h == 5.0


# --- The oracle -----------------------------------------------------------------------------------


def only(*sunday: Arrival) -> World:
    return replace(make_world(), arrivals=(*[()] * 6, sunday), dead=(), failed_nights=())


def test_what_comes_after_the_deadline_nobody_can_make() -> None:
    assert oracle.finish_s(only(Arrival(DEADLINE_S, 600.0, 1)), 64) > DEADLINE_S


def test_what_comes_half_an_hour_before_can_be_made_and_five_minutes_cannot() -> None:
    assert oracle.finish_s(only(Arrival(DEADLINE_S - 1_800, 600.0, 1)), 64) <= DEADLINE_S
    assert oracle.finish_s(only(Arrival(DEADLINE_S - 300, 600.0, 1)), 64) > DEADLINE_S


def test_nothing_begins_before_the_tick_of_its_date() -> None:
    early, later = (only(Arrival(at_h * H, 600.0, 1)) for at_h in (150, 160))

    assert oracle.finish_s(early, 64) == oracle.finish_s(later, 64) > 164 * H


def test_a_dead_daemon_and_a_failed_night_hold_it_up_too() -> None:
    came = Arrival(166 * H, 600.0, 1)
    dead = replace(only(came), dead=((165 * H, 170 * H),), failed_nights=((170 * H, 172 * H),))

    assert oracle.finish_s(dead, 64) == pytest.approx(
        oracle.finish_s(only(came), 64) + 6 * H, abs=200
    )


def test_work_takes_all_the_tasks_there_are() -> None:
    audio_s = 1e8
    one, two = (oracle.finish_s(only(Arrival(160 * H, audio_s, 1)), tasks) for tasks in (8, 16))
    work_s = audio_s / 60 * make_world().cpu_s_per_audio_min / 0.95

    assert one - two == pytest.approx(work_s / (8 * 16) - work_s / (16 * 16))


def test_its_cost_is_that_of_the_cpu_seconds_on_spot_and_little_more() -> None:
    world = draw_week(MONDAY, 1_000, PARIS, random.Random(1))
    hours = world.call_hours * 2 * world.cpu_s_per_audio_min / 60 / 0.95
    usd = hours * (0.01548 + 2 * 0.00169)

    assert usd < oracle.cost_usd(world) < 1.01 * usd
