"""Tables as Parquet objects: their schema in the file, equal bytes for equal rows."""

import datetime as dt
import os
import signal
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stt_pipeline.adapters import parquet
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
def test_the_file_holds_the_one_schema_in_zstd(
    tables: ParquetTables, tmp_lake: Path, name: str
) -> None:
    one = dict.fromkeys(TABLES[name].schema.names) | {"call_id": "C1"}
    tables.write(name, DATE, table(name, [one]))
    file = pq.ParquetFile(tmp_lake / tables.key(name, DATE))
    assert file.schema_arrow.equals(TABLES[name].schema, check_metadata=True)
    assert [comment(field) for field in file.schema_arrow]
    group = file.metadata.row_group(0)
    assert {group.column(at).compression for at in range(group.num_columns)} == {"ZSTD"}
    assert "call_date" not in file.schema_arrow.names or name == "weekly_readiness"


def test_timestamps_are_milliseconds_without_a_zone(tables: ParquetTables, tmp_lake: Path) -> None:
    started = NOW + dt.timedelta(milliseconds=123)
    tables.write("recordings", DATE, table("recordings", [{"started_at": started}]))
    column = pq.ParquetFile(tmp_lake / tables.key("recordings", DATE)).schema.column(
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
    assert tables.fingerprint("words", DATE) is None
    assert list(tables.rows("words", DATE)) == []
    assert tables.row_count("words", DATE) == 0


def test_equal_rows_give_equal_bytes_however_they_lie_in_memory(
    tables: ParquetTables, tmp_lake: Path
) -> None:
    def stored(partition: str) -> bytes:
        return (tmp_lake / tables.key("words", partition)).read_bytes()

    rows = words()
    parts = pa.concat_tables([rows.slice(0, 7), rows.slice(7, 1), rows.slice(8)])
    assert parts["word"].num_chunks == 3
    loose = rows.replace_schema_metadata({"row": "something else", "made by": "a test"})
    for partition, same in (("1", rows), ("2", parts), ("3", loose)):
        tables.write("words", partition, same)
    assert stored("1") == stored("2") == stored("3")
    tables.write("words", "4", rows.slice(1))
    assert stored("4") != stored("1")


def test_an_unchanged_object_is_left_alone(tables: ParquetTables, tmp_lake: Path) -> None:
    tables.write("words", DATE, words(60))
    path = tmp_lake / tables.key("words", DATE)
    before = path.stat()
    tables.write("words", DATE, words(60))
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == (before.st_mtime_ns, before.st_ino)
    tables.write("words", DATE, words(66))
    assert path.stat().st_ino != before.st_ino
    assert tables.row_count("words", DATE) == 66


def test_rows_of_another_table_are_refused(tables: ParquetTables) -> None:
    segments = table("segments", segment_rows("C1", [make_segment()]))
    with pytest.raises((pa.ArrowInvalid, ValueError)):
        tables.write("words", DATE, segments)
    assert tables.read("words", DATE) is None


CUTS = st.lists(st.integers(0, 600), max_size=8).map(sorted)


@given(cuts=CUTS, group_rows=st.sampled_from([1, 7, 100, 200, 600, 601]))
@settings(
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_rows_in_pieces_give_the_bytes_of_rows_at_once(
    tables: ParquetTables, tmp_lake: Path, cuts: list[int], group_rows: int
) -> None:
    rows = words(600)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parquet, "ROW_GROUP_ROWS", group_rows)
        tables.write("words", "whole", rows)
        with tables.writing("words", "pieces") as file:
            for first, last in pairwise([0, *cuts, rows.num_rows]):
                file.append(rows.slice(first, last - first))
    paths = [tmp_lake / tables.key("words", partition) for partition in ("whole", "pieces")]
    assert paths[0].read_bytes() == paths[1].read_bytes()
    groups = pq.ParquetFile(paths[1]).metadata
    assert groups.num_row_groups == -(-rows.num_rows // group_rows)
    assert groups.row_group(0).num_rows == min(group_rows, rows.num_rows)
    stored = tables.read("words", "pieces")
    assert stored is not None
    assert stored.equals(rows)


def test_rows_are_read_one_by_one_and_in_the_columns_asked_for(
    tables: ParquetTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "ROW_GROUP_ROWS", 100)
    monkeypatch.setattr(parquet, "READ_ROWS", 64)
    rows = words(600)
    tables.write("words", DATE, rows)
    assert list(tables.rows("words", DATE)) == rows.to_pylist()
    asked = ["word", "start_s"]
    assert list(tables.rows("words", DATE, asked)) == rows.select(asked).to_pylist()
    stored = tables.read("words", DATE, asked)
    assert stored is not None
    assert stored.to_pylist() == rows.select(asked).to_pylist()


def test_an_error_while_rows_are_written_leaves_the_object_as_it_was(
    tables: ParquetTables, tmp_lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "ROW_GROUP_ROWS", 10)
    tables.write("words", DATE, words(60))
    before = (tmp_lake / tables.key("words", DATE)).read_bytes()

    def write() -> None:
        with tables.writing("words", DATE) as file:
            file.append(words(600))
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        write()
    assert [path.read_bytes() for path in tmp_lake.rglob("*") if path.is_file()] == [before]


KILLED = """
import os, signal, sys
from pathlib import Path
from stt_pipeline.adapters import parquet
from stt_pipeline.adapters.local_store import LocalStore
from stt_pipeline_tests.adapters.test_parquet import DATE, words
parquet.ROW_GROUP_ROWS = 10
tables = parquet.ParquetTables(LocalStore(Path(sys.argv[1]), "STT_LAKE_URI"))
with tables.writing("words", DATE) as file:
    file.append(words(600))
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("before", [0, 60])
def test_a_process_killed_while_it_writes_leaves_the_old_object_or_none(
    tables: ParquetTables, tmp_lake: Path, tmp_path: Path, before: int
) -> None:
    if before:
        tables.write("words", DATE, words(before))
    spool = tmp_path / "spool"
    spool.mkdir()
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_lake)],
        env=os.environ | {"TMPDIR": str(spool)},
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL
    files = [path for path in tmp_lake.rglob("*") if path.is_file()]
    assert files == ([tmp_lake / tables.key("words", DATE)] if before else [])
    assert tables.row_count("words", DATE) == before
    assert list(spool.iterdir()) == []


def test_a_copy_is_the_same_object_and_the_same_object_is_not_copied(tmp_lake: Path) -> None:
    lake = LocalStore(tmp_lake, "STT_LAKE_URI")
    candidates, published = ParquetTables(lake, prefix="_work/candidates/"), ParquetTables(lake)
    assert not published.copy("words", DATE, source=candidates)
    candidates.write("words", DATE, words(60))
    assert published.copy("words", DATE, source=candidates)
    path = tmp_lake / published.key("words", DATE)
    assert path.read_bytes() == (tmp_lake / candidates.key("words", DATE)).read_bytes()
    before = path.stat()
    assert published.copy("words", DATE, source=candidates)
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == (before.st_mtime_ns, before.st_ino)
    candidates.write("words", DATE, words(66))
    assert published.copy("words", DATE, source=candidates)
    assert published.row_count("words", DATE) == 66
