"""Every query of the analysts' library over known rows: on DuckDB, and the same on a real Trino."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from stt_pipeline.adapters.athena.catalog import AthenaCatalog
from stt_pipeline.adapters.duckdb_catalog import DuckdbCatalog
from stt_pipeline.adapters.local_store import LocalStore
from stt_pipeline.domain.sql.analyst_queries import AnalystQuery, find
from stt_pipeline.queries import library
from stt_pipeline_tests.factories import utc
from stt_pipeline_tests.known_lake import NEW, OLD, TODAY, write_known_lake

O_BRIEN = "O'Brien 100%"
MONDAY, TUESDAY, WEDNESDAY = "2026-11-16", "2026-11-17", "2026-11-18"
BEFORE, W46, W47 = "2026-11-10", "2026-W46", "2026-W47"
ALL = {"from_date": "2026-11-01", "to_date": "2026-11-30"}
FIRST_RUN, BACKFILL = utc("2026-11-18T07:00"), utc("2026-11-22T07:00")

Rows = list[tuple[Any, ...]]


def uri(call_id: str) -> str:
    return f"s3://calls/{call_id}.wav"


EXPECTED: list[tuple[str, dict[str, str], Rows]] = [
    (
        "agents_by_week",
        {},
        [
            ("A1", W46, 1, None, 1.0, 0.625, 0.0),
            ("A1", W47, 2, 1, 5.5, 0.497, 0.5),
            ("A2", W46, 1, None, 2.0, 0.455, 0.0),
            ("A2", W47, 2, 1, 3.3, 0.429, 0.5),
        ],
    ),
    ("calls_by_day", {}, [(MONDAY, 3, 1, 0.104, 0.025, 2.08), (TUESDAY, 1, 0, 0.042, 0.017, 2.5)]),
    ("calls_by_hour", {}, [(9, 2, 0.096), (23, 1, 0.008)]),
    (
        "calls_by_queue",
        {},
        [("(none)", 3, 0.075, 0, 1), ("billing", 2, 0.096, 1, 0), ("sales", 0, 0.0, 1, 0)],
    ),
    (
        "calls_to_review",
        {},
        [
            (MONDAY, O_BRIEN, "A1", "loop,low_confidence", 2, -1.25, 5.0, uri(O_BRIEN)),
            (MONDAY, "C7", "A2", "low_confidence", 1, -1.5, 0.8, uri("C7")),
        ],
    ),
    (
        "changed_since",
        {"since": "2026-11-20"},
        [
            (BEFORE, OLD, 2, 0, FIRST_RUN, FIRST_RUN, 24),
            (MONDAY, OLD, 3, 0, FIRST_RUN, FIRST_RUN, 15),
            (TUESDAY, NEW, 1, 1, BACKFILL, BACKFILL, 3),
        ],
    ),
    (
        "completeness",
        {},
        [
            (MONDAY, 5, 2, 1, 2, 0, 0, True),
            (TUESDAY, 2, 1, 0, 0, 1, 0, True),
            (WEDNESDAY, 1, 0, 0, 0, 0, 1, False),
        ],
    ),
    (
        "cost_by_day",
        {},
        [
            (W46, BEFORE, 0.05, 0.003, 0.0005, 0.01),
            (W47, MONDAY, 0.104, 0.013, 0.002, 0.0192),
            (W47, TUESDAY, 0.042, 0.003, 0.0005, 0.012),
            (W47, WEDNESDAY, 0.0, 0.0, 0.0, None),
        ],
    ),
    (
        "doubtful_words",
        {"times": "1"},
        [("refund", 1, 1, 0.25), ("refunds", 1, 1, 0.25), ("which", 1, 1, 0.25)],
    ),
    ("doubtful_words", {"below": "0.8", "rows": "1"}, [("refund", 3, 2, 0.583)]),
    ("interruptions", {}, [("A1", 2, 1, 1), ("A2", 1, 0, 0)]),
    (
        "languages",
        {},
        [
            (MONDAY, "en", 2, 0.667, 0.875),
            (MONDAY, "(no speech)", 1, 0.333, None),
            (TUESDAY, "fr", 1, 1.0, 0.875),
        ],
    ),
    (
        "longest_calls",
        {"rows": "2"},
        [(MONDAY, O_BRIEN, "A1", "en", 5.0, 12), (TUESDAY, "C5", "A2", "fr", 2.5, 3)],
    ),
    (
        "phrase_in_context",
        {},
        [
            (MONDAY, "C7", 1.0, None, "customer: Refunds.", "agent: Which refund?"),
            (MONDAY, "C7", 6.0, "customer: Refunds.", "agent: Which refund?", None),
            (
                MONDAY,
                O_BRIEN,
                20.5,
                "agent: Good morning.",
                "customer: My refund, where is my refund?",
                "agent: Let me see.",
            ),
        ],
    ),
    (
        "phrase_in_context",
        {"phrase": "S'IL VOUS PLAÎT", **ALL},
        [
            (
                BEFORE,
                "C2",
                0.0,
                None,
                "customer: Un remboursement, s'il vous plaît.",
                "agent: Je m'en occupe.",
            )
        ],
    ),
    ("phrase_in_context", {"phrase": "%"}, []),
    (
        "quarantined",
        {},
        [
            ("not an audio file", 2, 0, uri("Q1"), utc("2026-11-18T06:00")),
            ("no call date in the key", 1, 1, uri("U1"), utc("2026-11-18T06:00")),
        ],
    ),
    ("repeat_callers", {}, [("K1", 2, 2, MONDAY, MONDAY)]),
    ("repeat_callers", ALL, [("K1", 3, 2, BEFORE, MONDAY)]),
    (
        "review_reasons",
        {},
        [(MONDAY, "low_confidence", 2), (MONDAY, "loop", 1)],
    ),
    (
        "search_calls",
        {},
        [
            (MONDAY, "C7", "00:06", "agent", "refund?", 0.25, uri("C7")),
            (MONDAY, O_BRIEN, "00:21", "customer", "refund,", 0.75, uri(O_BRIEN)),
            (MONDAY, O_BRIEN, "00:23", "customer", "refund?", 0.75, uri(O_BRIEN)),
        ],
    ),
    (
        "search_calls",
        {"word": "See"},
        [(MONDAY, O_BRIEN, "01:00", "agent", "see.", 0.75, uri(O_BRIEN))],
    ),
    ("search_calls", {"word": "(see"}, []),
    (
        "slowest_calls",
        {"rows": "3"},
        [
            (MONDAY, "C7", 7.5, 5.6, 0.8, "low_confidence"),
            (MONDAY, O_BRIEN, 7.5, 37.5, 5.0, "loop,low_confidence"),
            (MONDAY, "C4", 3.75, 1.9, 0.5, ""),
        ],
    ),
    (
        "talk_silence_overlap",
        {},
        [
            (MONDAY, O_BRIEN, "A1", 300.0, 41.0, 41.5, 3.0, 220.5),
            (MONDAY, "C7", "A2", 45.0, 3.0, 4.0, 0.0, 38.0),
            (MONDAY, "C4", "A1", 30.0, 0.0, 0.0, 0.0, 30.0),
        ],
    ),
    (
        "weeks",
        {},
        [(W46, 1, 0, 2, 0, 0.05, 0.08, 0.0005), (W47, 2, 1, 8, 2, 0.146, 0.1085, 0.0025)],
    ),
    (
        "word_error_rate_by_language",
        {},
        [
            ("en", 2, 108, 0.0648, 0.0278, 0.0185, 0.1111),
            ("fr", 2, 60, 0.0333, 0.0167, 0.0333, 0.0833),
        ],
    ),
    (
        "word_error_rate_by_part",
        {},
        [
            (None, 1, 20, 2, 1, 0, 0.15),
            ("billing", 2, 108, 7, 3, 2, 0.1111),
            ("sales", 1, 40, 0, 0, 2, 0.05),
        ],
    ),
    (
        "word_error_rate_by_part",
        {"part": "Agent"},
        [("A1", 2, 108, 7, 3, 2, 0.1111), ("A2", 2, 60, 2, 1, 2, 0.0833)],
    ),
    (
        "word_error_rate_by_part",
        {"part": "engine", "from_date": MONDAY},
        [("new engine", 1, 20, 2, 1, 0, 0.15), ("old engine", 1, 98, 6, 2, 2, 0.102)],
    ),
    (
        "word_error_rate_by_part",
        {"part": "date", "from_date": TUESDAY},
        [(TUESDAY, 1, 20, 2, 1, 0, 0.15)],
    ),
    (
        "word_error_rate_by_week",
        {},
        # 4 of 50 words, by call 2 of 10 and 2 of 40: 1.96 sqrt(2 (1.2² + 1.2²)) / 50 = 0.0941.
        # 13 of 118, by call 10 of 98 and 3 of 20: 1.96 sqrt(2 (0.797² + 0.797²)) / 118 = 0.0265.
        [(W46, 2, 50, 0.08, 0.0, 0.1741), (W47, 2, 118, 0.1102, 0.0837, 0.1366)],
    ),
    (
        "word_error_rate_by_week",
        {"from_date": TUESDAY},
        [(W47, 1, 20, 0.15, None, None)],
    ),
]

CASES = pytest.mark.parametrize(
    ("name", "values", "expected"),
    EXPECTED,
    ids=["-".join([name, *map(str, values.values())]) for name, values, _ in EXPECTED],
)


@pytest.fixture(scope="module")
def duckdb_catalog(tmp_path_factory: pytest.TempPathFactory) -> DuckdbCatalog:
    """The known lake in a folder."""
    folder: Path = tmp_path_factory.mktemp("lake")
    store = LocalStore(folder, "STT_LAKE_URI")
    write_known_lake(store)
    return DuckdbCatalog(store, str(folder))


def tuples(rows: pa.Table) -> Rows:
    return [tuple(row.values()) for row in rows.to_pylist()]


def test_the_library_has_15_queries_at_least_and_a_case_for_each() -> None:
    names = [query.name for query in library()]
    assert len(names) >= 15
    assert {name for name, _, rows in EXPECTED if rows} == set(names)


@CASES
def test_on_duckdb(
    duckdb_catalog: DuckdbCatalog, name: str, values: dict[str, str], expected: Rows
) -> None:
    sql = find(library(), name).bind(values, TODAY)
    assert tuples(duckdb_catalog.query(sql).rows) == expected


@pytest.mark.parametrize("query", library(), ids=lambda query: query.name)
def test_on_an_empty_lake(query: AnalystQuery, tmp_lake: Path) -> None:
    catalog = DuckdbCatalog(LocalStore(tmp_lake, "STT_LAKE_URI"), str(tmp_lake))
    assert catalog.query(query.bind({}, TODAY)).rows.num_rows == 0


@CASES
def test_in_athena_on_trino(
    catalog: AthenaCatalog,
    duckdb_catalog: DuckdbCatalog,
    name: str,
    values: dict[str, str],
    expected: Rows,
) -> None:
    sql = find(library(), name).bind(values, TODAY)
    answer = catalog.query(sql)
    assert tuples(answer.rows) == expected
    assert answer.rows.column_names == duckdb_catalog.query(sql).rows.column_names
    assert answer.scanned_bytes
    assert answer.cost_usd


AD_HOC = [
    "SELECT * FROM recordings ORDER BY recording_uri",
    "SELECT * FROM weekly_readiness ORDER BY call_date",
    "SELECT * FROM transcripts ORDER BY call_date, call_id",
    "SELECT * FROM segments ORDER BY call_date, call_id, segment_id",
    "SELECT * FROM words ORDER BY call_date, call_id, segment_id, word_id",
    "SELECT * FROM transcript_quality ORDER BY call_date, call_id",
    "SELECT call_date, count(*) FROM recordings GROUP BY call_date ORDER BY call_date",
    "SELECT count(*) FROM recordings WHERE call_date > '2026-11-17'",
    "SELECT word_count / 2, -word_count / 2, word_count / 2e0 FROM transcripts ORDER BY call_id",
    "SELECT sum(word_count) / count(*), sum(size_bytes) FROM transcripts t JOIN recordings r "
    "ON r.call_id = t.call_id",
    "SELECT count_if(word_count > 100000), max(queue), avg(word_count) FROM transcripts t "
    "LEFT JOIN recordings r ON r.call_id = t.call_id",
    "SELECT agent_id, customer_id FROM recordings ORDER BY customer_id, call_id",
    "SELECT agent_id, customer_id FROM recordings ORDER BY customer_id DESC, call_id",
    "SELECT date_format(started_at, '%x-W%v %H:%i'), day_of_week(started_at), "
    "date_diff('minute', started_at, discovered_at) FROM recordings ORDER BY call_id",
    "SELECT call_id AS Call, upper(call_id) FROM transcripts ORDER BY Call",
    "SELECT regexp_replace(text, '[aeiou]', '*'), strpos(text, 'refund'), substr(text, -4) "
    "FROM segments ORDER BY call_id, segment_id",
    "SELECT regexp_extract(recording_uri, '[^/]+$') FROM recordings ORDER BY 1",
    "SELECT cast(duration_s AS integer), cast(word_count AS varchar), round(duration_s / 7, 2) "
    "FROM transcripts ORDER BY call_id",
    "SELECT approx_distinct(agent_id), max_by(call_id, duration_s), "
    "array_join(array_agg(call_id ORDER BY call_id), '|') FROM transcripts",
    "SELECT call_id, row_number() OVER (PARTITION BY agent_id ORDER BY duration_s) "
    "FROM transcripts ORDER BY 1",
    "SELECT date_add('day', 1, date(call_date)), date_trunc('week', date(call_date)), "
    "date_trunc('week', started_at) FROM transcripts ORDER BY call_id",
    "SELECT text LIKE '%refund%', lower(text) LIKE '%refund%' FROM segments ORDER BY call_id, 1, 2",
    "SELECT try_cast(call_date AS date) FROM recordings ORDER BY recording_uri",
    "SELECT element_at(split(review_reasons, ','), 2) FROM transcripts ORDER BY call_id",
    "SELECT call_id FROM transcripts EXCEPT SELECT call_id FROM transcript_quality",
    "SELECT call_id, round(duration_s) AS duration_s FROM transcripts "
    "ORDER BY duration_s % 7, call_id",
]
"""An analyst's own SQL, each in words that mean something else, or nothing, in DuckDB's dialect."""


@pytest.mark.parametrize("sql", AD_HOC)
def test_an_analyst_s_own_sql_gives_the_same_rows_on_both(
    catalog: AthenaCatalog, duckdb_catalog: DuckdbCatalog, sql: str
) -> None:
    local, cloud = duckdb_catalog.query(sql).rows, catalog.query(sql).rows
    assert local.to_pylist() == cloud.to_pylist()
    kinds = [[type(value) for value in row] for row in tuples(local)]
    assert kinds == [[type(value) for value in row] for row in tuples(cloud)]
