"""Which calls of a week to label, so that its word error rate takes the fewest minutes to know.

Calls are sorted into strata, each gets a share of the minutes, and calls are drawn at random within
each. Reads no table; what comes of the labels is in `label_estimate`.
"""

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from statistics import fmean

from stt_pipeline.domain.labelling.label_allocation import StratumSize, allocate, spread
from stt_pipeline.domain.labelling.label_strata import LabelledCall, Strata, WeekCall, choose_strata


@dataclass(frozen=True)
class StratumDraw:
    """A stratum of a week: its calls, those drawn in all and now, and why so many.

    `spread` is the standard deviation of a call's word errors about what its length lets expect;
    `past_calls` is how many labelled calls it was estimated from, besides a prior.
    """

    name: str
    calls: int
    mean_min: float
    drawn: int
    drawn_now: int
    spread: float
    past_calls: int


@dataclass(frozen=True)
class DrawnCall:
    """A call to label; `stands_for` is how many calls of its stratum it speaks for."""

    call_date: str
    call_id: str
    etag: str
    minutes: float
    stratum: str
    stands_for: float

    @property
    def why(self) -> str:
        """Why this call, in words."""
        return f"{self.stratum}: drawn at random, stands for {self.stands_for:.1f} calls"


@dataclass(frozen=True)
class Draw:
    """What was drawn of a week; its name is the week and its number in it, from 1."""

    week: str
    number: int
    drawn_at: dt.datetime
    seed: int
    minutes: float
    strata: Strata
    allocation: tuple[StratumDraw, ...]
    calls: tuple[DrawnCall, ...]

    @property
    def name(self) -> str:
        """As `2026-W47-1`."""
        return f"{self.week}-{self.number}"

    @property
    def drawn_min(self) -> float:
        """Minutes to listen to."""
        return sum(call.minutes for call in self.calls)


def draw_calls(
    week: str,
    calls: Sequence[WeekCall],
    minutes: float,
    *,
    seed: int,
    now: dt.datetime,
    past: Sequence[LabelledCall] = (),
    before: Sequence[Draw] = (),
    known: Collection[str] = (),
) -> Draw:
    """A draw of about so many minutes from the calls of a week; it may hold no call.

    `before` are all draws made so far, of any week: no content (etag) is drawn twice, and a week
    keeps the strata of its first draw. `known` are etags labelled without a draw: they need no
    drawing. Within a stratum, calls go in the order of a hash of seed and etag, so equal calls and
    an equal seed give an equal draw.
    """
    earlier = [one for one in before if one.week == week]
    drawn = {call.etag for one in before for call in one.calls}
    free = [call for call in calls if call.etag not in known]
    strata = earlier[0].strata if earlier else choose_strata(free, minutes)
    by_stratum: dict[str, list[WeekCall]] = defaultdict(list)
    for call in free:
        if call.minutes <= strata.longest_min:
            by_stratum[strata.of(call)].append(call)
    sizes = [
        _size(name, members, drawn, strata, past) for name, members in sorted(by_stratum.items())
    ]
    counts = allocate(sizes, minutes)
    allocation, chosen = [], []
    for size, count in zip(sizes, counts, strict=True):
        in_turn = sorted(by_stratum[size.name], key=lambda call: _place(seed, call))
        now_drawn = [call for call in in_turn if call.etag not in drawn][:count]
        total = size.drawn + len(now_drawn)
        allocation.append(
            StratumDraw(
                size.name,
                size.calls,
                size.mean_min,
                total,
                len(now_drawn),
                size.spread,
                size.past_calls,
            )
        )
        chosen += [
            DrawnCall(
                one.call_date, one.call_id, one.etag, one.minutes, size.name, size.calls / total
            )
            for one in now_drawn
        ]
    return Draw(
        week,
        1 + max((one.number for one in earlier), default=0),
        now,
        seed,
        minutes,
        strata,
        tuple(allocation),
        tuple(sorted(chosen, key=lambda one: (one.call_date, one.call_id))),
    )


def _place(seed: int, call: WeekCall) -> bytes:
    return hashlib.sha256(f"{seed} {call.etag}".encode()).digest()


def _size(
    name: str,
    members: Sequence[WeekCall],
    drawn: Collection[str],
    strata: Strata,
    past: Sequence[LabelledCall],
) -> StratumSize:
    own = [one for one in past if strata.of(one.call) == name]
    return StratumSize(
        name=name,
        calls=len(members),
        mean_min=fmean(call.minutes for call in members),
        spread=spread(fmean(call.words for call in members), own, past),
        drawn=sum(call.etag in drawn for call in members),
        past_calls=len(own),
    )
