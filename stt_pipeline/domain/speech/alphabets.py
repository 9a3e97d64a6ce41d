"""Which letters languages are written in. Knows no tokens, and tells no language from another."""

from collections.abc import Iterable
from typing import Final

_LATIN = (
    "af az bs ca cs cy da de en es et eu fi fo fr gl ha haw hr ht hu id is it jw la lb ln lt lv mg "
    "mi ms mt nl nn no oc pl pt ro sk sl sn so sq sv sw tk tl tr vi yo"
)

LATIN: Final = frozenset(_LATIN.split())
"""Whisper's languages that are written in Latin letters alone."""

LATIN_LETTERS: Final = (range(0x0250), range(0x1E00, 0x1F00))
"""Unicode's blocks up to Latin Extended-B, and Latin Extended Additional, which Vietnamese has."""


def may_be_written(text: str, languages: Iterable[str]) -> bool:
    """Whether a text has no letter but those that one of the languages is written in.

    Whatever is no letter may be written in all of them. Languages that are not in LATIN may have
    any letter.
    """
    # A vocabulary of 50,000 is asked one by one where a worker starts: most of it ends here.
    if text.isascii() or not LATIN.issuperset(languages):
        return True
    return not any(letter.isalpha() and not _is_latin(letter) for letter in text)


def _is_latin(letter: str) -> bool:
    return any(ord(letter) in block for block in LATIN_LETTERS)
