"""Sounds that hold no speech: silence, noise, tones. Each is int16, mono."""

from typing import Final

import numpy as np
import numpy.typing as npt

from stt_pipeline_tests.speech.calls import RATE_HZ, Samples

_FULL_SCALE: Final = 32767
_DTMF_HZ: Final = {
    key: (low, high)
    for low, row in zip((697, 770, 852, 941), ("123A", "456B", "789C", "*0#D"), strict=True)
    for key, high in zip(row, (1209, 1336, 1477, 1633), strict=True)
}
"""The two frequencies of each key: ITU-T Q.23."""


def silence(duration_s: float, *, rate_hz: int = RATE_HZ) -> Samples:
    """Digital silence: zeros."""
    return np.zeros(_count(duration_s, rate_hz), dtype=np.int16)


def white_noise(
    duration_s: float, *, seed: int, level_dbfs: float = -30, rate_hz: int = RATE_HZ
) -> Samples:
    """Noise of equal power at all frequencies; `level_dbfs` is its root mean square."""
    return _at_level(
        np.random.default_rng(seed).normal(size=_count(duration_s, rate_hz)), level_dbfs
    )


def pink_noise(
    duration_s: float, *, seed: int, level_dbfs: float = -30, rate_hz: int = RATE_HZ
) -> Samples:
    """Noise whose power falls by 3 dB an octave, as rooms and lines have it."""
    count = _count(duration_s, rate_hz)
    spectrum = np.fft.rfft(np.random.default_rng(seed).normal(size=count))
    frequency = np.arange(len(spectrum))
    # Frequency 0 is a constant offset, not noise: it is taken out.
    shaped = np.where(frequency == 0, 0, spectrum / np.sqrt(np.maximum(frequency, 1)))
    return _at_level(np.fft.irfft(shaped, count), level_dbfs)


def tone(
    duration_s: float, *, frequency_hz: float = 440, level_dbfs: float = -12, rate_hz: int = RATE_HZ
) -> Samples:
    """A sine."""
    return _at_level(_sine(duration_s, frequency_hz, rate_hz), level_dbfs)


def dtmf(
    keys: str,
    *,
    key_s: float = 0.2,
    pause_s: float = 0.1,
    level_dbfs: float = -12,
    rate_hz: int = RATE_HZ,
) -> Samples:
    """The tones of telephone keys (`0` to `9`, `*`, `#`, `A` to `D`), one after the other."""
    pause = silence(pause_s, rate_hz=rate_hz)
    pieces: list[Samples] = []
    for key in keys:
        low, high = (_sine(key_s, frequency_hz, rate_hz) for frequency_hz in _DTMF_HZ[key])
        pieces += [_at_level(low + high, level_dbfs), pause]
    return np.concatenate(pieces)


def _count(duration_s: float, rate_hz: int) -> int:
    return round(duration_s * rate_hz)


def _sine(duration_s: float, frequency_hz: float, rate_hz: int) -> npt.NDArray[np.float64]:
    return np.sin(2 * np.pi * frequency_hz * np.arange(_count(duration_s, rate_hz)) / rate_hz)


def _at_level(wave: npt.NDArray[np.float64], level_dbfs: float) -> Samples:
    factor = _FULL_SCALE * float(10 ** (level_dbfs / 20)) / float(np.sqrt(np.mean(wave**2)))
    return np.clip(np.round(wave * factor), -_FULL_SCALE, _FULL_SCALE).astype(np.int16)
