"""Packs stretches of speech into chunks for the encoder, and maps times back. Hears nothing."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise, takewhile

from stt_pipeline.domain.speech.transcription import Span, Word

WINDOW_S = 30.0
"""Seconds that Whisper's encoder sees at once (Radford et al. 2022, section 2.2)."""


@dataclass
class Chunk:
    """Stretches of one channel spoken one after the other, silence left out, at most WINDOW_S."""

    channel: int
    spans: list[Span] = field(default_factory=list)

    @property
    def duration_s(self) -> float:
        """Seconds of audio in the chunk."""
        return sum(span.duration_s for span in self.spans)

    def part(self, wanted: Span) -> "Chunk":
        """A part of the chunk, given in seconds of its speech."""
        part = Chunk(self.channel)
        passed_s = 0.0
        for span in self.spans:
            start_s = span.start_s + max(0.0, wanted.start_s - passed_s)
            end_s = min(span.end_s, span.start_s + wanted.end_s - passed_s)
            if start_s < end_s:
                part.spans.append(Span(start_s, end_s))
            passed_s += span.duration_s
        return part

    def place(self, word: Word) -> Word:
        """The word, given in seconds from the chunk's start, at its time in the call.

        A word belongs to the stretch that holds its middle, and is kept within that stretch.
        """
        middle = (word.start_s + word.end_s) / 2
        offset_s = 0.0
        for span in self.spans:
            if middle < offset_s + span.duration_s or span is self.spans[-1]:
                break
            offset_s += span.duration_s
        shift_s = span.start_s - offset_s
        return Word(
            start_s=min(max(word.start_s + shift_s, span.start_s), span.end_s),
            end_s=min(max(word.end_s + shift_s, span.start_s), span.end_s),
            word=word.word,
            probability=word.probability,
        )


def unsaid(words: Sequence[Word], speech_s: float, least_s: float) -> list[Span]:
    """Stretches of a chunk's speech, of more than `least_s`, in which no word lies.

    Words are in seconds from the chunk's start. A chunk without any word has none: it was read, and
    found to say nothing.
    """
    if not words:
        return []
    ends = [0.0, *(word.end_s for word in words)]
    starts = [*(word.start_s for word in words), speech_s]
    gaps = (Span(end_s, start_s) for end_s, start_s in zip(ends, starts, strict=True))
    return [gap for gap in gaps if gap.duration_s > least_s]


def split_long(span: Span, limit_s: float = WINDOW_S) -> list[Span]:
    """The span in equal parts no longer than `limit_s`; speech without a pause is rare."""
    count = max(1, -int(-span.duration_s // limit_s))
    step_s = span.duration_s / count
    edges = [span.start_s + step_s * part for part in range(count)] + [span.end_s]
    return [Span(start, end) for start, end in pairwise(edges)]


def pack(channel: int, speech: Iterable[Span], limit_s: float = WINDOW_S) -> list[Chunk]:
    """Chunks in order of time, as few as can be, and none longer than that takes.

    Every second of speech is in one chunk, once. Filled to the brim one after the other, the last
    would be left with a few words, which a decoder likes to say twice.
    """
    spans = [span for whole in speech for span in split_long(whole, limit_s)]
    fewest = len(_filled(channel, spans, limit_s))
    limits = sorted([*_lengths(spans, limit_s), limit_s])
    enough = bisect_left(
        limits, True, key=lambda length_s: len(_filled(channel, spans, length_s)) <= fewest
    )
    return _filled(channel, spans, limits[enough])


def _filled(channel: int, spans: Iterable[Span], limit_s: float) -> list[Chunk]:
    """Each chunk takes spans until the next does not fit."""
    chunks: list[Chunk] = []
    for span in spans:
        if not chunks or chunks[-1].duration_s + span.duration_s > limit_s:
            chunks.append(Chunk(channel))
        chunks[-1].spans.append(span)
    return chunks


def _lengths(spans: Sequence[Span], limit_s: float) -> Iterator[float]:
    """How long a chunk can be: of any span, and those after it, up to the limit."""
    for first in range(len(spans)):
        sums = accumulate(span.duration_s for span in spans[first:])
        yield from takewhile(lambda length_s: length_s <= limit_s, sums)
