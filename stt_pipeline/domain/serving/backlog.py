"""What waits for the engine: a bounded queue, and which of it is read together. Starts nothing."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

GROUP_S = 120.0
"""Audio seconds read together: a request waits for its mates, and 120 s take a few seconds."""

GROUP_COUNT = 16
"""Requests read together: a batch of the decoder."""

MAX_RETRY_S = 600
"""The longest that a caller is told to wait before it asks again."""


@dataclass(frozen=True)
class Waiting:
    """A recording that waits: seconds of audio over all channels, and when it came.

    `alone` is true for a job: it is read by itself, so that no request waits for its end. `ready`
    is false while it only keeps its place.
    """

    name: str
    audio_s: float
    came_s: float
    alone: bool = False
    ready: bool = True

    @property
    def turn_s(self) -> float:
        """Who is least comes first: short before long, but no longer than the long one lasts."""
        return self.came_s + (self.audio_s if self.alone else 0.0)


class Backlog:
    """The recordings that wait, at most `most_s` seconds of audio; not safe between threads."""

    def __init__(self, most_s: float) -> None:
        """`most_s` bounds what `has_room` lets in."""
        self._most_s = most_s
        self._waiting: dict[str, Waiting] = {}

    @property
    def waiting_s(self) -> float:
        """Audio seconds that wait."""
        return sum(one.audio_s for one in self._waiting.values())

    def __len__(self) -> int:
        """Recordings that wait."""
        return len(self._waiting)

    def __contains__(self, name: str) -> bool:
        """True where that recording waits."""
        return name in self._waiting

    def has_room(self, audio_s: float = 0.0) -> bool:
        """Whether so much more may wait; where nothing waits, anything may."""
        waiting_s = self.waiting_s
        return waiting_s == 0 or waiting_s + audio_s <= self._most_s

    def add(self, waiting: Waiting) -> None:
        """Lets a recording wait, bound or no bound: what was promised is kept."""
        self._waiting[waiting.name] = waiting

    def remove(self, name: str) -> bool:
        """Takes one out; false where it does not wait."""
        return self._waiting.pop(name, None) is not None

    def take(self, idle_workers: int, alone_too: bool = True) -> list[Waiting]:
        """What a worker reads together now, at least one where any may be taken; it waits no more.

        As many in order of turn as GROUP_S and GROUP_COUNT allow, and no more than this worker's
        share among those idle. One that is read alone comes alone, and where `alone_too` is false
        not at all.
        """
        may = [one for one in self._waiting.values() if one.ready and (alone_too or not one.alone)]
        in_turn = sorted(
            may,
            key=lambda one: (one.turn_s, one.came_s, one.name),
        )
        if not in_turn:
            return []
        taken = in_turn[:1] if in_turn[0].alone else _share(in_turn, idle_workers)
        for one in taken:
            del self._waiting[one.name]
        return taken

    def retry_after_s(self, audio_s_per_s: float) -> int:
        """Seconds in which half of what waits is read, at that speed: 1 to MAX_RETRY_S."""
        return max(1, min(MAX_RETRY_S, math.ceil(self.waiting_s / 2 / max(audio_s_per_s, 0.1))))


def _share(in_turn: Iterable[Waiting], idle_workers: int) -> list[Waiting]:
    together = [one for one in in_turn if not one.alone]
    count = min(GROUP_COUNT, math.ceil(len(together) / max(1, idle_workers)))
    taken = together[:1]
    for one in together[1:count]:
        if sum(mate.audio_s for mate in taken) + one.audio_s > GROUP_S:
            break
        taken.append(one)
    return taken
