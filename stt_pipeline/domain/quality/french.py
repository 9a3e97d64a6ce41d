"""Written French as it is spoken: numbers, amounts, times, abbreviations in words. Scores nothing.

Words are the common form, not digits: what is said alike in two spellings ("dix-neuf cents", "mille
neuf cents"; "60 18", "soixante dix-huit") is then alike, and no phrase has to be parsed.
"""

import re
import tomllib
import unicodedata
from collections.abc import Callable
from importlib.resources import files
from typing import Any

from num2words import num2words

_LEXICON: dict[str, Any] = tomllib.loads(
    files("stt_pipeline.domain.quality").joinpath("french.toml").read_text()
)
_LONGEST_NUMBER = 18
"""Nobody says more digits as one number; a stuck model writes hundreds, which no library reads."""

_CHARACTERS = str.maketrans(
    {"’": "'", "ʼ": "'", "‑": "-", "–": "-", "−": "-", "º": "°", "№": "n°", "\u2044": "/"}
)
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae"})
_UNACCENTED = str.maketrans("àâéèêëîïôùûç", "aaeeeeiiouuc")
_CIRCUMFLEX = str.maketrans("îû", "iu")
_UNITS_AND_TENS = (
    "zéro|une?|deux|trois|quatre|cinq|six|sept|huit|neuf|dix|onze|douze|treize|quatorze|quinze|"
    "seize|vingt|trente|quarante|cinquante|soixante"
)


def spoken(text: str) -> str:
    """The text in lower-case words, without digits and punctuation, one space between words.

    What is spelt differently and sounds alike becomes one; speaking it again changes nothing.
    """
    # What a sign or an abbreviation stood beside may itself be one: "st-" is "st" on a second look.
    while (once := _said(text)) != text:
        text = once
    return text


def _said(text: str) -> str:
    text = _written(text)
    for pattern, rule in _NUMBERS:
        text = pattern.sub(rule, text)
    for sign, name in _LEXICON["signs"].items():
        text = text.replace(sign, f" {name} ")
    text = " ".join(_unabbreviated(word) for word in text.split())
    text = " ".join(_spelt(word) for word in re.sub(r"[\W_]+", " ", text).split())
    for pattern, rule in _SAID_ALIKE:
        text = pattern.sub(rule, text)
    return text


def _written(text: str) -> str:
    """Lower case and one form of every character; a capital A that begins a sentence is "à"."""
    text = unicodedata.normalize("NFKC", text.translate(_CHARACTERS)).translate(_CHARACTERS)
    text = re.sub(r"(?:^|(?<=[.!?…] ))A(?= [a-zà-ÿ])", "À", " ".join(text.split()))
    text = text.lower().translate(_LIGATURES).replace("c.-à-d.", "c'est-à-dire")
    return re.sub(r"\b(?:[a-zà-ÿ]\.){2,}", lambda match: match[0].replace(".", "") + " ", text)


def _unabbreviated(word: str) -> str:
    known, bare = _LEXICON["abbreviations"], word.strip('(),;:!?"«»')
    full: str | None = known.get(bare) or known.get(bare.removesuffix("."))
    return full or re.sub(r"^st(e?)-(?=\w)", r"saint\1 ", word)


def _spelt(word: str) -> str:
    """One spelling: that of 1990 for î and û, no accent on a first letter, which capitals lack."""
    word = _LEXICON["variants"].get(word, word)
    if word not in _LEXICON["circumflex_kept"]:
        word = word.translate(_CIRCUMFLEX)
    return word[0].translate(_UNACCENTED) + word[1:] if len(word) > 1 else word


def _whole(digits: str) -> str:
    """Digits as one number; each by itself where they begin with zero or are too many."""
    if len(digits) > _LONGEST_NUMBER or (digits.startswith("0") and len(digits) > 1):
        return _each(digits)
    return str(num2words(int(digits), lang="fr"))


def _each(digits: str) -> str:
    return " ".join(str(num2words(int(one), lang="fr")) for one in digits if one.isdecimal())


def _digit_by_digit(match: re.Match[str]) -> str:
    return f" {_each(match[0])} "


def _pairs(match: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", match[0])
    pairs = (digits[place : place + 2] for place in range(0, len(digits), 2))
    return f" {' '.join(map(_whole, pairs))} "


def _together(match: re.Match[str]) -> str:
    return re.sub(r"\D", "", match[0])


def _integer(match: re.Match[str]) -> str:
    words, noun = _whole(match["number"]), match["noun"] or ""
    if noun and (words == "un" or words.endswith(" un")):
        words += "e"
    return f" {words} {noun}"


def _decimal(match: re.Match[str]) -> str:
    """Up to three places are said as one number, with the zeros before it: "virgule zéro cinq"."""
    whole, places = match["whole"], match["places"]
    if len(places) > 3:
        return f" {_whole(whole)} virgule {_each(places)} "
    rest = places.lstrip("0")
    zeros = "zéro " * (len(places) - len(rest))
    return f" {_whole(whole)} virgule {zeros}{_whole(rest) if rest else ''} "


def _date(match: re.Match[str]) -> str:
    day, month = int(match["day"]), int(match["month"])
    if not (1 <= day <= 31 and 1 <= month <= 12):
        return match[0]
    name = _LEXICON["months"][month - 1]
    return f" {'premier' if day == 1 else day} {name} {match['year']} "


def _time(match: re.Match[str]) -> str:
    hour, minute = int(match["hour"]), int(match["minute"] or 0)
    return f" {hour} heure{_s(hour)} {minute or ''} "


def _amount(match: re.Match[str]) -> str:
    """Such as "12,50 €", which is said "douze euros cinquante"."""
    whole, part = int(match["whole"]), int(match["part"] or 0)
    money, coin = ("dollar", "cent") if match["money"][0] in "$d" else ("euro", "centime")
    if not whole and part:
        return f" {part} {coin}{_s(part)} "
    return f" {whole} {money}{_s(whole)} {part or ''} "


def _s(count: int) -> str:
    return "s" if count > 1 else ""


def _first(match: re.Match[str]) -> str:
    return f" premi{'er' if match[1] == 'er' else 'ère'}{match[2]} "


def _ordinal(match: re.Match[str]) -> str:
    return f" {_nth(int(match['number']))}{match['plural']} "


def _nth(number: int) -> str:
    return "premier" if number == 1 else str(num2words(number, lang="fr", to="ordinal"))


def _century(match: re.Match[str]) -> str:
    values = [{"i": 1, "v": 5, "x": 10}[letter] for letter in match["roman"]]
    following = [*values[1:], 0]
    signed = (one if one >= after else -one for one, after in zip(values, following, strict=True))
    return f" {_nth(sum(signed))} siècle"


def _with_unit(match: re.Match[str]) -> str:
    return f"{match[1]} {_LEXICON['units'][match[2]]} "


def _after_ten(match: re.Match[str]) -> str:
    tens = {"septante": "soixante", "nonante": "quatre vingt"}[match[1]]
    linked = "et " if (match[1], match[2]) == ("septante", "un") else ""
    return f"{tens} {linked}{_LEXICON['after_ten'][match[2]]}"


def _thousand(match: re.Match[str]) -> str:
    return f"mille {_LEXICON['hundreds'][match[1]]}cent"


_Rule = str | Callable[[re.Match[str]], str]


def _compiled(*rules: tuple[str, _Rule]) -> tuple[tuple[re.Pattern[str], _Rule], ...]:
    return tuple((re.compile(pattern), rule) for pattern, rule in rules)


_ALONE = r"(?<![\d.,:])"
_MONEY = r"(?P<money>€|\$|eur\b|euros?\b|dollars?\b)"
_NUMBERS = _compiled(
    # Telephone numbers: France's in pairs, North America's digit by digit.
    (r"(?<!\d)0[1-9](?:[ .-]?\d\d){4}(?!\d)", _pairs),
    (r"(?<!\d)(?:1[ .-])?\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}(?!\d)", _digit_by_digit),
    (r"\bn[o°]s?\.? ?(?=\d)", " numéro "),
    (r"(?<!\d)(?P<day>\d\d?)/(?P<month>\d\d?)/(?P<year>\d{4})(?!\d)", _date),
    (r"(?<=\d) ?h ?/ ?(?=\d)", " heures sur "),
    (r"(?<=\d) ?j ?/ ?(?=\d)", " jours sur "),
    (r"(?<=\d) ?/ ?(?=\d)", " sur "),
    (rf"{_ALONE}[1-9]\d{{0,2}}(?:[ .]\d{{3}}){{1,5}}(?!\d)", _together),
    (rf"{_ALONE}(?P<hour>[01]?\d|2[0-4]) ?h(?: ?(?P<minute>[0-5]\d))?(?!\w)", _time),
    (rf"{_ALONE}(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)(?![\d:])", _time),
    (r"(?<!\d)(?<!\d )([€$]) ?(\d{1,15}(?:[.,]\d\d)?)(?![\d.,]*\d)", r"\2\1"),
    (rf"{_ALONE}(?P<whole>\d{{1,15}}) ?(?P<money>[€$]) ?(?P<part>\d\d)(?!\d)", _amount),
    (rf"{_ALONE}(?P<whole>\d{{1,15}})(?:[.,](?P<part>\d\d))? ?{_MONEY}", _amount),
    (rf"{_ALONE}1(er|[eè]?re)(s?)\b", _first),
    (rf"{_ALONE}2nd(e?s?)\b", r" second\1 "),
    (rf"{_ALONE}(?P<number>\d{{1,9}})(?:[eè]|i?[eè]me| i?[eè]me)(?P<plural>s?)\b", _ordinal),
    (r"\b(?P<roman>x{0,3}(?:ix|iv|v?i{0,3}))(?<=[ivx])(?:er|[eè]|[eè]me)s? siècle", _century),
    (rf"(\d) ?({'|'.join(_LEXICON['units'])})\b", _with_unit),
    (r"(?:(?<= )|^)-(?=\d)", "moins "),
    (r"\+ ?(?=\d)", " plus "),
    (r"(?P<whole>\d+)[.,](?P<places>\d+)", _decimal),
    (rf"(?P<number>\d+)(?: (?P<noun>(?:{'|'.join(_LEXICON['feminine'])})s?)\b)?", _integer),
)
"""In this order: each takes what those before it have left in digits."""

_SAID_ALIKE = _compiled(
    # Belgium and Switzerland; Canada counts as France does.
    (rf"\b(septante|nonante)(?: et)? ({'|'.join(_LEXICON['after_ten'])})\b", _after_ten),
    (r"\bseptante\b", "soixante dix"),
    (r"\bnonante\b", "quatre vingt dix"),
    (r"\b(?:huitante|octante|quatre vingt)(?: et(?= une?\b))?\b", "quatre vingt"),
    (rf"\b({'|'.join(_LEXICON['hundreds'])}) cent\b", _thousand),
    (r"\bmil\b", "mille"),
    (r"\b(heures?) et quart\b", r"\1 quinze"),
    (r"\b(heures?) et demie?\b", r"\1 trente"),
    (rf"\b(heures?) (?:zéro )+(?=(?:{_UNITS_AND_TENS})\b)", r"\1 "),
    (rf"\b(euros?|dollars?)(?: et)?((?: (?:et|{_UNITS_AND_TENS}))+) (?:centimes?|cent)\b", r"\1\2"),
)
