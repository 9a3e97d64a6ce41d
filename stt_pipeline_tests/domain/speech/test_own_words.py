"""Which words of a call are favoured where one of its texts is read again."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline.domain.speech.own_words import RARE_TOKEN, SURE_LOGPROB, Choice, favours

CALLER, COLOR, COLLAR, THE, PIECE = RARE_TOKEN, RARE_TOKEN + 1, RARE_TOKEN + 2, 7, RARE_TOKEN + 3
WORDS = {CALLER: "caller", COLOR: "color", COLLAR: "collar", THE: "the"}
ODDS = 2.0

LOGPROBS = st.floats(-4.0, 0.0)
TOLD = st.dictionaries(st.sampled_from([*WORDS, PIECE]), LOGPROBS, min_size=1)


@st.composite
def choices(draw: st.DrawFn) -> Choice:
    told = draw(TOLD)
    token = draw(st.sampled_from(sorted(told)))
    return Choice(token, told[token], tuple(told.items()))


TEXTS = st.lists(st.lists(choices(), max_size=4), max_size=5)


def read(token: int, logprob: float = -0.05, **told: float) -> Choice:
    """A token as it was read, and what else was told there, by its word."""
    numbers = {name: token for token, name in WORDS.items()}
    others = tuple((numbers[name], value) for name, value in told.items())
    return Choice(token, logprob, ((token, logprob), *others))


def favoured(*texts: Sequence[Choice]) -> list[set[int]]:
    return [{*text} for text in favours(texts, WORDS.get, ODDS)]


SURE = [read(CALLER)]
UNSURE = [read(COLOR, -0.31, caller=-1.65), read(COLOR), read(COLOR)]


def test_a_word_that_another_text_surely_has_is_favoured_where_it_is_near() -> None:
    assert favoured(SURE, UNSURE) == [set(), {CALLER}]
    assert favours([SURE, UNSURE], WORDS.get, ODDS)[1] == {CALLER: ODDS}


def test_not_where_it_is_far() -> None:
    assert favoured(SURE, [read(COLOR, -0.31, caller=-2.4)]) == [set(), set()]


def test_not_where_it_was_said_for_having_been_said() -> None:
    """The first "caller" is unsure, those after it sure of the first."""
    assert favoured([read(CALLER, -0.4), *SURE], UNSURE) == [set(), set()]


def test_not_in_place_of_a_word_that_another_text_surely_has() -> None:
    assert favoured(SURE, UNSURE, [read(COLOR)]) == [set(), set(), set()]


def test_not_a_common_word_nor_in_place_of_a_piece_of_one() -> None:
    assert favoured([read(THE)], [read(COLOR, -0.4, the=-0.9)]) == [set(), set()]
    assert favoured(SURE, [read(PIECE, -0.4, caller=-0.9)]) == [set(), set()]


@pytest.mark.parametrize("read_there", ["caller", "callers", "call"])
def test_not_in_place_of_the_same_word_longer_or_shorter(read_there: str) -> None:
    """A capital makes another token of it; a call says "caller" and "callers"."""
    forms = WORDS | {COLOR: read_there}
    assert favours([SURE, UNSURE], forms.get, ODDS) == [{}, {}]


@given(TEXTS)
def test_what_is_favoured_is_rare_and_said_in_another_text(texts: list[list[Choice]]) -> None:
    for number, tokens in enumerate(favoured(*texts)):
        others = [choice for other, text in enumerate(texts) if other != number for choice in text]
        sure = {choice.token for choice in others if choice.logprob >= SURE_LOGPROB}
        assert tokens <= sure & {CALLER, COLOR, COLLAR}


@given(TEXTS, st.floats(0.0, 3.0), st.floats(0.0, 3.0))
def test_more_odds_favour_no_fewer(texts: list[list[Choice]], odds: float, more: float) -> None:
    few, many = (favours(texts, WORDS.get, one) for one in (odds, odds + more))
    assert all({*one} <= {*other} for one, other in zip(few, many, strict=True))


@given(TEXTS)
def test_the_order_of_the_texts_does_not_matter(texts: list[list[Choice]]) -> None:
    assert favoured(*texts[::-1])[::-1] == favoured(*texts)


@given(TEXTS)
def test_nothing_is_favoured_without_odds_nor_in_a_text_alone(texts: list[list[Choice]]) -> None:
    assert not any(favours(texts, WORDS.get, 0.0))
    assert not any(favoured(*texts[:1]))
