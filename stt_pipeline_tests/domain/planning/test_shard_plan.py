"""Which recordings are a shard's, where each shard is a run of its own."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline.domain.planning.shard_plan import ShardPlan, plan_runs
from stt_pipeline.domain.planning.sharding import shard_count
from stt_pipeline.domain.recordings.recording import Recording
from stt_pipeline_tests.factories import make_recording


@st.composite
def dates(draw: st.DrawFn) -> tuple[list[Recording], list[Recording]]:
    """A date's accepted recordings, and those of them without a result."""
    lengths = draw(st.lists(st.tuples(st.floats(0.1, 7200), st.booleans()), max_size=40))
    accepted = [
        make_recording(f"C{number}", duration_s=duration_s)
        for number, (duration_s, _) in enumerate(lengths)
    ]
    missing = [one for one, (_, lacks) in zip(accepted, lengths, strict=True) if lacks]
    return accepted, missing


SETTINGS = {"shard_minutes": st.floats(0.5, 600), "max_shards": st.integers(1, 16)}


@given(date=dates(), **SETTINGS)
def test_every_accepted_recording_is_in_exactly_one_shard(
    date: tuple[list[Recording], list[Recording]], shard_minutes: float, max_shards: int
) -> None:
    accepted, missing = date
    plan = plan_runs(accepted, missing, shard_minutes, max_shards)

    planned = [
        recording for shard in range(1, max_shards + 1) for recording in plan.mine(shard, accepted)
    ]
    assert Counter(one.key for one in planned) == Counter(one.key for one in accepted)
    assert len(plan.shards) <= max_shards


@given(date=dates(), **SETTINGS)
def test_what_is_missing_is_balanced_to_within_its_longest_recording(
    date: tuple[list[Recording], list[Recording]], shard_minutes: float, max_shards: int
) -> None:
    accepted, missing = date
    plan = plan_runs(accepted, missing, shard_minutes, max_shards)

    loads_s = [
        sum(recording.audio_s for recording in plan.mine(shard, missing))
        for shard in plan.shards_of(missing)
    ]
    longest_s = max((recording.audio_s for recording in missing), default=0.0)
    if loads_s:
        assert max(loads_s) - min(loads_s) <= longest_s + 1e-6
    audio_s = sum(recording.audio_s for recording in missing)
    worth = shard_count(audio_s, shard_minutes, max_shards)
    assert len(loads_s) == min(worth, len(missing))


def test_a_date_worth_one_task_is_one_shard() -> None:
    accepted = [make_recording(f"C{number}", duration_s=60.0) for number in range(5)]
    plan = plan_runs(accepted, accepted, shard_minutes=10.0, max_shards=8)
    assert plan.shards == (tuple(one.etag for one in accepted),)


def test_late_recordings_are_spread_over_shards_that_are_done() -> None:
    done = [make_recording(f"C{number}", duration_s=600.0) for number in range(8)]
    late = [make_recording(f"L{number}", duration_s=600.0) for number in range(4)]
    plan = plan_runs([*done, *late], late, shard_minutes=20.0, max_shards=4)

    assert plan.shards_of(late) == [1, 2, 3, 4]
    assert [len(plan.mine(shard, late)) for shard in (1, 2, 3, 4)] == [1, 1, 1, 1]
    assert [len(plan.mine(shard, done)) for shard in (1, 2, 3, 4)] == [2, 2, 2, 2]


def test_a_shard_beyond_the_plan_has_nothing_to_do() -> None:
    recording = make_recording("C1")
    plan = ShardPlan(((recording.etag,),))
    assert plan.mine(1, [recording]) == [recording]
    assert plan.mine(2, [recording]) == []


def test_an_empty_date_has_no_shard() -> None:
    assert plan_runs([], [], shard_minutes=5.0, max_shards=4) == ShardPlan(())


@given(date=dates(), wanted=st.integers(1, 16), **SETTINGS)
def test_as_many_shards_lack_results_as_are_wanted(
    date: tuple[list[Recording], list[Recording]],
    shard_minutes: float,
    max_shards: int,
    wanted: int,
) -> None:
    accepted, missing = date
    plan = plan_runs(accepted, missing, shard_minutes, max_shards, wanted)
    assert plan.worth_a_run == plan.shards_of(missing)
    assert len(plan.worth_a_run) == min(wanted, max_shards, len(missing))


@given(date=dates(), **SETTINGS)
def test_a_plan_remembers_what_lacked_a_result_when_it_was_made(
    date: tuple[list[Recording], list[Recording]], shard_minutes: float, max_shards: int
) -> None:
    accepted, missing = date
    plan = plan_runs(accepted, missing, shard_minutes, max_shards)
    begun = [one for shard in plan.worth_a_run for one in plan.begun_with(shard, accepted)]
    assert Counter(one.key for one in begun) == Counter(one.key for one in missing)
