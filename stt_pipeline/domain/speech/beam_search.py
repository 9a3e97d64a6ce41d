"""Beam search for one text, token by token. Knows no model: it is told the likely next tokens."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Candidate:
    """A next token of a beam, and its log probability."""

    beam: int
    token: int
    logprob: float


@dataclass(frozen=True)
class Hypothesis:
    """A text so far: its tokens, the log probability of each, and the beam that it was read from.

    `told` are all next tokens that were told of that beam, each token's among them. An ended text
    has one probability, one beam and one `told` more than tokens: those of its end.
    """

    tokens: tuple[int, ...] = ()
    logprobs: tuple[float, ...] = ()
    beams: tuple[int, ...] = ()
    told: tuple[tuple[Candidate, ...], ...] = ()

    @property
    def has_ended(self) -> bool:
        """Whether its end was read; else it was cut, or is read still."""
        return len(self.logprobs) > len(self.tokens)

    @property
    def logprob(self) -> float:
        """The sum over its tokens."""
        return sum(self.logprobs)

    @property
    def score(self) -> float:
        """The sum a token, by which ended texts compare: or the shortest would always win."""
        return self.logprob / max(1, len(self.tokens))


class BeamSearch:
    """The `width` likeliest texts, until `patience` times as many have ended, or have `max_tokens`.

    The rules are CTranslate2's (decoding.cc, `BeamSearch::search`), with length penalty 1: of twice
    as many candidates as beams, a beam that ends is replaced by the next that does not.
    """

    def __init__(self, width: int, end: int, max_tokens: int, patience: int = 1) -> None:
        """`end` is the token that ends a text."""
        self._width = width
        self._enough = width * patience
        self._end = end
        self._max_tokens = max_tokens
        self.live: tuple[Hypothesis, ...] = (Hypothesis(),)
        self._ended: list[Hypothesis] = []

    @property
    def candidates(self) -> int:
        """How many next tokens to tell for each beam: enough, as each beam has one end."""
        return 2 * self._width

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to read."""
        return not self.live

    @property
    def best(self) -> Hypothesis:
        """The likeliest text that has ended; the first of equals."""
        return max(self._ended, key=lambda text: text.score)

    def advance(self, told: Sequence[Candidate]) -> None:
        """One token on. `told` are the likeliest `candidates` of every live beam, in any order."""
        before, room = self.live, self._max_tokens - len(self.live[0].tokens)
        of_beam = [tuple(one for one in told if one.beam == beam) for beam in range(len(before))]
        sums = [text.logprob for text in before]
        ranked = sorted(told, key=lambda one: -(sums[one.beam] + one.logprob))[: self.candidates]
        going_on = iter([one for one in ranked[self._width :] if one.token != self._end])
        live = []
        for one in ranked[: self._width]:
            is_end = one.token == self._end
            if is_end or room == 1:
                self._ended.append(_with(before[one.beam], one, of_beam[one.beam], is_end))
                follower = next(going_on, None)
            else:
                follower = one
            if follower:
                beam = follower.beam
                live.append(_with(before[beam], follower, of_beam[beam], is_end=False))
        is_over = room == 1 or len(self._ended) >= self._enough
        self.live = () if is_over else _in_place(live)


def _in_place(live: Sequence[Hypothesis]) -> tuple[Hypothesis, ...]:
    """The texts in an order that leaves as many as can be where the text was that they go on from.

    What was said of those that move has to be moved in memory.
    """
    staying: dict[int, Hypothesis] = {}
    for text in live:
        if text.beams[-1] < len(live):
            staying.setdefault(text.beams[-1], text)
    moving = iter([text for text in live if staying.get(text.beams[-1]) is not text])
    return tuple(staying.get(place) or next(moving) for place in range(len(live)))


def _with(
    text: Hypothesis, next_one: Candidate, told: tuple[Candidate, ...], is_end: bool
) -> Hypothesis:
    return Hypothesis(
        tokens=text.tokens if is_end else (*text.tokens, next_one.token),
        logprobs=(*text.logprobs, next_one.logprob),
        beams=(*text.beams, next_one.beam),
        told=(*text.told, told),
    )
