"""A week's work against its deadline: what was published when, and when the rest will be.

Reads no clock: `now` is handed in. All moments are aware, in STT_TIMEZONE; hours are of calls,
whatever their channels.
"""

import datetime as dt
from dataclasses import dataclass

from stt_pipeline.domain.planning.ticks import seconds_between


@dataclass(frozen=True)
class Expected:
    """When something ends: best guess and range."""

    low: dt.datetime
    likely: dt.datetime
    high: dt.datetime


@dataclass(frozen=True)
class DateOutlook:
    """A date: call seconds in all, and of these transcribed; since when it is complete.

    `complete_since` is None for a date that is not, and where nothing was kept of it; `expected` is
    its forecast while something is left. `is_guess` where its recordings are still to come.
    """

    call_date: dt.date
    is_complete: bool
    call_s: float = 0.0
    done_s: float = 0.0
    complete_since: dt.datetime | None = None
    expected: Expected | None = None
    is_guess: bool = False


@dataclass(frozen=True)
class WeekProgress:
    """The dates in order, and the hours in the published tables after each publication."""

    now: dt.datetime
    deadline: dt.datetime
    margin_s: float
    dates: tuple[DateOutlook, ...] = ()
    published: tuple[tuple[dt.datetime, float], ...] = ()

    @property
    def planned_end(self) -> dt.datetime:
        """The deadline less its margin: by then the work is planned to end."""
        moment = self.deadline.astimezone(dt.UTC) - dt.timedelta(seconds=self.margin_s)
        return moment.astimezone(self.deadline.tzinfo)

    @property
    def total_h(self) -> float:
        """Hours of the week, those expected among them."""
        return sum(date.call_s for date in self.dates) / 3600

    @property
    def transcribed_h(self) -> float:
        """Hours that have their text, published or not."""
        return sum(date.done_s for date in self.dates) / 3600

    @property
    def published_h(self) -> float:
        """Hours in the published tables now."""
        return self.published[-1][1] if self.published else 0.0

    @property
    def is_complete(self) -> bool:
        """True where every date is."""
        return all(date.is_complete for date in self.dates)

    @property
    def finished(self) -> dt.datetime | None:
        """When the last date was complete; None before, and where it was not kept of every date."""
        moments = [date.complete_since for date in self.dates]
        if not self.is_complete or not all(moments):
            return None
        return max((at for at in moments if at), key=_utc, default=None)

    @property
    def expected(self) -> Expected | None:
        """When the last date will be complete; None where none is left, or one has no forecast."""
        left = [date.expected for date in self.dates if not date.is_complete and date.call_s]
        known = [one for one in left if one]
        if not known or len(known) < len(left):
            return None
        return Expected(
            max((one.low for one in known), key=_utc),
            max((one.likely for one in known), key=_utc),
            max((one.high for one in known), key=_utc),
        )

    @property
    def slack_s(self) -> float | None:
        """Seconds from the finish, or its forecast, to the deadline; less than 0 is late."""
        end = self.finished or (self.expected.likely if self.expected else None)
        return None if end is None else seconds_between(end, self.deadline)

    @property
    def steps_ahead(self) -> tuple[tuple[Expected, float], ...]:
        """Each publication to come, with the hours in the tables after it, in order of time."""
        left = [
            (date.expected, date.call_s / 3600)
            for date in self.dates
            if date.expected and not date.is_complete
        ]
        hours = sum(date.call_s for date in self.dates if date.is_complete) / 3600
        steps = []
        for expected, date_h in sorted(left, key=lambda one: _utc(one[0].likely)):
            hours += date_h
            steps.append((expected, max(hours, self.published_h)))
        return tuple(steps)


def _utc(moment: dt.datetime) -> dt.datetime:
    """Orders moments by real time, also where the clock changes."""
    return moment.astimezone(dt.UTC)
