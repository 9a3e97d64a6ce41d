"""What the meeting is told of a week, as data. Renders nothing."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from stt_pipeline.domain.prices import DEFAULT_PRICE, OUTSIDE_SERVICE_USD_PER_HOUR, FargatePrice
from stt_pipeline.domain.readiness import DateFacts, DateReadiness
from stt_pipeline.domain.recording import Status


@dataclass(frozen=True)
class AsideRow:
    """A call that somebody should look at, and why."""

    call_date: str
    what: str
    why: str


@dataclass(frozen=True)
class Aside:
    """Calls to review, and recordings kept aside."""

    review: tuple[AsideRow, ...]
    quarantined: tuple[AsideRow, ...]


@dataclass(frozen=True)
class WeekReport:
    """A week as the report shows it; `made_at` is UTC."""

    week: str
    dates: tuple[DateReadiness, ...]
    aside: Aside
    made_at: dt.datetime
    price: FargatePrice = DEFAULT_PRICE

    @property
    def is_ready(self) -> bool:
        """True where every date of the week is ready."""
        return all(date.ready for date in self.dates)

    @property
    def wer(self) -> float | None:
        """Word error rate pooled over the week; None without reference words."""
        words = sum(date.reference_words for date in self.dates)
        errors = sum((date.wer or 0.0) * date.reference_words for date in self.dates)
        return errors / words if words else None

    @property
    def audio_s(self) -> float:
        """Seconds of audio transcribed."""
        return sum(date.audio_s for date in self.dates)

    @property
    def cost_usd(self) -> float:
        """What transcription cost."""
        return sum(date.cost_usd for date in self.dates)

    @property
    def outside_cost_usd(self) -> float:
        """What the outside service would have charged."""
        return self.audio_s / 3600 * OUTSIDE_SERVICE_USD_PER_HOUR


def review_rows(facts: Sequence[DateFacts]) -> Aside:
    """Calls to review and quarantined recordings of the week, in order."""
    review = (
        AsideRow(date.call_date.isoformat(), row["call_id"], row["review_reasons"])
        for date in facts
        for row in date.transcripts or ()
        if row["needs_review"]
    )
    quarantined = (
        AsideRow(date.call_date.isoformat(), row["recording_uri"], row["reason"] or "")
        for date in facts
        for row in date.recordings or date.ledger or ()
        if row["status"] == Status.QUARANTINED
    )
    return Aside(tuple(review), tuple(quarantined))
