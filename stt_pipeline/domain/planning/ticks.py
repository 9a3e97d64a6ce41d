"""Which dates a schedule or a sensor asks for, and when. Knows no Dagster, no clock, no store."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from stt_pipeline.domain.call_dates import week_of

NIGHT: Final = dt.time(0, 30)
"""When a night's tick comes: the date has just ended, and no clock change touches this half hour in
Europe. Where one does, the tick comes when the clock goes on."""

SWEEP: Final = dt.time(20, 0)
"""When Sunday evening's sweep of the whole week comes."""

HURRY_S: Final = 12 * 3600.0
"""How long before the deadline late recordings wait no more."""

SENSOR_EVERY_S: Final = ((0.0, 600), (2 * 3600.0, 120), (HURRY_S, 600), (float("inf"), 1800))
"""Seconds between two looks at the store and the forecast, up to that long before the deadline; the
first is after it."""

WATCH_S: Final = 60 * 3600.0
"""How long before the deadline the forecast is watched: from Friday evening on."""

LATE_WAIT: Final = dt.timedelta(hours=4)
"""How long late recordings wait for more of their kind: each run of a date has a price."""

AGAIN_AFTER: Final = dt.timedelta(hours=1)
"""How long after a run that got nowhere the date is asked for again."""


class Schedule(StrEnum):
    """The two schedules."""

    NIGHTLY = "nightly"
    WEEKEND = "weekend"


CRONS: Final = {
    Schedule.NIGHTLY: ("30 0 * * 2-5",),
    Schedule.WEEKEND: ("30 0 * * 6", "30 0 * * 0", "0 20 * * 0", "30 0 * * 1"),
}
"""Cron lines in STT_TIMEZONE; `ticks` gives the same moments. Monday's is for Sunday's calls."""


@dataclass(frozen=True)
class Tick:
    """A moment of a schedule; `at` is aware, in STT_TIMEZONE. `ends_week` asks for the report."""

    schedule: Schedule
    at: dt.datetime

    @property
    def ends_week(self) -> bool:
        """True for the sweeps on Sunday evening and Monday night: they make the weekly asset."""
        return self.at.weekday() == 0 or (self.at.weekday() == 6 and self.at.hour >= SWEEP.hour)

    @property
    def week(self) -> str:
        """The ISO week that it works on."""
        return week_of(self.dates[-1])

    @property
    def dates(self) -> tuple[dt.date, ...]:
        """The dates that it looks at: from Monday to the date just ended; the sweep all seven."""
        today = self.at.date()
        sweep = self.ends_week and today.weekday() == 6
        last = today if sweep else today - dt.timedelta(days=1)
        return tuple(last - dt.timedelta(days=back) for back in range(last.weekday(), -1, -1))


@dataclass(frozen=True)
class DateState:
    """How a date stands, as far as anybody can know now.

    `waiting` counts recordings in the store that its published tables do not account for, of which
    `first_seen` is when the first was seen; `is_published` is true once any version is; `ended` is
    when its last run ended, well or not, and `progressed` whether that run finished any recording.
    `is_blocked` is true where its gate failed on just these
    recordings: another run would fail as well. Moments are aware.
    """

    call_date: dt.date
    waiting: int
    is_published: bool
    is_running: bool = False
    first_seen: dt.datetime | None = None
    ended: dt.datetime | None = None
    progressed: bool = False
    is_blocked: bool = False

    @property
    def is_complete(self) -> bool:
        """True where the published tables account for everything in the store."""
        return self.is_published and not self.waiting


@dataclass(frozen=True)
class Ask:
    """Dates to run, each with why, the oldest first; `skipped` says why there is none."""

    dates: tuple[tuple[dt.date, str], ...]
    skipped: str = ""


def ticks(first: dt.date, last: dt.date, zone: ZoneInfo) -> Iterator[Tick]:
    """Every tick of both schedules from `first` to `last`, both included, in order."""
    for offset in range((last - first).days + 1):
        day = first + dt.timedelta(days=offset)
        schedule = Schedule.NIGHTLY if 1 <= day.weekday() <= 4 else Schedule.WEEKEND
        yield Tick(schedule, _moment(day, NIGHT, zone))
        if day.weekday() == 6:
            yield Tick(schedule, _moment(day, SWEEP, zone))


def first_tick_for(call_date: dt.date, zone: ZoneInfo) -> Tick:
    """The first tick that looks at a date."""
    days = ticks(call_date, call_date + dt.timedelta(days=1), zone)
    return next(tick for tick in days if call_date in tick.dates)


def _moment(day: dt.date, time: dt.time, zone: ZoneInfo) -> dt.datetime:
    """That time of that day; where the clock leaps over it, what the clock shows instead."""
    return dt.datetime.combine(day, time, zone).astimezone(dt.UTC).astimezone(zone)


def run_key(tick: Tick, call_date: dt.date) -> str:
    """Names the run of a date at a tick: a daemon that evaluates a tick twice launches it once."""
    return f"{tick.schedule}|{tick.at.astimezone(dt.UTC):%Y-%m-%dT%H:%MZ}|{call_date}"


def week_run_key(tick: Tick) -> str:
    """Names the run of the weekly asset at a tick."""
    return f"{tick.schedule}|{tick.at.astimezone(dt.UTC):%Y-%m-%dT%H:%MZ}|{tick.week}"


def ask_at(tick: Tick, states: Iterable[DateState]) -> Ask:
    """The dates that a tick asks for: never published, or with recordings not accounted for."""
    known = {state.call_date: state for state in states}
    asked, at_work = [], []
    for date in tick.dates:
        state = known.get(date)
        if state is not None and state.is_running:
            at_work.append(str(date))
        elif state is None or not state.is_published:
            asked.append((date, "not published yet"))
        elif state.waiting:
            asked.append((date, f"{state.waiting} recordings are not in its tables"))
    if asked:
        return Ask(tuple(asked))
    done = f"all of {tick.dates[0]} to {tick.dates[-1]} is published and nothing came since"
    return Ask((), f"at work already: {', '.join(at_work)}" if at_work else done)


def ask_between(
    states: Sequence[DateState], now: dt.datetime, deadline: dt.datetime, margin: dt.timedelta
) -> Ask:
    """The dates that a sensor asks for between ticks, and why; `now` and `deadline` are aware.

    Late recordings wait for LATE_WAIT, or not at all once the deadline is within HURRY_S or its
    margin. A date that a run left unfinished is asked for again at once where that run got
    somewhere and then lost its tasks, else after AGAIN_AFTER. A date that no tick has asked for yet
    is the tick's; one whose gate failed is a person's.
    """
    hurry = seconds_between(now, deadline) <= max(margin.total_seconds(), HURRY_S)
    asked = []
    for state in sorted(states, key=lambda one: one.call_date):
        if state.is_complete or state.is_running or state.is_blocked or state.ended is None:
            continue
        if not state.is_published:
            pause_s = 0.0 if state.progressed else AGAIN_AFTER.total_seconds()
            if seconds_between(state.ended, now) >= pause_s:
                asked.append((state.call_date, "its last run did not finish it"))
        elif hurry or _waited_s(state, now) >= LATE_WAIT.total_seconds():
            asked.append((state.call_date, f"{state.waiting} recordings came late"))
    if asked:
        return Ask(tuple(asked))
    waiting = sum(state.waiting for state in states if state.is_published)
    if waiting:
        return Ask((), f"{waiting} late recordings wait for more, at most {LATE_WAIT}")
    return Ask((), "nothing came late, and no date was left unfinished")


def _waited_s(state: DateState, now: dt.datetime) -> float:
    return 0.0 if state.first_seen is None else seconds_between(state.first_seen, now)


def seconds_between(start: dt.datetime, end: dt.datetime) -> float:
    """Real seconds from one aware moment to another.

    Python subtracts two moments of one zone by what the clock on the wall shows: an hour off where
    the clock changes between them.
    """
    return (end.astimezone(dt.UTC) - start.astimezone(dt.UTC)).total_seconds()


def sensor_every_s(left_s: float) -> int:
    """Seconds until a sensor looks again, that far from the deadline."""
    return next(every_s for within_s, every_s in SENSOR_EVERY_S if left_s <= within_s)
