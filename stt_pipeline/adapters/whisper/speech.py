"""Finds speech in 16 kHz samples with the Silero model that faster-whisper ships. No words here."""

from dataclasses import dataclass

import numpy as np
from faster_whisper.vad import get_vad_model
from numpy.typing import NDArray

from stt_pipeline.domain.speech.activity import FRAME_SAMPLES, RATE, SpeechActivity, Stretch
from stt_pipeline.domain.speech.engine import SpeechDetection
from stt_pipeline.domain.speech.transcription import Channel, Span

Samples = NDArray[np.float32]

CLIPPED = 0.97
"""Share of full scale from which a sample counts as clipped: mu-law's largest value is 0.98.

Resampling swings beyond full scale where the recording was clipped, so it is no share of the peak.
"""

QUIET = 0.0005
"""Peak of a frame, of full scale, below which nothing is said: 16 of 32,768, two of mu-law's lowest
steps. Speech that is 30 dB too quiet is ten times louder."""

SPOKEN_MARGIN = 2
"""Frames before and after those that the detector takes for speech that are spoken too: 64 ms."""


@dataclass(frozen=True)
class Sound:
    """Samples of one channel, and of each whether somebody speaks there, as well as can be told."""

    samples: Samples
    spoken: NDArray[np.bool_]

    def part(self, start: int, end: int) -> "Sound":
        """From one sample to before another."""
        return Sound(self.samples[start:end], self.spoken[start:end])


@dataclass(frozen=True)
class Utterance:
    """A stretch of speech and its sound; the span is in seconds of the call."""

    span: Span
    sound: Sound


class ChannelListener:
    """Takes one channel in pieces, gives each stretch of speech once, and measures its signal.

    The detector hears `listen_s` at a time, started afresh a little earlier (`lead_in_s`). The
    rules of what is speech go on through all of it, so it does not matter where pieces begin.
    """

    def __init__(
        self, index: int, speaker: str, detection: SpeechDetection, start_samples: int = 0
    ) -> None:
        """`speaker` is what the channel is labelled with; it is heard from `start_samples` on."""
        self._index = index
        self.speaker = speaker
        self._start = start_samples
        self._block = _whole_frames(detection.listen_s)
        self._lead_in = _whole_frames(detection.lead_in_s)
        self._activity = SpeechActivity(detection)
        self._silence_below = detection.silence_below
        # Samples are counted from where the channel is heard.
        self._held: Samples = np.empty(0, dtype=np.float32)
        self._held_start = 0
        self._heard_to = 0
        # Of every frame heard, from the first: 112 kB an hour.
        self._spoken = np.empty(0, dtype=np.bool_)
        self._speech: list[Span] = []
        self._peak = 0.0
        self._all_squares = 0.0
        self._all_counted = 0
        self._squares = 0.0
        self._clipped = 0
        self._counted = 0

    def listen(self, piece: Samples) -> list[Utterance]:
        """Speech that ended within the pieces so far."""
        heard: list[Utterance] = []
        while len(piece):
            missing = self._heard_to + self._block - self._held_end
            self._hold(piece[:missing])
            piece = piece[missing:]
            if self._held_end == self._heard_to + self._block:
                heard += self._take(self._activity.hear(self._probabilities()))
                self._drop()
        return heard

    def finish(self) -> list[Utterance]:
        """Speech still held when the recording ends."""
        certain = self._activity.hear(self._probabilities())
        return self._take(certain + self._activity.finish(self._held_end))

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

    @property
    def _held_end(self) -> int:
        return self._held_start + len(self._held)

    def _hold(self, samples: Samples) -> None:
        self._peak = max(self._peak, float(np.abs(samples).max(initial=0.0)))
        self._all_squares += _energy(samples)
        self._all_counted += len(samples)
        self._held = np.concatenate((self._held, samples))

    def _drop(self) -> None:
        """Lets go of what neither speech nor the next lead-in can need."""
        keep_from = max(0, min(self._activity.open_from, self._heard_to - self._lead_in))
        self._held = self._held[keep_from - self._held_start :]
        self._held_start = keep_from

    def _probabilities(self) -> NDArray[np.float32]:
        """Of each frame that was not heard yet; the last one is filled up with silence."""
        lead_in = min(self._lead_in, self._heard_to)
        new = self._held[self._heard_to - lead_in - self._held_start :]
        if len(new) == lead_in:
            return np.empty(0, dtype=np.float32)
        filled = np.pad(new, (0, -len(new) % FRAME_SAMPLES))
        self._heard_to += len(filled) - lead_in
        likely = _likely(filled, self._lead_in)[lead_in // FRAME_SAMPLES :]
        self._spoken = np.concatenate((self._spoken, likely >= self._silence_below))
        return likely

    def _take(self, found: list[Stretch]) -> list[Utterance]:
        heard = []
        for start, end in found:
            samples = self._held[start - self._held_start : end - self._held_start]
            span = Span((self._start + start) / RATE, (self._start + end) / RATE)
            self._squares += _energy(samples)
            self._clipped += int((np.abs(samples) >= CLIPPED).sum())
            self._counted += len(samples)
            self._speech.append(span)
            heard.append(Utterance(span, Sound(samples, self._spoken_in(start, end))))
        return heard

    def _spoken_in(self, start: int, end: int) -> NDArray[np.bool_]:
        """Of each sample whether it lies in a spoken frame, or near one."""
        first = max(0, start // FRAME_SAMPLES - SPOKEN_MARGIN)
        frames = self._spoken[first : -(-end // FRAME_SAMPLES) + SPOKEN_MARGIN]
        near = np.convolve(frames, np.ones(2 * SPOKEN_MARGIN + 1), "same") > 0
        return np.repeat(near, FRAME_SAMPLES)[start - first * FRAME_SAMPLES :][: end - start]


def _likely(samples: Samples, margin: int) -> NDArray[np.float32]:
    """How likely each frame is speech; the quiet at both ends is not heard but for a margin.

    In two channels that is where the other side speaks.
    """
    peaks = np.abs(samples).reshape(-1, FRAME_SAMPLES).max(axis=1)
    likely = np.zeros(len(peaks), dtype=np.float32)
    (loud,) = np.nonzero(peaks >= QUIET)
    if len(loud):
        first = max(0, int(loud[0]) - margin // FRAME_SAMPLES)
        end = min(len(peaks), int(loud[-1]) + 1 + margin // FRAME_SAMPLES)
        heard = samples[first * FRAME_SAMPLES : end * FRAME_SAMPLES]
        likely[first:end] = get_vad_model()(heard).ravel()
    return likely


def _whole_frames(duration_s: float) -> int:
    return int(duration_s * RATE) // FRAME_SAMPLES * FRAME_SAMPLES


def _energy(samples: Samples) -> float:
    return float(np.square(samples, dtype=np.float64).sum())


def _rms(energy: float, samples: int) -> float:
    """Root mean square; rounding may leave a little less than no energy."""
    return round((max(0.0, energy) / samples) ** 0.5, 5) if samples > 0 else 0.0
