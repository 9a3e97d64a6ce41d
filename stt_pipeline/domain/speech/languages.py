"""Decides which language a call is in from what each chunk of speech sounds like. Hears nothing."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

SURE = 0.9
"""Probability from which a chunk, or a channel, is taken to be in a language of its own."""

ENOUGH_S = 5.0
"""Seconds of speech below which a name or a number decides nothing."""


@dataclass
class LanguageVotes:
    """What the chunks of one call said, weighted by their seconds, by channel."""

    _votes: dict[int, dict[str, float]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(float))
    )
    _sure: dict[int, dict[str, float]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(float))
    )

    def add(self, channel: int, speech_s: float, likely: Mapping[str, float]) -> None:
        """One chunk's probabilities by language."""
        for language, probability in likely.items():
            self._votes[channel][language] += probability * speech_s
            if probability >= SURE:
                self._sure[channel][language] += speech_s

    def of_call(self, allowed: Iterable[str]) -> str:
        """The language of the call; where none was heard yet, the first allowed one."""
        return max(allowed, key=self.share)

    def of_channel(self, channel: int, of_call: str) -> str:
        """A channel's language: its own where it is sure of another than the call's."""
        votes = self._votes[channel]
        heard_s = sum(votes.values())
        for language, seconds in votes.items():
            if heard_s >= ENOUGH_S and seconds >= SURE * heard_s:
                return language
        return of_call

    def share(self, language: str) -> float:
        """The language's share of the speech of all channels, 0 to 1."""
        heard_s = sum(sum(votes.values()) for votes in self._votes.values())
        spoken_s = sum(votes[language] for votes in self._votes.values())
        return spoken_s / heard_s if heard_s else 0.0

    def sure_of(self, channel: int) -> tuple[str, ...]:
        """The languages surely heard on a channel, by name."""
        sure = self._sure[channel]
        return tuple(sorted(one for one, seconds in sure.items() if seconds >= ENOUGH_S))
