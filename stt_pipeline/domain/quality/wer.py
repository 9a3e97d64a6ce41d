"""Word and character errors as counts, by jiwer; rates are pooled from counts, never averaged."""

from collections.abc import Iterable
from dataclasses import dataclass

import jiwer

from stt_pipeline.domain.quality.normalise import Normaliser


@dataclass(frozen=True)
class ErrorCounts:
    """Words of the reference right, wrong, missed, and words invented; and the same of characters.

    `character_errors` is substitutions, deletions and insertions of characters together.
    """

    hits: int = 0
    substitutions: int = 0
    deletions: int = 0
    insertions: int = 0
    reference_characters: int = 0
    character_errors: int = 0

    def __add__(self, other: "ErrorCounts") -> "ErrorCounts":
        """The counts of both together."""
        return ErrorCounts(
            self.hits + other.hits,
            self.substitutions + other.substitutions,
            self.deletions + other.deletions,
            self.insertions + other.insertions,
            self.reference_characters + other.reference_characters,
            self.character_errors + other.character_errors,
        )

    @property
    def reference_words(self) -> int:
        """Words of the reference: hits + substitutions + deletions."""
        return self.hits + self.substitutions + self.deletions

    @property
    def errors(self) -> int:
        """Words wrong, missed or invented."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def wer(self) -> float | None:
        """Errors by reference words; None without reference words. May exceed 1."""
        return self.errors / self.reference_words if self.reference_words else None

    @property
    def cer(self) -> float | None:
        """Character errors by reference characters; None without any."""
        if not self.reference_characters:
            return None
        return self.character_errors / self.reference_characters


def count_errors(reference: str, hypothesis: str, normalise: Normaliser) -> ErrorCounts:
    """Errors of one text against its reference, both normalised first.

    An empty reference counts every word of the hypothesis as inserted.
    """
    truth, heard = normalise(reference), normalise(hypothesis)
    if not truth:
        return ErrorCounts(insertions=len(heard.split()), character_errors=len(heard))
    words = jiwer.process_words(truth, heard)
    characters = jiwer.process_characters(truth, heard)
    return ErrorCounts(
        hits=words.hits,
        substitutions=words.substitutions,
        deletions=words.deletions,
        insertions=words.insertions,
        reference_characters=characters.hits + characters.substitutions + characters.deletions,
        character_errors=characters.substitutions + characters.deletions + characters.insertions,
    )


def pool(counts: Iterable[ErrorCounts]) -> ErrorCounts:
    """The counts of many texts as one."""
    return sum(counts, ErrorCounts())
