"""How a date's recordings are spread over shards."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline.domain.sharding import plan_shards, shard_count

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
