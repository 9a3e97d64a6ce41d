"""What counts as the same word, in French, English and other languages."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from num2words import num2words

from stt_pipeline.domain.quality.normalise import (
    NORMALISERS,
    Normaliser,
    english,
    french,
    normaliser,
    other,
)

RULES = {"fr": french, "en": english, "other": other}


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("21", "vingt et un"),
        ("21", "vingt-et-un"),
        ("71", "soixante et onze"),
        ("80", "quatre-vingts"),
        ("1 000 €", "mille euros"),
        ("1\u202f000\u00a0€", "mille euros"),
        ("1.250.000", "un million deux cent cinquante mille"),
        ("3,5", "trois virgule cinq"),
        ("3.5", "trois virgule cinq"),
        ("20 %", "vingt pour cent"),
        ("20%", "vingt pour cent"),
        ("0612", "zéro six un deux"),
        ("L’APPEL", "l'appel"),
        ("l'appel", "l appel"),
        ("aujourd'hui", "aujourd’hui"),
        ("rendez-vous", "rendez vous"),
        ("cœur", "coeur"),
        ("Mme Roux", "madame Roux"),
        ("M. Roux", "monsieur roux"),
        ("n° 5", "numéro cinq"),
        ("S.V.P., appelez-moi !", "s'il vous plaît appelez moi"),
        ("svp", "s'il vous plaît"),
        ("e\u0301te\u0301", "été"),
        ("…bonjour ?!", "bonjour"),
    ],
)
def test_french_written_and_spoken_forms_agree(written: str, spoken: str) -> None:
    assert french(written) == french(spoken)


@pytest.mark.parametrize(
    ("one", "another"),
    [("été", "ete"), ("vingt", "vingt et un"), ("ou", "où"), ("3,5", "35")],
)
def test_french_words_that_differ_stay_different(one: str, another: str) -> None:
    assert french(one) != french(another)


@given(st.integers(1, 999_999_999_999))
def test_a_french_number_in_digits_is_the_number_in_words(number: int) -> None:
    words = num2words(number, lang="fr")
    grouped = f"{number:,}".replace(",", " ")

    assert french(f"il y a {number} appels") == french(f"il y a {words} appels")
    assert french(grouped) == french(words)


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("21", "twenty one"),
        ("twenty-one", "twenty one"),
        ("1,250", "one thousand two hundred and fifty"),
        ("20%", "twenty percent"),
        ("$5", "five dollars"),
        ("I'm", "I am"),
        ("won’t", "will not"),
        ("colour", "color"),
        ("Mr. Smith", "mister smith"),
        ("um, hello!", "hello"),
        ("wait... what… no.", "wait what no"),
    ],
)
def test_english_written_and_spoken_forms_agree(written: str, spoken: str) -> None:
    assert english(written) == english(spoken)


def test_a_spoken_french_english_and_other_text_keep_their_words() -> None:
    assert french("Bonjour, l'agence ? Oui.") == "bonjour l agence oui"
    assert english("Good morning, the agency? Yes.") == "good morning the agency yes"
    assert other("Guten Morgen, Müller!") == "guten morgen müller"


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
@given(text=st.text(max_size=80))
@example(text="")
@example(text="9" * 5000)
@example(text="1" * 400 + ",5")
@example(text="1" + " 000" * 300)
@example(text="1" + ",000" * 1500)
@example(text="0,00000001 1e5 ½ ² ٢١ n°")
def test_no_text_breaks_a_normaliser_and_words_end_apart_by_single_spaces(
    rule: Normaliser, text: str
) -> None:
    assert rule(text) == " ".join(rule(text).split(" ")).strip()
    assert "  " not in rule(text)


@given(
    st.from_regex(r"\A[0-9]{1,25}([.,][0-9]{1,25})?\Z"),
    st.sampled_from(["{}", "les {} appels", "{}€", "{} %"]),
)
def test_french_leaves_no_digit(number: str, sentence: str) -> None:
    assert not re.search(r"\d", french(sentence.format(number)))


@given(st.text(st.sampled_from("abcéèçàABC'’-., !?"), max_size=60))
def test_normalising_french_words_twice_is_normalising_them_once(text: str) -> None:
    assert french(french(text)) == french(text)


@given(st.text(st.sampled_from("abcéèçàœ'’- "), max_size=60))
def test_french_hears_no_case(text: str) -> None:
    assert french(text.upper()) == french(text)


@pytest.mark.parametrize(
    ("language", "version"), [("fr", "fr-2"), ("en", "en-1"), ("de", "basic-1"), (None, "basic-1")]
)
def test_a_language_has_its_rule_under_a_version(language: str | None, version: str) -> None:
    name, rule = normaliser(language)

    assert name == version
    assert rule is RULES.get(language or "", other)


def test_versions_are_named_after_their_language() -> None:
    assert {language: name for language, (name, _) in NORMALISERS.items()} == {
        "fr": "fr-2",
        "en": "en-1",
    }
