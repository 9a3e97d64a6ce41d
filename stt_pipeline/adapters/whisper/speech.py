"""Finds speech in 16 kHz samples with the Silero model that faster-whisper ships. No words here."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from faster_whisper.vad import VadOptions, get_speech_timestamps
from numpy.typing import NDArray

from stt_pipeline.domain.speech.chunking import WINDOW_S
from stt_pipeline.domain.speech.engine import SpeechDetection
from stt_pipeline.domain.speech.transcription import Channel, Span

Samples = NDArray[np.float32]

RATE = 16_000

CARRY_S = 1.0
"""Seconds at a piece's end that are heard again with the next piece, for its padding."""

CLIPPED = 0.97
"""Share of full scale from which a sample counts as clipped: mu-law's largest value is 0.98.

Resampling swings beyond full scale where the recording was clipped, so it is no share of the peak.
"""


@dataclass(frozen=True)
class Utterance:
    """A stretch of speech and its samples; the span is in seconds of the call."""

    span: Span
    samples: Samples


class ChannelListener:
    """Takes one channel in pieces, gives each stretch of speech once, and measures its signal.

    The detector hears `listen_s` at a time. Speech that touches the end of that is carried on, so
    a stretch is cut by no piece, and ends at a pause or after WINDOW_S.
    """

    def __init__(
        self, index: int, speaker: str, detection: SpeechDetection, start_samples: int = 0
    ) -> None:
        """`speaker` is what the channel is labelled with; it is heard from `start_samples` on."""
        self._index = index
        self.speaker = speaker
        self._listen_samples = int(detection.listen_s * RATE)
        self._options = VadOptions(
            threshold=detection.threshold,
            min_silence_duration_ms=detection.min_silence_ms,
            speech_pad_ms=detection.speech_pad_ms,
            max_speech_duration_s=WINDOW_S,
        )
        self._held: Samples = np.empty(0, dtype=np.float32)
        self._held_start = start_samples
        self._speech: list[Span] = []
        self._peak = 0.0
        self._all_squares = 0.0
        self._all_counted = 0
        self._squares = 0.0
        self._clipped = 0
        self._counted = 0

    def listen(self, piece: Samples) -> list[Utterance]:
        """Speech that ended within the pieces so far."""
        starts = range(0, len(piece), self._listen_samples)
        blocks = (piece[start : start + self._listen_samples] for start in starts)
        return [utterance for block in blocks for utterance in self._listen(block)]

    def _listen(self, piece: Samples) -> list[Utterance]:
        self._peak = max(self._peak, float(np.abs(piece).max(initial=0.0)))
        self._all_squares += _energy(piece)
        self._all_counted += len(piece)
        self._held = np.concatenate((self._held, piece))
        found = list(self._find())
        edge = len(self._held) - int(CARRY_S * RATE)
        keep_from = max(0, edge)
        if found and found[-1][1] > edge:
            keep_from = found.pop()[0]
        heard = self._take(found)
        self._held_start += keep_from
        self._held = self._held[keep_from:]
        return heard

    def finish(self) -> list[Utterance]:
        """Speech still held when the recording ends."""
        return self._take(list(self._find()))

    @property
    def channel(self) -> Channel:
        """The channel as heard so far."""
        return Channel(
            index=self._index,
            speaker=self.speaker,
            speech=tuple(self._speech),
            peak=round(min(self._peak, 1.0), 4),
            rms=_rms(self._squares, self._counted),
            clipped_share=round(self._clipped / self._counted, 5) if self._counted else 0.0,
            background_rms=_rms(
                self._all_squares - self._squares, self._all_counted - self._counted
            ),
        )

    def _find(self) -> Iterator[tuple[int, int]]:
        if len(self._held) == 0:
            return
        for stretch in get_speech_timestamps(self._held, self._options):
            yield int(stretch["start"]), int(stretch["end"])

    def _take(self, found: list[tuple[int, int]]) -> list[Utterance]:
        heard = []
        for start, end in found:
            samples = self._held[start:end]
            span = Span((self._held_start + start) / RATE, (self._held_start + end) / RATE)
            self._squares += _energy(samples)
            self._clipped += int((np.abs(samples) >= CLIPPED).sum())
            self._counted += len(samples)
            self._speech.append(span)
            heard.append(Utterance(span, samples))
        return heard


def _energy(samples: Samples) -> float:
    return float(np.square(samples, dtype=np.float64).sum())


def _rms(energy: float, samples: int) -> float:
    """Root mean square; rounding may leave a little less than no energy."""
    return round((max(0.0, energy) / samples) ** 0.5, 5) if samples > 0 else 0.0
