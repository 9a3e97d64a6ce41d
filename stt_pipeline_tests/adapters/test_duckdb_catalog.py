"""DuckDB over a real lake: every table as a view, empty ones too, and errors for people."""

from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from stt_pipeline.adapters.duckdb_catalog import VIEWS_KEY, DuckdbCatalog
from stt_pipeline.adapters.local_store import LocalStore
from stt_pipeline.adapters.parquet import ParquetTables
from stt_pipeline.domain.errors import UserError
from stt_pipeline.domain.schemas import DATE_TABLES, TABLES
from stt_pipeline.domain.tables import table, word_rows
from stt_pipeline_tests.factories import make_segment

DATES = ("2026-11-16", "2026-11-17", "2026-11-22")


class Lake:
    """A lake with its catalog."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.store = LocalStore(root, "STT_LAKE_URI")
        self.tables = ParquetTables(self.store)
        self.catalog = DuckdbCatalog(self.store, str(root))

    def write_words(self, date: str, call_id: str, text: str) -> None:
        self.tables.write("words", date, table("words", word_rows(call_id, [make_segment(text)])))

    def rows(self, sql: str) -> list[dict[str, object]]:
        rows: list[dict[str, object]] = self.catalog.query(sql).rows.to_pylist()
        return rows


@pytest.fixture
def lake(tmp_lake: Path) -> Lake:
    return Lake(tmp_lake)


@pytest.fixture
def week(lake: Lake) -> Lake:
    """Three dates of words and the week's row."""
    for number, date in enumerate(DATES):
        lake.write_words(date, f"C{number}", "the invoice is wrong " * (number + 1))
    row = {"week": "2026-W47", "call_date": DATES[0], "recordings": 3, "ready": True}
    lake.tables.write("weekly_readiness", "2026-W47", table("weekly_readiness", [row]))
    return lake


def test_views_span_the_dates(week: Lake) -> None:
    sql = "SELECT call_date, count(*) AS words FROM words GROUP BY call_date ORDER BY call_date"
    assert week.rows(sql) == [
        {"call_date": date, "words": 4 * (number + 1)} for number, date in enumerate(DATES)
    ]


def test_a_date_is_a_string_and_filters(week: Lake) -> None:
    sql = f"SELECT DISTINCT call_id, call_date FROM words WHERE call_date > '{DATES[0]}' ORDER BY 1"
    assert week.rows(sql) == [
        {"call_id": "C1", "call_date": DATES[1]},
        {"call_id": "C2", "call_date": DATES[2]},
    ]
    assert week.rows("SELECT DISTINCT typeof(call_date) AS kind FROM words") == [
        {"kind": "VARCHAR"}
    ]


def test_the_week_is_its_own_partition(week: Lake) -> None:
    (row,) = week.rows("SELECT * FROM weekly_readiness")
    assert (row["week"], row["call_date"], row["recordings"]) == ("2026-W47", DATES[0], 3)
    assert list(row) == TABLES["weekly_readiness"].schema.names


def test_tables_join(week: Lake) -> None:
    sql = """
        SELECT w.call_id, r.recordings
        FROM words w JOIN weekly_readiness r USING (call_date)
        GROUP BY ALL
    """
    assert week.rows(sql) == [{"call_id": "C0", "recordings": 3}]


@pytest.mark.parametrize("filled", [False, True], ids=["empty lake", "filled lake"])
@pytest.mark.parametrize("name", list(TABLES))
def test_columns_are_those_of_the_schema(lake: Lake, name: str, filled: bool) -> None:
    if filled:
        for partition in ("2026-11-16", "2026-11-17"):
            lake.tables.write(name, partition, table(name, [{"call_id": "C1"}]))
    rows = lake.catalog.query(f"SELECT * FROM {name}").rows
    wanted = TABLES[name]
    names = wanted.schema.names
    if wanted.partition_column not in names:
        names = [*names, wanted.partition_column]
    assert rows.schema.names == names
    assert rows.num_rows == (2 if filled else 0)
    for field in wanted.schema:
        found = rows.schema.field(field.name).type
        if pa.types.is_timestamp(field.type):
            assert pa.types.is_timestamp(found)
        else:
            assert found == field.type


def test_a_date_replaced_is_seen_at_once(week: Lake) -> None:
    week.write_words(DATES[0], "C9", "one")
    sql = f"SELECT call_id, count(*) AS words FROM words WHERE call_date = '{DATES[0]}' GROUP BY 1"
    assert week.rows(sql) == [{"call_id": "C9", "words": 1}]


def test_private_work_is_not_seen(lake: Lake) -> None:
    candidates = ParquetTables(lake.store, prefix="_work/candidates/")
    rows = table("words", word_rows("C1", [make_segment()]))
    candidates.write("words", DATES[0], rows)
    assert lake.rows("SELECT count(*) AS words FROM words") == [{"words": 0}]


def test_a_foreign_file_beside_the_tables_does_not_matter(lake: Lake) -> None:
    (lake.root / "words").mkdir()
    (lake.root / "words" / "README.txt").write_text("Do not delete.")
    assert lake.rows("SELECT count(*) AS words FROM words") == [{"words": 0}]


@pytest.mark.parametrize("name", ["it's here", "calls [new]", "calls*", "wh?t", "été 2026"])
def test_any_folder_name_will_do(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    lake = Lake(tmp_path / name)
    lake.write_words(DATES[0], "C1", "hello")
    lake.catalog.register(DATE_TABLES)
    assert lake.rows("SELECT count(*) AS words FROM words") == [{"words": 1}]


class TestRegister:
    def test_leaves_views_for_any_duckdb(self, week: Lake) -> None:
        week.catalog.register(DATE_TABLES)
        sql = (week.root / VIEWS_KEY).read_text()
        with duckdb.connect() as connection:
            connection.execute(sql)
            found = connection.execute("SELECT count(*) FROM words").fetchall()
            assert found == [(4 + 8 + 12,)]
            views = {row[0] for row in connection.execute("SHOW TABLES").fetchall()}
        assert views == set(TABLES)

    def test_again_writes_nothing(self, week: Lake) -> None:
        week.catalog.register(DATE_TABLES)
        before = (week.root / VIEWS_KEY).stat()
        week.catalog.register(DATE_TABLES)
        after = (week.root / VIEWS_KEY).stat()
        assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


class TestErrors:
    @pytest.mark.parametrize(
        ("sql", "said"),
        [
            ("SELEC 1", "syntax error"),
            ("SELECT * FROM calls", "calls does not exist"),
            ("SELECT nothing FROM words", "nothing"),
            ("SELECT CAST('a' AS INTEGER)", "Could not convert"),
            ("SELECT *\nFROM calls\n", "calls does not exist"),
            ("", "write one SELECT"),
            ("-- only a comment", "write one SELECT"),
            ("SELECT 1; SELECT 2", "write one SELECT"),
            ("CREATE TABLE t AS SELECT 1", "write one SELECT"),
            ("DROP VIEW words", "write one SELECT"),
            ("INSERT INTO words VALUES (1)", "write one SELECT"),
        ],
    )
    def test_are_one_sentence_with_the_engine_s_words(
        self, week: Lake, sql: str, said: str
    ) -> None:
        with pytest.raises(UserError, match=said) as error:
            week.catalog.query(sql)
        sentence = str(error.value)
        assert "\n" not in sentence
        assert sentence.endswith(".")
        assert not sentence.endswith(("..", "!."))

    def test_copy_writes_no_file(self, week: Lake, tmp_path: Path) -> None:
        with pytest.raises(UserError, match="write one SELECT"):
            week.catalog.query(f"COPY (SELECT 1) TO '{tmp_path}/out.csv'")
        assert not (tmp_path / "out.csv").exists()

    @pytest.mark.parametrize(
        "sql",
        ["SELECT 1 AS one;", "WITH a AS (SELECT 1 AS one) SELECT * FROM a", "FROM words LIMIT 1"],
    )
    def test_other_ways_to_write_a_select_are_none(self, week: Lake, sql: str) -> None:
        assert week.catalog.query(sql).rows.num_rows == 1
