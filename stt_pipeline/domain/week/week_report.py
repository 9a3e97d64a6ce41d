"""What the meeting is told of a week, as data. Renders nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from stt_pipeline.domain.labelling.label_estimate import WeekEstimate
from stt_pipeline.domain.planning.prices import (
    DEFAULT_PRICE,
    FARGATE_BY_CAPACITY,
    OUTSIDE_SERVICE,
    OUTSIDE_SERVICE_USD_PER_HOUR,
    Capacity,
    FargatePrice,
)
from stt_pipeline.domain.quality.intervals import Interval
from stt_pipeline.domain.quality.labelled_calls import ErrorRate, Group
from stt_pipeline.domain.week.readiness import DateReadiness
from stt_pipeline.domain.week.week_aside import Aside, query_command
from stt_pipeline.domain.week.week_progress import DateOutlook, WeekProgress

MOSTLY_COVERED: Final = 0.9
"""Share of a week's calls that labelled ones must stand for, to say something of the week."""


@dataclass(frozen=True)
class Cost:
    """A way to have the week transcribed, and what it costs or would cost."""

    what: str
    usd: float
    usd_per_call_hour: float | None
    basis: str


@dataclass(frozen=True)
class WeekReport:
    """A week as the report shows it.

    `rates` are of the labelled calls, of which `without_speakers` have no counts by speaker;
    `estimate` is of all calls of the week, where some were drawn to be labelled;
    `ui_url` is the address of the Dagster UI, empty without one.
    """

    week: str
    dates: tuple[DateReadiness, ...]
    progress: WeekProgress
    aside: Aside = field(default_factory=Aside)
    rates: tuple[ErrorRate, ...] = ()
    without_speakers: int = 0
    estimate: WeekEstimate | None = None
    max_wer: float = 0.2
    ui_url: str = ""
    price: FargatePrice = DEFAULT_PRICE

    @property
    def is_ready(self) -> bool:
        """True where every date of the week is ready."""
        return not self.waiting

    @property
    def days(self) -> Sequence[tuple[DateReadiness, DateOutlook]]:
        """Each date, and how it stands against the deadline."""
        return list(zip(self.dates, self.progress.dates, strict=True))

    @property
    def waiting(self) -> Sequence[DateReadiness]:
        """The dates that are not ready."""
        return [date for date in self.dates if not date.ready]

    @property
    def notes(self) -> Sequence[DateReadiness]:
        """Dates that are ready, of which there is something to know."""
        return [date for date in self.dates if date.ready and date.reason]

    @property
    def rate(self) -> ErrorRate | None:
        """The word error rate of the week; None without reference words."""
        return next((rate for rate in self.rates if rate.group is Group.WEEK), None)

    @property
    def week_rate(self) -> Interval | WeekEstimate | None:
        """The word error rate that stands for the week, with its interval; None without any.

        Calls that are drawn are not alike: those of which much depends come more often. Where they
        stand for the week, their weights count.
        """
        if self.estimate is not None and self.estimate.covered >= MOSTLY_COVERED:
            return self.estimate
        return self.rate.interval if self.rate else None

    @property
    def transcribed(self) -> int:
        """Calls with words."""
        return sum(date.transcribed for date in self.dates)

    @property
    def audio_s(self) -> float:
        """Seconds of calls transcribed."""
        return sum(date.audio_s for date in self.dates)

    @property
    def cpu_s(self) -> float:
        """CPU seconds of transcription."""
        return sum(date.cpu_s for date in self.dates)

    @property
    def cost_usd(self) -> float:
        """What transcription cost."""
        return sum(date.cost_usd for date in self.dates)

    @property
    def paid_calls(self) -> int:
        """Calls that another engine was paid for."""
        return sum(date.paid_calls for date in self.dates)

    @property
    def paid_usd(self) -> float:
        """What it was paid; part of `cost_usd`."""
        return sum(date.paid_usd for date in self.dates)

    @property
    def outside_cost_usd(self) -> float:
        """What the outside service would have charged."""
        return self.audio_s / 3600 * OUTSIDE_SERVICE_USD_PER_HOUR

    @property
    def costs(self) -> tuple[Cost, ...]:
        """This week on demand and on Spot, what of it was paid outside, and all of it outside."""
        spot = FARGATE_BY_CAPACITY[Capacity.SPOT]
        spot_usd = spot.cpu_cost_usd(self.cpu_s) + self.paid_usd
        calls = f"{self.paid_calls:,} call{'' if self.paid_calls == 1 else 's'}"
        paid = Cost(
            f"Of which {OUTSIDE_SERVICE}, {calls}",
            self.paid_usd,
            None,
            "what STT_FALLBACK_FOR says",
        )
        return (
            self._cost("This pipeline, on demand", self.cost_usd, _basis(self.price)),
            self._cost("This pipeline, on Spot", spot_usd, _basis(spot)),
            *([paid] if self.paid_calls else []),
            self._cost(OUTSIDE_SERVICE, self.outside_cost_usd, "by the minute of a call"),
        )

    def _cost(self, what: str, usd: float, basis: str) -> Cost:
        hours = self.audio_s / 3600
        return Cost(what, usd, usd / hours if hours else None, basis)

    @property
    def _span(self) -> str:
        return f"--param from_date={self.dates[0].call_date} --param to_date=" + (
            self.dates[-1].call_date
        )

    @property
    def review_query(self) -> str:
        """The command that lists every call to review."""
        rows = self.aside.review.count
        return f"stt-pipeline query --name calls_to_review {self._span} --param rows={rows}"

    @property
    def quarantined_query(self) -> str:
        """The command that lists every recording kept aside."""
        first, last = self.dates[0].call_date, self.dates[-1].call_date
        return query_command(
            "SELECT call_date, recording_uri, reason FROM recordings WHERE status = 'quarantined' "
            f"AND call_date BETWEEN '{first}' AND '{last}' ORDER BY 1, 2"
        )

    @property
    def undated_query(self) -> str:
        """The command that lists the recordings without a date."""
        return query_command(
            "SELECT recording_uri, reason, discovered_at FROM recordings "
            "WHERE call_date = 'undated' ORDER BY 1"
        )

    def date_url(self, call_date: str) -> str:
        """The date's page in the Dagster UI; empty without one."""
        path = f"/assets/published_tables?view=partitions&partition={call_date}"
        return self.ui_url + path if self.ui_url else ""


def _basis(price: FargatePrice) -> str:
    basis = f"Fargate, {price.region}, {price.listed}, CPU time of transcription"
    return f"{basis}; {price.assumed}" if price.assumed else basis
