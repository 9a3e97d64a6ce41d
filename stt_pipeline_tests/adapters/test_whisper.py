"""The real model on real telephone speech: words, their times, language, figures.

Bounds of word error rates were measured first, on base, int8, beam 5; each names its measurement.
"""

import io
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pytest

from stt_pipeline.adapters.whisper.engine import FasterWhisperTranscriber
from stt_pipeline.domain.errors import AudioUnreadableError
from stt_pipeline.domain.quality.signals import flags
from stt_pipeline.domain.quality.wer import ErrorCounts
from stt_pipeline.domain.speech.transcription import Transcription
from stt_pipeline_tests.adapters.hearing import (
    Transcribe,
    errors,
    heard_by,
    make_transcriber,
    text_of,
    words_of,
)
from stt_pipeline_tests.speech.calls import (
    RATE_HZ,
    JoinedCall,
    TwoChannelCall,
    choose_prompts,
    join_prompts,
)
from stt_pipeline_tests.speech.prompts import Language, Prompt

TIMELESS: Final = {"cpu_s": 0.0, "transcribed_at": None}


@dataclass(frozen=True)
class Spoken:
    """A call with what the engine heard in it."""

    call: JoinedCall
    heard: Transcription
    language: Language

    @property
    def errors(self) -> ErrorCounts:
        return errors(self.call.text, text_of(self.heard), self.language)


def spoken(prompts: list[Prompt], transcribe: Transcribe) -> Spoken:
    chosen = choose_prompts(prompts, speech_s=100, seed=1)
    call = join_prompts(chosen, pause_s=1.0, seed=1)
    return Spoken(call, transcribe(call.samples), prompts[0].language)


@pytest.fixture(scope="module")
def english(english_prompts: list[Prompt], transcribe: Transcribe) -> Spoken:
    return spoken(english_prompts, transcribe)


@pytest.fixture(scope="module")
def french(french_prompts: list[Prompt], transcribe: Transcribe) -> Spoken:
    return spoken(french_prompts, transcribe)


@pytest.fixture(scope="module", params=["en", "fr"])
def either(request: pytest.FixtureRequest) -> Spoken:
    call: Spoken = request.getfixturevalue({"en": "english", "fr": "french"}[request.param])
    return call


class TestWords:
    def test_english_is_understood(self, english: Spoken) -> None:
        counts = english.errors
        print(f"English: {counts.wer:.2%} of {counts.reference_words} words")  # noqa: T201
        # Measured: 3.1% of 257 words.
        assert counts.wer is not None
        assert counts.wer <= 0.05
        assert counts.reference_words > 200

    def test_french_is_understood(self, french: Spoken) -> None:
        counts = french.errors
        print(f"French: {counts.wer:.2%} of {counts.reference_words} words")  # noqa: T201
        # Measured: 18.0% of 295 words.
        assert counts.wer is not None
        assert counts.wer <= 0.22
        assert counts.reference_words > 200

    def test_the_language_is_decided(self, either: Spoken) -> None:
        assert either.heard.language == either.language
        # Measured: 0.9995 in English, 0.9985 in French.
        assert either.heard.language_probability is not None
        assert 0.95 < either.heard.language_probability <= 1

    def test_a_good_call_raises_no_signal(self, either: Spoken) -> None:
        assert flags(either.heard) == ()

    def test_two_transcriptions_of_one_file_are_equal(
        self, dialogue: TwoChannelCall, both_sides: Transcription, transcribe: Transcribe
    ) -> None:
        again = transcribe(dialogue.samples)
        assert without_times(again) == without_times(both_sides)
        assert again.word_count > 100

    def test_a_call_read_in_pieces_has_the_same_words(
        self, english: Spoken, model_dir: Path, tmp_path: Path
    ) -> None:
        """A long call is read ten minutes at a time; cuts of 20 s show what a cut costs."""
        half = len(english.call.samples) // 2
        turns = [turn for turn in english.call.turns if turn.end_s * RATE_HZ <= half]
        samples = english.call.samples[: round(turns[-1].end_s * RATE_HZ)]
        heard = heard_by(make_transcriber(model_dir, piece_s=20.0), samples, tmp_path)
        counts = errors(" ".join(turn.text for turn in turns), text_of(heard), "en")
        assert heard.duration_s == pytest.approx(len(samples) / RATE_HZ, abs=0.01)
        print(f"in pieces: {counts.wer:.2%} of {counts.reference_words} words")  # noqa: T201
        # Measured: 4.1% of 123 words.
        assert counts.wer is not None
        assert counts.wer <= 0.07


def without_times(heard: Transcription) -> Transcription:
    return replace(heard, **TIMELESS)  # type: ignore[arg-type]


class TestTimes:
    def test_words_lie_in_their_segment_and_in_the_audio(self, either: Spoken) -> None:
        heard = either.heard
        assert heard.duration_s == pytest.approx(either.call.duration_s, abs=0.01)
        for segment in heard.segments:
            assert 0 <= segment.start_s < segment.end_s <= heard.duration_s
            assert 0 <= segment.no_speech_prob <= 1
            for word in segment.words:
                assert segment.start_s <= word.start_s <= word.end_s <= segment.end_s
                assert 0 <= word.probability <= 1
                assert word.word == word.word.strip()
                assert word.word

    def test_words_and_segments_are_in_order(self, either: Spoken) -> None:
        starts = [word.start_s for word in words_of(either.heard)]
        assert starts == sorted(starts)
        assert len(starts) == either.heard.word_count

    def test_no_word_lies_in_a_pause(self, either: Spoken) -> None:
        for word in words_of(either.heard):
            middle_s = (word.start_s + word.end_s) / 2
            assert any(
                turn.start_s - 0.2 <= middle_s <= turn.end_s + 0.2 for turn in either.call.turns
            ), word


def test_an_unreadable_file_is_the_reader_s_error(transcriber: FasterWhisperTranscriber) -> None:
    with pytest.raises(AudioUnreadableError, match="not an audio file"):
        transcriber.transcribe(io.BytesIO(b"no sound " * 100), "call.wav")


def test_the_figures_of_a_transcription_are_sensible(either: Spoken) -> None:
    heard = either.heard
    speech_s = sum(turn.end_s - turn.start_s for turn in either.call.turns)
    assert heard.speech_s == pytest.approx(speech_s, rel=0.2)
    assert heard.cpu_s > 0
    assert heard.transcribed_at.tzinfo is None
    assert all(-2 < segment.avg_logprob < 0 for segment in heard.segments)
    assert all(segment.compression_ratio < 2.4 for segment in heard.segments)
