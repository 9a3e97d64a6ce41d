"""How an engine is asked for in words."""

from dataclasses import replace

import pytest

from stt_pipeline.domain.errors import UserError
from stt_pipeline.domain.speech.engine import Decoding, EngineSpec, ModelIdentity, SpeechDetection
from stt_pipeline.domain.speech.engine_choice import EngineChoice, read_choice, tuned

SPEC = EngineSpec(
    "lib-1", {"*": ModelIdentity("base", "ab" * 32)}, "int8", ("fr", "en"), ("a", "c")
)


@pytest.mark.parametrize("text", ["current", "", " current ", "# nothing changed\n\n"])
def test_the_engine_in_force_changes_nothing(text: str) -> None:
    assert read_choice(text) == EngineChoice()
    assert tuned(SPEC, read_choice(text).figures) == SPEC


def test_settings_keep_the_commas_of_their_values() -> None:
    choice = read_choice("model=fr=/models/fr,en=base, languages=fr,en,compute_type=float32")

    assert choice.settings == {
        "model": "fr=/models/fr,en=base",
        "languages": "fr,en",
        "compute_type": "float32",
    }
    assert choice.figures == {}


def test_a_file_has_a_line_each_and_remarks() -> None:
    choice = read_choice("# names of this autumn\nhotwords=file:///names.txt\n\nmissed_s=2.5\n")

    assert choice.settings == {"hotwords_uri": "file:///names.txt"}
    assert choice.figures == {"missed_s": 2.5}


def test_beam_is_one_pass_of_so_many_beams() -> None:
    spec = tuned(SPEC, read_choice("beam=5").figures)

    decoding = spec.decoding
    assert (decoding.first_beam, decoding.second_beam, decoding.unsure_beam) == (5, 5, 5)
    assert decoding.sure_logprob < -50
    assert spec.fingerprint != SPEC.fingerprint
    assert "beam5+5" in spec.label


def test_figures_go_where_they_belong_and_their_defaults_make_the_same_engine() -> None:
    spec = tuned(SPEC, read_choice("threshold=0.35,min_silence_ms=800,sure_logprob=-0.2").figures)

    assert spec.detection == replace(SpeechDetection(), threshold=0.35, min_silence_ms=800)
    assert spec.decoding == replace(Decoding(), sure_logprob=-0.2)
    defaults = "first_beam=2,second_beam=5,unsure_beam=4,own_word_odds=2,threshold=0.5"
    usual = tuned(SPEC, read_choice(defaults).figures)
    assert usual.fingerprint == SPEC.fingerprint


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("best", "write current, or NAME=VALUE with some of model, "),
        ("modle=base", "--engine modle=base: write current, or NAME=VALUE"),
        ("model=base,beem=5", "--engine names beem: use some of model, "),
        ("compute_type=int8,size=5", "--engine names size: use some of"),
        ("beam=five", "--engine beam=five: write a whole number."),
        ("beam=2.5", "--engine beam=2.5: write a whole number."),
        ("beam=0", "--engine beam=0: write 1 to 32."),
        ("first_beam=99", "write 1 to 32."),
        ("unsure_beam=0", "--engine unsure_beam=0: write 1 to 32."),
        ("sure_logprob=nan", "--engine sure_logprob=nan: write a number that can be."),
        ("min_silence_ms=-1", "write a number that can be."),
        ("threshold=high", "--engine threshold=high: write a number."),
        ("beam=5,beam=1", "--engine names beam twice: leave one."),
        ("beam=5,first_beam=1", "--engine names beam, which is every pass"),
        ("beam=5,unsure_beam=1", "--engine names beam, which is every pass"),
    ],
)
def test_a_wrong_engine_is_one_sentence(text: str, says: str) -> None:
    with pytest.raises(UserError) as error:
        read_choice(text)

    assert says in str(error.value)
    assert str(error.value).endswith(".")
