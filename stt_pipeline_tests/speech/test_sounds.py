"""The sounds that are no speech: levels, lengths, frequencies, cadence; the music is music."""

from pathlib import Path
from typing import Protocol

import numpy as np
import pytest

from stt_pipeline_tests.speech import prompts as prompts_module
from stt_pipeline_tests.speech.calls import RATE_HZ, Samples
from stt_pipeline_tests.speech.music import PIECES, load_music
from stt_pipeline_tests.speech.prompts import PromptsMissingError
from stt_pipeline_tests.speech.sounds import (
    breath,
    brown_noise,
    dtmf,
    hold_music,
    line_hum,
    pink_noise,
    ringback,
    silence,
    tone,
    white_noise,
)


class Noise(Protocol):
    def __call__(self, duration_s: float, *, seed: int) -> Samples: ...


def rms_dbfs(samples: Samples) -> float:
    return float(10 * np.log10(np.mean((samples / 32768.0) ** 2)))


def density(sound: Samples, from_hz: float, to_hz: float) -> float:
    """Mean power density of a band, in any unit."""
    power = np.abs(np.fft.rfft(sound)) ** 2
    hz = np.fft.rfftfreq(len(sound), 1 / RATE_HZ)
    return float(np.mean(power[(hz >= from_hz) & (hz < to_hz)]))


def octave_step_db(sound: Samples) -> float:
    """1 to 2 kHz against 500 to 1000 Hz."""
    return float(10 * np.log10(density(sound, 1000, 2000) / density(sound, 500, 1000)))


def strongest_hz(sound: Samples, count: int) -> set[int]:
    spectrum = np.abs(np.fft.rfft(sound))
    return {round(hz * RATE_HZ / len(sound)) for hz in np.argsort(spectrum)[-count:]}


def test_sounds_have_the_level_and_length_asked_for() -> None:
    assert not silence(2.0).any()
    for sound in (
        white_noise(2.0, seed=1, level_dbfs=-20),
        pink_noise(2.0, seed=1, level_dbfs=-20),
        brown_noise(2.0, seed=1, level_dbfs=-20),
        line_hum(2.0, level_dbfs=-20),
        hold_music(2.0, level_dbfs=-20),
        tone(2.0, level_dbfs=-20),
    ):
        assert len(sound) == 2 * RATE_HZ
        assert sound.dtype == np.int16
        assert rms_dbfs(sound) == pytest.approx(-20, abs=0.2)


@pytest.mark.parametrize(
    ("noise", "step_db"), [(white_noise, 0), (pink_noise, -3), (brown_noise, -6)]
)
def test_noises_lose_their_share_an_octave(noise: Noise, step_db: float) -> None:
    sound = noise(30, seed=2)
    assert octave_step_db(sound) == pytest.approx(step_db, abs=0.3)
    assert np.array_equal(sound, noise(30, seed=2))
    assert not np.array_equal(sound, noise(30, seed=3))


@pytest.mark.parametrize(
    ("sound", "expected_hz"),
    [
        (tone(1.0), {440}),
        (dtmf("5", key_s=1.0, pause_s=0), {770, 1336}),
        (line_hum(1.0), {50, 100, 150}),
        (ringback(1.0, frequencies_hz=(440, 480)), {440, 480}),
    ],
)
def test_tones_have_their_frequencies(sound: Samples, expected_hz: set[int]) -> None:
    assert strongest_hz(sound, len(expected_hz)) == expected_hz


def test_it_rings_and_pauses() -> None:
    sound = ringback(10, on_s=1.5, off_s=3.5, level_dbfs=-15).reshape(-1, RATE_HZ // 2)
    rings = [rms_dbfs(half) == pytest.approx(-15, abs=0.2) for half in sound if half.any()]
    assert all(rings)
    assert [bool(half.any()) for half in sound] == ([True] * 3 + [False] * 7) * 2


def test_breath_swells_and_stops_in_its_band() -> None:
    sound = breath(30, seed=4, level_dbfs=-30)
    assert len(sound) == 30 * RATE_HZ
    levels = np.sqrt(np.mean(sound.reshape(-1, RATE_HZ // 10).astype(float) ** 2, axis=1))
    # A breath and the pause after it last 1.4 to 3 s: half of the tenths of a second are quiet.
    assert 0.3 < np.mean(levels < levels.max() / 10) < 0.75
    assert density(sound, 500, 2000) > 100 * density(sound, 3000, 4000)


def test_the_music_box_plays_its_chords() -> None:
    bar_s = 8 * 30 / 108
    first = hold_music(30)[: round(bar_s * RATE_HZ)]
    spectrum = np.abs(np.fft.rfft(first, 8 * RATE_HZ))
    notes_hz = [523.25, 659.26, 783.99]
    off_hz = [493.88, 554.37, 739.99]
    assert min(spectrum[round(8 * hz)] for hz in notes_hz) > 5 * max(
        spectrum[round(8 * hz)] for hz in off_hz
    )


@pytest.mark.parametrize("piece", PIECES)
def test_real_hold_music_is_there(piece: str) -> None:
    music = load_music(piece, 45.0)
    assert len(music) == 45 * RATE_HZ
    assert -40 < rms_dbfs(music) < -15


def test_missing_music_names_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompts_module, "ROOTS", (tmp_path,))
    with pytest.raises(PromptsMissingError, match="run 'make test'"):
        load_music(PIECES[0], 1.0)
