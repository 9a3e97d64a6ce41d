"""The decoder in ONNX Runtime beside CTranslate2's own, on real speech and the real weights."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ctranslate2 import StorageView
from faster_whisper import WhisperModel

from stt_pipeline.adapters.whisper.answers import answers
from stt_pipeline.adapters.whisper.decoded import Decoded
from stt_pipeline.adapters.whisper.decoder import StepDecoder
from stt_pipeline.adapters.whisper.encoded import Encoded
from stt_pipeline.adapters.whisper.model import Model, Rung
from stt_pipeline.adapters.whisper.speech import Sound
from stt_pipeline.domain.speech.transcription import Word
from stt_pipeline_tests.adapters.test_encoder import SPEC, wide_band
from stt_pipeline_tests.speech.calls import choose_prompts, join_prompts
from stt_pipeline_tests.speech.prompts import Prompt

TWO, FIVE = Rung(2), Rung(5)


@pytest.fixture(scope="module")
def model(model_dir: Path) -> Model:
    return Model(model_dir, SPEC, cpu_threads=1)


@pytest.fixture(scope="module")
def by_library(model_dir: Path) -> Model:
    """The same model without a decoder of our own."""
    other = Model(model_dir, SPEC, cpu_threads=1)
    other._step_decoder = None
    return other


@pytest.fixture(scope="module")
def chunks(model: Model, english_prompts: list[Prompt]) -> list[Encoded]:
    """English of 5 to 25 s."""
    found = []
    for seed, speech_s in enumerate((5.0, 12.0, 18.0, 25.0)):
        chosen = choose_prompts(english_prompts, speech_s=speech_s, seed=seed)
        joined = join_prompts(chosen, pause_s=0.4, seed=seed).samples / 32768
        samples = wide_band(joined[: 28 * 8000])
        found.append(model.encode(Sound(samples, np.ones(len(samples), dtype=np.bool_))))
    return found


@pytest.fixture(scope="module")
def texts(model: Model, chunks: list[Encoded]) -> list[Decoded]:
    return model.decode(chunks, "en", TWO)


def text_words(model: Model, decoded: Decoded) -> list[str]:
    return model.text(decoded.tokens, "en").lower().replace(",", "").replace(".", "").split()


class TestATextOfTheDecoder:
    def test_is_nearly_that_of_the_library(
        self, model: Model, by_library: Model, chunks: list[Encoded], texts: list[Decoded]
    ) -> None:
        for ours, theirs in zip(texts, by_library.decode(chunks, "en", TWO), strict=True):
            said, expected = text_words(model, ours), text_words(by_library, theirs)
            assert len(set(said) ^ set(expected)) <= 0.25 * len(set(expected))
            # Of two that are nearly as likely either may be found.
            assert theirs.avg_logprob - 0.05 < ours.avg_logprob < theirs.avg_logprob + 0.1
            assert ours.no_speech_prob == pytest.approx(theirs.no_speech_prob, abs=0.15)

    def test_has_the_probabilities_that_float32_gives_its_tokens(
        self, model: Model, model_dir: Path, chunks: list[Encoded], texts: list[Decoded]
    ) -> None:
        exact = WhisperModel(str(model_dir), device="cpu", compute_type="float32").model
        sequence = model._tokenizer("en").sot_sequence
        for chunk, text in zip(chunks, texts, strict=True):
            state = StorageView.from_array(chunk.coarser(SPEC.window.sure_states))
            (found,) = exact.align(state, sequence, [list(text.tokens)], [3000])
            assert text.placed is not None
            off = np.subtract(
                text.placed.text_token_probs[: len(text.tokens)],
                found.text_token_probs[: len(text.tokens)],
            )
            assert np.abs(off).mean() < 0.03

    def test_does_not_depend_on_what_is_read_with_it(
        self, model: Model, chunks: list[Encoded], texts: list[Decoded]
    ) -> None:
        assert model.decode(chunks[::-1], "en", TWO)[::-1] == texts
        assert [one for chunk in chunks for one in model.decode([chunk], "en", TWO)] == texts

    def test_does_not_depend_on_the_threads(
        self, model_dir: Path, chunks: list[Encoded], texts: list[Decoded]
    ) -> None:
        assert Model(model_dir, SPEC, cpu_threads=2).decode(chunks, "en", TWO) == texts

    def test_is_no_less_likely_with_more_beams(
        self, model: Model, chunks: list[Encoded], texts: list[Decoded]
    ) -> None:
        for few, many in zip(texts, model.decode(chunks, "en", FIVE), strict=True):
            assert many.avg_logprob >= few.avg_logprob - 0.02

    def test_has_no_token_that_is_not_text(self, model: Model, texts: list[Decoded]) -> None:
        tokenizer = model._tokenizer("en")
        forbidden = {*tokenizer.non_speech_tokens, *range(tokenizer.eot, tokenizer.eot + 1700)}
        assert all(text.tokens for text in texts)
        assert not any(forbidden & {*text.tokens} for text in texts)

    def test_is_the_same_where_other_alphabets_are_scored_too(
        self, model_dir: Path, chunks: list[Encoded], texts: list[Decoded]
    ) -> None:
        wider = Model(model_dir, replace(SPEC, languages=("en", "ru")), cpu_threads=1)
        for text, one in zip(texts, wider.decode(chunks, "en", TWO), strict=True):
            assert one.tokens == text.tokens
            assert one.avg_logprob == pytest.approx(text.avg_logprob, abs=0.01)
            assert one.no_speech_prob == pytest.approx(text.no_speech_prob, abs=0.01)

    def test_leans_to_what_is_favoured_in_its_chunk_alone(
        self, model: Model, chunks: list[Encoded], texts: list[Decoded]
    ) -> None:
        (first, *others) = texts
        # What was nearly read at one of its first places.
        nearly = [
            (choice.logprob - logprob, token)
            for choice in first.choices[:8]
            for token, logprob in choice.told
            if token not in (choice.token, model._tokenizer("en").eot)
        ]
        lacking, token = min(nearly)
        favours = [{token: lacking + 3.0}, *({} for _ in others)]

        leaning, *same = model.decode(chunks, "en", TWO, favours)

        assert token not in first.tokens
        assert token in leaning.tokens
        assert same == others

    def test_tells_what_each_token_was_chosen_from(self, texts: list[Decoded]) -> None:
        for text in texts:
            assert tuple(choice.token for choice in text.choices) == text.tokens
            for choice in text.choices:
                assert (choice.token, choice.logprob) in choice.told
                assert len(choice.told) == 4

    def test_is_cut_where_it_may_have_no_more_tokens(
        self, model_dir: Path, chunks: list[Encoded]
    ) -> None:
        few = replace(SPEC.decoding, max_tokens_per_s=0.0, spare_tokens=7)
        hasty = Model(model_dir, replace(SPEC, decoding=few), cpu_threads=1)
        (text,) = hasty.decode(chunks[-1:], "en", TWO)
        words = hasty.words(chunks[-1], text, "en")
        assert len(text.tokens) == 7
        assert [word.end_s for word in words] == sorted(word.end_s for word in words)


class TestItsWords:
    def test_begin_where_the_library_places_them(
        self, model: Model, chunks: list[Encoded], texts: list[Decoded]
    ) -> None:
        off = []
        for chunk, text in zip(chunks, texts, strict=True):
            ours = model.words(chunk, text, "en")
            theirs = model.words(chunk, text.only(text.tokens), "en")
            assert [word.word for word in ours] == [word.word for word in theirs]
            off += [abs(a.start_s - b.start_s) for a, b in zip(ours, theirs, strict=True)]
        assert np.median(off) <= 0.04
        assert np.quantile(off, 0.95) <= 0.2

    def test_are_in_order_and_within_their_window(
        self, model: Model, chunks: list[Encoded], texts: list[Decoded]
    ) -> None:
        for chunk, text in zip(chunks, texts, strict=True):
            words = model.words(chunk, text, "en")
            edges = [edge for word in words for edge in span(word)]
            assert edges == sorted(edges)
            assert edges[-1] <= chunk.speech_s + 1.0
            assert all(0 < word.probability <= 1 for word in words)


def span(word: Word) -> tuple[float, float]:
    return word.start_s, word.end_s


def test_silence_is_no_speech(model: Model) -> None:
    samples = np.zeros(16_000 * 10, dtype=np.float32)
    silent = model.encode(Sound(samples, np.zeros(len(samples), dtype=np.bool_)))
    (text,) = model.decode([silent], "en", TWO)
    assert text.no_speech_prob > 0.5


@pytest.mark.parametrize("other", [{"compute_type": "float32"}, {"device": "cuda"}], ids=str)
def test_another_arithmetic_or_device_is_left_to_the_library(
    model_dir: Path, other: dict[str, Any]
) -> None:
    assert StepDecoder.of(model_dir, replace(SPEC, **other), cpu_threads=1) is None


def test_a_model_that_names_no_heads_that_align_is_left_to_the_library(
    model_dir: Path, tmp_path: Path
) -> None:
    (tmp_path / "config.json").write_text("{}")
    assert StepDecoder.of(tmp_path, SPEC, cpu_threads=1) is None


def test_every_word_of_the_languages_can_be_answered_and_those_of_others_spelt(
    model: Model, model_dir: Path
) -> None:
    tokenizer = model._tokenizer("en")
    scored = set(answers(model_dir, ("fr", "en")))
    for text in (" Où est l'hôtel de Mme Łukaszewska, s'il vous plaît ?", " It's 3:45 p.m., 20 €."):
        assert {*tokenizer.encode(text)} <= scored
    assert not {*tokenizer.encode(" Здравствуйте")} <= scored
    assert {*tokenizer.encode(" Здравствуйте")} <= {*answers(model_dir, ("fr", "ru"))}
    assert {tokenizer.eot, tokenizer.no_speech, *range(256)} <= scored
