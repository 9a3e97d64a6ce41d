"""No word out of silence, noise, tones, breath and music: alone, beside speech, between sentences.

The hold music is what tells engines apart: its real pieces hold moments that Silero takes for
speech, out of which a model without a rule for them wrote "Yeah." and "I'm".
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import pytest

from stt_pipeline.domain.quality.wer import ErrorCounts
from stt_pipeline.domain.speech.transcription import Transcription
from stt_pipeline_tests.adapters.hearing import Transcribe, errors, text_of, within, words_of
from stt_pipeline_tests.speech.calls import (
    RATE_HZ,
    JoinedCall,
    Samples,
    Turn,
    choose_prompts,
    join_prompts,
    read_prompt,
)
from stt_pipeline_tests.speech.music import PIECES, load_music
from stt_pipeline_tests.speech.prompts import Language, Prompt, load_prompts
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

SOUND_S: Final = 45.0
PAUSE_S: Final = 6.0
WHOLE_PIECE_S: Final = 600.0
"""More than the longest piece of music has."""

SOUNDS: Final[dict[str, Callable[[], Samples]]] = {
    "silence": lambda: silence(SOUND_S),
    "white noise": lambda: white_noise(SOUND_S, seed=1),
    "loud white noise": lambda: white_noise(SOUND_S, seed=2, level_dbfs=-12),
    "pink noise": lambda: pink_noise(SOUND_S, seed=3, level_dbfs=-20),
    "brown noise": lambda: brown_noise(SOUND_S, seed=4, level_dbfs=-20),
    "440 Hz": lambda: tone(SOUND_S, frequency_hz=440),
    "ringing": lambda: ringback(SOUND_S),
    "ringing, United States": lambda: ringback(SOUND_S, frequencies_hz=(440, 480), on_s=2, off_s=4),
    "telephone keys": lambda: dtmf("0123456789*#" * 13)[: round(SOUND_S * RATE_HZ)],
    "line hum": lambda: line_hum(SOUND_S, level_dbfs=-25),
    "breath": lambda: breath(SOUND_S, seed=5),
    "loud breath": lambda: breath(SOUND_S, seed=6, level_dbfs=-22),
    "music box": lambda: hold_music(SOUND_S),
    "hold music with a voice-like lead": lambda: load_music("macroform-robot_dity", SOUND_S),
    "hold music with a soft lead": lambda: load_music("macroform-the_simplicity", SOUND_S),
}


LANGUAGES: Final[tuple[Language, ...]] = ("en", "fr")

LOUD: Final = [
    name
    for name in SOUNDS
    if name not in {"silence", "white noise", "breath", "ringing, United States"}
]
"""The sounds that are mixed with speech: of two levels or kinds of one sound the harder one."""

MIXES: Final = [
    (language, name)
    for number, name in enumerate(LOUD)
    for language in LANGUAGES
    if language == LANGUAGES[number % 2] or name == "telephone keys"
]
"""The languages take turns, as each mix costs a second; keys, which cost most words, get both."""


@pytest.fixture(scope="module", params=SOUNDS)
def sound(request: pytest.FixtureRequest) -> Samples:
    return SOUNDS[request.param]()


class TestAlone:
    def test_a_call_of_it_has_no_word(self, sound: Samples, transcribe: Transcribe) -> None:
        heard = transcribe(sound)
        assert text_of(heard) == ""
        assert (heard.word_count, heard.segments) == (0, ())
        assert heard.duration_s == pytest.approx(SOUND_S, abs=0.01)

    @pytest.mark.parametrize("piece", PIECES)
    def test_a_whole_piece_of_hold_music_has_no_word(
        self, piece: str, transcribe: Transcribe
    ) -> None:
        music = load_music(piece, WHOLE_PIECE_S)
        assert len(music) > 60 * RATE_HZ
        assert text_of(transcribe(music)) == ""

    def test_silence_has_no_language(self, transcribe: Transcribe) -> None:
        heard = transcribe(silence(SOUND_S))
        assert (heard.language, heard.language_probability, heard.speech_s) == (None, None, 0)


@pytest.fixture(scope="module")
def speaker() -> JoinedCall:
    """One side of a call, in French, shorter than any of the sounds."""
    prompts = [one for one in load_prompts("fr") if len(one.text.split()) >= 5]
    return join_prompts(choose_prompts(prompts, speech_s=5, seed=13), pause_s=1.5, seed=13)


@pytest.fixture(scope="module")
def beside_silence(speaker: JoinedCall, transcribe: Transcribe) -> Transcription:
    return transcribe(beside(speaker, silence(SOUND_S)))


def beside(speaker: JoinedCall, sound: Samples) -> Samples:
    """A call of two channels, both as long as the sound: the speaker left, the sound right."""
    left = np.zeros_like(sound)
    left[: len(speaker.samples)] = speaker.samples
    return np.column_stack((left, sound))


class TestBesideSpeech:
    def test_its_channel_has_no_word_and_the_other_all_of_its_own(
        self,
        sound: Samples,
        speaker: JoinedCall,
        beside_silence: Transcription,
        transcribe: Transcribe,
    ) -> None:
        heard = transcribe(beside(speaker, sound))
        assert text_of(heard, "customer") == ""
        assert text_of(heard, "agent") == text_of(beside_silence, "agent")
        assert heard.language == "fr"

    def test_the_speaker_is_understood(
        self, speaker: JoinedCall, beside_silence: Transcription
    ) -> None:
        counts = errors(speaker.text, text_of(beside_silence), "fr")
        assert counts.hits >= 0.7 * counts.reference_words


@dataclass(frozen=True)
class Mixed:
    """Sentences with a sound before, between and after them, and what was heard of both."""

    sound: str
    turns: tuple[Turn, ...]
    heard: Transcription
    language: Language

    @property
    def errors(self) -> ErrorCounts:
        reference = " ".join(turn.text for turn in self.turns)
        return errors(reference, text_of(self.heard), self.language)


def mix(prompts: list[Prompt], name: str, sound: Samples, transcribe: Transcribe) -> Mixed:
    pause = round(PAUSE_S * RATE_HZ)
    pieces, turns, position = [sound[:pause]], [], pause
    for number, prompt in enumerate(prompts, start=1):
        speech = read_prompt(prompt)
        pieces += [speech, np.roll(sound, -number * pause)[:pause]]
        turns.append(Turn(position / RATE_HZ, (position + len(speech)) / RATE_HZ, prompt.text))
        position += len(speech) + pause
    heard = transcribe(np.concatenate(pieces))
    return Mixed(name, tuple(turns), heard, prompts[0].language)


def sentences(language: Language) -> list[Prompt]:
    """A few, of five words or more."""
    prompts = [one for one in load_prompts(language) if len(one.text.split()) >= 5]
    return choose_prompts(prompts, speech_s=14, seed=12)


@pytest.fixture(scope="module")
def between_silence(transcribe: Transcribe) -> dict[Language, Mixed]:
    return {
        language: mix(sentences(language), "silence", silence(SOUND_S), transcribe)
        for language in LANGUAGES
    }


@pytest.fixture(scope="module", params=MIXES, ids=": ".join)
def mixed(request: pytest.FixtureRequest, transcribe: Transcribe) -> Mixed:
    language, name = request.param
    return mix(sentences(language), name, SOUNDS[name](), transcribe)


class TestBetweenSentences:
    def test_no_word_lies_in_it(self, mixed: Mixed) -> None:
        words = words_of(mixed.heard)
        assert words
        outside = [one for one in words if not any(within(turn, one) for turn in mixed.turns)]
        assert outside == []

    def test_no_more_words_are_inserted_than_with_silence(
        self, mixed: Mixed, between_silence: dict[Language, Mixed]
    ) -> None:
        quiet = between_silence[mixed.language].errors
        # Measured: the same French sentence has 0 or 2 of them by which pass reads it, whatever
        # the sound; that none lies in the sound itself is the test above.
        assert mixed.errors.insertions <= quiet.insertions + 2

    def test_hardly_a_word_is_lost_to_it(
        self, mixed: Mixed, between_silence: dict[Language, Mixed]
    ) -> None:
        """After keys the detector comes late, by a tenth of a second or half of one."""
        counts, quiet = mixed.errors, between_silence[mixed.language].errors
        print(  # noqa: T201
            f"S {counts.substitutions} D {counts.deletions} I {counts.insertions}, with silence "
            f"S {quiet.substitutions} D {quiet.deletions} I {quiet.insertions} "
            f"of {counts.reference_words}"
        )
        # Measured after keys: D 5 and S 1 of 35 words in English, D 3 and S 6 of 73 in French,
        # where two are substituted without them. With where the detector starts afresh, deletions
        # move from 3 to 5 in English, and from 2 to 8 in French.
        deleted, changed = (5, 7) if mixed.sound == "telephone keys" else (1, 2)
        assert counts.deletions <= quiet.deletions + deleted
        assert counts.hits >= quiet.hits - changed
