"""Tables as Parquet objects: their schema in the file, equal bytes for equal rows."""

import datetime as dt
import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stt_pipeline.adapters.local_store import LocalStore
from stt_pipeline.adapters.parquet import ParquetTables
from stt_pipeline.domain.schemas import TABLES, comment
from stt_pipeline.domain.tables import segment_rows, table, word_rows
from stt_pipeline_tests.factories import NOW, make_segment

DATE = "2026-11-16"


@pytest.fixture
def tables(tmp_lake: Path) -> ParquetTables:
    return ParquetTables(LocalStore(tmp_lake, "STT_LAKE_URI"))


def words(count: int = 3000) -> pa.Table:
    segments = [make_segment(f"être ou ne pas être {at}", at) for at in range(count // 6)]
    return table("words", word_rows("C1", segments))


def test_objects_lie_where_the_design_says(tables: ParquetTables, tmp_lake: Path) -> None:
    tables.write("words", DATE, words(6))
    tables.write("weekly_readiness", "2026-W47", table("weekly_readiness", []))
    assert sorted(str(path.relative_to(tmp_lake)) for path in tmp_lake.rglob("*.parquet")) == [
        "weekly_readiness/week=2026-W47/weekly_readiness.parquet",
        f"words/call_date={DATE}/words.parquet",
    ]
    assert tables.uri("words", DATE) == f"file://{tmp_lake}/words/call_date={DATE}/words.parquet"


def test_a_prefix_keeps_candidates_apart(tmp_lake: Path) -> None:
    lake = LocalStore(tmp_lake, "STT_LAKE_URI")
    candidates = ParquetTables(lake, prefix="_work/candidates/")
    candidates.write("words", DATE, words(6))
    assert candidates.row_count("words", DATE) == 6
    assert ParquetTables(lake).read("words", DATE) is None
    assert (tmp_lake / f"_work/candidates/words/call_date={DATE}/words.parquet").is_file()


@pytest.mark.parametrize("name", list(TABLES))
def test_the_file_holds_the_one_schema_in_zstd(tables: ParquetTables, name: str) -> None:
    one = dict.fromkeys(TABLES[name].schema.names) | {"call_id": "C1"}
    size = tables.write(name, DATE, table(name, [one]))
    data = tables.get(name, DATE)
    assert data is not None
    assert size == len(data)
    file = pq.ParquetFile(io.BytesIO(data))
    assert file.schema_arrow.equals(TABLES[name].schema, check_metadata=True)
    assert [comment(field) for field in file.schema_arrow]
    group = file.metadata.row_group(0)
    assert {group.column(at).compression for at in range(group.num_columns)} == {"ZSTD"}
    assert "call_date" not in file.schema_arrow.names or name == "weekly_readiness"


def test_timestamps_are_milliseconds_without_a_zone(tables: ParquetTables) -> None:
    started = NOW + dt.timedelta(milliseconds=123)
    tables.write("recordings", DATE, table("recordings", [{"started_at": started}]))
    data = tables.get("recordings", DATE)
    assert data is not None
    column = pq.ParquetFile(io.BytesIO(data)).schema.column(
        TABLES["recordings"].schema.names.index("started_at")
    )
    assert column.physical_type == "INT64"
    stored = tables.read("recordings", DATE)
    assert stored is not None
    assert stored["started_at"].to_pylist() == [started]
    assert stored.schema.field("started_at").type == pa.timestamp("ms")


def test_rows_are_read_back_equal(tables: ParquetTables) -> None:
    rows = words()
    tables.write("words", DATE, rows)
    stored = tables.read("words", DATE)
    assert stored is not None
    assert stored.equals(rows)
    assert tables.row_count("words", DATE) == rows.num_rows


def test_no_rows_are_a_table_too(tables: ParquetTables) -> None:
    tables.write("segments", DATE, table("segments", []))
    stored = tables.read("segments", DATE)
    assert stored is not None
    assert (stored.num_rows, tables.row_count("segments", DATE)) == (0, 0)
    assert stored.schema.equals(TABLES["segments"].schema)


def test_what_was_never_written_is_none(tables: ParquetTables) -> None:
    assert tables.read("words", DATE) is None
    assert tables.get("words", DATE) is None
    assert tables.row_count("words", DATE) == 0


def test_equal_rows_give_equal_bytes_however_they_lie_in_memory(tables: ParquetTables) -> None:
    rows = words()
    parts = pa.concat_tables([rows.slice(0, 7), rows.slice(7, 1), rows.slice(8)])
    assert parts["word"].num_chunks == 3
    loose = rows.replace_schema_metadata({"row": "something else", "made by": "a test"})
    for partition, same in (("1", rows), ("2", parts), ("3", loose)):
        tables.write("words", partition, same)
    assert tables.get("words", "1") == tables.get("words", "2") == tables.get("words", "3")
    tables.write("words", "4", rows.slice(1))
    assert tables.get("words", "4") != tables.get("words", "1")


def test_an_unchanged_object_is_left_alone(tables: ParquetTables, tmp_lake: Path) -> None:
    tables.write("words", DATE, words(60))
    path = tmp_lake / tables.key("words", DATE)
    before = path.stat()
    tables.write("words", DATE, words(60))
    data = tables.get("words", DATE)
    assert data is not None
    tables.put("words", DATE, data)
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == (before.st_mtime_ns, before.st_ino)
    tables.write("words", DATE, words(66))
    assert path.stat().st_ino != before.st_ino
    assert tables.row_count("words", DATE) == 66


def test_rows_of_another_table_are_refused(tables: ParquetTables) -> None:
    segments = table("segments", segment_rows("C1", [make_segment()]))
    with pytest.raises((pa.ArrowInvalid, ValueError)):
        tables.write("words", DATE, segments)
    assert tables.get("words", DATE) is None
