"""Lays out a date's candidate tables from its checkpoints. Transcribes and judges nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from stt_pipeline.defs.resources import Pipeline
from stt_pipeline.domain.ports import ResultStore
from stt_pipeline.domain.recording import Recording
from stt_pipeline.domain.tables import segment_rows, table, transcript_row, word_rows
from stt_pipeline.domain.transcription import Failure, Transcription


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


def write_candidates(
    pipeline: Pipeline, call_date: str, accepted: Sequence[Recording], results: ResultStore
) -> HeardTotals:
    """The candidate tables from the checkpoints of every accepted recording, by call_id."""
    engine = pipeline.engine.label
    totals = HeardTotals()
    transcript_rows, segments, words = [], [], []
    for recording in sorted(accepted, key=lambda one: one.call_id or ""):
        result = results.read(recording.etag)
        if result is None or isinstance(result.outcome, Failure):
            continue
        heard, call_id = result.outcome, recording.call_id or ""
        totals.add(heard)
        transcript_rows.append(transcript_row(recording, heard, engine))
        segments += segment_rows(call_id, heard.segments)
        words += word_rows(call_id, heard.segments)
    rows_by_table = {"transcripts": transcript_rows, "segments": segments, "words": words}
    for name, rows in rows_by_table.items():
        pipeline.candidates.write(name, call_date, table(name, rows))
    return totals
