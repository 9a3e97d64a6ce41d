"""What the outcomes of a load add up to: rates, latencies, lost requests, growth. Sends nothing."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

import numpy as np

from stt_pipeline.domain.quality.normalise import normaliser
from stt_pipeline.domain.quality.wer import ErrorCounts, count_errors, pool
from stt_pipeline_tests.benchmarks.serve_load import Call, Outcome

TRIM = 0.1
"""Of the latencies, left out at each end of a trimmed mean."""

SETTLE_SHARE = 1 / 6
"""Of a soak, the first part of which the slope of memory leaves out: buffers grow to their size."""


@dataclass(frozen=True)
class Latency:
    """Seconds that clients waited; all zero where nothing was answered."""

    p50_s: float
    p95_s: float
    p99_s: float
    trimmed_mean_s: float
    longest_s: float


@dataclass(frozen=True)
class Level:
    """A server at a number of clients.

    `per_s` is answers by the seconds from the first request to the last answer, `x_realtime` their
    audio by the same. `errors` were never answered with a transcript; `swapped` got the words of
    another call; `refused` counts 429, after which the client came again. Memory is the resident
    memory of the server's processes together, in MB of 10**6 bytes; `others_cpus` how many CPUs
    all other programs of the machine, the clients left out, kept busy meanwhile.
    """

    server: str
    clients: int
    requests: int
    errors: int
    swapped: int
    refused: int
    wall_s: float
    per_s: float
    x_realtime: float
    cpu_s_per_audio_min: float
    latency: Latency
    peak_mb: float
    others_cpus: float
    wer: Mapping[str, float | None]
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Soak:
    """A server at saturation for minutes: its level, jobs among the requests, memory by minute.

    `lost` are requests that got no transcript of their own call, those with a 202 among them.
    """

    level: Level
    minutes: float
    jobs: int
    acknowledged: int
    lost: int
    memory_mb: tuple[float, ...]
    slope_mb_per_hour: float | None
    grown_mb: float | None


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of them does not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def trimmed_mean(values: Sequence[float]) -> float:
    """The mean without the lowest and the highest TRIM of them."""
    cut = int(TRIM * len(values))
    return fmean(sorted(values)[cut : len(values) - cut])


def latency(outcomes: Sequence[Outcome]) -> Latency:
    """Of the requests that were answered; a refused one waits on."""
    waited_s = [one.latency_s for one in outcomes if one.text is not None]
    if not waited_s:
        return Latency(0, 0, 0, 0, 0)
    p50, p95, p99 = (quantile(waited_s, share) for share in (0.50, 0.95, 0.99))
    return Latency(p50, p95, p99, trimmed_mean(waited_s), max(waited_s))


class Texts:
    """What is said in each call, and what was heard of it."""

    def __init__(self, calls: Sequence[Call]) -> None:
        """Every answer is compared with these."""
        self._calls = {call.name: call for call in calls}
        self._counted: dict[tuple[str, str], ErrorCounts] = {}

    def duration_s(self, name: str) -> float:
        """Length of a call."""
        return self._calls[name].duration_s

    def is_own(self, name: str, heard: str) -> bool:
        """Whether what was heard is nearer to what is said in this call than in any other."""
        own = self._share_wrong(name, heard)
        return all(own < self._share_wrong(other, heard) for other in self._calls if other != name)

    def wer(self, outcomes: Sequence[Outcome]) -> dict[str, float | None]:
        """Word error rate by language, pooled over the answers."""
        languages = sorted({call.language for call in self._calls.values()})
        return {
            language: pool(
                self._errors(one.call, one.text)
                for one in outcomes
                if one.text is not None and self._calls[one.call].language == language
            ).wer
            for language in languages
        }

    def _share_wrong(self, name: str, heard: str) -> float:
        wer = self._errors(name, heard).wer
        return math.inf if wer is None else wer

    def _errors(self, name: str, heard: str) -> ErrorCounts:
        # The same call is heard the same, or nearly so, each time: few texts are counted.
        if (name, heard) not in self._counted:
            call = self._calls[name]
            _, rule = normaliser(call.language)
            self._counted[name, heard] = count_errors(call.text, heard, rule)
        return self._counted[name, heard]


@dataclass(frozen=True)
class Watched:
    """What a server's processes used while they were asked."""

    cpu_s: float
    peak_mb: float
    others_cpus: float


def level(
    server: str, clients: int, outcomes: Sequence[Outcome], texts: Texts, watched: Watched
) -> Level:
    """The row of a load. There is at least one outcome."""
    wall_s = max(one.answered_s for one in outcomes) - min(one.sent_s for one in outcomes)
    answered = [one for one in outcomes if one.text is not None]
    audio_s = sum(texts.duration_s(one.call) for one in answered)
    errors = [one.error for one in outcomes if one.error]
    return Level(
        server=server,
        clients=clients,
        requests=len(outcomes),
        errors=len(errors),
        swapped=sum(not texts.is_own(one.call, one.text or "") for one in answered),
        refused=sum(one.refused for one in outcomes),
        wall_s=wall_s,
        per_s=len(answered) / wall_s,
        x_realtime=audio_s / wall_s,
        cpu_s_per_audio_min=60 * watched.cpu_s / audio_s if audio_s else 0.0,
        latency=latency(outcomes),
        peak_mb=watched.peak_mb,
        others_cpus=watched.others_cpus,
        wer=texts.wer(answered),
        reasons=tuple(sorted(set(errors)))[:5],
    )


def soak(found: Level, outcomes: Sequence[Outcome], samples: Sequence[tuple[float, float]]) -> Soak:
    """`samples` are (seconds since the begin, MB)."""
    by_minute = minutes_of(samples)
    settled = by_minute[math.ceil(len(by_minute) * SETTLE_SHARE) :]
    fifth = max(1, len(settled) // 5)
    return Soak(
        level=found,
        minutes=found.wall_s / 60,
        jobs=sum(one.is_job for one in outcomes),
        acknowledged=sum(one.is_acknowledged for one in outcomes),
        lost=found.errors + found.swapped,
        memory_mb=tuple(by_minute),
        slope_mb_per_hour=slope_mb_per_hour(settled),
        grown_mb=median(settled[-fifth:]) - median(settled[:fifth]) if len(settled) > 1 else None,
    )


def minutes_of(samples: Sequence[tuple[float, float]]) -> list[float]:
    """The median of each minute that has samples, in order."""
    by_minute: dict[int, list[float]] = {}
    for at_s, held_mb in samples:
        by_minute.setdefault(int(at_s // 60), []).append(held_mb)
    return [median(held) for _, held in sorted(by_minute.items())]


def slope_mb_per_hour(by_minute: Sequence[float]) -> float | None:
    """Least-squares slope over values a minute apart; None of fewer than three."""
    if len(by_minute) < 3:
        return None
    hours = np.arange(len(by_minute)) / 60
    return float(np.polyfit(hours, by_minute, 1)[0])
