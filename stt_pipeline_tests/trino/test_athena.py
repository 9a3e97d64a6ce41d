"""The Athena adapter: waiting, types, pages, errors in Athena's words, limits, Ctrl-C, cost."""

import datetime as dt
import json
import os
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from stt_pipeline.adapters.athena.catalog import AthenaCatalog
from stt_pipeline.adapters.athena.execution import AthenaQueries
from stt_pipeline.domain.errors import UserError
from stt_pipeline_tests.factories import utc
from stt_pipeline_tests.trino.athena import LIMITED, NO_OUTPUT, WORKGROUP, Athena
from stt_pipeline_tests.trino.conftest import DATABASE, LAKE_URI

COMMAND = Path(sys.executable).parent / "stt-pipeline"

SLOW = "SELECT count(*) FROM words a, words b, words c, words d, words e, words f, words g, words h"
"""Minutes on this server."""


def test_every_type_is_itself(catalog: AthenaCatalog) -> None:
    rows = catalog.query(
        "SELECT true AS a, CAST(1 AS tinyint) AS b, CAST(-2 AS smallint) AS c, 3 AS d, "
        "9007199254740993 AS e, CAST(0.5 AS real) AS f, 1e-10 AS g, nan() AS h, infinity() AS i, "
        "CAST('12.340' AS decimal(10, 3)) AS j, DATE '2026-11-16' AS k, "
        "TIMESTAMP '2026-11-16 09:30:00.250' AS l, 'été' AS m, '' AS n, ARRAY['x', 'y'] AS o"
    ).rows
    assert [str(field.type) for field in rows.schema] == [
        "bool",
        "int8",
        "int16",
        "int32",
        "int64",
        "float",
        "double",
        "double",
        "double",
        "decimal128(10, 3)",
        "date32[day]",
        "timestamp[ms]",
        "string",
        "string",
        "string",
    ]
    (row,) = rows.to_pylist()
    assert str(row.pop("h")) == "nan"
    assert row == {
        "a": True,
        "b": 1,
        "c": -2,
        "d": 3,
        "e": 9007199254740993,
        "f": 0.5,
        "g": 1e-10,
        "i": float("inf"),
        "j": Decimal("12.340"),
        "k": dt.date(2026, 11, 16),
        "l": utc("2026-11-16T09:30:00.250"),
        "m": "été",
        "n": "",
        "o": "[x, y]",
    }


def test_nulls_of_every_type_are_null(catalog: AthenaCatalog) -> None:
    sql = "SELECT call_id, duration_s, started_at, channels, size_bytes FROM recordings " + (
        "WHERE call_date = 'undated'"
    )
    (row,) = catalog.query(sql).rows.to_pylist()
    assert row.pop("size_bytes") == 44
    assert set(row.values()) == {None}


def test_an_empty_answer_has_its_columns(catalog: AthenaCatalog) -> None:
    rows = catalog.query("SELECT call_id, duration_s FROM transcripts WHERE false").rows
    assert rows.schema == pa.schema([("call_id", pa.string()), ("duration_s", pa.float64())])
    assert rows.num_rows == 0


def test_all_pages_are_read(catalog: AthenaCatalog, athena: Athena) -> None:
    athena.requests.clear()
    rows = catalog.query("SELECT n FROM UNNEST(sequence(1, 2500)) AS t (n) ORDER BY n").rows
    assert rows.column("n").to_pylist() == list(range(1, 2501))
    assert athena.requests.count("GetQueryResults") == 3


def test_a_row_like_the_names_is_a_row(catalog: AthenaCatalog) -> None:
    rows = catalog.query("SELECT * FROM (VALUES ('a', 'b')) AS t (a, b)").rows
    assert rows.to_pylist() == [{"a": "a", "b": "b"}]


def test_an_explanation_is_text(catalog: AthenaCatalog) -> None:
    rows = catalog.query("EXPLAIN SELECT count(*) FROM words").rows
    assert "Aggregate" in rows.column(0)[0].as_py()


def test_a_wait_grows_and_ends(athena: Athena) -> None:
    waits: list[float] = []
    queries = AthenaQueries(DATABASE, WORKGROUP, sleep=waits.append)
    assert queries.run("SELECT count(*) FROM words a, words b, words c, words d").rows.num_rows == 1
    assert waits[:2] == pytest.approx([0.2, 0.3])
    assert max(waits) <= 3.0


def test_the_cost_is_that_of_what_was_scanned(catalog: AthenaCatalog) -> None:
    answer = catalog.query("SELECT count(text) FROM segments WHERE call_date = '2026-11-16'")
    assert answer.scanned_bytes is not None
    assert 0 < answer.scanned_bytes < 2**20
    assert answer.cost_usd == pytest.approx(10 / 2**20 * 5)
    every = catalog.query("SELECT count(text) FROM segments")
    assert every.scanned_bytes is not None
    assert every.scanned_bytes > answer.scanned_bytes


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("SELECT nosuch FROM words", "COLUMN_NOT_FOUND: line 1:8: Column 'nosuch' cannot"),
        ("SELECT * FROM nosuch", "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.calls.nosuch'"),
        ("SELEC 1", "SYNTAX_ERROR: line 1:1: mismatched input 'SELEC'"),
        ("SELECT CAST(word AS integer) FROM words", "INVALID_CAST_ARGUMENT: Cannot cast"),
        ("SELECT 1 / 0", "DIVISION_BY_ZERO: Division by zero"),
        ("SELECT 1; SELECT 2", "write one SELECT"),
        ("DROP TABLE words", "write one SELECT"),
        ("UNLOAD (SELECT 1) TO 's3://x/y' WITH (format = 'PARQUET')", "write one SELECT"),
        ("CREATE TABLE t AS SELECT 1 AS a", "write one SELECT"),
        ("MSCK REPAIR TABLE words", "write one SELECT"),
        ("", "write one SELECT"),
    ],
)
def test_errors_are_one_sentence_in_athena_s_words(
    catalog: AthenaCatalog, sql: str, says: str
) -> None:
    with pytest.raises(UserError) as error:
        catalog.query(sql)
    sentence = str(error.value)
    assert says in sentence
    assert "\n" not in sentence
    assert sentence.endswith(".")


@pytest.mark.parametrize(
    ("workgroup", "says"),
    [
        (LIMITED, "was cancelled in Athena: Bytes scanned limit was exceeded"),
        (NO_OUTPUT, "Give the workgroup of STT_ATHENA_WORKGROUP a place for results"),
        ("nosuch", "WorkGroup nosuch is not found. Correct STT_ATHENA_WORKGROUP"),
    ],
)
@pytest.mark.usefixtures("athena")
def test_the_workgroup_s_limits_hold(workgroup: str, says: str) -> None:
    with pytest.raises(UserError, match=says):
        AthenaQueries(DATABASE, workgroup).run("SELECT * FROM words")


def test_ctrl_c_stops_the_query_in_athena(athena: Athena) -> None:
    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    athena.executions.clear()
    with pytest.raises(KeyboardInterrupt):
        AthenaQueries(DATABASE, WORKGROUP, sleep=interrupted).run(SLOW)
    (execution,) = athena.executions.values()
    assert execution.ended.wait(60)
    assert execution.state == "CANCELLED"


class TestCommand:
    """`stt-pipeline query` with STT_CATALOG=glue."""

    @pytest.fixture
    def env(self, athena: Athena) -> dict[str, str]:
        return {
            **os.environ,
            "STT_CATALOG": "glue",
            "STT_LAKE_URI": LAKE_URI,
            "STT_GLUE_DATABASE": DATABASE,
            "STT_ATHENA_WORKGROUP": WORKGROUP,
        }

    def run(self, env: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(COMMAND), *arguments], env=env, capture_output=True, text=True, check=False
        )

    def test_shows_rows_bytes_and_cost(self, env: dict[str, str]) -> None:
        ended = self.run(env, "query", "SELECT call_id FROM transcripts ORDER BY call_id")
        assert ended.returncode == 0, ended.stderr
        assert "O'Brien 100%" in ended.stdout
        last = ended.stdout.splitlines()[-1]
        assert re.fullmatch(r"6 rows, 0\.\d\d MB scanned, 0\.000048 USD", last), last

    def test_json_is_pure_and_the_cost_a_note(self, env: dict[str, str]) -> None:
        arguments = ["--name", "completeness", "--param", "from_date=2026-11-10"]
        ended = self.run(env, "query", *arguments, "--param", "to_date=2026-11-10", "--json")
        assert [row["complete"] for row in json.loads(ended.stdout)] == [True]
        assert "MB scanned" in ended.stderr

    def test_a_mistake_is_one_sentence(self, env: dict[str, str]) -> None:
        ended = self.run(env, "query", "SELECT nosuch FROM words")
        assert ended.returncode == 2
        assert ended.stdout == ""
        (sentence,) = ended.stderr.splitlines()
        assert "COLUMN_NOT_FOUND" in sentence
