"""Half a second of a vowel, by which the service sees that its engine hears. Plays nothing."""

import io
import wave

import numpy as np

RATE_HZ = 8000

SECONDS = 0.5

PITCH_HZ = 120.0
"""A man's voice, sung a little up and down: voice activity detection takes no even tone for one."""

FORMANTS = ((700.0, 90.0), (1220.0, 110.0), (2600.0, 160.0))
"""Frequency and bandwidth, in Hz, of the resonances of an English `ah` (Peterson, Barney 1952)."""

WORD = "ah"
"""What Whisper hears in it."""


def half_second() -> bytes:
    """A WAV file of 16-bit samples: pulses of a voice through the resonances of a mouth."""
    count = int(SECONDS * RATE_HZ)
    time_s = np.arange(count) / RATE_HZ
    phase = np.cumsum(PITCH_HZ * (1 + 0.08 * np.sin(6 * np.pi * time_s))) / RATE_HZ
    sound = np.diff(np.floor(phase), prepend=0.0)
    for frequency_hz, bandwidth_hz in FORMANTS:
        sound = _resonated(sound, frequency_hz, bandwidth_hz)
    fade = np.minimum(1, np.minimum(time_s, SECONDS - time_s) / 0.05)
    samples = (sound / np.abs(sound).max() * 0.5 * fade * 32767).astype("<i2")
    file = io.BytesIO()
    with wave.open(file, "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(2)
        recording.setframerate(RATE_HZ)
        recording.writeframes(samples.tobytes())
    return file.getvalue()


def _resonated(
    sound: np.ndarray[tuple[int], np.dtype[np.float64]], frequency_hz: float, bandwidth_hz: float
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """A resonator of second order (Klatt 1980, section I)."""
    radius = np.exp(-np.pi * bandwidth_hz / RATE_HZ)
    first = 2 * radius * np.cos(2 * np.pi * frequency_hz / RATE_HZ)
    out = np.zeros_like(sound)
    before = second_before = 0.0
    for place, pulse in enumerate(sound):
        value = float(pulse + first * before - radius * radius * second_before)
        out[place] = value
        before, second_before = value, before
    return out
