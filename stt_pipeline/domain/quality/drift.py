"""Warns when a week's errors or signals have moved against the four weeks before. Stops nothing."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from stt_pipeline.domain.quality.gates import WORST_CALLS, CheckResult
from stt_pipeline.domain.quality.intervals import Interval, wer_interval
from stt_pipeline.domain.quality.signals import SIGNALS
from stt_pipeline.domain.quality.wer import ErrorCounts

WER_DRIFT: Final = "wer_drift"
SIGNAL_DRIFT: Final = "signal_drift"

CHECKS: Final = {
    WER_DRIFT: "The week's word error rate is not above that of the four weeks before.",
    SIGNAL_DRIFT: "No signal is shown by more calls than in the four weeks before.",
}
"""Every check by name, with what it says when it passes."""

WEEKS_BEFORE: Final = 4
Z: Final = 1.96
"""Two intervals of 95% that do not touch are apart at about one in two hundred by chance."""

Row = Mapping[str, Any]


@dataclass
class WeekFacts:
    """A week's labelled calls and signals, from the columns of `transcript_quality`.

    `counts` are word errors by call_id, of labelled calls. `flagged` are call_ids by signal.
    """

    week: str
    calls: int = 0
    counts: dict[str, ErrorCounts] = field(default_factory=dict)
    flagged: dict[str, list[str]] = field(default_factory=dict)

    def add(self, rows: Iterable[Row]) -> None:
        """Adds rows of `transcript_quality`."""
        for row in rows:
            self.calls += 1
            if row["reference_words"]:
                self.counts[row["call_id"]] = ErrorCounts(
                    row["hits"], row["substitutions"], row["deletions"], row["insertions"]
                )
            for signal in filter(None, str(row["flags"]).split(",")):
                self.flagged.setdefault(signal, []).append(row["call_id"])


def check_wer_drift(week: WeekFacts, before: Sequence[WeekFacts], least: float) -> CheckResult:
    """Fails where the week's interval lies above that of the weeks before, by `least` or more.

    `least` is of the rate: a rise that is sure but small is no news. Passes without labelled calls
    on either side.
    """
    earlier = [count for one in before for count in one.counts.values()]
    now, then = wer_interval(list(week.counts.values())), wer_interval(earlier)
    figures: dict[str, int | float | None] = {
        "wer": now.wer if now else None,
        "wer_before": then.wer if then else None,
        "labelled_calls": len(week.counts),
        "labelled_calls_before": len(earlier),
    }
    if now is None or then is None:
        which = "this week" if now is None else f"the {WEEKS_BEFORE} weeks before"
        return CheckResult(WER_DRIFT, True, f"no labelled calls {which}.", figures)
    message = f"word error rate {_said(now)}, the {WEEKS_BEFORE} weeks before {_said(then)}"
    if not _is_apart(now, then) or now.wer - then.wer < least:
        return CheckResult(WER_DRIFT, True, message + ".", figures)
    worst = sorted(week.counts.items(), key=lambda one: (-one[1].errors, one[0]))[:WORST_CALLS]
    calls = ", ".join(f"{call_id} ({count.errors} errors)" for call_id, count in worst)
    return CheckResult(
        WER_DRIFT,
        False,
        f"{message}: it rose by {now.wer - then.wer:.1%}, more than {least:.1%} and more than "
        f"chance. Most errors in: {calls}. Listen to them, and ask what changed: the recorder, the "
        "engine, or who calls.",
        figures,
    )


def _is_apart(now: Interval, then: Interval) -> bool:
    """True where the ranges do not touch; a single call has no range."""
    return now.low is not None and then.high is not None and now.low > then.high


def _said(interval: Interval) -> str:
    words = f"{interval.wer:.1%} ({interval.calls} labelled calls"
    if interval.low is None or interval.high is None:
        return words + ")"
    return f"{words}, 95% interval {interval.low:.1%} to {interval.high:.1%})"


def check_signal_drift(week: WeekFacts, before: Sequence[WeekFacts], least: float) -> CheckResult:
    """Fails where a signal's share of calls lies above that of the weeks before, beyond chance.

    `least` is the rise of the share that is news. Passes where there are no calls before.
    """
    calls_before = sum(one.calls for one in before)
    figures: dict[str, int | float | None] = {"calls": week.calls, "calls_before": calls_before}
    if not calls_before or not week.calls:
        which = "this week" if not week.calls else f"in the {WEEKS_BEFORE} weeks before"
        return CheckResult(SIGNAL_DRIFT, True, f"no calls {which}.", figures)
    risen = []
    for signal in SIGNALS:
        now = week.flagged.get(signal, [])
        then = sum(len(one.flagged.get(signal, [])) for one in before)
        low, _ = wilson(len(now), week.calls)
        _, high = wilson(then, calls_before)
        rise = len(now) / week.calls - then / calls_before
        figures[signal] = len(now)
        if low > high and rise >= least:
            risen.append(
                f"{signal} in {len(now)} of {week.calls} calls ({len(now) / week.calls:.1%}), "
                f"before {then / calls_before:.1%}: {', '.join(now[:WORST_CALLS])}"
            )
    if not risen:
        return CheckResult(
            SIGNAL_DRIFT, True, f"{week.calls} calls against {calls_before} before.", figures
        )
    return CheckResult(
        SIGNAL_DRIFT,
        False,
        f"more calls than in the {WEEKS_BEFORE} weeks before show {'; '.join(risen)}. Listen to "
        "some: domain/quality/QUALITY.md says what each signal means and what to look at.",
        figures,
    )


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The 95% interval of a share (Wilson 1927); 0 to 1 of none."""
    if not of:
        return 0.0, 1.0
    share, square = hits / of, Z * Z
    middle = (share + square / (2 * of)) / (1 + square / of)
    half = Z / (1 + square / of) * math.sqrt(share * (1 - share) / of + square / (4 * of * of))
    # Of none and of all, rounding would leave the share itself out.
    return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))
