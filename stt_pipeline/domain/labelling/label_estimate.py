"""The word error rate of a week from the calls drawn of it, each with its weight. Draws none."""

import math
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stt_pipeline.domain.labelling.labelling import Draw
from stt_pipeline.domain.quality.intervals import LEVEL, RESAMPLES, SEED

Errors = tuple[int, int]
"""Word errors and reference words of a call."""


@dataclass(frozen=True)
class StratumLabels:
    """A stratum: its calls in the week, and the errors and words of those labelled."""

    name: str
    calls: int
    labelled: tuple[Errors, ...]


@dataclass(frozen=True)
class WeekEstimate:
    """The rate of the whole week; `low` and `high` are None where no stratum shows how calls vary.

    `covered` is the share of calls that lie in strata with a labelled call.
    """

    wer: float
    low: float | None
    high: float | None
    labelled: int
    reference_words: int
    covered: float


def labels_by_stratum(
    draws: Sequence[Draw], errors: Mapping[str, Errors], known: Sequence[Errors] = ()
) -> list[StratumLabels]:
    """The strata of a week's draws, sized as the last draw saw them; `errors` are by etag.

    `known` were labelled without a draw: they are a stratum of which every call is labelled.
    """
    found: dict[str, list[Errors]] = defaultdict(list)
    for draw in draws:
        for call in draw.calls:
            if call.etag in errors:
                found[call.stratum].append(errors[call.etag])
    strata = [
        StratumLabels(one.name, one.calls, tuple(found[one.name])) for one in draws[-1].allocation
    ]
    if known:
        strata.append(StratumLabels("labelled before", len(known), tuple(known)))
    return strata


def estimate_week(
    strata: Sequence[StratumLabels], seed: int = SEED, resamples: int = RESAMPLES
) -> WeekEstimate | None:
    """Errors by words, both estimated for all calls of each stratum; None without words.

    The combined ratio estimator of stratified sampling (Cochran 1977, "Sampling Techniques",
    section 6.11), where a call counts as many times as it stands for calls. The interval is the
    percentile bootstrap within strata, one call fewer than labelled drawn of each (Rao and Wu 1988,
    "Resampling inference with complex survey data"); a stratum that is labelled whole does not
    vary. What no labelled call stands for is not in the rate.
    """
    seen = [one for one in strata if one.labelled]
    wer = _rate([(one.calls, one.labelled) for one in seen])
    if wer is None:
        return None
    varied = [one for one in seen if 1 < len(one.labelled) < one.calls]
    fixed = [(one.calls, one.labelled) for one in seen if one not in varied]
    low = high = None
    if varied:
        draw = random.Random(seed)
        rates = []
        for _ in range(resamples):
            drawn = [
                (one.calls, draw.choices(one.labelled, k=len(one.labelled) - 1)) for one in varied
            ]
            rate = _rate([*fixed, *drawn])
            rates.append(wer if rate is None else rate)
        rates.sort()
        left_out = math.floor((1 - LEVEL) / 2 * resamples)
        low, high = rates[left_out], rates[-1 - left_out]
    return WeekEstimate(
        wer=wer,
        low=low,
        high=high,
        labelled=sum(len(one.labelled) for one in seen),
        reference_words=sum(words for one in seen for _, words in one.labelled),
        covered=sum(one.calls for one in seen) / sum(one.calls for one in strata),
    )


def _rate(strata: Sequence[tuple[int, Sequence[Errors]]]) -> float | None:
    errors = words = 0.0
    for calls, labelled in strata:
        weight = calls / len(labelled)
        errors += weight * sum(one for one, _ in labelled)
        words += weight * sum(one for _, one in labelled)
    return errors / words if words else None
