"""Words that a call surely says, where it may have said them in place of what was read. Reads none.

The chunks of a call are read apart, and a word that it says again and again is read anew in each:
in one "caller", in the next "color" all along. What was said is likelier to be said again than a
language model knows (Kuhn and De Mori 1990, "A cache-based natural language model for speech
recognition").
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

SURE_LOGPROB: Final = -0.22
"""A probability of 0.8: from there on a word is taken for said."""

RARE_TOKEN: Final = 1000
"""Whisper's tokens are numbered as they were merged, about by how often they are used: those below
are said in every call, so that being said tells nothing."""


@dataclass(frozen=True)
class Choice:
    """A token that was read, its log probability, and all it was chosen from, with theirs."""

    token: int
    logprob: float
    told: tuple[tuple[int, float], ...]


Text = Sequence[Choice]


def favours(
    texts: Sequence[Text], word: Callable[[int], str | None], odds: float
) -> list[dict[int, float]]:
    """For each text of one call, the tokens to favour by `odds` where it is read again; or none.

    They are rare words that another text of the call surely has, and that would have been chosen
    with those log odds more, in place of another word, not just longer or shorter, that no other
    text surely has. `word` gives what a token writes, in small letters, if it begins a word and is
    all letters.
    """
    if odds <= 0:
        return [{} for _ in texts]
    having = _sure_texts(texts)

    def found(number: int) -> Iterator[int]:
        for choice in texts[number]:
            read = word(choice.token)
            if read is None or having[choice.token] - {number}:
                continue
            for token, logprob in choice.told:
                is_near = token >= RARE_TOKEN and logprob + odds > choice.logprob
                if is_near and having[token] - {number} and _is_another(word(token), read):
                    yield token

    return [dict.fromkeys(found(number), odds) for number in range(len(texts))]


def _is_another(word: str | None, read: str) -> bool:
    """Whether it is a word, and no other form of the one read: a call says both of those."""
    return word is not None and not word.startswith(read) and not read.startswith(word)


def _sure_texts(texts: Sequence[Text]) -> defaultdict[int, set[int]]:
    """Which texts surely have a token, at its first place: said again, it is always sure."""
    having: defaultdict[int, set[int]] = defaultdict(set)
    for number, text in enumerate(texts):
        firsts = {choice.token: choice for choice in reversed(text)}
        for token, first in firsts.items():
            if first.logprob >= SURE_LOGPROB:
                having[token].add(number)
    return having
