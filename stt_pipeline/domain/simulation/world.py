"""A week as it will really go: calls, uploads, faults. The rules under test never see it whole."""

import datetime as dt
import math
import random
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, pairwise
from statistics import NormalDist
from typing import Final
from zoneinfo import ZoneInfo

from stt_pipeline.domain.planning.load import CALL_S, CHANNELS, LONGEST_CALL_S, call_hours
from stt_pipeline.domain.planning.ticks import NIGHT, first_tick_for, seconds_between, ticks

SUNDAY_OPEN: Final = 0.1
SUNDAY_SHARE: Final = 0.1
"""Share of weeks in which anybody calls on Sunday, and of a weekday's calls that they make."""

OPENING_HOURS: Final = (*[(8, 20)] * 5, (9, 18), (10, 18))
HOUR_SHARE: Final = (0.7, 1.1, 1.4, 1.2, 0.8, 0.8, 1.1, 1.2, 1.2, 1.0, 0.9, 0.6)
"""Hours of a day from the first on, as a share of an average hour."""

CALL_SIGMA: Final = 0.8
"""Sigma of the lognormal length of a call."""

DAY_SIGMA: Final = 0.08
"""How dates differ from their weekday's mean (lognormal)."""

TRIPLE_DAY: Final = 0.1
"""Share of weeks with a day, Monday to Saturday, of three times the calls."""

LATE: Final = 0.02
LATE_FROM_S: Final = 3600.0
LATE_MEAN_S: Final = 4 * 3600.0
LATE_MOST_S: Final = 24 * 3600.0
"""Share of recordings that come late: from an hour after the others on, exponentially, to a day."""

BIN_S: Final = 600.0
"""Late recordings come in bins of ten minutes."""

UPLOAD_S: Final = 600.0
"""Recordings of an hour are in the store ten minutes after it."""

CPU_S_PER_AUDIO_MIN: Final = 3.4
RATE_SIGMA: Final = 0.1
"""True CPU seconds a channel minute, and how weeks differ. Dearer than all that was measured on two
channels: 2.1 in English (benchmark), 3.2 with every chunk read twice, as in French."""

DEAD_DAEMON: Final = 0.15
DEAD_H: Final = (2.0, 12.0)
"""Share of weeks in which the daemon is dead for so many hours."""

FAILED_NIGHT: Final = 0.05
FAILED_NIGHT_S: Final = 6 * 3600.0
"""Share of nights in which whatever is launched within six hours fails."""


@dataclass(frozen=True)
class Arrival:
    """Recordings that come at one moment, in seconds since the week began."""

    at_s: float
    audio_s: float
    recordings: int


@dataclass(frozen=True)
class World:
    """One week; moments in real seconds since its Monday 00:00. `arrivals` by weekday, in order."""

    monday: dt.date
    begin: dt.datetime
    arrivals: tuple[tuple[Arrival, ...], ...]
    longest_s: tuple[float, ...]
    cpu_s_per_audio_min: float
    dead: tuple[tuple[float, float], ...]
    failed_nights: tuple[tuple[float, float], ...]

    @property
    def call_hours(self) -> float:
        """Hours of calls in the week, whatever their channels."""
        return sum(a.audio_s for day in self.arrivals for a in day) / CHANNELS / 3600

    def first_tick_s(self, day: int) -> float:
        """When the first tick looks at a weekday's date."""
        date = self.monday + dt.timedelta(days=day)
        return seconds_between(self.begin, first_tick_for(date, self.zone).at)

    @property
    def zone(self) -> ZoneInfo:
        """Of its calls and schedules."""
        if not isinstance(self.begin.tzinfo, ZoneInfo):
            raise TypeError("a week begins in a time zone")
        return self.begin.tzinfo

    def alive(self, at_s: float) -> float:
        """The first moment from `at_s` on at which the daemon lives."""
        return _outside(self.dead, at_s)

    def fails(self, at_s: float) -> bool:
        """True where whatever is launched now fails."""
        return any(start <= at_s < end for start, end in self.failed_nights)


def _outside(windows: tuple[tuple[float, float], ...], at_s: float) -> float:
    for start, end in windows:
        if start <= at_s < end:
            return end
    return at_s


def draw_week(monday: dt.date, agents: int, zone: ZoneInfo, rng: random.Random) -> World:
    """A week of a call centre, its faults included."""
    begin = dt.datetime.combine(monday, dt.time(), zone)
    triple = rng.randrange(6) if rng.random() < TRIPLE_DAY else None
    sunday = rng.random() < SUNDAY_OPEN
    arrivals, longest = [], []
    for day in range(7):
        date = monday + dt.timedelta(days=day)
        hours = call_hours(agents, date)
        if day == 6 and sunday:
            hours = call_hours(agents, monday) * SUNDAY_SHARE
        hours *= math.exp(rng.gauss(0, DAY_SIGMA)) * (3 if day == triple else 1)
        midnight = dt.datetime.combine(date, dt.time(), zone)
        offset_s = seconds_between(begin, midnight)
        came, longest_s = _draw_day(day, hours, offset_s, rng)
        arrivals.append(came)
        longest.append(longest_s)
    return World(
        monday,
        begin,
        tuple(arrivals),
        tuple(longest),
        CPU_S_PER_AUDIO_MIN * math.exp(rng.gauss(0, RATE_SIGMA)),
        _draw_dead(rng),
        _draw_failed_nights(monday, begin, zone, rng),
    )


def _draw_day(
    day: int, call_hours: float, offset_s: float, rng: random.Random
) -> tuple[tuple[Arrival, ...], float]:
    """The recordings of a date as they come, and the longest, in audio seconds."""
    calls = call_hours * 3600 / CALL_S
    came = []
    for hour, share in _hours(day):
        on_time = _poisson(calls * share * (1 - LATE), rng)
        came.append(_arrival(offset_s + (hour + 1) * 3600 + UPLOAD_S, on_time, rng))
    for at_s, share in _late_bins(day):
        mean = calls * share * LATE
        if mean > 0:
            came.append(_arrival(offset_s + at_s, _poisson(mean, rng), rng))
    arrivals = tuple(sorted((a for a in came if a.recordings), key=lambda one: one.at_s))
    return arrivals, _longest_s(sum(a.recordings for a in arrivals), rng)


@lru_cache(maxsize=7)
def _hours(day: int) -> tuple[tuple[int, float], ...]:
    first, last = OPENING_HOURS[day]
    shares = HOUR_SHARE[: last - first]
    return tuple((first + at, share / sum(shares)) for at, share in enumerate(shares))


@lru_cache(maxsize=7)
def _late_bins(day: int) -> tuple[tuple[float, float], ...]:
    """The end of each bin since midnight, and its share of a date's late recordings."""
    bins: dict[float, float] = {}
    edges = [index * BIN_S for index in range(int((LATE_MOST_S - LATE_FROM_S) / BIN_S) + 1)]
    whole = 1 - math.exp(-edges[-1] / LATE_MEAN_S)
    for hour, share in _hours(day):
        for start, end in pairwise(edges):
            within = math.exp(-start / LATE_MEAN_S) - math.exp(-end / LATE_MEAN_S)
            at_s = (hour + 1) * 3600 + LATE_FROM_S + end
            bins[at_s] = bins.get(at_s, 0.0) + share * within / whole
    return tuple(sorted(bins.items()))


def _arrival(at_s: float, recordings: int, rng: random.Random) -> Arrival:
    """So many calls; the sum of their lengths by its mean and deviation."""
    if not recordings:
        return Arrival(at_s, 0.0, 0)
    deviation = math.sqrt(math.exp(CALL_SIGMA**2) - 1) / math.sqrt(recordings)
    each_s = CALL_S * max(0.1, 1 + rng.gauss(0, deviation))
    return Arrival(at_s, recordings * each_s * CHANNELS, recordings)


def _longest_s(recordings: int, rng: random.Random) -> float:
    """The longest of so many lognormal calls, from its own distribution."""
    if not recordings:
        return 0.0
    share = min(1 - 1e-12, max(1e-12, rng.random() ** (1 / recordings)))
    median_s = CALL_S / math.exp(CALL_SIGMA**2 / 2)
    longest_s = median_s * math.exp(CALL_SIGMA * NormalDist().inv_cdf(share))
    return min(longest_s, LONGEST_CALL_S) * CHANNELS


def _poisson(mean: float, rng: random.Random) -> int:
    """Knuth's method; from 30 on the normal approximation."""
    if mean > 30:
        return max(0, round(rng.gauss(mean, math.sqrt(mean))))
    limit, product, count = math.exp(-mean), rng.random(), 0
    while product > limit:
        product *= rng.random()
        count += 1
    return count


def _draw_dead(rng: random.Random) -> tuple[tuple[float, float], ...]:
    if rng.random() >= DEAD_DAEMON:
        return ()
    start_s = rng.uniform(0, 7 * 86_400)
    return ((start_s, start_s + rng.uniform(*DEAD_H) * 3600),)


def _draw_failed_nights(
    monday: dt.date, begin: dt.datetime, zone: ZoneInfo, rng: random.Random
) -> tuple[tuple[float, float], ...]:
    days = ticks(monday + dt.timedelta(days=1), monday + dt.timedelta(days=7), zone)
    nights = [seconds_between(begin, tick.at) for tick in days if tick.at.time() == NIGHT]
    failed = [start_s for start_s in nights if rng.random() < FAILED_NIGHT]
    return tuple((start_s, start_s + FAILED_NIGHT_S) for start_s in failed)


def running_total(arrivals: tuple[Arrival, ...]) -> list[tuple[float, int]]:
    """Audio seconds and recordings that have come after each arrival, before the first 0."""
    audio_s = accumulate((a.audio_s for a in arrivals), initial=0.0)
    recordings = accumulate((a.recordings for a in arrivals), initial=0)
    return list(zip(audio_s, recordings, strict=True))
