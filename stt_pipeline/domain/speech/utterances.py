"""Cuts a channel's words into utterances as people speak, and orders those of all channels."""

import zlib
from collections.abc import Iterable, Sequence

from stt_pipeline.domain.speech.transcription import Segment, Word

PAUSE_S = 0.6
"""A pause that ends an utterance: above pauses within a clause (Campione & Veronis 2002)."""

LONG_UTTERANCE_S = 15.0
"""After this long, the next end of a sentence ends the utterance."""

SENTENCE_END = (".", "?", "!", "…")


def cut(words: Sequence[Word]) -> list[tuple[Word, ...]]:
    """The words, in order, as utterances: each ends at a pause, long ones at a sentence's end."""
    utterances: list[list[Word]] = []
    for word in words:
        if utterances and not _ends(utterances[-1], word):
            utterances[-1].append(word)
        else:
            utterances.append([word])
    return [tuple(utterance) for utterance in utterances]


def _ends(utterance: list[Word], following: Word) -> bool:
    last = utterance[-1]
    if following.start_s - last.end_s >= PAUSE_S:
        return True
    is_long = last.end_s - utterance[0].start_s >= LONG_UTTERANCE_S
    return is_long and last.word.endswith(SENTENCE_END)


def compression_ratio(text: str) -> float:
    """Bytes of text by bytes after zlib: Whisper's own sign of a loop (above 2.4)."""
    data = text.encode()
    return len(data) / len(zlib.compress(data))


def in_order(segments: Iterable[Segment]) -> tuple[Segment, ...]:
    """Segments of all channels in one order of time; at one start, the left channel first."""
    return tuple(sorted(segments, key=lambda segment: (segment.start_s, segment.channel)))
