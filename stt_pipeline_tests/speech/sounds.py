"""Sounds that hold no speech: silence, noise, tones, music. Each is int16, mono; reads no file."""

from collections.abc import Sequence
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

_BREATH_BAND_HZ: Final = (300, 2500)
_HUM_HARMONICS: Final = 15
_NOTE_HARMONICS: Final = 6
_CHORDS: Final = ((48, 60, 64, 67), (45, 57, 60, 64), (41, 53, 57, 60), (43, 55, 59, 62))
"""C, A minor, F and G as MIDI notes, the bass first."""


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
    return _at_level(_coloured_noise(duration_s, seed, rate_hz, slope=0.5), level_dbfs)


def brown_noise(
    duration_s: float, *, seed: int, level_dbfs: float = -30, rate_hz: int = RATE_HZ
) -> Samples:
    """Noise whose power falls by 6 dB an octave, as wind and traffic; nothing below 20 Hz."""
    return _at_level(_coloured_noise(duration_s, seed, rate_hz, slope=1, from_hz=20), level_dbfs)


def breath(
    duration_s: float, *, seed: int, level_dbfs: float = -35, rate_hz: int = RATE_HZ
) -> Samples:
    """Breathing into a microphone: swells of noise of 300 to 2500 Hz, 0.6 to 1.4 s each.

    `level_dbfs` is the root mean square of the noise that swells; 0.8 to 1.6 s lie between two.
    """
    random = np.random.default_rng(seed)
    count = _count(duration_s, rate_hz)
    swell = np.zeros(count)
    start = 0
    while start < count:
        start += _count(random.uniform(0.8, 1.6), rate_hz)
        size = _count(random.uniform(0.6, 1.4), rate_hz)
        swell[start : start + size] = np.hanning(size)[: max(0, count - start)]
        start += size
    low_hz, high_hz = _BREATH_BAND_HZ
    noise = _coloured_noise(duration_s, seed, rate_hz, slope=0.5, from_hz=low_hz, to_hz=high_hz)
    return np.round(_at_level(noise, level_dbfs) * swell).astype(np.int16)


def line_hum(
    duration_s: float, *, mains_hz: float = 50, level_dbfs: float = -30, rate_hz: int = RATE_HZ
) -> Samples:
    """Mains on the line: its frequency and 14 harmonics, each weaker by its number."""
    harmonics = range(1, _HUM_HARMONICS + 1)
    hum = sum(_sine(duration_s, mains_hz * number, rate_hz) / number for number in harmonics)
    return _at_level(np.asarray(hum), level_dbfs)


def tone(
    duration_s: float, *, frequency_hz: float = 440, level_dbfs: float = -12, rate_hz: int = RATE_HZ
) -> Samples:
    """A sine."""
    return _at_level(_sine(duration_s, frequency_hz, rate_hz), level_dbfs)


def ringback(
    duration_s: float,
    *,
    frequencies_hz: Sequence[float] = (440,),
    on_s: float = 1.5,
    off_s: float = 3.5,
    level_dbfs: float = -15,
    rate_hz: int = RATE_HZ,
) -> Samples:
    """The tone a caller hears while it rings (ITU-T E.180, supplement 2): France's by default.

    Most of Europe has 425 Hz, 1 s on and 4 s off; North America 440 and 480 Hz, 2 s and 4 s.
    """
    tones = sum(_sine(duration_s, frequency_hz, rate_hz) for frequency_hz in frequencies_hz)
    ringing = np.arange(_count(duration_s, rate_hz)) / rate_hz % (on_s + off_s) < on_s
    return _at_level(np.asarray(tones), level_dbfs) * ringing.astype(np.int16)


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


def hold_music(
    duration_s: float,
    *,
    beats_per_minute: float = 108,
    level_dbfs: float = -20,
    rate_hz: int = RATE_HZ,
) -> Samples:
    """A music box over a bass: four chords, broken into eighths, each note dying away."""
    eighth_s = 30 / beats_per_minute
    music = np.zeros(_count(duration_s, rate_hz))
    for number in range(int(duration_s / eighth_s) + 1):
        bass, *chord = _CHORDS[number // 8 % len(_CHORDS)]
        notes = [chord[(number, number + 1, 2 * number)[number // 32 % 3] % 3] + 12]
        if number % 4 == 0:
            notes.append(bass)
        start = _count(number * eighth_s, rate_hz)
        for note in notes:
            sound = _note(440 * 2 ** ((note - 69) / 12), rate_hz)[: len(music) - start]
            music[start : start + len(sound)] += sound
    return _at_level(music, level_dbfs)


def _count(duration_s: float, rate_hz: int) -> int:
    return round(duration_s * rate_hz)


def _sine(duration_s: float, frequency_hz: float, rate_hz: int) -> npt.NDArray[np.float64]:
    return np.sin(2 * np.pi * frequency_hz * np.arange(_count(duration_s, rate_hz)) / rate_hz)


def _note(frequency_hz: float, rate_hz: int, duration_s: float = 1.5) -> npt.NDArray[np.float64]:
    harmonics = range(1, _NOTE_HARMONICS + 1)
    audible = [number for number in harmonics if number * frequency_hz < rate_hz / 2]
    wave = sum(_sine(duration_s, frequency_hz * number, rate_hz) / number**2 for number in audible)
    second = np.arange(_count(duration_s, rate_hz)) / rate_hz
    attack = np.minimum(second / 0.01, 1)
    return np.asarray(wave) * attack * np.exp(-3 * second)


def _coloured_noise(
    duration_s: float,
    seed: int,
    rate_hz: int,
    *,
    slope: float,
    from_hz: float = 0,
    to_hz: float = np.inf,
) -> npt.NDArray[np.float64]:
    """Noise whose amplitude falls as frequency to the power of `slope`, without a constant."""
    count = _count(duration_s, rate_hz)
    spectrum = np.fft.rfft(np.random.default_rng(seed).normal(size=count))
    hz = np.fft.rfftfreq(count, 1 / rate_hz)
    kept = (hz > 0) & (hz >= from_hz) & (hz <= to_hz)
    shaped = np.where(kept, spectrum / np.maximum(hz, hz[1]) ** slope, 0)
    return np.fft.irfft(shaped, count)


def _at_level(wave: npt.NDArray[np.float64], level_dbfs: float) -> Samples:
    factor = _FULL_SCALE * float(10 ** (level_dbfs / 20)) / float(np.sqrt(np.mean(wave**2)))
    return np.clip(np.round(wave * factor), -_FULL_SCALE, _FULL_SCALE).astype(np.int16)
