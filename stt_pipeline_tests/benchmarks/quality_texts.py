"""Faults of a text, made on what was heard in clean calls: what a broken engine would write."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from stt_pipeline.domain.speech.transcription import Segment, Transcription, Word

TIMES = 4
"""How often a phrase is repeated: the fewest that count as a loop."""


Fault = Callable[[Transcription], Transcription]


def looped_text(heard: Transcription) -> Transcription:
    """An utterance says its first three words over and over to its end."""
    longest = max(heard.segments, key=lambda one: len(one.words))
    phrase = [word.word for word in longest.words[:3]]
    words = [
        replace(longest.words[min(place, len(longest.words) - 1)], word=phrase[place % len(phrase)])
        for place in range(max(len(longest.words), TIMES * len(phrase)))
    ]
    return _with(heard, lambda one: words if one is longest else one.words)


def looped_utterances(heard: Transcription) -> Transcription:
    """The utterances after one are heard as it, TIMES in all."""
    first = max(heard.segments[: -TIMES or None] or heard.segments, key=lambda one: len(one.words))
    channel = [one for one in heard.segments if one.channel == first.channel]
    start = min(channel.index(first), max(0, len(channel) - TIMES))
    looped = channel[start : start + TIMES]
    step_s = (looped[-1].end_s - looped[0].start_s) / (TIMES * len(first.words))
    times = range(TIMES * len(first.words))
    words = [
        replace(
            first.words[place % len(first.words)],
            start_s=looped[0].start_s + step_s * place,
            end_s=looped[0].start_s + step_s * (place + 1),
        )
        for place in times
    ]
    whole = replace(looped[0], words=tuple(words))
    rest = [one for one in heard.segments if not any(one is other for other in looped)]
    return replace(heard, segments=tuple(sorted([*rest, whole], key=lambda one: one.start_s)))


def lost_text(heard: Transcription) -> Transcription:
    """The middle third of the call has no words."""
    start_s, end_s = heard.duration_s / 3, heard.duration_s * 2 / 3
    return _with(
        heard, lambda one: [word for word in one.words if not start_s <= word.start_s <= end_s]
    )


def late_text(heard: Transcription) -> Transcription:
    """Every word comes five seconds late."""

    def late(segment: Segment) -> list[Word]:
        return [
            replace(word, start_s=word.start_s + 5, end_s=word.end_s + 5) for word in segment.words
        ]

    return _with(heard, late)


def crowded_text(heard: Transcription) -> Transcription:
    """Three words in the time of each."""

    def crowded(segment: Segment) -> list[Word]:
        return [
            replace(word, word=f"{word.word}{part}") for word in segment.words for part in "abc"
        ]

    return _with(heard, crowded)


TEXT_FAULTS: Final[tuple[Fault, ...]] = (
    looped_text,
    looped_utterances,
    lost_text,
    late_text,
    crowded_text,
)


def spoiled_texts(
    heard: Sequence[Transcription], each: int
) -> Iterator[tuple[int, str, Transcription]]:
    """Of clean calls, by their place: `each` of them with each fault, by its name."""
    for number, fault in enumerate(TEXT_FAULTS):
        for turn in range(each):
            place = (number + turn * len(TEXT_FAULTS)) % len(heard)
            yield place, fault.__name__, fault(heard[place])


def _with(heard: Transcription, words: Callable[[Segment], Sequence[Word]]) -> Transcription:
    segments = (replace(one, words=tuple(words(one))) for one in heard.segments)
    return replace(heard, segments=tuple(one for one in segments if one.words))
