"""Rows of the domain as Arrow tables of the one schema, and back. Writes no file."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

import pyarrow as pa

from stt_pipeline.domain.quality import signals
from stt_pipeline.domain.quality.call_figures import coverage, measure, talk_s
from stt_pipeline.domain.quality.expected_wer import FIGURES
from stt_pipeline.domain.quality.wer import ErrorCounts
from stt_pipeline.domain.recordings.recording import Recording, Status
from stt_pipeline.domain.schemas import STORED_TABLES, TABLES
from stt_pipeline.domain.speech.transcription import Segment, Transcription

Row = dict[str, Any]


def table(name: str, rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Rows as the named table; a column that a row lacks is null, one too many is left out."""
    return pa.Table.from_pylist(list(rows), schema=STORED_TABLES[name].schema)


def recordings_table(ledger: Iterable[Recording]) -> pa.Table:
    """The ledger in order of its URIs."""
    rows = sorted(ledger, key=lambda row: row.recording_uri)
    schema = TABLES["recordings"].schema
    columns = {name: [getattr(row, name) for row in rows] for name in schema.names}
    return pa.Table.from_pydict(columns, schema=schema)


def ledger_rows(recordings: pa.Table | None, root_uri: str) -> list[Recording]:
    """The ledger of a table that `recordings_table` made; keys are URIs below `root_uri`."""
    if recordings is None:
        return []
    return [
        Recording(
            **{
                **row,
                "key": row["recording_uri"].removeprefix(root_uri + "/"),
                "status": Status(row["status"]),
            }
        )
        for row in recordings.to_pylist()
    ]


def transcript_row(
    recording: Recording, heard: Transcription, engine: str, role_odds: float | None = None
) -> Row:
    """A row of `transcripts`; `avg_logprob` is weighted by words, `role_odds` are of RoleWords."""
    words = heard.word_count
    logprob = sum(s.avg_logprob * len(s.words) for s in heard.segments) / words if words else None
    reasons = signals.flags(heard, role_odds)
    return {
        "call_id": recording.call_id,
        "agent_id": recording.agent_id,
        "started_at": recording.started_at,
        "duration_s": heard.duration_s,
        "speech_s": round(heard.speech_s, 3),
        "language": heard.language,
        "language_probability": heard.language_probability,
        "text": heard.text,
        "word_count": words,
        "avg_logprob": None if logprob is None else round(logprob, 4),
        "agent_talk_s": _rounded(talk_s(heard, "agent")),
        "customer_talk_s": _rounded(talk_s(heard, "customer")),
        "needs_review": bool(reasons),
        "review_reasons": ",".join(reasons),
        "engine": engine,
        "cpu_s": heard.cpu_s,
        "transcribed_at": heard.transcribed_at,
    }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def segment_rows(call_id: str, segments: Iterable[Segment]) -> list[Row]:
    """Rows of `segments`, numbered in order of time."""
    return [
        {
            "call_id": call_id,
            "segment_id": number,
            "channel": segment.channel,
            "speaker": segment.speaker,
            "start_s": segment.start_s,
            "end_s": segment.end_s,
            "text": segment.text,
            "avg_logprob": segment.avg_logprob,
            "no_speech_prob": segment.no_speech_prob,
            "compression_ratio": segment.compression_ratio,
        }
        for number, segment in enumerate(segments)
    ]


def word_rows(call_id: str, segments: Iterable[Segment]) -> list[Row]:
    """Rows of `words`, numbered within their segment."""
    return [
        {
            "call_id": call_id,
            "segment_id": number,
            "word_id": position,
            "channel": segment.channel,
            "speaker": segment.speaker,
            "start_s": word.start_s,
            "end_s": word.end_s,
            "word": word.word,
            "probability": word.probability,
        }
        for number, segment in enumerate(segments)
        for position, word in enumerate(segment.words)
    ]


def quality_row(
    call_id: str,
    heard: Transcription,
    counts: ErrorCounts | None,
    engine: str,
    role_odds: float | None = None,
) -> Row:
    """A row of `transcript_quality`; `counts` is None where the call has no reference."""
    known = counts or ErrorCounts()
    covered = coverage(heard)
    return {
        "call_id": call_id,
        "has_reference": counts is not None,
        "reference_words": known.reference_words,
        "hits": known.hits,
        "substitutions": known.substitutions,
        "deletions": known.deletions,
        "insertions": known.insertions,
        "wer": known.wer,
        "cer": known.cer,
        "coverage": None if covered is None else round(covered, 4),
        "flags": ",".join(signals.flags(heard, role_odds)),
        "engine": engine,
    }


def error_count_rows(
    call_id: str, language: str | None, by_speaker: Mapping[str, ErrorCounts]
) -> list[Row]:
    """Rows of the private table `error_counts`, one a speaker."""
    return [
        {"call_id": call_id, "speaker": speaker, "language": language, **asdict(counts)}
        for speaker, counts in by_speaker.items()
    ]


def figures_row(call_id: str, heard: Transcription, counts: ErrorCounts | None) -> Row:
    """A row of the private table `call_figures`; `counts` is None without a reference."""
    known, figures = counts or ErrorCounts(), vars(measure(heard))
    return {
        "call_id": call_id,
        "words": heard.word_count,
        "reference_words": known.reference_words,
        "errors": known.errors,
        **{name: figures[name] for name in FIGURES},
    }
