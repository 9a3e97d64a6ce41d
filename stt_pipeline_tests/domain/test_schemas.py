"""The tables as they are promised: names, types and order of every column."""

import pyarrow as pa
import pytest

from stt_pipeline.domain.schemas import DATE_TABLES, TABLES, comment

PROMISED = {
    "recordings": (
        "call_id string, recording_uri string, etag string, size_bytes int64, duration_s double, "
        "sample_rate_hz int32, channels int32, codec string, agent_id string, customer_id string, "
        "queue string, started_at timestamp(ms), status string, reason string, "
        "discovered_at timestamp(ms)"
    ),
    "transcripts": (
        "call_id string, agent_id string, started_at timestamp(ms), duration_s double, "
        "speech_s double, language string, language_probability double, text string, "
        "word_count int32, avg_logprob double, agent_talk_s double, customer_talk_s double, "
        "needs_review boolean, review_reasons string, engine string, cpu_s double, "
        "transcribed_at timestamp(ms)"
    ),
    "segments": (
        "call_id string, segment_id int32, channel int32, speaker string, start_s double, "
        "end_s double, text string, avg_logprob double, no_speech_prob double, "
        "compression_ratio double"
    ),
    "words": (
        "call_id string, segment_id int32, word_id int32, channel int32, speaker string, "
        "start_s double, end_s double, word string, probability double"
    ),
    "transcript_quality": (
        "call_id string, has_reference boolean, reference_words int32, hits int32, "
        "substitutions int32, deletions int32, insertions int32, wer double, cer double, "
        "coverage double, flags string, engine string"
    ),
    "weekly_readiness": (
        "week string, call_date string, recordings int32, transcribed int32, no_speech int32, "
        "quarantined int32, duplicates int32, audio_s double, wer double, reference_words int64, "
        "cpu_s double, cost_usd double, ready boolean, reason string"
    ),
}
"""The contract of the tables, word for word."""

TYPES = {
    "string": pa.string(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "timestamp(ms)": pa.timestamp("ms"),
}


def test_there_are_the_promised_tables_and_no_other() -> None:
    assert list(TABLES) == list(PROMISED)


@pytest.mark.parametrize("name", PROMISED)
def test_a_table_has_the_promised_columns_in_their_order(name: str) -> None:
    promised = [tuple(column.split(" ")) for column in PROMISED[name].split(", ")]
    schema = TABLES[name].schema

    assert [(field.name, field.type) for field in schema] == [
        (column, TYPES[kind]) for column, kind in promised
    ]


@pytest.mark.parametrize("name", TABLES)
def test_no_column_is_of_a_type_that_athena_misreads(name: str) -> None:
    for field in TABLES[name].schema:
        assert not pa.types.is_unsigned_integer(field.type), field.name
        assert not pa.types.is_nested(field.type), field.name
        assert not pa.types.is_dictionary(field.type), field.name
        if pa.types.is_timestamp(field.type):
            assert (field.type.unit, field.type.tz) == ("ms", None), field.name


@pytest.mark.parametrize("name", TABLES)
def test_every_table_and_column_says_what_it_is(name: str) -> None:
    assert TABLES[name].row
    assert all(comment(field) for field in TABLES[name].schema)


def test_every_table_but_the_week_is_replaced_a_date_at_a_time() -> None:
    assert set(TABLES) - set(DATE_TABLES) == {"weekly_readiness"}
    assert TABLES["weekly_readiness"].partition_column == "week"


@pytest.mark.parametrize("name", DATE_TABLES)
def test_the_partition_column_is_not_stored_in_the_file(name: str) -> None:
    assert TABLES[name].partition_column == "call_date"
    assert "call_date" not in TABLES[name].schema.names
