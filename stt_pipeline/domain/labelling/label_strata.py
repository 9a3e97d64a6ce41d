"""How the calls of a week are sorted into strata, in which they err alike. Draws none."""

import itertools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean
from typing import Final

SHORT_MIN: Final = 2.0
LONG_MIN: Final = 8.0
"""Minutes where a call stops being short, and begins to be long."""

CALLS_A_STRATUM: Final = 5
"""Calls that a draw must have for each stratum: the rest go where they are worth most."""

LEAST_SHARE: Final = 0.02
LEAST_CALLS: Final = 4
"""A cell with a smaller share of the week's calls, or with fewer, is no stratum of its own."""

LONGEST_SHARE: Final = 0.5
"""Of the minutes asked for: a longer call is not drawn. References are of whole calls by contract,
so a part of one cannot be labelled."""

OTHER: Final = "other"
ALL: Final = "all calls"


@dataclass(frozen=True, slots=True)
class WeekCall:
    """A published call with words, of which anybody might ask for the text."""

    call_date: str
    call_id: str
    etag: str
    minutes: float
    words: int
    language: str | None = None
    queue: str | None = None
    agent_id: str | None = None
    needs_review: bool = False


@dataclass(frozen=True, slots=True)
class LabelledCall:
    """A call that has been labelled, and its word errors."""

    call: WeekCall
    errors: int
    reference_words: int


def _length(call: WeekCall) -> str:
    if call.minutes < SHORT_MIN:
        return f"under {SHORT_MIN:g} min"
    return f"over {LONG_MIN:g} min" if call.minutes > LONG_MIN else f"{SHORT_MIN:g} to {LONG_MIN:g}"


VARIABLES: Final[Mapping[str, Callable[[WeekCall], str]]] = {
    "needs_review": lambda call: "to review" if call.needs_review else "clean",
    "language": lambda call: call.language or "no language",
    "length": _length,
    "queue": lambda call: call.queue or (f"agent {call.agent_id}" if call.agent_id else "no queue"),
}
"""What strata are made of, the most telling first."""


Path = tuple[str, ...]
"""The values of the first variables, in their order."""


@dataclass(frozen=True)
class Strata:
    """How the calls of a week are sorted: each lies in the longest of these paths that it has.

    A path may have others below it: the calls that lie in none of those are its OTHER ones.
    `longest_min` is the longest call that may be drawn.
    """

    paths: tuple[Path, ...]
    longest_min: float

    def of(self, call: WeekCall) -> str:
        """The name of the call's stratum."""
        path = _path(call, self._depth)
        while path and path not in self._names:
            path = path[:-1]
        return self._names.get(path, OTHER)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all strata."""
        return tuple(self._names.values())

    @cached_property
    def _depth(self) -> int:
        return max(map(len, self.paths))

    @cached_property
    def _names(self) -> dict[Path, str]:
        return {path: self._name(path) for path in self.paths}

    def _name(self, path: Path) -> str:
        below = any(len(one) > len(path) == _alike(one, path) for one in self.paths)
        return ", ".join((*path, OTHER) if below else path or (ALL,))


def _alike(one: Path, other: Path) -> int:
    """How many values both begin with."""
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))


def _path(call: WeekCall, depth: int) -> Path:
    return tuple(value(call) for value in itertools.islice(VARIABLES.values(), depth))


def choose_strata(calls: Sequence[WeekCall], minutes: float) -> Strata:
    """As fine as the minutes can pay CALLS_A_STRATUM calls of each stratum for.

    Variable by variable, the largest stratum first, a stratum is split where at least one value has
    calls enough; those of the others stay together. Calls to review, few as they are, are thus
    never thrown together with clean ones of another kind.
    """
    longest_min = LONGEST_SHARE * minutes
    calls = [call for call in calls if call.minutes <= longest_min]
    if not calls:
        return Strata(((),), longest_min)
    affordable = minutes / fmean(call.minutes for call in calls) / CALLS_A_STRATUM
    least = max(LEAST_CALLS, LEAST_SHARE * len(calls))
    strata: Counter[Path] = Counter({(): len(calls)})
    for depth in range(1, len(VARIABLES) + 1):
        cells = Counter(_path(call, depth) for call in calls)
        for parent, count in strata.most_common():
            large = {
                path: cells[path]
                for path in cells
                if len(parent) == depth - 1 and path[:-1] == parent and cells[path] >= least
            }
            left = count - sum(large.values())
            parts = len(large) + (left > 0)
            if large and (parts == 1 or len(strata) - 1 + parts <= affordable):
                strata.update(large)
                strata[parent] = left
                if not left:
                    del strata[parent]
    return Strata(tuple(sorted(strata)), longest_min)
