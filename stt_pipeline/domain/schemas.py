"""The Arrow schema of every table: the only source for Parquet, the catalog and the docs."""

from dataclasses import dataclass

import pyarrow as pa

TIMESTAMP = pa.timestamp("ms")
"""UTC, milliseconds, without a zone: what Parquet, Athena and DuckDB read alike."""


def _schema(row: str, columns: list[tuple[str, pa.DataType, str]]) -> pa.Schema:
    fields = [
        pa.field(name, kind, metadata={"comment": comment}) for name, kind, comment in columns
    ]
    return pa.schema(fields, metadata={"row": row})


RECORDINGS = _schema(
    "a recording found for the date",
    [
        ("call_id", pa.string(), "the call's name, from the key; null where the key has none"),
        ("recording_uri", pa.string(), "where the recording lies"),
        ("etag", pa.string(), "fingerprint of the recording's bytes"),
        ("size_bytes", pa.int64(), "size of the file"),
        ("duration_s", pa.float64(), "seconds of audio, from the header"),
        ("sample_rate_hz", pa.int32(), "samples a second"),
        ("channels", pa.int32(), "1 mono, 2 agent and customer apart"),
        ("codec", pa.string(), "how the audio is coded, as FFmpeg names it"),
        ("agent_id", pa.string(), "the agent, from the key"),
        ("customer_id", pa.string(), "the customer, from the key"),
        ("queue", pa.string(), "the queue, from the key"),
        ("started_at", TIMESTAMP, "start of the call, UTC, from the key"),
        ("status", pa.string(), "accepted, quarantined or duplicate"),
        ("reason", pa.string(), "why it is quarantined, or of what it is a duplicate"),
        ("discovered_at", TIMESTAMP, "when the pipeline first saw it, UTC"),
    ],
)

TRANSCRIPTS = _schema(
    "a transcribed call",
    [
        ("call_id", pa.string(), "the call's name"),
        ("agent_id", pa.string(), "the agent, from the key"),
        ("started_at", TIMESTAMP, "start of the call, UTC"),
        ("duration_s", pa.float64(), "seconds of audio decoded"),
        ("speech_s", pa.float64(), "seconds with speech, summed over channels"),
        ("language", pa.string(), "one of STT_LANGUAGES; null without speech"),
        ("language_probability", pa.float64(), "of that language among STT_LANGUAGES"),
        ("text", pa.string(), "the whole call in order of time, all speakers"),
        ("word_count", pa.int32(), "words in the text; 0 is a call without speech"),
        ("avg_logprob", pa.float64(), "mean log probability a token, weighted by words"),
        ("agent_talk_s", pa.float64(), "seconds the agent speaks; null on mono"),
        ("customer_talk_s", pa.float64(), "seconds the customer speaks; null on mono"),
        ("needs_review", pa.bool_(), "true where a signal says that a person should listen"),
        ("review_reasons", pa.string(), "the signals, comma separated; empty without any"),
        ("engine", pa.string(), "model and settings that made the text, with their fingerprint"),
        ("cpu_s", pa.float64(), "CPU seconds spent on this call"),
        ("transcribed_at", TIMESTAMP, "when the engine finished it, UTC"),
    ],
)

SEGMENTS = _schema(
    "an utterance: one speaker, until a pause",
    [
        ("call_id", pa.string(), "the call's name"),
        ("segment_id", pa.int32(), "from 0, in order of time over all channels"),
        ("channel", pa.int32(), "0 left or mono, 1 right"),
        ("speaker", pa.string(), "agent, customer or unknown"),
        ("start_s", pa.float64(), "seconds from the start of the call"),
        ("end_s", pa.float64(), "seconds from the start of the call"),
        ("text", pa.string(), "what was said"),
        ("avg_logprob", pa.float64(), "mean log probability a token of its chunk of up to 30 s"),
        ("no_speech_prob", pa.float64(), "the model's doubt that its chunk holds speech"),
        ("compression_ratio", pa.float64(), "bytes of text by bytes compressed; loops are high"),
    ],
)

WORDS = _schema(
    "a word",
    [
        ("call_id", pa.string(), "the call's name"),
        ("segment_id", pa.int32(), "the segment it belongs to"),
        ("word_id", pa.int32(), "from 0 in its segment"),
        ("channel", pa.int32(), "0 left or mono, 1 right"),
        ("speaker", pa.string(), "agent, customer or unknown"),
        ("start_s", pa.float64(), "seconds from the start of the call"),
        ("end_s", pa.float64(), "seconds from the start of the call"),
        ("word", pa.string(), "the word with its punctuation"),
        ("probability", pa.float64(), "the model's confidence, 0 to 1"),
    ],
)

TRANSCRIPT_QUALITY = _schema(
    "a call judged",
    [
        ("call_id", pa.string(), "the call's name"),
        ("has_reference", pa.bool_(), "true where a person wrote the call's text"),
        ("reference_words", pa.int32(), "words of the reference; 0 without one"),
        ("hits", pa.int32(), "words right"),
        ("substitutions", pa.int32(), "words wrong"),
        ("deletions", pa.int32(), "words missed"),
        ("insertions", pa.int32(), "words invented"),
        ("wer", pa.float64(), "word error rate; null without reference words"),
        ("cer", pa.float64(), "character error rate; null without reference words"),
        ("coverage", pa.float64(), "share of the speech that has words; null without speech"),
        ("flags", pa.string(), "reference-free signals, comma separated; empty without any"),
        ("engine", pa.string(), "engine that made the text"),
    ],
)

WEEKLY_READINESS = _schema(
    "a call date of the week",
    [
        ("week", pa.string(), "ISO week, as 2026-W47"),
        ("call_date", pa.string(), "the call date, as 2026-11-16"),
        ("recordings", pa.int32(), "recordings in the ledger"),
        ("transcribed", pa.int32(), "calls with words"),
        ("no_speech", pa.int32(), "calls heard, without words"),
        ("quarantined", pa.int32(), "recordings kept aside with a reason"),
        ("duplicates", pa.int32(), "recordings that repeat another's bytes"),
        ("audio_s", pa.float64(), "seconds of audio transcribed"),
        ("wer", pa.float64(), "word error rate pooled over labelled calls; null without any"),
        ("reference_words", pa.int64(), "reference words behind wer"),
        ("cpu_s", pa.float64(), "CPU seconds of transcription"),
        ("cost_usd", pa.float64(), "those CPU seconds on Fargate, and what was paid outside"),
        ("ready", pa.bool_(), "published and complete"),
        ("reason", pa.string(), "why it is not ready, or what to know of it"),
    ],
)


ERROR_COUNTS = _schema(
    "a speaker of a labelled call",
    [
        ("call_id", pa.string(), "the call's name"),
        ("speaker", pa.string(), "agent or customer; empty where the reference is of all together"),
        ("language", pa.string(), "language of the call; null without speech"),
        ("hits", pa.int32(), "words right"),
        ("substitutions", pa.int32(), "words wrong"),
        ("deletions", pa.int32(), "words missed"),
        ("insertions", pa.int32(), "words invented"),
        ("reference_characters", pa.int32(), "characters of the reference"),
        ("character_errors", pa.int32(), "characters wrong, missed or invented"),
    ],
)


CALL_FIGURES = _schema(
    "a call judged",
    [
        ("call_id", pa.string(), "the call's name"),
        ("words", pa.int32(), "words heard"),
        ("reference_words", pa.int32(), "words of the reference; 0 without one"),
        ("errors", pa.int32(), "words wrong, missed or invented; 0 without a reference"),
        ("word_probability", pa.float64(), "mean probability of its words"),
        ("doubtful_share", pa.float64(), "share of words below a probability of one half"),
        ("avg_logprob", pa.float64(), "mean log probability of its chunks, by words"),
        ("coverage", pa.float64(), "share of speech that has words, of the worst channel"),
        ("language_probability", pa.float64(), "how sure its language is"),
        ("words_per_s", pa.float64(), "words a second of speech, of the fastest channel"),
    ],
)


@dataclass(frozen=True)
class Table:
    """A table: its name (also its prefix), schema and partition column."""

    name: str
    schema: pa.Schema
    partition_column: str = "call_date"

    @property
    def row(self) -> str:
        """What one row is, as a phrase."""
        return str(self.schema.metadata[b"row"].decode())


TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        Table("recordings", RECORDINGS),
        Table("transcripts", TRANSCRIPTS),
        Table("segments", SEGMENTS),
        Table("words", WORDS),
        Table("transcript_quality", TRANSCRIPT_QUALITY),
        Table("weekly_readiness", WEEKLY_READINESS, partition_column="week"),
    )
}
"""Every published table by name."""

DATE_TABLES = tuple(
    table.name for table in TABLES.values() if table.partition_column == "call_date"
)
"""Names of the tables that `published_tables` replaces a date at a time."""

PRIVATE_TABLES: dict[str, Table] = {
    "error_counts": Table("error_counts", ERROR_COUNTS),
    "call_figures": Table("call_figures", CALL_FIGURES),
}
"""Tables of a date that lie under `_work/` only: no reader and no catalog knows them."""

STORED_TABLES = TABLES | PRIVATE_TABLES
"""All that lies in the lake as Parquet, by name."""


def comment(field: pa.Field) -> str:
    """The column's description, as the catalog and the docs show it."""
    return str(field.metadata[b"comment"].decode())
