"""How the calls of a week are sorted into strata, in which they err alike. Draws none."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final

SHORT_MIN: Final = 2.0
LONG_MIN: Final = 8.0
"""Minutes where a call stops being short, and begins to be long."""

CALLS_A_STRATUM: Final = 3
"""Calls that a draw must have for each stratum: the rest go where they are worth most."""

LEAST_SHARE: Final = 0.02
LEAST_CALLS: Final = 4
"""A cell with a smaller share of the week's calls, or with fewer, is no stratum of its own."""

LONGEST_SHARE: Final = 0.5
"""Of the minutes asked for: a longer call is not drawn. References are of whole calls by contract,
so a part of one cannot be labelled."""

REST: Final = "all other calls"
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


@dataclass(frozen=True)
class Strata:
    """How the calls of a week are sorted: by the variables `by`, into the cells `names`.

    What lies in no such cell is REST. `longest_min` is the longest call that may be drawn.
    """

    by: tuple[str, ...]
    names: tuple[str, ...]
    longest_min: float

    def of(self, call: WeekCall) -> str:
        """The name of the call's stratum."""
        name = _cell(call, self.by)
        return name if name in self.names else REST


def _cell(call: WeekCall, by: Iterable[str]) -> str:
    return ", ".join(VARIABLES[variable](call) for variable in by) or ALL


def choose_strata(calls: Sequence[WeekCall], minutes: float) -> Strata:
    """As many variables as the minutes can pay CALLS_A_STRATUM calls a cell for."""
    longest_min = LONGEST_SHARE * minutes
    calls = [call for call in calls if call.minutes <= longest_min]
    if not calls:
        return Strata((), (ALL,), longest_min)
    affordable = minutes / fmean(call.minutes for call in calls) / CALLS_A_STRATUM
    least = max(LEAST_CALLS, LEAST_SHARE * len(calls))
    by: tuple[str, ...] = ()
    names: tuple[str, ...] = (ALL,)
    for variable in VARIABLES:
        cells = Counter(_cell(call, (*by, variable)) for call in calls)
        large = tuple(sorted(name for name, count in cells.items() if count >= least))
        if len(names) < len(large) and len(large) + (len(large) < len(cells)) <= affordable:
            by, names = (*by, variable), large
    return Strata(by, names, longest_min)
