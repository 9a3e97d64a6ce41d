"""How fast recordings become text: measured on recent dates, a stated prior before. Reads none."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

PRIOR_CPU_S_PER_AUDIO_MIN: Final = 3.8
"""CPU seconds a channel minute before anything was measured: base, int8, two workers on two vCPU,
English mono (engine benchmark 3.4 to 3.8). Two-channel calls, where one listens while the other
talks, took 2.1 a channel minute in English; French takes half as much again."""

PRIOR_SPREAD: Final = 0.25
"""How far off the prior may be, either way."""

PRIOR_AUDIO_S: Final = 10 * 3600.0
"""Audio that the prior counts as: the first measured date of a call centre outweighs it."""

LEAST_SPREAD: Final = 0.06
"""Dates differ by language and silence, however many were measured."""

START_S: Final = 90.0
"""From RunTask to the first recording: network interface, 600 MB of image, imports, weights. A
prior: measured nowhere yet."""

BUSY: Final = 0.95
"""CPU seconds a worker gets through in a second: 3.78 of 3.99 (engine benchmark, two workers)."""

OPEN_S_PER_RECORDING: Final = 0.005
CLOSE_S_PER_RECORDING: Final = 0.017
"""Seconds a recording of listing and probing, and of compacting, judging and publishing.

Measured on a disk (`make bench-scale`, 60,000 recordings of 860 words): 0.001 and 0.017 s. A store
answers later than a disk, so listing and probing keep a prior of five times that.
"""


@dataclass(frozen=True)
class Measured:
    """What a date took: audio seconds over all channels, and the engine's CPU seconds."""

    audio_s: float
    cpu_s: float


@dataclass(frozen=True)
class Throughput:
    """What planning reckons with; `spread` is the share by which it may be off, either way.

    `cpu_s_per_audio_min` is of one channel; `dates` is how many were measured, 0 is the prior.
    """

    cpu_s_per_audio_min: float = PRIOR_CPU_S_PER_AUDIO_MIN
    spread: float = PRIOR_SPREAD
    dates: int = 0
    start_s: float = START_S

    def cpu_s(self, audio_s: float) -> float:
        """CPU seconds that so many audio seconds take."""
        return audio_s / 60 * self.cpu_s_per_audio_min

    def wall_s(self, audio_s: float, workers: float) -> float:
        """Seconds that so many workers, all kept busy, take for so many audio seconds."""
        return self.cpu_s(audio_s) / workers / BUSY

    def opening_s(self, recordings: int) -> float:
        """Seconds of the run that lists and probes a date with so many new recordings."""
        return self.start_s + recordings * OPEN_S_PER_RECORDING

    def closing_s(self, recordings: int) -> float:
        """Seconds of the run that compacts, judges and publishes a date of so many recordings."""
        return self.start_s + recordings * CLOSE_S_PER_RECORDING


PRIOR: Final = Throughput()


def estimate(recent: Sequence[Measured]) -> Throughput:
    """Throughput from the newest dates, pooled with the prior.

    The spread is two standard deviations between dates, and no less than the share of the prior's
    that so few dates leave.
    """
    seen = [one for one in recent if one.audio_s > 0 and one.cpu_s > 0]
    if not seen:
        return PRIOR
    audio_s = sum(one.audio_s for one in seen)
    prior_cpu_s = PRIOR.cpu_s(PRIOR_AUDIO_S)
    pooled = (sum(one.cpu_s for one in seen) + prior_cpu_s) / (audio_s + PRIOR_AUDIO_S) * 60
    ratios = [one.cpu_s / one.audio_s * 60 for one in seen]
    mean = sum(ratios) / len(ratios)
    deviation = math.sqrt(sum((ratio - mean) ** 2 for ratio in ratios) / len(ratios)) / mean
    spread = max(LEAST_SPREAD, 2 * deviation, PRIOR_SPREAD / (1 + len(seen)))
    return Throughput(pooled, min(spread, PRIOR_SPREAD), len(seen))
