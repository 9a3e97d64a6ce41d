"""Athena's SQL in DuckDB's words. That the rows are the same, stt_pipeline_tests/trino shows."""

import duckdb
import pytest

from stt_pipeline.domain.sql.athena_sql import may_run, to_duckdb


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "SELECT 1;",
        "WITH a AS (SELECT 1 AS b) SELECT * FROM a",
        "(SELECT 1) UNION ALL (SELECT 2)",
        "VALUES (1)",
        "EXPLAIN SELECT 1",
        "FROM words LIMIT 1",
        "SELEC 1",
    ],
)
def test_what_asks_may_run(sql: str) -> None:
    assert may_run(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "",
        "-- nothing",
        "SELECT 1; SELECT 2",
        "SELECT 1; DROP TABLE words",
        "DROP TABLE words",
        "INSERT INTO words VALUES (1)",
        "CREATE VIEW v AS SELECT 1",
        "DELETE FROM words",
        "UNLOAD (SELECT 1) TO 's3://bucket/' WITH (format = 'PARQUET')",
        "MSCK REPAIR TABLE words",
        "SHOW TABLES",
        "COPY (SELECT 1) TO 'file.csv'",
    ],
)
def test_what_writes_or_lists_may_not(sql: str) -> None:
    assert not may_run(sql)


@pytest.mark.parametrize(
    "sql", ["SELEC 1", "", "SELECT 1; SELECT 2", "DROP TABLE words", "EXPLAIN SELECT 1"]
)
def test_what_is_no_select_is_not_translated(sql: str) -> None:
    assert to_duckdb(sql) is None


@pytest.mark.parametrize(
    ("sql", "row"),
    [
        ("SELECT 7 / 2 AS a, 7 / 2e0 AS b, -7 / 2 AS c, 7 % 2 AS d", (3, 3.5, -3, 1)),
        ("SELECT count_if(a > 1) AS a FROM (SELECT CAST(NULL AS integer) AS a) t", (0,)),
        ("SELECT date_format(DATE '2027-01-01', '%x-W%v') AS a", ("2026-W53",)),
        ("SELECT regexp_replace('a.b.c', '\\.', '-') AS a", ("a-b-c",)),
        ("SELECT regexp_like('Hello', '(?i)hello') AS a", (True,)),
        ("SELECT typeof(date_add('day', 1, DATE '2026-11-16')) AS a", ("DATE",)),
        ("SELECT cardinality(split('a,b,c', ',')) AS a, split('a,b', ',')[1] AS b", (3, "a")),
        ("SELECT day_of_week(DATE '2026-11-22') AS a", (7,)),
        ("SELECT -a AS a FROM (VALUES (1), (2)) AS t (a) ORDER BY a + 0 LIMIT 1", (-2,)),
    ],
)
def test_words_that_mean_something_else_in_duckdb(sql: str, row: tuple[object, ...]) -> None:
    translated = to_duckdb(sql)
    assert translated is not None
    with duckdb.connect() as connection:
        assert connection.execute(translated).fetchall() == [row]


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("SELECT count(*), 1 AS One, 'x' FROM words", ["_col0", "One", "_col2"]),
        ('SELECT CALL_ID, call_id AS "My Call" FROM words', ["call_id", "My Call"]),
        ("SELECT cast(call_id AS varchar) FROM words ORDER BY 1", ["_col0"]),
        ("SELECT week, *, count(*) OVER () FROM weekly_readiness", ["week", "week", "call_date"]),
    ],
)
def test_columns_are_called_as_athena_calls_them(sql: str, names: list[str]) -> None:
    translated = to_duckdb(sql)
    assert translated is not None
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE words (call_id VARCHAR, call_date VARCHAR)")
        columns = "week, call_date, recordings, transcribed, no_speech, quarantined, duplicates"
        columns += ", audio_s, wer, reference_words, cpu_s, cost_usd, ready, reason"
        typed = ", ".join(f"{column} VARCHAR" for column in columns.split(", "))
        connection.execute(f"CREATE TABLE weekly_readiness ({typed})")
        found = [column[0] for column in connection.sql(translated).description]
    assert found[: len(names)] == names


def test_an_unknown_name_is_left_for_duckdb_to_tell() -> None:
    assert to_duckdb("SELECT nosuch FROM words") == "SELECT nosuch FROM words"
