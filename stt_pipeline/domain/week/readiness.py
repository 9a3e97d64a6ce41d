"""Is the week ready: one row a call date, from what is published. Reads no table itself."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from stt_pipeline.domain.call_dates import week_of
from stt_pipeline.domain.planning.fallback import ENGINE
from stt_pipeline.domain.planning.prices import DEFAULT_PRICE, OUTSIDE, FargatePrice
from stt_pipeline.domain.quality.gates import Verdict
from stt_pipeline.domain.recordings.recording import Status

Row = dict[str, Any]

READINESS_COLUMNS = {
    "recordings": ("recording_uri", "etag", "status", "reason"),
    "transcripts": (
        *("call_id", "agent_id", "started_at", "duration_s", "language", "avg_logprob"),
        *("word_count", "cpu_s", "needs_review", "review_reasons", "engine"),
    ),
    "transcript_quality": (
        *("call_id", "reference_words", "hits", "substitutions", "deletions", "insertions"),
    ),
    "error_counts": ("call_id", "speaker", "hits", "substitutions", "deletions", "insertions"),
}
"""What is read of each table: a call's text is most of its bytes, and is not."""


@dataclass(frozen=True)
class DateFacts:
    """What is stored of a date; tables are None where they were never written.

    `ledger` is the newest ledger, `recordings`, `transcripts` and `quality` the published rows,
    `error_counts` the private ones that belong to them, with READINESS_COLUMNS at least. `waiting`
    counts recordings in the store that the published rows do not account for, where it was listed.
    """

    call_date: dt.date
    ledger: Sequence[Row] | None = None
    recordings: Sequence[Row] | None = None
    transcripts: Sequence[Row] | None = None
    quality: Sequence[Row] | None = None
    verdict: Verdict | None = None
    error_counts: Sequence[Row] | None = None
    waiting: int = 0


@dataclass(frozen=True)
class DateReadiness:
    """A row of `weekly_readiness`; `cost_usd` is CPU time and what was paid another engine.

    `paid_calls` and `paid_usd` are of that engine alone, and no columns.
    """

    week: str
    call_date: str
    recordings: int
    transcribed: int
    no_speech: int
    quarantined: int
    duplicates: int
    audio_s: float
    wer: float | None
    reference_words: int
    cpu_s: float
    cost_usd: float
    ready: bool
    reason: str
    paid_calls: int = 0
    paid_usd: float = 0.0

    def row(self) -> Row:
        """The row as a dict."""
        row = asdict(self)
        del row["paid_calls"], row["paid_usd"]
        return row


def judge_date(facts: DateFacts, price: FargatePrice = DEFAULT_PRICE) -> DateReadiness:
    """Counts the date from its published tables, or from its ledger where none are published."""
    recordings = facts.recordings if facts.recordings is not None else facts.ledger or ()
    statuses = Counter(row["status"] for row in recordings)
    transcripts = facts.transcripts or ()
    silent = sum(1 for row in transcripts if row["word_count"] == 0)
    quality = facts.quality or ()
    words = sum(row["reference_words"] for row in quality)
    errors = sum(
        row["substitutions"] + row["deletions"] + row["insertions"]
        for row in quality
        if row["reference_words"]
    )
    cpu_s = sum(row["cpu_s"] for row in transcripts)
    paid = [row["duration_s"] for row in transcripts if row["engine"] == ENGINE]
    paid_usd = sum(OUTSIDE.call_usd(duration_s) for duration_s in paid)
    ready, reason = _ready(facts, statuses[Status.ACCEPTED], len(transcripts))
    return DateReadiness(
        week=week_of(facts.call_date),
        call_date=facts.call_date.isoformat(),
        recordings=len(recordings),
        transcribed=len(transcripts) - silent,
        no_speech=silent,
        quarantined=statuses[Status.QUARANTINED],
        duplicates=statuses[Status.DUPLICATE],
        audio_s=round(sum(row["duration_s"] for row in transcripts), 3),
        wer=errors / words if words else None,
        reference_words=words,
        cpu_s=round(cpu_s, 3),
        cost_usd=price.cpu_cost_usd(cpu_s) + paid_usd,
        ready=ready,
        reason=reason,
        paid_calls=len(paid),
        paid_usd=paid_usd,
    )


def _ready(facts: DateFacts, accepted: int, transcribed: int) -> tuple[bool, str]:
    failed = facts.verdict is not None and not facts.verdict.passed
    gate = (
        f"its last run failed the gate: {facts.verdict.failures.rstrip('.')}"
        if facts.verdict
        else ""
    )
    if facts.recordings is None:
        if failed:
            return False, gate
        return False, "never processed" if facts.ledger is None else "found, not yet published"
    late = _contents(facts.ledger or ()) - _contents(facts.recordings)
    if came := max(len(late), facts.waiting):
        return False, f"{came} recordings came or changed after it was published: run it again"
    if accepted > transcribed:
        return False, f"{accepted - transcribed} accepted recordings have no transcript"
    if accepted < transcribed:
        return False, f"{transcribed - accepted} transcripts have no recording: run it again"
    if failed:
        return True, f"the version before stands; {gate}"
    return True, "" if facts.recordings else "no recordings found"


def _contents(recordings: Sequence[Row]) -> set[tuple[str, str]]:
    return {(row["recording_uri"], row["etag"]) for row in recordings}
