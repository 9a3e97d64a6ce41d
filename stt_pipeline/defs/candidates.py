"""Lays out a date's candidate tables from its checkpoints. Transcribes and judges nothing."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from stt_pipeline.adapters.parquet import TableFile
from stt_pipeline.defs.resources import Pipeline
from stt_pipeline.domain.ports import ResultStore
from stt_pipeline.domain.quality.channel_roles import RoleWords
from stt_pipeline.domain.recordings.recording import Recording
from stt_pipeline.domain.speech.transcription import Failure, Result, Transcription
from stt_pipeline.domain.tables import Row, segment_rows, table, transcript_row, word_rows

HELD_ROWS = 4_000
"""Rows of a table that are Python objects before they become Arrow's: 20 MB of transcripts."""


@dataclass
class HeardTotals:
    """What the transcriptions of a date come to."""

    calls: int = 0
    no_speech: int = 0
    words: int = 0
    audio_s: float = 0.0
    cpu_s: float = 0.0

    def add(self, heard: Transcription) -> None:
        """Counts one call."""
        self.calls += 1
        self.no_speech += heard.word_count == 0
        self.words += heard.word_count
        self.audio_s += heard.duration_s
        self.cpu_s += heard.cpu_s


class Rows:
    """Rows on their way into a table's file, handed on many at a time."""

    def __init__(self, name: str, file: TableFile) -> None:
        """`name` is the table's."""
        self._name, self._file = name, file
        self._held: list[Row] = []

    def add(self, *rows: Row) -> None:
        """Adds them at the end."""
        self._held += rows
        if len(self._held) >= HELD_ROWS:
            self.hand_on()

    def hand_on(self) -> None:
        """Gives the file what is held."""
        self._file.append(table(self._name, self._held))
        self._held.clear()


@contextmanager
def candidate_rows(pipeline: Pipeline, name: str, call_date: str) -> Iterator[Rows]:
    """Rows added within replace the date's candidate table when the block ends, at once."""
    with pipeline.candidates.writing(name, call_date) as file:
        rows = Rows(name, file)
        yield rows
        rows.hand_on()


def write_candidates(
    pipeline: Pipeline, call_date: str, accepted: Sequence[Recording], results: ResultStore
) -> HeardTotals:
    """The candidate tables from the checkpoints of every accepted recording, by call_id.

    One call is in memory at a time, with the rows that are not written yet.
    """
    totals = HeardTotals()
    roles = role_words(accepted, results)
    with (
        candidate_rows(pipeline, "transcripts", call_date) as transcripts,
        candidate_rows(pipeline, "segments", call_date) as segments,
        candidate_rows(pipeline, "words", call_date) as words,
    ):
        for recording, result in by_call(accepted, results):
            if result is None or isinstance(result.outcome, Failure):
                continue
            heard, call_id = result.outcome, recording.call_id or ""
            totals.add(heard)
            transcripts.add(
                transcript_row(recording, heard, result.engine, roles.odds(call_id, heard))
            )
            segments.add(*segment_rows(call_id, heard.segments))
            words.add(*word_rows(call_id, heard.segments))
    return totals


def role_words(accepted: Sequence[Recording], results: ResultStore) -> RoleWords:
    """What each side says on the date, from as many of its checkpoints as it takes.

    None is read of a recording that the ledger knows to have one channel: it has no sides.
    """
    two_sided = [recording for recording in accepted if recording.channels != 1]
    return RoleWords(
        (recording.call_id or "", result.outcome)
        for recording, result in by_call(two_sided, results)
        if result is not None and isinstance(result.outcome, Transcription)
    )


def by_call(
    accepted: Sequence[Recording], results: ResultStore
) -> Iterator[tuple[Recording, Result | None]]:
    """Recordings with their checkpoints, in order of call_id; None where one is missing."""
    ordered = sorted(accepted, key=lambda one: one.call_id or "")
    return zip(ordered, results.read_all(one.etag for one in ordered), strict=True)
