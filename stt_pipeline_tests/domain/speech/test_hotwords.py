"""Names are hinted in every language, or in their own."""

import pytest

from stt_pipeline.domain.errors import UserError
from stt_pipeline.domain.speech.hotwords import hinted

LIST = "Dagster Digium\n[fr]\nZoé\n[en]\nSkinny\n[fr] Loïc"


@pytest.mark.parametrize(
    ("language", "names"),
    [("fr", "Dagster Digium Zoé Loïc"), ("en", "Dagster Digium Skinny"), ("es", "Dagster Digium")],
)
def test_names_before_any_heading_are_of_every_language(language: str, names: str) -> None:
    assert hinted(LIST, language) == names
    assert hinted(" ".join(LIST.split()), language) == names


def test_a_plain_list_is_of_every_language() -> None:
    assert hinted("Dagster Zoé", "fr") == hinted("Dagster Zoé", "en") == "Dagster Zoé"
    assert hinted("", "fr") == ""


def test_a_heading_that_is_no_language_is_refused() -> None:
    with pytest.raises(UserError, match=r"\[support\] is no language"):
        hinted("Dagster [support] Zoé", "fr")
