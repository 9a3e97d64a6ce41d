"""A WhisperModel whose encoder sees only as much as was said. Decodes nothing itself."""

from typing import Any

import numpy as np
from faster_whisper import WhisperModel
from numpy.typing import NDArray

from stt_pipeline.domain.engine import EncoderWindow

FRAMES_PER_S = 100
"""Mel frames a second: 10 ms each."""

Features = NDArray[np.float32]


class WindowedWhisperModel(WhisperModel):  # type: ignore[misc] # the library has no types
    """Cuts the silence that the library pads every chunk with, up to 30 s, before it is encoded.

    On two-channel calls of half a minute this took 35% of the CPU seconds, on long mono calls 13%,
    at the same word error rate in English and French (real prompts, base, int8).
    """

    def __init__(self, folder: str, window: EncoderWindow, **options: Any) -> None:
        """`options` are those of WhisperModel."""
        super().__init__(folder, **options)
        self._window = window

    def encode(self, features: Features) -> Any:
        """Features of shape (mels, frames) or (batch, mels, frames); padding is exactly zero."""
        return super().encode(np.ascontiguousarray(features[..., : self._frames(features)]))

    def _frames(self, features: Features) -> int:
        spoken = np.flatnonzero(features.any(axis=tuple(range(features.ndim - 1))))
        last = int(spoken[-1]) + 1 if len(spoken) else 0
        wanted = last + round(self._window.margin_s * FRAMES_PER_S)
        least = round(self._window.min_s * FRAMES_PER_S)
        # The encoder's second convolution halves the frames: an even number of them.
        even = -(-max(wanted, least) // 2) * 2
        available: int = features.shape[-1]
        return min(even, available)
