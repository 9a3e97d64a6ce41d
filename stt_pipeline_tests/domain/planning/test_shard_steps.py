"""What comes next for a date whose shards are runs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline.domain.planning.shard_plan import ShardPlan, plan_runs
from stt_pipeline.domain.planning.shard_steps import PlanRun, Step, next_step
from stt_pipeline.domain.recordings.recording import Recording
from stt_pipeline_tests.factories import make_recording

LITTLE_S = 300.0
ACCEPTED = [make_recording(f"C{number}", duration_s=600.0, channels=1) for number in range(6)]
PLAN = plan_runs(ACCEPTED, ACCEPTED, shard_minutes=5.0, max_shards=3)


def step(runs: list[PlanRun], missing: list[Recording], plan: ShardPlan = PLAN) -> Step:
    return next_step(plan, runs, lambda: missing, LITTLE_S)


def at_work(shard: int | None) -> PlanRun:
    return PlanRun(shard, is_at_work=True, succeeded=False)


def done(shard: int | None) -> PlanRun:
    return PlanRun(shard, is_at_work=False, succeeded=True)


def failed(shard: int | None) -> PlanRun:
    return PlanRun(shard, is_at_work=False, succeeded=False)


def test_every_shard_that_lacks_results_is_launched() -> None:
    assert step([], ACCEPTED).shards == (1, 2, 3)
    assert step([], PLAN.mine(2, ACCEPTED)).shards == (2,)


def test_a_shard_without_a_run_is_launched_beside_those_at_work() -> None:
    assert step([at_work(1), done(3)], ACCEPTED).shards == (2,)


def test_while_shards_are_at_work_the_date_waits_and_results_are_not_asked_for() -> None:
    def missing() -> list[Recording]:
        raise AssertionError("results were listed")

    waits = next_step(PLAN, [done(1), at_work(2), done(3)], missing, LITTLE_S)
    assert waits.waits
    assert waits.goes_on
    assert not waits.shards
    assert not waits.publishes


@pytest.mark.parametrize("third", [done(3), failed(3)])
def test_a_date_whose_recordings_all_have_results_is_published(third: PlanRun) -> None:
    assert step([done(1), done(2), third], []).publishes


def test_what_is_little_needs_no_runs_of_shards() -> None:
    short = [make_recording("C1", duration_s=LITTLE_S, channels=1)]
    plan = plan_runs(short, short, shard_minutes=5.0, max_shards=3)
    assert step([], short, plan).publishes


def test_what_failed_for_now_is_the_publishing_runs_to_try_again() -> None:
    """Runs that ended well may leave recordings whose failure was transient."""
    assert step([done(1), done(2), done(3)], ACCEPTED[:1]).publishes


def test_a_shard_whose_run_failed_ends_the_plan() -> None:
    ended = step([done(1), failed(2), done(3)], PLAN.mine(2, ACCEPTED))
    assert not ended.goes_on
    assert "runs of their shards failed" in ended.why


def test_only_the_newest_run_of_a_shard_counts() -> None:
    assert step([failed(1), done(2), done(3), at_work(1)], PLAN.mine(1, ACCEPTED)).waits
    assert step([failed(1), done(2), done(3), done(1)], []).publishes


def test_a_date_is_published_once() -> None:
    assert step([done(1), done(2), done(3), at_work(None)], []).waits
    assert not step([done(1), done(2), done(3), done(None)], []).goes_on
    assert not step([done(1), done(2), done(3), failed(None)], []).goes_on


def test_a_date_without_recordings_is_published() -> None:
    assert step([], [], plan_runs([], [], shard_minutes=5.0, max_shards=3)).publishes


@given(
    missing=st.sets(st.integers(0, len(ACCEPTED) - 1)),
    runs=st.lists(st.builds(PlanRun, st.integers(1, 3), st.booleans(), st.booleans()), max_size=6),
)
def test_no_shard_is_launched_twice_and_no_date_stands_still(
    missing: set[int], runs: list[PlanRun]
) -> None:
    left = [ACCEPTED[number] for number in sorted(missing)]
    seen = step(runs, left)
    assert not {run.shard for run in runs}.intersection(seen.shards)
    assert not seen.publishes or not any(
        run.is_at_work for run in {r.shard: r for r in runs}.values()
    )
    if not seen.goes_on:
        assert left
        newest = {run.shard: run for run in runs}.values()
        assert any(not run.succeeded for run in newest)
        assert not any(run.is_at_work for run in newest)
