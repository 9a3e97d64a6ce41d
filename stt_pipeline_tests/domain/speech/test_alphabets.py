"""Which texts may be written in the alphabets of which languages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline.domain.speech.alphabets import LATIN, may_be_written
from stt_pipeline.domain.speech.engine import WHISPER_LANGUAGES

LATIN_TEXT = st.text(st.characters(max_codepoint=0x024F))
ANYTHING = st.text(st.characters(exclude_categories=["Cs"]))


@pytest.mark.parametrize(
    "text", ["écœuré", " Łódź,", "señor", "Nguyễn", "3,50 €", "№ 5 ♪", "\ufffd"]
)
def test_latin_letters_and_what_is_no_letter_may_be_in_french(text: str) -> None:
    assert may_be_written(text, ("fr", "en"))


@pytest.mark.parametrize("text", ["да", "naïve да", "καλημέρα", "你好", "네", "مرحبا", "かな"])
def test_another_alphabet_may_not_unless_one_of_the_languages_has_it(text: str) -> None:
    assert not may_be_written(text, ("fr", "en"))
    assert may_be_written(text, ("fr", "ru"))


@given(LATIN_TEXT, st.sampled_from(sorted(WHISPER_LANGUAGES)))
def test_every_language_may_have_latin_letters(text: str, language: str) -> None:
    assert may_be_written(text, (language,))


@given(ANYTHING, ANYTHING, st.sampled_from(sorted(LATIN)))
def test_a_text_may_be_written_where_its_parts_may(left: str, right: str, language: str) -> None:
    parts = [may_be_written(part, (language,)) for part in (left, right)]
    assert may_be_written(left + right, (language,)) == all(parts)


def test_languages_are_those_of_whisper() -> None:
    assert LATIN < WHISPER_LANGUAGES
