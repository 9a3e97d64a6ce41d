"""Splits a date's recordings into shards of like length. Starts nothing."""

import heapq
import math
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def shard_count(audio_s: float, shard_minutes: float, max_shards: int) -> int:
    """Shards for that many seconds of audio: one for each `shard_minutes`, 1 to `max_shards`."""
    return max(1, min(max_shards, math.ceil(audio_s / 60 / shard_minutes)))


def plan_shards(items: Sequence[T], shards: int, audio_s: Callable[[T], float]) -> list[list[T]]:
    """At most `shards` non-empty shards that hold every item once, longest first.

    Longest processing time first (Graham 1969): each item goes to the shard with the least audio,
    so that two shards never differ by more than the longest item. Equal items keep their order.
    """
    loads = [(0.0, index) for index in range(min(shards, len(items)))]
    plan: list[list[T]] = [[] for _ in loads]
    for item in sorted(items, key=audio_s, reverse=True):
        load, index = heapq.heappop(loads)
        plan[index].append(item)
        heapq.heappush(loads, (load + audio_s(item), index))
    return [shard for shard in plan if shard]
