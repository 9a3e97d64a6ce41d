"""Names as a vocabulary of Amazon Transcribe, and its codes of languages."""

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline.domain.errors import UserError
from stt_pipeline.domain.speech.engine import WHISPER_LANGUAGES
from stt_pipeline.domain.speech.vocabulary import (
    DIALECTS,
    HEADER,
    LETTERS,
    MAX_BYTES,
    MAX_PHRASE,
    dialects,
    vocabulary,
)


def test_a_name_is_an_entry_and_what_the_language_cannot_write_is_left_out() -> None:
    names = "Crédit Agricole L’Oréal 3M Müller Łódź - agricole Agricole"
    assert vocabulary(names, "fr") == HEADER + "".join(
        f"{word}\t\t\t{word}\n" for word in ("Crédit", "Agricole", "L'Oréal", "Müller", "agricole")
    )
    assert vocabulary(names, "en") == HEADER + "".join(
        f"{word}\t\t\t{word}\n" for word in ("Agricole", "agricole")
    )


def test_letters_of_two_code_points_are_written_as_one() -> None:
    assert vocabulary("de\u0301ja\u0300", "fr") == HEADER + "d\u00e9j\u00e0\t\t\td\u00e9j\u00e0\n"


@pytest.mark.parametrize("names", ["", "3M 42", "Łódź"])
def test_a_list_of_which_nothing_may_be_in_it_is_no_vocabulary(names: str) -> None:
    assert vocabulary(names, "en") == ""


def test_a_language_whose_letters_are_not_known_here_has_no_vocabulary() -> None:
    assert vocabulary("Tokyo", "ja") == ""


@given(
    words=st.lists(st.text(st.sampled_from("aZé'-.9"), min_size=1, max_size=300), max_size=400),
    language=st.sampled_from(sorted(LETTERS)),
)
def test_a_vocabulary_keeps_every_limit(words: list[str], language: str) -> None:
    table = vocabulary(" ".join(words), language)
    assert len(table.encode()) <= MAX_BYTES
    rows = table.splitlines()[1:]
    assert len(rows) == len(set(rows))
    for row in rows:
        phrase, sounds, ipa, shown = row.split("\t")
        assert phrase == shown
        assert (sounds, ipa) == ("", "")
        assert 0 < len(phrase) <= MAX_PHRASE
        assert not any(letter.isdigit() for letter in phrase)


def test_a_list_that_is_too_long_is_cut_at_the_end_of_an_entry() -> None:
    names = " ".join(f"n{'a' * (number % 200)}{'b' * (number // 200)}" for number in range(2000))
    table = vocabulary(names, "en")
    assert MAX_BYTES - 2 * MAX_PHRASE - 10 < len(table.encode()) <= MAX_BYTES
    assert table.endswith("\n")


def test_every_code_is_one_of_the_service_and_every_language_one_of_whisper() -> None:
    client = boto3.client(
        "transcribe", region_name="eu-west-3", aws_access_key_id="x", aws_secret_access_key="x"
    )
    codes = client.meta.service_model.shape_for("LanguageCode").enum
    assert set(DIALECTS.values()) <= set(codes)
    assert DIALECTS.keys() <= WHISPER_LANGUAGES
    assert dialects(["fr", "en"]) == {"fr": "fr-FR", "en": "en-US"}


@pytest.mark.parametrize(
    ("languages", "says"),
    [
        (["fr", "la"], "does not know the language la"),
        (["fr", "en", "de", "es", "it", "pt"], "tells at most 5 languages apart"),
    ],
)
def test_languages_that_it_cannot_take_are_refused_in_a_sentence(
    languages: list[str], says: str
) -> None:
    with pytest.raises(UserError, match=says):
        dialects(languages)
