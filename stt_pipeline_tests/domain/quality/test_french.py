"""French as it is spoken: every way to write a thing agrees with the words that are said."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from num2words import num2words
from text_to_num import text2num

from stt_pipeline.domain.quality.french import spoken

NUMBERS = st.integers(0, 1_000_000)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("80", "quatre-vingts"),
        ("80", "quatre-vingt"),
        ("200 appels", "deux cents appels"),
        ("en 1998", "en dix-neuf cent quatre-vingt-dix-huit"),
        ("en 1998", "en mil neuf cent quatre-vingt-dix-huit"),
        ("1er", "premier"),
        ("1re", "première"),
        ("1ère", "première"),
        ("1ers", "premiers"),
        ("2e", "deuxième"),
        ("2ème", "deuxième"),
        ("2nde", "seconde"),
        ("21e", "vingt et unième"),
        ("100 ème", "centième"),
        ("XXe siècle", "vingtième siècle"),
        ("XIXème siècle", "dix-neuvième siècle"),
        ("Ier siècle", "premier siècle"),
        ("3,05", "trois virgule zéro cinq"),
        ("3,14", "trois virgule quatorze"),
        ("3,1415", "trois virgule un quatre un cinq"),
        ("-5", "moins cinq"),
        ("12,50 €", "douze euros cinquante"),
        ("12,50 €", "douze euros et cinquante centimes"),
        ("12€50", "douze euros cinquante"),
        ("12,50 euros", "douze euros cinquante"),
        ("$12.05", "douze dollars cinq"),
        ("1 €", "un euro"),
        ("0,50 €", "cinquante centimes"),
        ("12,00 €", "douze euros"),
        ("20 %", "vingt pourcent"),
        ("14h30", "quatorze heures trente"),
        ("14 h 30", "quatorze heures et demie"),
        ("14:15", "quatorze heures et quart"),
        ("14h05", "quatorze heures zéro cinq"),
        ("14h", "quatorze heures"),
        ("1h", "une heure"),
        ("21 fois", "vingt et une fois"),
        ("21 postes", "vingt et un postes"),
        ("7j/7", "sept jours sur sept"),
        ("24h/24", "vingt-quatre heures sur vingt-quatre"),
        ("06 12 34 56 78", "zéro six douze trente-quatre cinquante-six soixante-dix-huit"),
        ("0612345678", "zéro six douze trente-quatre cinquante-six soixante-dix-huit"),
        ("+33 6 12", "plus trente-trois six douze"),
        ("514-555-1234", "cinq un quatre cinq cinq cinq un deux trois quatre"),
        ("01/12/2024", "premier décembre deux mille vingt-quatre"),
        ("72", "septante-deux"),
        ("71", "septante et un"),
        ("77", "septante-sept"),
        ("81", "huitante et un"),
        ("98", "nonante-huit"),
        ("Etat", "État"),
        ("A bientôt", "À bientôt"),
        ("Ca va", "ça va"),
        ("s'il vous plait", "s’il vous plaît"),
        ("S.V.P.", "s'il vous plaît"),
        ("S.A.V.", "SAV"),
        ("St-Laurent", "Saint-Laurent"),
        ("5 km", "cinq kilomètres"),
        ("20 °C", "vingt degrés"),
        ("no 5", "numéro cinq"),
        ("la boite", "la boîte"),
    ],
)
def test_written_and_said_agree(written: str, said: str) -> None:
    assert spoken(written) == spoken(said)


@pytest.mark.parametrize(
    ("one", "another"),
    [
        ("a", "à"),
        ("ou", "où"),
        ("du", "dû"),
        ("sur", "sûr"),
        ("été", "ete"),
        ("deuxième", "douzième"),
        ("1,50 €", "150 €"),
        ("14h30", "14h13"),
        ("A-t-il", "À t il"),
        ("soixante", "soixante-dix"),
        ("le un", "la une"),
    ],
)
def test_what_sounds_or_means_otherwise_stays_apart(one: str, another: str) -> None:
    assert spoken(one) != spoken(another)


@given(NUMBERS, st.sampled_from(["fr", "fr_BE", "fr_CH"]))
@example(4481, "fr_BE")
def test_every_number_agrees_in_digits_and_in_the_words_of_each_country(
    number: int, country: str
) -> None:
    words = num2words(number, lang=country)

    assert spoken(f"poste {number} appelé") == spoken(f"poste {words} appelé")
    assert spoken(str(number)) == spoken(words.replace("-", " "))
    assert spoken(str(number)) == spoken(re.sub("[ ]", "-", words))


@given(NUMBERS)
def test_the_words_of_a_number_are_read_back_by_another_library(number: int) -> None:
    assert text2num(spoken(str(number)), "fr") == number


@given(st.integers(1, 10_000))
def test_every_ordinal_agrees(number: int) -> None:
    words = num2words(number, lang="fr", to="ordinal")
    ending = "er" if number == 1 else "e"

    assert spoken(f"le {number}{ending} appel") == spoken(f"le {words} appel")


@given(st.integers(2, 23), st.integers(1, 59))
def test_every_time_agrees(hour: int, minute: int) -> None:
    hours = num2words(hour, lang="fr").replace("et un", "et une")
    said = spoken(f"{hours} heures {num2words(minute, lang='fr')}")

    for written in (f"{hour}h{minute:02}", f"{hour} h {minute:02}", f"{hour}:{minute:02}"):
        assert spoken(f"à {written}.") == f"à {said}"


@given(st.integers(2, 1_000_000), st.integers(1, 99))
def test_every_amount_agrees(euros: int, cents: int) -> None:
    said = spoken(f"{num2words(euros, lang='fr')} euros {num2words(cents, lang='fr')}")

    assert spoken(f"{euros},{cents:02} €") == said
    assert spoken(f"{euros:,}".replace(",", "\u202f") + f",{cents:02}\u00a0€") == said


PIECES = (
    "1 21 80 0 06 1998 12,50 3,05 € $ % h 14h30 1er 2e XXe siècle st st- m. svp n° no / - + : . "
    "cent cents vingts dix neuf onze septante nonante quatre et un deux mil mille heures heure "
    "demie zéro euros cinquante centimes À Été l'île A A.M. des septembre 514-555-1234"
)
WRITTEN = st.lists(st.sampled_from(PIECES.split()), max_size=12)


@given(WRITTEN, st.sampled_from(["", " "]))
@example(["heures", "zéro", "zéro", "zéro", "cinq"], " ")
@example(["nonante", "neuf", "cents"], " ")
def test_what_was_spoken_once_is_not_changed_again(pieces: list[str], between: str) -> None:
    once = spoken(between.join(pieces))

    assert spoken(once) == once


@given(st.text(max_size=60))
def test_no_text_is_changed_twice_or_leaves_a_digit(text: str) -> None:
    once = spoken(text)

    assert spoken(once) == once
    assert not re.search(r"\d", once)
