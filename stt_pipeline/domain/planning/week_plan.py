"""The week as the operator plans it: what is done, what is left, when it ends, what it costs.

Pure: what is stored, and the moment that counts as now, are handed in.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from stt_pipeline.domain.planning.capacity import CapacityPlan, plan
from stt_pipeline.domain.planning.load import CALL_S, CHANNELS, LONGEST_CALL_S, call_hours
from stt_pipeline.domain.planning.prices import OUTSIDE_SERVICE_USD_PER_HOUR, Capacity
from stt_pipeline.domain.planning.task_options import Backlog, DatePlan, Limits, priced
from stt_pipeline.domain.planning.throughput import Throughput
from stt_pipeline.domain.planning.ticks import first_tick_for, seconds_between


@dataclass(frozen=True)
class DateLoad:
    """A date's recordings: call seconds (whatever the channels), audio seconds over all channels.

    `left_s` is the audio without a result; `is_published` is true where the tables account for all
    that was found; `is_guess` where nothing was found yet and the figures are expected ones.
    """

    call_date: dt.date
    recordings: int = 0
    left_recordings: int = 0
    call_s: float = 0.0
    audio_s: float = 0.0
    left_s: float = 0.0
    longest_s: float = 0.0
    is_published: bool = False
    is_guess: bool = False

    @property
    def backlog(self) -> Backlog:
        """What is left to do."""
        published = self.recordings - self.left_recordings
        recordings = max(1, self.left_recordings)
        return Backlog(self.call_date, self.left_s, self.longest_s, recordings, published)

    @property
    def whole(self) -> Backlog:
        """The date as if nothing was done."""
        return Backlog(self.call_date, self.audio_s, self.longest_s, max(1, self.recordings))


@dataclass(frozen=True)
class PlannedDate:
    """A row of the plan; moments are aware, None where there is nothing to do or to say.

    `cost_usd` is of the whole date by capacity.
    """

    load: DateLoad
    option: DatePlan | None
    starts: dt.datetime | None
    low: dt.datetime | None
    likely: dt.datetime | None
    high: dt.datetime | None
    slack_h: float | None
    cost_usd: dict[Capacity, float]

    @property
    def outside_usd(self) -> float:
        """What the outside service would charge for the whole date."""
        return self.load.call_s / 3600 * OUTSIDE_SERVICE_USD_PER_HOUR


@dataclass(frozen=True)
class WeekPlan:
    """The dates in order, and each sentence of what endangers the deadline."""

    dates: tuple[PlannedDate, ...]
    warnings: tuple[str, ...]


def stated_load(agents: int, call_date: dt.date) -> DateLoad:
    """What so many agents make of a date, by the stated load."""
    call_s = call_hours(agents, call_date) * 3600
    audio_s = call_s * CHANNELS
    recordings = round(call_s / CALL_S)
    longest_s = min(LONGEST_CALL_S * CHANNELS, audio_s)
    return DateLoad(
        call_date, recordings, recordings, call_s, audio_s, audio_s, longest_s, is_guess=True
    )


def plan_week(
    loads: Sequence[DateLoad],
    throughput: Throughput,
    limits: Limits,
    now: dt.datetime,
    deadline: dt.datetime,
    margin_s: float,
    zone: ZoneInfo,
) -> WeekPlan:
    """Dates that a tick has asked for already begin now, together; each other with its tick.

    What a date has left when the next one begins is planned again with that.
    """
    groups: dict[dt.datetime, list[DateLoad]] = {}
    for load in loads:
        begins = first_tick_for(load.call_date, zone).at
        starts = begins if seconds_between(now, begins) > 0 else now
        groups.setdefault(starts, []).append(load)
    rows: dict[dt.date, PlannedDate] = {}
    warnings: dict[dt.date, str] = {}
    turns: list[_Turn] = []
    for starts, begun in sorted(groups.items(), key=lambda item: item[0].astimezone(dt.UTC)):
        left_s = seconds_between(starts, deadline)
        waiting = [turn.left_at(starts) for turn in turns]
        backlog = [*waiting, *(load.backlog for load in begun)]
        planned = plan(backlog, throughput, limits, left_s, margin_s)
        turns = _turns(backlog, planned, starts)
        for load in begun:
            cost_usd = _cost_usd(load, throughput, limits, left_s)
            rows[load.call_date] = PlannedDate(load, None, None, None, None, None, None, cost_usd)
        for turn in turns:
            row = rows[turn.backlog.call_date]
            rows[turn.backlog.call_date] = _planned(row, turn, throughput, starts, deadline)
        warnings = {date: why for date, why in warnings.items() if planned.of(date) is None}
        if planned.why:
            warnings[planned.dates[0].call_date] = planned.why
    sentences = (f"{date}: {why}" for date, why in sorted(warnings.items()))
    return WeekPlan(tuple(rows[load.call_date] for load in loads), tuple(sentences))


@dataclass(frozen=True)
class _Turn:
    """A date's turn in a plan of several: it ends after those before it."""

    backlog: Backlog
    option: DatePlan
    begins: dt.datetime
    ends: dt.datetime
    ends_surely: dt.datetime

    def left_at(self, moment: dt.datetime) -> Backlog:
        """What it has left then, by the share of its turn; no audio once that is over."""
        whole_s = seconds_between(self.begins, self.ends)
        share = min(1.0, max(0.0, seconds_between(moment, self.ends) / whole_s))
        recordings = max(1, round(self.backlog.recordings * share))
        left_s = self.backlog.audio_s * share
        return replace(
            self.backlog,
            audio_s=left_s,
            longest_s=min(self.backlog.longest_s, left_s),
            recordings=recordings,
            published=self.backlog.published + self.backlog.recordings - recordings,
        )


def _turns(backlog: Sequence[Backlog], planned: CapacityPlan, starts: dt.datetime) -> list[_Turn]:
    turns, likely_s, sure_s = [], 0.0, 0.0
    for date in backlog:
        option = planned.of(date.call_date)
        if option is not None:
            begins = _after(starts, likely_s)
            likely_s, sure_s = likely_s + option.likely_s, sure_s + option.sure_s
            ends = _after(starts, likely_s)
            turns.append(_Turn(date, option, begins, ends, _after(starts, sure_s)))
    return turns


def _planned(
    row: PlannedDate,
    turn: _Turn,
    throughput: Throughput,
    starts: dt.datetime,
    deadline: dt.datetime,
) -> PlannedDate:
    low_s = seconds_between(starts, turn.ends) * (1 - throughput.spread)
    return replace(
        row,
        option=turn.option,
        starts=row.starts or starts,
        low=_after(starts, low_s),
        likely=turn.ends,
        high=turn.ends_surely,
        slack_h=seconds_between(turn.ends, deadline) / 3600,
    )


def _cost_usd(
    load: DateLoad, throughput: Throughput, limits: Limits, left_s: float
) -> dict[Capacity, float]:
    """Of the whole date, by tasks that would do it in the time of the window."""
    whole = plan([load.whole], throughput, limits, max(left_s, 86_400.0), 0.0).of(load.call_date)
    if whole is None:
        return dict.fromkeys(Capacity, 0.0)
    return priced(load.whole, whole, throughput)


def _after(start: dt.datetime, seconds: float) -> dt.datetime:
    """That many real seconds later, in the same zone."""
    later = start.astimezone(dt.UTC) + dt.timedelta(seconds=seconds)
    return later.astimezone(start.tzinfo)
