"""How a date's recordings are spread over shards."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline.domain.planning.sharding import (
    BATCH,
    CHUNK_BYTES,
    GROUP_AUDIO_S,
    GROUP_RECORDINGS,
    MIN_BYTES_PER_S,
    MIN_LIMIT_S,
    RUN_BYTES,
    WORKER_BASE_BYTES,
    WORKER_BYTES,
    answer_limit_s,
    batch_size,
    expected_audio_s,
    group,
    plan_shards,
    shard_count,
    worker_count,
)
from stt_pipeline_tests.factories import make_recording

Item = tuple[int, float]
"""A number that tells items apart, and its audio seconds."""

ITEMS = st.lists(st.floats(0, 12 * 3600), max_size=60).map(lambda lengths: [*enumerate(lengths)])
SHARDS = st.integers(1, 20)


def audio_s(item: Item) -> float:
    return item[1]


def load_s(shard: list[Item]) -> float:
    return sum(map(audio_s, shard))


@given(items=ITEMS, shards=SHARDS)
def test_every_recording_is_in_exactly_one_shard(items: list[Item], shards: int) -> None:
    plan = plan_shards(items, shards, audio_s)

    assert Counter(item for shard in plan for item in shard) == Counter(items)


@given(items=ITEMS, shards=SHARDS)
def test_no_shard_is_empty_and_none_is_one_too_many(items: list[Item], shards: int) -> None:
    plan = plan_shards(items, shards, audio_s)

    assert all(plan)
    assert len(plan) <= min(shards, len(items))


@given(items=ITEMS, shards=SHARDS)
def test_two_shards_never_differ_by_more_than_the_longest_recording(
    items: list[Item], shards: int
) -> None:
    plan = plan_shards(items, shards, audio_s)
    loads = [load_s(shard) for shard in plan] + [0.0] * (min(shards, len(items)) - len(plan))

    if loads:
        assert max(loads) - min(loads) <= max(map(audio_s, items)) + 1e-6


def test_recordings_of_one_length_are_dealt_in_their_order() -> None:
    items = [(number, 60.0) for number in range(6)]

    plan = plan_shards(items, 3, audio_s)

    assert [[number for number, _ in shard] for shard in plan] == [[0, 3], [1, 4], [2, 5]]


@given(items=ITEMS, shards=SHARDS)
def test_a_shard_begins_with_its_longest_recording(items: list[Item], shards: int) -> None:
    for shard in plan_shards(items, shards, audio_s):
        lengths = [audio_s(item) for item in shard]
        assert lengths == sorted(lengths, reverse=True)


def test_one_long_call_does_not_wait_behind_short_ones() -> None:
    items = [(0, 60.0), (1, 60.0), (2, 60.0), (3, 180.0)]

    assert plan_shards(items, 2, audio_s) == [[(3, 180.0)], [(0, 60.0), (1, 60.0), (2, 60.0)]]


@pytest.mark.parametrize(
    ("minutes", "shards"), [(0.0, 1), (4.9, 1), (5.0, 1), (5.1, 2), (50.0, 10), (500.0, 16)]
)
def test_there_is_a_shard_for_every_five_minutes_up_to_the_most_allowed(
    minutes: float, shards: int
) -> None:
    assert shard_count(minutes * 60, shard_minutes=5.0, max_shards=16) == shards


@given(st.floats(0, 1e9), st.floats(0.01, 1e6) | st.just(float("inf")), st.integers(1, 10_000))
def test_there_is_always_a_shard_and_never_more_than_allowed(
    audio_seconds: float, shard_minutes: float, max_shards: int
) -> None:
    assert 1 <= shard_count(audio_seconds, shard_minutes, max_shards) <= max_shards


LIMITS_S = st.floats(0, 2 * GROUP_AUDIO_S)
LIMIT_COUNTS = st.integers(1, 2 * GROUP_RECORDINGS)


@given(items=ITEMS, limit_s=LIMITS_S, limit_count=LIMIT_COUNTS)
def test_groups_one_after_the_other_are_the_shard(
    items: list[Item], limit_s: float, limit_count: int
) -> None:
    groups = group(items, audio_s, limit_s, limit_count)

    assert [item for one in groups for item in one] == items
    assert all(groups)


@given(items=ITEMS, limit_s=LIMITS_S, limit_count=LIMIT_COUNTS)
def test_a_group_keeps_its_limits_and_a_longer_recording_is_alone(
    items: list[Item], limit_s: float, limit_count: int
) -> None:
    for one in group(items, audio_s, limit_s, limit_count):
        assert len(one) <= limit_count
        assert load_s(one) <= limit_s or len(one) == 1


@given(items=ITEMS, limit_s=LIMITS_S, limit_count=LIMIT_COUNTS)
def test_a_group_is_as_full_as_it_may_be(
    items: list[Item], limit_s: float, limit_count: int
) -> None:
    groups = group(items, audio_s, limit_s, limit_count)

    for one, following in pairwise(groups):
        assert len(one) == limit_count or load_s([*one, following[0]]) > limit_s


def test_an_hour_of_short_calls_makes_groups_of_ten_minutes() -> None:
    calls = [(number, 20.0) for number in range(180)]

    assert [len(one) for one in group(calls, audio_s)] == [30] * 6


@given(st.none() | st.floats(0.01, 43_200), st.none() | st.integers(1, 2))
def test_a_recording_is_expected_to_be_as_long_as_it_says(
    duration_s: float | None, channels: int | None
) -> None:
    recording = make_recording(duration_s=duration_s, channels=channels)

    most_s = recording.size_bytes / MIN_BYTES_PER_S
    assert expected_audio_s(recording) == (recording.audio_s if duration_s else most_s)


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_more_audio_never_has_less_time_and_always_more_than_it_lasts(
    less_s: float, more_s: float
) -> None:
    less_s, more_s = sorted((less_s, more_s))

    assert MIN_LIMIT_S <= answer_limit_s(less_s) <= answer_limit_s(more_s)
    assert more_s < answer_limit_s(more_s)


@given(st.integers(0, 100), st.integers(1, 100), st.integers(0, 2**40))
def test_workers_fit_into_shards_cpus_and_memory_and_there_is_always_one(
    shards: int, cpus: int, memory_bytes: int
) -> None:
    workers = worker_count(shards, cpus, memory_bytes)

    assert 1 <= workers <= max(1, min(shards, cpus))
    assert workers == 1 or RUN_BYTES + workers * WORKER_BYTES <= memory_bytes


@pytest.mark.parametrize(
    ("cpus", "memory_gib", "workers"), [(1, 2, 1), (2, 2, 1), (2, 4, 2), (4, 8, 4), (16, 8, 6)]
)
def test_the_sizes_of_a_task(cpus: int, memory_gib: int, workers: int) -> None:
    assert worker_count(shards=100, cpus=cpus, memory_bytes=memory_gib * 2**30) == workers


@given(st.integers(1, 64), st.integers(0, 256 * 2**30))
def test_a_batch_fits_into_the_memory_of_its_worker(workers: int, memory_bytes: int) -> None:
    batch = batch_size(workers, memory_bytes)

    needed_bytes = RUN_BYTES + workers * (WORKER_BASE_BYTES + batch * CHUNK_BYTES)
    assert 1 <= batch <= BATCH
    assert batch == 1 or needed_bytes <= memory_bytes
    assert batch == BATCH or needed_bytes + workers * CHUNK_BYTES > memory_bytes


def test_workers_that_fit_have_a_full_batch_and_one_in_less_memory_a_smaller() -> None:
    assert batch_size(1, RUN_BYTES + WORKER_BYTES) == BATCH
    assert batch_size(2, 4 * 2**30) == BATCH
    assert batch_size(1, 1_200_000_000) == 5
