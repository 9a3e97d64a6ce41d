"""The search for the likeliest text, on made-up languages of a few tokens."""

import itertools
import math
from collections.abc import Callable, Sequence

from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline.domain.speech.beam_search import BeamSearch, Candidate, Hypothesis

END = 0
Language = Callable[[Sequence[int]], list[float]]
"""Log probabilities of every token after those so far."""


@st.composite
def languages(draw: st.DrawFn, tokens: int = 3) -> Language:
    """The next token depends on the last one and on the place."""
    weight = st.integers(min_value=1, max_value=50)
    table = {
        (last, place): draw(st.lists(weight, min_size=tokens, max_size=tokens))
        for last in range(tokens)
        for place in range(6)
    }

    def following(text: Sequence[int]) -> list[float]:
        weights = table[(text[-1] if text else END), len(text)]
        return [math.log(one / sum(weights)) for one in weights]

    return following


def searched(language: Language, width: int, max_tokens: int, patience: int = 1) -> Hypothesis:
    search = BeamSearch(width, END, max_tokens, patience)
    while not search.is_over:
        told = []
        for beam, text in enumerate(search.live):
            ranked = sorted(enumerate(language(text.tokens)), key=lambda one: -one[1])
            told += [
                Candidate(beam, token, logprob) for token, logprob in ranked[: search.candidates]
            ]
        search.advance(told)
    return search.best


def score(language: Language, text: Sequence[int], has_ended: bool) -> float:
    whole = [*text, END] if has_ended else [*text]
    total = sum(language(whole[:place])[token] for place, token in enumerate(whole))
    return total / max(1, len(text))


@given(languages(), st.integers(min_value=1, max_value=4))
def test_enough_beams_find_the_likeliest_of_all_texts(language: Language, max_tokens: int) -> None:
    best = searched(language, width=40, max_tokens=max_tokens)

    texts = [
        (text, length < max_tokens)
        for length in range(max_tokens + 1)
        for text in itertools.product((1, 2), repeat=length)
    ]
    assert math.isclose(best.score, max(score(language, *text) for text in texts))


@given(languages(), st.integers(min_value=1, max_value=5))
def test_one_beam_takes_the_likeliest_token_each_time(language: Language, max_tokens: int) -> None:
    text: list[int] = []
    while len(text) < max_tokens:
        likely = language(text)
        token = max(range(len(likely)), key=lambda one: likely[one])
        if token == END:
            break
        text.append(token)

    assert searched(language, width=1, max_tokens=max_tokens).tokens == tuple(text)


@given(languages(), st.integers(min_value=1, max_value=3))
def test_patience_never_finds_a_text_that_is_less_likely(language: Language, width: int) -> None:
    hasty = searched(language, width, max_tokens=5)
    patient = searched(language, width, max_tokens=5, patience=3)
    assert patient.score >= hasty.score


@given(languages(), st.integers(min_value=1, max_value=4), st.integers(min_value=1, max_value=5))
def test_a_text_has_the_probability_of_each_of_its_tokens(
    language: Language, width: int, max_tokens: int
) -> None:
    best = searched(language, width, max_tokens)

    whole = [*best.tokens, END] if best.has_ended else [*best.tokens]
    told = [language(whole[:place])[token] for place, token in enumerate(whole)]
    assert [*best.logprobs] == told
    assert len(best.beams) == len(told)
    assert best.beams[0] == 0
    assert all(0 <= beam < width for beam in best.beams)
    assert len(best.tokens) <= max_tokens
    assert END not in best.tokens


@given(languages(tokens=4), st.integers(min_value=1, max_value=4))
def test_beams_stay_as_many_until_the_search_is_over(language: Language, width: int) -> None:
    search = BeamSearch(width, END, max_tokens=5)
    # A first step has one beam to choose from, of four tokens.
    live = min(width, 3)
    while not search.is_over:
        told = [
            Candidate(beam, token, logprob)
            for beam, text in enumerate(search.live)
            for token, logprob in enumerate(language(text.tokens))
        ]
        search.advance(told)
        assert len(search.live) in {0, width} or len(search.live) >= min(live, width)
        assert len({text.tokens for text in search.live}) == len(search.live)


@given(languages(tokens=4), st.integers(min_value=1, max_value=4))
def test_a_text_that_goes_on_stays_in_its_place(language: Language, width: int) -> None:
    """Only the second text that goes on from one beam, and those of beams no longer there, move."""
    search = BeamSearch(width, END, max_tokens=5)
    while not search.is_over:
        search.advance(
            [
                Candidate(beam, token, logprob)
                for beam, text in enumerate(search.live)
                for token, logprob in enumerate(language(text.tokens))
            ]
        )
        parents = [text.beams[-1] for text in search.live]
        staying = [parent for place, parent in enumerate(parents) if parent == place]
        assert sorted(staying) == sorted({one for one in parents if one < len(parents)})
