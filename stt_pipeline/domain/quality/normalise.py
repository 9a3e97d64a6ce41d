"""Named, versioned text normalisers: what counts as the same word. Scores nothing.

English follows Whisper's own rules (Radford et al. 2022, appendix C) through whisper-normalizer.
French is compared as it is spoken, so that "21" and "vingt et un" agree.
"""

import re
from collections.abc import Callable
from functools import cache

from whisper_normalizer.basic import BasicTextNormalizer
from whisper_normalizer.english import EnglishTextNormalizer

from stt_pipeline.domain.quality.french import spoken

Normaliser = Callable[[str], str]

_LONGEST_NUMBER = 18
"""Nobody says more digits as one number; a stuck model writes hundreds, which no library reads."""

_ENDLESS_NUMBER = re.compile(rf"\d[\d.,]{{{_LONGEST_NUMBER},}}")
_ELLIPSIS = re.compile(r"…|\.{2,}")
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "’": "'", "ʼ": "'"})


def french(text: str) -> str:
    """`fr-2`: as it is spoken, in lower-case words.

    Against `fr-1`: ordinals, times, amounts, dates, telephone numbers, decimals and years as they
    are said, septante and nonante, the spelling of 1990, no accent on a word's first letter.
    """
    return spoken(text)


@cache
def _english() -> Normaliser:
    rules: Normaliser = EnglishTextNormalizer()
    return rules


def english(text: str) -> str:
    """`en-1`: Whisper's English rules, which know only the straight apostrophe.

    They would leave a point of every ellipsis as a word.
    """
    text = _ELLIPSIS.sub(" ", text.translate(_LIGATURES))
    return _english()(_ENDLESS_NUMBER.sub(lambda match: " ".join(match[0]), text)).strip()


def other(text: str) -> str:
    """`basic-1`: Whisper's rules for languages without rules of their own."""
    return str(BasicTextNormalizer()(text)).strip()


NORMALISERS: dict[str, tuple[str, Normaliser]] = {
    "fr": ("fr-2", french),
    "en": ("en-1", english),
}
"""(name and version, rule) by language; the version changes with the rule."""


def normaliser(language: str | None) -> tuple[str, Normaliser]:
    """The (name, rule) of a language."""
    return NORMALISERS.get(language or "", ("basic-1", other))
