"""Many recordings read together by the real engine: the same text as alone, in any company."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest

from stt_pipeline.adapters.whisper.engine import FasterWhisperTranscriber
from stt_pipeline.domain.errors import AudioUnreadableError, ObjectMissingError
from stt_pipeline.domain.ports import Heard, Source
from stt_pipeline.domain.quality.signals import flags
from stt_pipeline.domain.speech.engine import Decoding
from stt_pipeline.domain.speech.transcription import Transcription
from stt_pipeline_tests.adapters.hearing import make_transcriber, text_of
from stt_pipeline_tests.speech.calls import (
    RATE_HZ,
    Samples,
    choose_prompts,
    join_prompts,
    two_channel_call,
)
from stt_pipeline_tests.speech.encode import write_wav
from stt_pipeline_tests.speech.prompts import Prompt
from stt_pipeline_tests.speech.sounds import silence

Words = list[tuple[int, float, float, str]]


def words_in(heard: Heard) -> Words:
    """Channel, start, end and text of every word."""
    assert isinstance(heard, Transcription)
    return [(s.channel, w.start_s, w.end_s, w.word) for s in heard.segments for w in s.words]


def together(
    engine: FasterWhisperTranscriber, paths: Iterable[Path]
) -> tuple[dict[str, Heard], list[str]]:
    """What is heard in each file by its name, and the names in the order in which they ended."""
    files = list(paths)
    ended = {}
    for index, heard in engine.transcribe_all(
        [Source(path.name, partial(opened, path)) for path in files]
    ):
        assert files[index].name not in ended
        ended[files[index].name] = heard
    return ended, list(ended)


def opened(path: Path) -> BinaryIO:
    """The file; raises what a store raises where it is gone."""
    if not path.exists():
        raise ObjectMissingError(path.name)
    return path.open("rb")


@pytest.fixture(scope="module")
def files(
    tmp_path_factory: pytest.TempPathFactory,
    english_prompts: list[Prompt],
    french_prompts: list[Prompt],
) -> list[Path]:
    """Six short calls in two languages, one of them with two channels, one without speech."""
    folder = tmp_path_factory.mktemp("together")
    calls: dict[str, Samples] = {"silent": silence(12.0)}
    for number, speech_s in enumerate((8.0, 15.0, 22.0)):
        chosen = choose_prompts(english_prompts, speech_s=speech_s, seed=40 + number)
        calls[f"en{number}"] = join_prompts(chosen, pause_s=0.6, seed=number).samples
    chosen = choose_prompts(french_prompts, speech_s=15.0, seed=50)
    calls["fr"] = join_prompts(chosen, pause_s=0.6, seed=3).samples
    sides = [
        join_prompts(choose_prompts(french_prompts, speech_s=12.0, seed=seed), pause_s=0.6, seed=4)
        for seed in (51, 52)
    ]
    calls["two"] = two_channel_call(*sides).samples
    return [
        write_wav(folder / f"{name}.wav", samples, RATE_HZ, "pcm_mulaw")
        for name, samples in calls.items()
    ]


@pytest.fixture(scope="module")
def alone(transcriber: FasterWhisperTranscriber, files: list[Path]) -> dict[str, Words]:
    """The words of each file transcribed by itself."""
    words = {}
    for path in files:
        with path.open("rb") as audio:
            words[path.name] = words_in(transcriber.transcribe(audio, path.name))
    return words


class TestTheSameTextInAnyCompany:
    def test_in_one_group(
        self, transcriber: FasterWhisperTranscriber, files: list[Path], alone: dict[str, Words]
    ) -> None:
        heard, _ = together(transcriber, files)
        assert {name: words_in(one) for name, one in heard.items()} == alone
        assert sum(map(len, alone.values())) > 150

    def test_in_another_order(
        self, transcriber: FasterWhisperTranscriber, files: list[Path], alone: dict[str, Words]
    ) -> None:
        heard, _ = together(transcriber, files[::-1])
        assert {name: words_in(one) for name, one in heard.items()} == alone

    @pytest.mark.parametrize("batch", [1, 3])
    def test_in_batches_of_another_size_and_with_another_number_of_threads(
        self, model_dir: Path, files: list[Path], alone: dict[str, Words], batch: int
    ) -> None:
        engine = make_transcriber(model_dir, batch=batch, cpu_threads=1)
        heard, _ = together(engine, files)
        assert {name: words_in(one) for name, one in heard.items()} == alone


def test_a_bad_file_costs_no_other(
    transcriber: FasterWhisperTranscriber,
    files: list[Path],
    alone: dict[str, Words],
    tmp_path: Path,
) -> None:
    noise = tmp_path / "noise.wav"
    noise.write_bytes(b"no sound " * 100)

    heard, order = together(transcriber, [files[1], noise, tmp_path / "gone.wav", files[2]])

    assert isinstance(heard["noise.wav"], AudioUnreadableError)
    assert isinstance(heard["gone.wav"], ObjectMissingError)
    assert words_in(heard[files[1].name]) == alone[files[1].name]
    assert words_in(heard[files[2].name]) == alone[files[2].name]
    assert sorted(order) == sorted(["noise.wav", "gone.wav", files[1].name, files[2].name])


class TestLanguages:
    @pytest.fixture(scope="class")
    def sides(
        self, english_prompts: list[Prompt], french_prompts: list[Prompt]
    ) -> tuple[Samples, Samples]:
        """Twenty seconds of English, and of French."""
        english, french = (
            join_prompts(choose_prompts(prompts, speech_s=20, seed=9), pause_s=0.5, seed=9).samples
            for prompts in (english_prompts, french_prompts)
        )
        return english, french

    def test_a_channel_that_is_surely_in_the_other_language_is_read_in_it_and_flagged(
        self,
        sides: tuple[Samples, Samples],
        transcribe: Callable[[Samples], Transcription],
    ) -> None:
        english, french = sides
        length = len(english) + len(french)
        left, right = np.zeros(length, np.int16), np.zeros(length, np.int16)
        left[: len(english)], right[len(english) :] = english, french

        heard = transcribe(np.column_stack((left, right)))

        assert [channel.languages for channel in heard.channels] == [("en",), ("fr",)]
        assert "languages_mixed" in flags(heard)
        assert {"the", "you"} & set(text_of(heard, "agent").lower().split())
        assert {"le", "la", "les", "vous"} & set(text_of(heard, "customer").lower().split())

    def test_both_languages_on_one_channel_are_flagged(
        self,
        sides: tuple[Samples, Samples],
        transcribe: Callable[[Samples], Transcription],
    ) -> None:
        english, french = sides
        heard = transcribe(np.concatenate((np.tile(french, 2), silence(2.0), np.tile(english, 2))))

        assert heard.language_probability is not None
        assert heard.language_probability < 0.8
        assert {"languages_mixed", "language_doubtful"} <= set(flags(heard))

    def test_one_language_is_not_flagged(
        self, sides: tuple[Samples, Samples], transcribe: Callable[[Samples], Transcription]
    ) -> None:
        for samples, language in zip(sides, ("en", "fr"), strict=True):
            heard = transcribe(samples)
            assert heard.language == language
            assert {"languages_mixed", "language_doubtful"}.isdisjoint(flags(heard))


def test_the_second_pass_changes_what_the_first_was_not_sure_of(
    model_dir: Path, files: list[Path]
) -> None:
    greedy = Decoding(first_beam=1, sure_logprob=-9.0, min_tokens_per_s=0.0, unsure_languages=())
    first, _ = together(make_transcriber(model_dir, decoding=greedy), files)
    doubting = make_transcriber(model_dir, decoding=replace(greedy, sure_logprob=-0.11))
    both, _ = together(doubting, files)

    changed = [name for name, one in both.items() if words_in(one) != words_in(first[name])]
    assert "fr.wav" in changed
    assert "silent.wav" not in changed


def test_a_decoder_is_not_let_run_on(model_dir: Path, files: list[Path]) -> None:
    """Where the tokens are few, the text ends early: no chunk decodes without end."""
    short = replace(Decoding(), max_tokens_per_s=0.0, spare_tokens=5, missed_s=60.0)
    heard, _ = together(make_transcriber(model_dir, decoding=short), [files[1]])
    # The call is short enough for one chunk; what the text leaves out is not read again here.
    assert 0 < len(words_in(heard[files[1].name])) <= 5


def test_the_engine_of_the_pieces_is_the_engine(model_dir: Path) -> None:
    assert make_transcriber(model_dir, piece_s=20.0).engine == make_transcriber(model_dir).engine
