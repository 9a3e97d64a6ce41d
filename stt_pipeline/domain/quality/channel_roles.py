"""Tells from the words of a date's calls whether the agent is on the channel said. Judges nothing.

Agents say what agents say: they greet, ask, confirm. What words each side uses is counted over many
calls of the date, and a call whose sides speak the other way round stands out. It needs no list of
words and no language. Where all calls of a date are swapped nothing stands out.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable
from itertools import islice

from stt_pipeline.domain.speech.transcription import Transcription

MIN_CALLS = 30
"""Of fewer calls the words say too little."""

LEARNT_CALLS = 500
"""Calls that words are counted in: more would move no call's odds by much."""

_UNSEEN = 0.5
"""Added to each count (Jeffreys' prior): a word that one side never said is not impossible."""

_WORD = re.compile(r"\w+")

Sides = tuple[frozenset[str], frozenset[str]]
"""Words that the agent's channel has and the customer's has not, and the other way round."""


class RoleWords:
    """How many of a date's calls have each word on the agent's channel, and on the customer's."""

    def __init__(self, calls: Iterable[tuple[str, Transcription]]) -> None:
        """Counts in the first LEARNT_CALLS calls with words of both, each with its call_id."""
        two_sided = ((call_id, sides) for call_id, heard in calls if (sides := _sides(heard)))
        self._learnt: dict[str, Sides] = dict(islice(two_sided, LEARNT_CALLS))
        self._counts = [Counter[str](), Counter[str]()]
        for sides in self._learnt.values():
            for count, words in zip(self._counts, sides, strict=True):
                count.update(words)

    def odds(self, call_id: str, heard: Transcription) -> float | None:
        """Log odds, by naive Bayes, that the call's sides are as labelled and not swapped.

        They are odds by the other calls alone. None where those are fewer than MIN_CALLS, or where
        not both sides speak.
        """
        sides = _sides(heard)
        learnt = self._learnt.get(call_id)
        if sides is None or len(self._learnt) - (learnt is not None) < MIN_CALLS:
            return None
        agent, customer = sides
        return sum(self._leaning(word, learnt) for word in agent) - sum(
            self._leaning(word, learnt) for word in customer
        )

    def _leaning(self, word: str, left_out: Sides | None) -> float:
        """Log odds that the agent says it, without one call's words."""
        by_agent, by_customer = (
            count[word] - (left_out is not None and word in left_out[side])
            for side, count in enumerate(self._counts)
        )
        return math.log((by_agent + _UNSEEN) / (by_customer + _UNSEEN))


def _sides(heard: Transcription) -> Sides | None:
    """None where not both an agent's and a customer's channel have words."""
    said: dict[str, set[str]] = {"agent": set(), "customer": set()}
    for segment in heard.segments:
        if segment.speaker in said:
            said[segment.speaker].update(_WORD.findall(segment.text.lower()))
    agent, customer = said.values()
    if not agent or not customer:
        return None
    return frozenset(agent - customer), frozenset(customer - agent)
