"""A list of names to hint to the model, for every language or for one. Reads no file."""

import re
from typing import Final

from stt_pipeline.domain.errors import UserError
from stt_pipeline.domain.speech.engine import WHISPER_LANGUAGES

_HEADING: Final = re.compile(r"\[([^\]]*)\]")


def hinted(hotwords: str, language: str) -> str:
    """The names of a list for a language: those before any heading, and those under its own.

    A list is names, and headings such as `[fr]`, under which all names are of that language.
    Raises UserError where a heading is no language.
    """
    everywhere, *parts = _HEADING.split(hotwords)
    names = everywhere.split()
    for heading, words in zip(parts[::2], parts[1::2], strict=True):
        if heading not in WHISPER_LANGUAGES:
            raise UserError(
                f"STT_HOTWORDS_URI: [{heading}] is no language: write a code such as [fr]."
            )
        if heading == language:
            names += words.split()
    return " ".join(names)
