"""Reference above hypothesis, word by word, with the errors marked. Prints nothing.

The words are aligned by jiwer, as they are counted: normalised, speaker by speaker.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import jiwer

from stt_pipeline.domain.quality.normalise import Normaliser, normaliser
from stt_pipeline.domain.quality.references import Reference, texts_compared
from stt_pipeline.domain.quality.wer import ErrorCounts, count_errors
from stt_pipeline.domain.speech.transcription import Transcription, Word

SEPARATOR = "qxq"
"""A word that nobody says, and that every rule leaves as it is."""

GAP = "*"
"""Stands where one side has no word, as jiwer writes it."""


class Mark(StrEnum):
    """What became of a word."""

    HIT = "hit"
    SUBSTITUTION = "substitution"
    DELETION = "deletion"
    INSERTION = "insertion"

    @property
    def letter(self) -> str:
        """What stands below the word: nothing where it is right."""
        return " " if self is Mark.HIT else self.value[0].upper()


_MARKS = {
    "equal": Mark.HIT,
    "substitute": Mark.SUBSTITUTION,
    "delete": Mark.DELETION,
    "insert": Mark.INSERTION,
}
"""jiwer's names."""


@dataclass(frozen=True)
class Pair:
    """A word of the reference above one of the hypothesis, normalised; one is empty in a gap.

    `written` is the word as the engine wrote it, `start_s` when it was said, in seconds from the
    start of the call; both are of the hypothesis, and None in a deletion.
    """

    mark: Mark
    reference: str
    hypothesis: str
    written: str | None = None
    start_s: float | None = None

    @property
    def width(self) -> int:
        """Characters of the longer word."""
        return max(len(self.reference), len(self.hypothesis), 1)


@dataclass(frozen=True)
class Alignment:
    """All words of one speaker, or of the whole call under the speaker ``."""

    speaker: str
    pairs: tuple[Pair, ...]
    counts: ErrorCounts


@dataclass(frozen=True)
class Line:
    """Pairs that are shown side by side."""

    pairs: tuple[Pair, ...]

    @property
    def start_s(self) -> float | None:
        """When its first word was said; None where the engine heard none of it."""
        return next((pair.start_s for pair in self.pairs if pair.start_s is not None), None)

    @property
    def has_errors(self) -> bool:
        """True where a word is marked."""
        return any(pair.mark is not Mark.HIT for pair in self.pairs)


def align_call(reference: Reference, heard: Transcription) -> list[Alignment]:
    """An alignment for each speaker, or one of the whole call; none where nothing is comparable."""
    _, rule = normaliser(heard.language)
    alignments = []
    for speaker, (truth, said) in texts_compared(reference, heard).items():
        words = [
            word
            for segment in heard.segments
            if speaker in ("", segment.speaker)
            for word in segment.words
        ]
        pairs = _with_origins(align(rule(truth), rule(said)), words, rule)
        alignments.append(Alignment(speaker, tuple(pairs), count_errors(truth, said, rule)))
    return alignments


def align(reference: str, hypothesis: str) -> list[Pair]:
    """The pairs of two normalised texts, in order."""
    return [Pair(mark, truth, said) for mark, truth, said in _aligned(reference, hypothesis)]


def _aligned(reference: str, hypothesis: str) -> Iterator[tuple[Mark, str, str]]:
    if not reference:
        # jiwer takes no empty reference, and counts nothing there.
        yield from ((Mark.INSERTION, "", word) for word in hypothesis.split())
        return
    output = jiwer.process_words(reference, hypothesis)
    truth, said = output.references[0], output.hypotheses[0]
    for chunk in output.alignments[0]:
        above = truth[chunk.ref_start_idx : chunk.ref_end_idx]
        below = said[chunk.hyp_start_idx : chunk.hyp_end_idx]
        length = max(len(above), len(below))
        above, below = above or [""] * length, below or [""] * length
        yield from ((_MARKS[chunk.type], *words) for words in zip(above, below, strict=True))


def _with_origins(pairs: Sequence[Pair], words: Sequence[Word], rule: Normaliser) -> Iterator[Pair]:
    """The pairs with the word that each part of the hypothesis was made of.

    A rule reads the whole text: it joins `twenty one` into `21`. So the words are normalised apart
    too, and what comes of that is aligned with what came of the whole.
    """
    parts = [
        (part, word)
        for made, word in zip(_apart(words, rule), words, strict=True)
        for part in made.split()
    ]
    whole = " ".join(pair.hypothesis for pair in pairs if pair.hypothesis)
    origins = _origins(whole, parts)
    for pair in pairs:
        origin = next(origins, None) if pair.hypothesis else None
        yield (
            Pair(pair.mark, pair.reference, pair.hypothesis, origin.word, origin.start_s)
            if origin
            else pair
        )


def _apart(words: Sequence[Word], rule: Normaliser) -> list[str]:
    """What the rule makes of each word alone; read all at once, which is faster."""
    made = rule(f" {SEPARATOR} ".join(word.word for word in words)).split(SEPARATOR)
    return made if len(made) == len(words) else [rule(word.word) for word in words]


def _origins(whole: str, parts: Sequence[tuple[str, Word]]) -> Iterator[Word | None]:
    """The word of each part of `whole`; of one that no word gives, the word before."""
    following = iter(parts)
    word: Word | None = None
    for _, made, part in _aligned(whole, " ".join(part for part, _ in parts)):
        if part:
            _, word = next(following)
        if made:
            yield word


def lines(pairs: Sequence[Pair], width: int) -> Iterator[Line]:
    """The pairs in lines of at most `width` characters, a space between two; at least one each."""
    held: list[Pair] = []
    used = 0
    for pair in pairs:
        if held and used + pair.width > width:
            yield Line(tuple(held))
            held, used = [], 0
        held.append(pair)
        used += pair.width + 1
    if held:
        yield Line(tuple(held))


def rows_of(line: Line) -> tuple[str, str, str]:
    """A line as reference, hypothesis and marks, one below the other."""
    reference, hypothesis, marks = zip(*map(cells, line.pairs), strict=True)
    return (
        " ".join(reference).rstrip(),
        " ".join(hypothesis).rstrip(),
        " ".join(marks).rstrip(),
    )


def cells(pair: Pair) -> tuple[str, str, str]:
    """Reference, hypothesis and mark of a pair, of one width; a gap is a row of GAP."""
    width = pair.width
    return (
        pair.reference.ljust(width) if pair.reference else GAP * width,
        pair.hypothesis.ljust(width) if pair.hypothesis else GAP * width,
        pair.mark.letter.ljust(width),
    )


def in_words(counts: ErrorCounts) -> str:
    """The counts in words."""
    rate = "no reference words" if counts.wer is None else f"WER {counts.wer:.1%}"
    errors = "1 error" if counts.errors == 1 else f"{counts.errors} errors"
    return (
        f"{rate}, {errors} in {counts.reference_words} words "
        f"({counts.substitutions} substituted, {counts.deletions} missed, "
        f"{counts.insertions} invented)"
    )
