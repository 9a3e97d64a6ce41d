"""An engine's name changes whenever its text may."""

from dataclasses import replace
from typing import Any

import pytest
from faster_whisper.tokenizer import _LANGUAGE_CODES
from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline.domain.speech.engine import (
    WHISPER_LANGUAGES,
    Decoding,
    EncoderWindow,
    EngineSpec,
    ModelIdentity,
    SpeechDetection,
)

BASE = ModelIdentity("base", "d0" * 32)
SMALL = ModelIdentity("small", "e1" * 32)
SPEC = EngineSpec(
    library="faster-whisper-1.2.1",
    models={"*": BASE},
    compute_type="int8",
    languages=("fr", "en"),
    speakers=("agent", "customer"),
)


@pytest.mark.parametrize(
    "change",
    [
        {"library": "faster-whisper-1.2.2"},
        {"models": {"*": SMALL}},
        {"models": {"*": replace(BASE, sha256="d1" * 32)}},
        {"models": {"*": BASE, "fr": SMALL}},
        {"models": {"fr": BASE}},
        {"compute_type": "float32"},
        {"languages": ("en", "fr")},
        {"speakers": ("customer", "agent")},
        {"hotwords": "Dagster"},
        {"device": "cuda"},
        {"decoding": Decoding(first_beam=5)},
        {"decoding": Decoding(second_beam=1)},
        {"decoding": Decoding(unsure_beam=5)},
        {"decoding": Decoding(own_word_odds=0.0)},
        {"decoding": Decoding(sure_logprob=-0.2)},
        {"window": EncoderWindow(step_s=5.0)},
        {"window": EncoderWindow(states=1500)},
        {"window": EncoderWindow(sure_states=1000)},
        {"window": EncoderWindow(pooled_from_layer=6)},
        {"window": EncoderWindow(word_states=1000)},
        {"window": EncoderWindow(language_step=1)},
        {"window": EncoderWindow(quiet_step=1)},
        {"detection": SpeechDetection(threshold=0.6)},
        {"detection": SpeechDetection(min_silence_ms=2000)},
        {"detection": SpeechDetection(speech_pad_ms=0)},
        {"detection": SpeechDetection(listen_s=60.0)},
        {"detection": SpeechDetection(lead_in_s=0.0)},
    ],
    ids=str,
)
def test_any_changed_setting_changes_the_fingerprint_and_the_label(change: dict[str, Any]) -> None:
    changed = replace(SPEC, **change)

    assert changed.fingerprint != SPEC.fingerprint
    assert changed.label != SPEC.label


@given(st.permutations([("*", BASE), ("fr", SMALL), ("en", BASE)]))
def test_the_order_in_which_models_are_named_changes_nothing(
    models: list[tuple[str, ModelIdentity]],
) -> None:
    one = replace(SPEC, models=dict(models))
    other = replace(SPEC, models=dict(sorted(models)))

    assert (one.fingerprint, one.label) == (other.fingerprint, other.label)


def test_the_fingerprint_is_the_same_in_every_process_and_release() -> None:
    assert SPEC.fingerprint == FINGERPRINT_OF_SPEC


FINGERPRINT_OF_SPEC = "5eba5efbffe9"
"""Written down once: another value here re-transcribes every call ever checkpointed."""


def test_the_label_can_be_read_by_a_person_and_ends_with_the_fingerprint() -> None:
    spec = replace(SPEC, models={"*": BASE, "fr": SMALL}, hotwords="Dagster")

    assert spec.label == (
        "faster-whisper-1.2.1 base@d0d0d0d0+fr:small@e1e1e1e1 int8 beam2+5 fr,en hotwords "
        f"#{spec.fingerprint}"
    )


def test_a_language_has_its_own_model_or_the_one_for_every_other() -> None:
    spec = replace(SPEC, models={"*": BASE, "fr": SMALL})

    assert spec.model_for("fr") == SMALL
    assert spec.model_for("en") == BASE


@given(st.floats(0.1, 30.0))
def test_the_window_holds_the_speech_and_its_margin_in_whole_pairs_of_states(
    speech_s: float,
) -> None:
    window = EncoderWindow()

    length_s = window.length_s(speech_s)

    assert window.min_s <= length_s <= window.max_s
    assert length_s * 100 == pytest.approx(round(length_s * 25) * 4, abs=1e-6)
    assert length_s >= min(speech_s + window.margin_s, window.max_s) - 1e-6
    assert length_s < max(speech_s + window.margin_s, window.min_s) + window.step_s


def test_a_decoder_may_write_more_than_anyone_says_but_not_without_end() -> None:
    assert Decoding().max_tokens(10.0) == 104
    assert Decoding().max_tokens(30.0) == 264


def test_the_languages_are_those_of_the_library() -> None:
    assert frozenset(_LANGUAGE_CODES) == WHISPER_LANGUAGES
