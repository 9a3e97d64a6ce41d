"""Two engines on the same labelled calls: is the second better? Transcribes nothing."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from stt_pipeline.domain.planning.prices import DEFAULT_PRICE
from stt_pipeline.domain.quality.intervals import LEVEL, RESAMPLES, SEED
from stt_pipeline.domain.quality.wer import ErrorCounts, pool

LEAST_CALLS: Final = 6
"""With fewer, every call favours one of two equal engines in more than 5 of 100 tries (2 / 2^5)."""

MOST_CHANGED: Final = 10


class Answer(StrEnum):
    """What the calls say of engine B, against engine A."""

    BETTER = "better"
    WORSE = "worse"
    SAME = "same"
    CANNOT_BE_TOLD = "cannot be told"


@dataclass(frozen=True)
class ComparedCall:
    """A labelled call and its errors under both engines; `audio_s` is its duration."""

    call_date: str
    call_id: str
    audio_s: float
    a: ErrorCounts
    b: ErrorCounts
    a_cpu_s: float
    b_cpu_s: float

    @property
    def change(self) -> int:
        """Errors that B makes more than A."""
        return self.b.errors - self.a.errors


@dataclass(frozen=True)
class Difference:
    """WER of B less that of A, and the range that holds it with 95% confidence; below 0: better."""

    wer: float
    low: float
    high: float


@dataclass(frozen=True)
class Comparison:
    """All calls that both engines read, and the difference; None without reference words."""

    calls: tuple[ComparedCall, ...]
    difference: Difference | None

    @property
    def a(self) -> ErrorCounts:
        """Errors of engine A."""
        return pool(call.a for call in self.calls)

    @property
    def b(self) -> ErrorCounts:
        """Errors of engine B."""
        return pool(call.b for call in self.calls)

    @property
    def audio_s(self) -> float:
        """Seconds of the calls."""
        return sum(call.audio_s for call in self.calls)

    @property
    def answer(self) -> Answer:
        """Better or worse only where the range leaves 0 out, and calls are no fewer than needed."""
        difference = self.difference
        if difference is not None and all(call.a == call.b for call in self.calls):
            return Answer.SAME
        if difference is None or len(self.calls) < LEAST_CALLS:
            return Answer.CANNOT_BE_TOLD
        if difference.high < 0:
            return Answer.BETTER
        return Answer.WORSE if difference.low > 0 else Answer.CANNOT_BE_TOLD

    def most_changed(self) -> list[ComparedCall]:
        """The calls whose errors changed most, MOST_CHANGED at most."""
        changed = [call for call in self.calls if call.change]
        in_turn = sorted(changed, key=lambda one: (-abs(one.change), one.call_date, one.call_id))
        return in_turn[:MOST_CHANGED]

    @property
    def sentence(self) -> str:
        """The answer in words."""
        count = len(self.calls)
        if self.difference is None:
            return "It cannot be told whether B is better: no labelled call has reference words."
        if self.answer is Answer.SAME:
            return f"B makes the same number of errors as A in each of {count} calls."
        apart = f"its word error rate is {_points(self.difference.wer)} than A's"
        ends = f"95% interval {_points(self.difference.low)} to {_points(self.difference.high)}"
        if self.answer is Answer.CANNOT_BE_TOLD:
            few = f" Fewer than {LEAST_CALLS} calls can agree by chance." * (count < LEAST_CALLS)
            return (
                f"It cannot be told from {count} calls whether B is better: {apart} ({ends}).{few} "
                "Label more calls."
            )
        return f"B is {self.answer}: {apart} ({ends}), on {count} calls."


def _points(rate: float) -> str:
    return f"{abs(rate) * 100:.2f} points {'lower' if rate < 0 else 'higher'}"


def cost_per_call_hour(cpu_s: float, audio_s: float) -> float | None:
    """USD of CPU time for an hour of calls; None without audio."""
    return DEFAULT_PRICE.cpu_cost_usd(cpu_s) / (audio_s / 3600) if audio_s else None


def compare(
    calls: Sequence[ComparedCall], seed: int = SEED, resamples: int = RESAMPLES
) -> Comparison:
    """The comparison over calls with reference words, in order of date and name.

    The interval is the paired percentile bootstrap over calls (Bisani and Ney 2004, "Bootstrap
    estimates for confidence intervals in ASR performance evaluation"): whole calls are drawn with
    replacement, each with what both engines made of it, so that a hard call is hard for both. Equal
    calls, in any order, and an equal seed give an equal interval.
    """
    counted = [call for call in calls if call.a.reference_words and call.b.reference_words]
    counted.sort(key=lambda call: (call.call_date, call.call_id))
    if not counted:
        return Comparison((), None)
    draw = random.Random(seed)
    rows = [
        (one.a.errors, one.a.reference_words, one.b.errors, one.b.reference_words)
        for one in counted
    ]
    rates = sorted(_difference(draw.choices(rows, k=len(rows))) for _ in range(resamples))
    left_out = math.floor((1 - LEVEL) / 2 * resamples)
    difference = Difference(_difference(rows), rates[left_out], rates[-1 - left_out])
    return Comparison(tuple(counted), difference)


def _difference(rows: Sequence[tuple[int, int, int, int]]) -> float:
    a_errors, a_words, b_errors, b_words = map(sum, zip(*rows, strict=True))
    return b_errors / b_words - a_errors / a_words
