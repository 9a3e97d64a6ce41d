"""What a run's recordings took, told in batches to who collects metrics. Decides nothing."""

from collections import defaultdict

from stt_pipeline.domain.metrics import (
    REAL_TIME_FACTOR,
    RECORDINGS_FAILED,
    RECORDINGS_TRANSCRIBED,
    TRANSCRIPTION_USD,
    Metric,
)
from stt_pipeline.domain.planning.prices import DEFAULT_PRICE
from stt_pipeline.domain.ports import Metrics


class WorkTeller:
    """Gathers recordings that ended until it is asked to tell."""

    def __init__(self, metrics: Metrics) -> None:
        """`metrics` is told."""
        self._metrics = metrics
        self._values: dict[Metric, list[float]] = defaultdict(list)

    def add(self, audio_s: float, cpu_s: float, transcribed: bool) -> None:
        """A recording that ended; audio seconds of all its channels."""
        ended = RECORDINGS_TRANSCRIBED if transcribed else RECORDINGS_FAILED
        self._values[ended] = [sum(self._values[ended]) + 1]
        cost = DEFAULT_PRICE.cpu_cost_usd(cpu_s)
        self._values[TRANSCRIPTION_USD] = [sum(self._values[TRANSCRIPTION_USD]) + cost]
        if transcribed and audio_s > 0:
            self._values[REAL_TIME_FACTOR].append(cpu_s / audio_s)

    def tell(self) -> None:
        """Tells what was gathered since the last time."""
        self._metrics.emit(self._values)
        self._values.clear()
