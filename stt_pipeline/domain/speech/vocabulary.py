"""A list of names as a custom vocabulary of Amazon Transcribe: its languages, letters and limits.

Asks no service. The rules are those of its Developer Guide: "Creating a custom vocabulary using a
table", "Character sets for custom vocabularies", "Supported languages".
"""

import string
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final

from stt_pipeline.domain.errors import UserError

MAX_PHRASE: Final = 256
"""Characters of an entry."""

MAX_BYTES: Final = 50_000
"""Of a whole vocabulary ("50 KB")."""

HEADER: Final = "Phrase\tSoundsLike\tIPA\tDisplayAs\n"
"""The second and third column must be there and are ignored."""

LETTERS: Final = {
    "de": "äÄöÖüÜß",
    "en": "",
    "fr": "ÀàÂâÇçÈèÉéÊêËëÎîÏïÔôÖöÙùÛûÜü",
    "it": "ÀàÄäÇçÈèÉéÊêËëÌìÒòÙùÜü",
    "pt": "ÀàÁáÂâÃãÄäÇçÈèÉéÊêËëÍíÑñÓóÔôÕõÖöÚúÜü",
}
"""Beside a to z, A to Z, apostrophe, hyphen and period; other languages get no vocabulary."""

_CODES = (
    "af-ZA ar-SA az-AZ ba-RU be-BY bg-BG bn-IN bs-BA ca-ES cs-CZ cy-GB da-DK de-DE el-GR en-US "
    "es-ES et-EE eu-ES fa-IR fi-FI fr-FR gl-ES gu-IN ha-NG he-IL hi-IN hr-HR hu-HU hy-AM id-ID "
    "is-IS it-IT ja-JP ka-GE kk-KZ kn-IN ko-KR lt-LT lv-LV mi-NZ mk-MK ml-IN mn-MN mr-IN ms-MY "
    "mt-MT nl-NL no-NO pa-IN pl-PL ps-AF pt-PT ro-RO ru-RU si-LK sk-SK sl-SI so-SO sr-RS su-ID "
    "sv-SE sw-KE ta-IN te-IN th-TH tl-PH tr-TR tt-RU uk-UA uz-UZ vi-VN zh-CN"
)

DIALECTS: Final = {code.partition("-")[0]: code for code in _CODES.split()}
"""Its code of a language: of several dialects one, since a job takes one of a language."""

MAX_LANGUAGES: Final = 5
"""Of a job that has to tell them apart."""


def dialects(languages: Iterable[str]) -> dict[str, str]:
    """Its code of each language; raises UserError where it has none, or there are too many."""
    known = {language: DIALECTS.get(language) for language in languages}
    if missing := [language for language, code in known.items() if code is None]:
        raise UserError(
            f"STT_FALLBACK=amazon-transcribe does not know the language {missing[0]} of "
            "STT_LANGUAGES: take it out, or set STT_FALLBACK=none."
        )
    if len(known) > MAX_LANGUAGES:
        raise UserError(
            f"STT_FALLBACK=amazon-transcribe tells at most {MAX_LANGUAGES} languages apart, and "
            f"STT_LANGUAGES names {len(known)}: name fewer, or set STT_FALLBACK=none."
        )
    return {language: code for language, code in known.items() if code}


def vocabulary(names: str, language: str) -> str:
    """The table of a list of names; empty where nothing of it may be in one.

    Each word is an entry. Left out are words with digits or letters that the language's set has
    not, and what is beyond the size that a vocabulary may have.
    """
    table = HEADER
    for row in _rows(names, language):
        if len((table + row).encode()) > MAX_BYTES:
            break
        table += row
    return table if table != HEADER else ""


def _rows(names: str, language: str) -> Iterator[str]:
    if language not in LETTERS:
        return
    allowed = set(string.ascii_letters + "'-." + LETTERS[language])
    words = unicodedata.normalize("NFC", names).replace("\u2019", "'").split()
    for word in dict.fromkeys(words):
        has_letters = bool(set(word) - set("'-."))
        if has_letters and set(word) <= allowed and len(word) <= MAX_PHRASE:
            yield f"{word}\t\t\t{word}\n"
