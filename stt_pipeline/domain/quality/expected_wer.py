"""The word error rate to expect of calls that nobody labelled, from their signals. Reads no file.

A ridge regression of a call's rate on its figures, fitted on the labelled calls. It says nothing
where labelled calls are few, and beside every estimate how far off it was on calls left out.
"""

import math
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from stt_pipeline.domain.quality.ridge import Ridge, Vector, fit_ridge

MIN_LABELLED_CALLS: Final = 40
"""About six for each of seven coefficients; fewer say too little."""

FOLDS: Final = 10
PENALTIES: Final = (0.01, 0.03, 0.1, 0.3, 1.0)
"""Of which the folds choose one."""

RESAMPLES: Final = 200
LEVEL: Final = 0.95
SEED: Final = 1

FIGURES: Final = {
    "word_probability": 1.0,
    "doubtful_share": 0.0,
    "avg_logprob": 0.0,
    "coverage": 1.0,
    "language_probability": 1.0,
    "words_per_s": 0.0,
}
"""The figures that a rate is explained by, beside a constant; and what stands for a missing one."""


@dataclass(frozen=True)
class LabelledCall:
    """A call with a reference: its features, its word errors, the words of its reference."""

    features: Vector
    errors: int
    reference_words: int

    @property
    def wer(self) -> float:
        """Errors by reference words; at most 1: one call that loops must not bend the rest."""
        return min(1.0, self.errors / self.reference_words)


@dataclass(frozen=True)
class HeardCall:
    """Any call: its features, and the words heard, which weigh it."""

    features: Vector
    words: int


@dataclass(frozen=True)
class TooFewCalls:
    """There is no model: `missing` more calls have to be labelled first."""

    labelled_calls: int

    @property
    def missing(self) -> int:
        """Calls to label until there is a model."""
        return MIN_LABELLED_CALLS - self.labelled_calls

    @property
    def message(self) -> str:
        """What to tell people."""
        return (
            f"no expected WER: it needs {MIN_LABELLED_CALLS} labelled calls and has "
            f"{self.labelled_calls}; label {self.missing} more."
        )


@dataclass(frozen=True)
class Model:
    """A fitted regression, and how far it was off.

    `error` is the mean over labelled calls, weighted by words, of how far a call's rate lay from
    what a model fitted without it (by folds) had said; `error_of_mean` is the same for a model that
    says the same rate of every call. `residual_sd` is the spread of one call's rate.
    """

    ridge: Ridge
    penalty: float
    labelled_calls: int
    error: float
    error_of_mean: float
    residual_sd: float

    def wer(self, features: Vector) -> float:
        """The rate to expect of a call with these features, 0 to 1."""
        return _within(self.ridge.predict(features))


@dataclass(frozen=True)
class Estimate:
    """The rate of many calls together, and the range that holds it with 95% confidence."""

    wer: float
    low: float
    high: float
    calls: int
    words: int
    model: Model


def features_of(figures: Mapping[str, Any]) -> Vector:
    """A call's features from its figures by name, as `Figures` or a row of `call_figures` has them.

    A figure without a value counts as that of a good call.
    """
    known = ((figures[name], without) for name, without in FIGURES.items())
    return tuple(without if value is None else float(value) for value, without in known)


def fit(calls: Sequence[LabelledCall]) -> Model | TooFewCalls:
    """The model of the calls that have reference words; equal calls give an equal model."""
    known = [call for call in calls if call.reference_words]
    if len(known) < MIN_LABELLED_CALLS:
        return TooFewCalls(len(known))
    words = sum(call.reference_words for call in known)
    said = {penalty: _said_of_left_out(known, penalty) for penalty in PENALTIES}

    def squared_error(penalty: float) -> float:
        pairs = zip(known, said[penalty], strict=True)
        return sum(call.reference_words * (call.wer - one) ** 2 for call, one in pairs) / words

    def absolute_error(rates: Sequence[float]) -> float:
        pairs = zip(known, rates, strict=True)
        return sum(call.reference_words * abs(call.wer - one) for call, one in pairs) / words

    best = min(PENALTIES, key=squared_error)
    return Model(
        ridge=_ridge(known, best),
        penalty=best,
        labelled_calls=len(known),
        error=absolute_error(said[best]),
        error_of_mean=absolute_error(_means_of_others(known)),
        residual_sd=math.sqrt(squared_error(best)),
    )


def estimate(
    labelled: Sequence[LabelledCall], calls: Iterable[HeardCall]
) -> Estimate | TooFewCalls | None:
    """The rate of `calls` together, weighted by their words; None where no word was heard.

    The model is linear: of the calls it needs the mean of their features only. The interval is that
    of models fitted anew on labelled calls drawn with replacement, each with a draw of how far the
    rate of so many calls lies from what is expected of them.
    """
    model = fit(labelled)
    if isinstance(model, TooFewCalls):
        return model
    count, words, squares, sums = 0, 0, 0, [0.0] * len(FIGURES)
    for call in calls:
        count += bool(call.words)
        words += call.words
        squares += call.words**2
        sums = [total + call.words * one for total, one in zip(sums, call.features, strict=True)]
    if not words:
        return None
    middle = [total / words for total in sums]
    spread = model.residual_sd * math.sqrt(squares) / words
    rates = sorted(_redrawn(labelled, model.penalty, middle, spread))
    out = math.floor((1 - LEVEL) / 2 * RESAMPLES)
    return Estimate(
        wer=_within(model.ridge.predict(middle)),
        low=_within(rates[out]),
        high=_within(rates[-1 - out]),
        calls=count,
        words=words,
        model=model,
    )


def _redrawn(
    labelled: Sequence[LabelledCall], penalty: float, features: Sequence[float], spread: float
) -> Iterator[float]:
    known = [call for call in labelled if call.reference_words]
    draw = random.Random(SEED)
    for _ in range(RESAMPLES):
        ridge = _ridge(draw.choices(known, k=len(known)), penalty)
        yield ridge.predict(features) + draw.gauss(0.0, spread)


def _ridge(calls: Sequence[LabelledCall], penalty: float) -> Ridge:
    return fit_ridge(
        [call.features for call in calls],
        [call.wer for call in calls],
        [float(call.reference_words) for call in calls],
        penalty,
    )


def _said_of_left_out(calls: Sequence[LabelledCall], penalty: float) -> list[float]:
    """Of each call, what a model fitted on the other folds says; every FOLDS-th call is a fold."""
    said = [0.0] * len(calls)
    for fold in range(FOLDS):
        others = [call for place, call in enumerate(calls) if place % FOLDS != fold]
        ridge = _ridge(others, penalty)
        for place in range(fold, len(calls), FOLDS):
            said[place] = _within(ridge.predict(calls[place].features))
    return said


def _means_of_others(calls: Sequence[LabelledCall]) -> list[float]:
    errors = sum(call.errors for call in calls)
    words = sum(call.reference_words for call in calls)
    return [(errors - one.errors) / (words - one.reference_words) for one in calls]


def _within(rate: float) -> float:
    return min(1.0, max(0.0, rate))
