"""The checks that a date must pass before it is published: figure, limit, calls, remedy."""

import hashlib
import heapq
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from stt_pipeline.domain.recordings.recording import Recording, Status
from stt_pipeline.domain.speech.transcription import Failure

COMPLETENESS = "completeness"
WER = "wer"
COVERAGE = "coverage"
LOOPS = "loops"

CHECKS = {
    COMPLETENESS: "Every accepted recording has a transcript, or a reason why not, by name.",
    WER: "The word error rate pooled over the date's labelled calls is within STT_MAX_WER.",
    COVERAGE: "The share of the date's speech that has words is at least STT_MIN_COVERAGE.",
    LOOPS: "Few calls repeat a phrase as a model does that is stuck.",
}
"""Every check by name, with what it says when it passes."""

MAX_FAILED_SHARE = 0.05
"""Above this share of a date's calls lost to the engine, something other than a file is wrong."""

MAX_LOOP_SHARE = 0.05
WORST_CALLS = 5

Row = Mapping[str, Any]


@dataclass(frozen=True)
class CheckResult:
    """One check's answer; `figures` go to the UI as they are."""

    name: str
    passed: bool
    message: str
    figures: dict[str, int | float | None] = field(default_factory=dict)


def digest(fingerprints: Sequence[str | None]) -> str:
    """One sha256 over the fingerprints of objects in order: what a verdict judged."""
    return hashlib.sha256(json.dumps(fingerprints).encode()).hexdigest()


@dataclass(frozen=True)
class Verdict:
    """All checks of a date's candidate; `candidate` is the digest of the tables they judged."""

    candidate: str
    engine: str
    checks: tuple[CheckResult, ...]

    @property
    def passed(self) -> bool:
        """True where every check passed."""
        return all(check.passed for check in self.checks)

    @property
    def failures(self) -> str:
        """The messages of the checks that failed."""
        return " ".join(f"{c.name}: {c.message}" for c in self.checks if not c.passed)


def check_completeness(
    ledger: Sequence[Recording], transcribed: Collection[str], failed: Mapping[str, Failure]
) -> CheckResult:
    """Compares the ledger's accepted recordings with the results, by name (etag)."""
    accepted = [row for row in ledger if row.status is Status.ACCEPTED]
    missing = [row for row in accepted if row.etag not in transcribed and row.etag not in failed]
    lost = [row for row in accepted if row.etag in failed]
    transient = [row for row in lost if failed[row.etag].transient]
    too_many = len(transient) > max(1, MAX_FAILED_SHARE * len(accepted))
    figures: dict[str, int | float | None] = {
        "recordings": len(ledger),
        "accepted": len(accepted),
        "transcribed": len(accepted) - len(missing) - len(lost),
        "failed": len(lost),
        "missing": len(missing),
    }
    if missing:
        return CheckResult(
            COMPLETENESS,
            False,
            f"{len(missing)} of {len(accepted)} accepted recordings have no transcript: "
            f"{_names(missing)}. Run the date again; only these are transcribed.",
            figures,
        )
    if too_many:
        reason = failed[transient[0].etag].reason
        return CheckResult(
            COMPLETENESS,
            False,
            f"{len(transient)} of {len(accepted)} recordings failed in the engine ({reason}): "
            f"{_names(transient)}. See the run's log, then run the date again.",
            figures,
        )
    message = f"all {len(ledger)} recordings are accounted for"
    if lost:
        message += f"; {len(lost)} failed and are quarantined: {_names(lost)}"
    return CheckResult(COMPLETENESS, True, message + ".", figures)


def _names(rows: Sequence[Recording]) -> str:
    shown = ", ".join(row.call_id or row.key for row in rows[:WORST_CALLS])
    return shown + (f" and {len(rows) - WORST_CALLS} more" if len(rows) > WORST_CALLS else "")


def check_wer(quality: Iterable[Row], max_wer: float) -> CheckResult:
    """Pools errors and reference words over labelled calls; passes where there are none."""
    labelled = [row for row in quality if row["reference_words"]]
    words = sum(row["reference_words"] for row in labelled)
    errors = sum(_errors(row) for row in labelled)
    wer = errors / words if words else None
    figures: dict[str, int | float | None] = {
        "wer": wer,
        "max_wer": max_wer,
        "reference_words": words,
        "word_errors": errors,
        "labelled_calls": len(labelled),
    }
    if wer is None:
        return CheckResult(WER, True, "no labelled calls.", figures)
    message = (
        f"word error rate {wer:.1%} ({errors} errors in {words} reference words of "
        f"{len(labelled)} labelled calls), limit {max_wer:.1%}"
    )
    if wer <= max_wer:
        return CheckResult(WER, True, message + ".", figures)
    worst = sorted(labelled, key=lambda row: (-_errors(row), row["call_id"]))[:WORST_CALLS]
    calls = ", ".join(f"{row['call_id']} ({row['wer']:.1%})" for row in worst)
    return CheckResult(
        WER,
        False,
        f"{message}. Most errors in: {calls}. Listen to them, correct a wrong reference, or change "
        "the engine or STT_MAX_WER, and run the date again.",
        figures,
    )


def _errors(row: Row) -> int:
    return int(row["substitutions"] + row["deletions"] + row["insertions"])


def check_coverage(
    quality: Iterable[Row], speech_s: Mapping[str, float], min_coverage: float
) -> CheckResult:
    """Pools covered speech seconds over calls; `speech_s` is by call_id."""
    total_s = covered_s = 0.0
    spoken = []
    for row in quality:
        if row["coverage"] is not None:
            total_s += speech_s[row["call_id"]]
            covered_s += row["coverage"] * speech_s[row["call_id"]]
            spoken.append((row["coverage"], row["call_id"]))
    coverage = covered_s / total_s if total_s else None
    figures: dict[str, int | float | None] = {
        "coverage": coverage,
        "min_coverage": min_coverage,
        "speech_s": round(total_s, 1),
    }
    if coverage is None:
        return CheckResult(COVERAGE, True, "no speech in any call.", figures)
    message = f"{coverage:.1%} of {total_s / 60:.1f} min of speech has words"
    if coverage >= min_coverage:
        return CheckResult(COVERAGE, True, f"{message}, least {min_coverage:.0%}.", figures)
    worst = heapq.nsmallest(WORST_CALLS, spoken)
    calls = ", ".join(f"{call_id} ({covered:.0%})" for covered, call_id in worst)
    return CheckResult(
        COVERAGE,
        False,
        f"{message}, least {min_coverage:.0%}. Least in: {calls}. Listen to them: the engine "
        "missed speech, or the detection heard noise as speech.",
        figures,
    )


def check_loops(quality: Iterable[Row]) -> CheckResult:
    """Counts calls flagged `loop`; one is let through, more must stay under MAX_LOOP_SHARE."""
    calls, looped = 0, []
    for row in quality:
        calls += 1
        if "loop" in str(row["flags"]).split(","):
            looped.append(row["call_id"])
    figures: dict[str, int | float | None] = {"looped_calls": len(looped), "calls": calls}
    if len(looped) <= max(1, MAX_LOOP_SHARE * calls):
        return CheckResult(LOOPS, True, f"{len(looped)} of {calls} calls.", figures)
    return CheckResult(
        LOOPS,
        False,
        f"{len(looped)} of {calls} calls repeat a phrase, limit {MAX_LOOP_SHARE:.0%}: "
        f"{', '.join(looped[:WORST_CALLS])}. Listen to them and compare engines.",
        figures,
    )
