"""Named, versioned text normalisers: what counts as the same word. Scores nothing.

English follows Whisper's own rules (Radford et al. 2022, appendix C) through whisper-normalizer.
French writes numbers out, so that "21" and "vingt et un" agree.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import cache

from num2words import num2words
from whisper_normalizer.basic import BasicTextNormalizer
from whisper_normalizer.english import EnglishTextNormalizer

Normaliser = Callable[[str], str]

_ABBREVIATIONS = {
    "m.": "monsieur",
    "mr": "monsieur",
    "mme": "madame",
    "mlle": "mademoiselle",
    "dr": "docteur",
    "n°": "numéro",
    "no.": "numéro",
    "st": "saint",
    "ste": "sainte",
    "svp": "s'il vous plaît",
    "€": "euros",
    "%": "pour cent",
    "&": "et",
    "#": "dièse",
}
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
_LONGEST_NUMBER = 18
"""Nobody says more digits as one number; a stuck model writes hundreds, which no library reads."""

_ENDLESS_NUMBER = re.compile(rf"\d[\d.,]{{{_LONGEST_NUMBER},}}")
_ELLIPSIS = re.compile(r"…|\.{2,}")
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "’": "'", "ʼ": "'"})


def _number_in_words(match: re.Match[str]) -> str:
    digits = match[0].replace(",", ".")
    if len(digits) > _LONGEST_NUMBER or (digits.startswith("0") and digits.isdecimal()):
        return " ".join(str(num2words(int(one), lang="fr")) for one in digits if one != ".")
    number = float(digits) if "." in digits else int(digits)
    return str(num2words(number, lang="fr"))


def french(text: str) -> str:
    """`fr-1`: lower case, numbers and abbreviations in words, no punctuation."""
    text = unicodedata.normalize("NFKC", text).lower().translate(_LIGATURES)
    for sign in "€%&#":
        text = text.replace(sign, f" {_ABBREVIATIONS[sign]} ")
    words = [_ABBREVIATIONS.get(word.strip("(),;:!?"), word) for word in text.split()]
    text = re.sub(r"(?<=\d)[\s.](?=\d{3}\b)", "", " ".join(words))
    text = _NUMBER.sub(lambda match: f" {_number_in_words(match)} ", text)
    return " ".join(re.sub(r"[^\w]+", " ", text).replace("_", " ").split())


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
    "fr": ("fr-1", french),
    "en": ("en-1", english),
}
"""(name and version, rule) by language; the version changes with the rule."""


def normaliser(language: str | None) -> tuple[str, Normaliser]:
    """The (name, rule) of a language."""
    return NORMALISERS.get(language or "", ("basic-1", other))
