"""Stretches of speech, out of how likely each frame of a channel is speech. Hears nothing."""

from collections.abc import Iterable

from stt_pipeline.domain.speech.chunking import WINDOW_S
from stt_pipeline.domain.speech.engine import SpeechDetection

RATE = 16_000
"""Samples a second of what the model hears."""

FRAME_SAMPLES = 512
"""Samples of a frame: what the Silero model gives one probability for, 32 ms."""

CUT_AT_MS = 98
"""A pause longer than this is one that a stretch may be cut at."""

Stretch = tuple[int, int]
"""The first sample and the one after the last, counted from the channel's first frame."""


class SpeechActivity:
    """Takes the probabilities of frame after frame, and gives each stretch of speech once.

    The rules are those of `get_speech_timestamps` in faster-whisper and Silero, which take a whole
    recording: speech begins with a frame of at least `threshold`, and ends where frames 0.15 below
    that begin, if no speech follows for `min_silence_ms`. What is longer than a window is cut at
    its last pause of more than CUT_AT_MS, or just there. `speech_pad_ms` is added at both ends, or
    half of the silence between two stretches. Here each is given as soon as it is certain, so that
    no second has to be heard again.
    """

    def __init__(self, detection: SpeechDetection) -> None:
        """Nothing is heard yet."""
        self._threshold = detection.threshold
        self._silence_below = detection.silence_below
        self._min_silence = detection.min_silence_ms * RATE // 1000
        self._pad = detection.speech_pad_ms * RATE // 1000
        self._longest = int(WINDOW_S * RATE) - FRAME_SAMPLES - 2 * self._pad
        self._cut_at = CUT_AT_MS * RATE // 1000
        self._now = 0
        self._given: list[Stretch] = []
        self._ended: Stretch | None = None
        """A stretch whose padding at its end depends on what comes next."""
        self._start: int | None = None
        self._padded_start = 0
        # Of the stretch that goes on: the pause it is in, the last one that it may be cut at, and
        # where speech began again after that one. None of them can lie at sample 0.
        self._pause = self._last_pause = self._resumed = 0

    @property
    def open_from(self) -> int:
        """The first sample that a stretch still to be given may begin with."""
        if self._ended is not None:
            return self._ended[0]
        return max(0, self._now - self._pad) if self._start is None else self._padded_start

    def hear(self, probabilities: Iterable[float]) -> list[Stretch]:
        """The stretches that are certain after these frames."""
        for probability in probabilities:
            self._step(probability)
            self._now += FRAME_SAMPLES
        if self._ended is not None and self._now - self._ended[1] >= 2 * self._pad:
            self._give(self._pad)
        given, self._given = self._given, []
        return given

    def finish(self, samples: int) -> list[Stretch]:
        """The last stretches of a channel of so many samples; what goes on ends with it."""
        if self._start is not None:
            self._end(samples)
        if self._ended is not None:
            self._give(min(self._pad, samples - self._ended[1]))
        given, self._given = self._given, []
        return given

    def _step(self, probability: float) -> None:
        if probability >= self._threshold:
            if self._start is None:
                self._begin(self._now)
                return
            if self._pause and self._resumed < self._last_pause:
                self._resumed = self._now
            self._pause = 0
        if self._start is not None and self._now - self._start > self._longest:
            self._cut()
        if self._start is not None and probability < self._silence_below:
            self._hush()

    def _begin(self, start: int) -> None:
        padding = min(self._pad, start)
        if self._ended is not None:
            padding = min(self._pad, (start - self._ended[1]) // 2)
            self._give(padding)
        self._start = start
        self._padded_start = start - padding

    def _cut(self) -> None:
        """Ends what is too long at its last pause; speech after that is a stretch of its own."""
        last_pause, resumed = self._last_pause, self._resumed
        self._end(last_pause or self._now)
        if last_pause and resumed >= last_pause:
            self._begin(resumed)

    def _hush(self) -> None:
        self._pause = self._pause or self._now
        silence = self._now - self._pause
        if silence > self._cut_at:
            self._last_pause = self._pause
        if silence >= self._min_silence:
            self._end(self._pause)

    def _end(self, end: int) -> None:
        self._ended = (self._padded_start, end)
        self._start = None
        self._pause = self._last_pause = self._resumed = 0

    def _give(self, padding: int) -> None:
        """Gives the stretch that ended, with so much silence at its end."""
        if self._ended is not None:
            start, end = self._ended
            self._given.append((start, end + padding))
            self._ended = None
