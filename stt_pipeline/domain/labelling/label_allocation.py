"""How many calls of each stratum to label, for the surest estimate a minute. Draws none."""

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final

from stt_pipeline.domain.labelling.label_strata import LabelledCall

LEAST_A_STRATUM: Final = 2
"""Calls of a stratum that are labelled at least: one says nothing of how they differ."""

PRIOR_CALLS: Final = 10.0
"""Calls that the spread expected without any label counts as."""


@dataclass(frozen=True)
class StratumSize:
    """A stratum before its share is known: all its calls, and how many were drawn before."""

    name: str
    calls: int
    mean_min: float
    spread: float
    drawn: int = 0
    past_calls: int = 0


def spread(mean_words: float, own: Sequence[LabelledCall], past: Sequence[LabelledCall]) -> float:
    """Standard deviation of a call's errors less the week's rate times its words, in a stratum.

    Without labels errors are taken to come one by one (Poisson), so the variance grows with the
    words; what `past` calls show of all strata scales that, and the stratum's `own` calls weigh
    against PRIOR_CALLS of it.
    """
    words = sum(one.reference_words for one in past)
    if not words:
        return math.sqrt(max(mean_words, 1.0))
    rate = sum(one.errors for one in past) / words
    # Where nobody erred yet, errors are as good as coming one by one.
    clumping = sum(_residual(one, rate) ** 2 for one in past) / words or 1.0
    expected = clumping * max(mean_words, 1.0)
    mean = fmean(_residual(one, rate) for one in own) if own else 0.0
    seen = sum((_residual(one, rate) - mean) ** 2 for one in own)
    return math.sqrt((PRIOR_CALLS * expected + seen) / (PRIOR_CALLS + max(0, len(own) - 1)))


def _residual(one: LabelledCall, rate: float) -> float:
    return one.errors - rate * one.reference_words


def allocate(sizes: Sequence[StratumSize], minutes: float) -> list[int]:
    """Calls to draw of each stratum, so that the estimate's variance is least for these minutes.

    The next call always goes where it takes away most variance a minute: n calls of a stratum of N
    with spread S leave N² S² / n, so one more takes away N² S² / (n (n + 1)). That is Neyman's
    allocation with costs (Cochran 1977, "Sampling Techniques", section 5.5) in whole calls (Wright
    2012, "The equivalence of Neyman optimum allocation for sampling and equal proportions for
    apportioning the U.S. House of Representatives"). Equal spreads a word give each its share of
    calls. Every stratum gets LEAST_A_STRATUM first, the larger before the smaller.
    """
    counts = [0] * len(sizes)
    left_min = minutes

    def gain(index: int) -> float:
        size = sizes[index]
        drawn = size.drawn + counts[index]
        first = drawn < LEAST_A_STRATUM
        weight = (size.calls * size.spread) ** 2 / max(size.mean_min, 1e-9)
        return math.inf if first and drawn == 0 else weight / (max(drawn, 1) * (drawn + 1))

    waiting = [
        (size.drawn >= LEAST_A_STRATUM, -gain(index), -size.calls, index)
        for index, size in enumerate(sizes)
        if size.calls > size.drawn
    ]
    heapq.heapify(waiting)
    while waiting:
        index = heapq.heappop(waiting)[-1]
        size = sizes[index]
        if size.mean_min > left_min + 1e-9:
            continue
        counts[index] += 1
        left_min -= size.mean_min
        total = size.drawn + counts[index]
        if size.calls > total:
            item = (total >= LEAST_A_STRATUM, -gain(index), -size.calls, index)
            heapq.heappush(waiting, item)
    return counts
