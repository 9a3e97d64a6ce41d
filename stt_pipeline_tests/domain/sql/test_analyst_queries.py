"""A query of the library: its head, its parameters, and the values that come into its SQL."""

import datetime as dt

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline.domain.errors import UserError
from stt_pipeline.domain.sql.analyst_queries import AnalystQuery, find
from stt_pipeline.queries import library

MONDAY = dt.date(2026, 11, 23)
TEXT = """-- Who said what.
-- :phrase text = it's  what to look for
-- :least number = 0.5  a share
-- :from_date date = monday  first call date
-- :to_date date = sunday-2  last call date
-- A remark on the SQL.
SELECT ':phrase', :phrase AS a, :phrases, x::least
WHERE d BETWEEN :from_date AND :to_date AND p > :least
"""
QUERY = AnalystQuery.parse("who", TEXT)


def test_a_file_is_read() -> None:
    assert QUERY.purpose == "Who said what."
    assert [(one.name, one.kind, one.default, one.meaning) for one in QUERY.parameters] == [
        ("phrase", "text", "it's", "what to look for"),
        ("least", "number", "0.5", "a share"),
        ("from_date", "date", "monday", "first call date"),
        ("to_date", "date", "sunday-2", "last call date"),
    ]
    assert QUERY.sql.startswith("-- A remark on the SQL.\nSELECT")


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1",
        "-- :phrase text = a  no purpose\nSELECT 1",
        "-- Purpose.\n-- :phrase = a  no kind\nSELECT 1",
        "-- Purpose.\n-- :phrase text = a\nSELECT 1",
    ],
)
def test_a_file_with_another_head_is_a_fault_of_the_package(text: str) -> None:
    with pytest.raises(ValueError, match=r"^who: "):
        AnalystQuery.parse("who", text)


def test_defaults_are_of_the_last_full_week() -> None:
    sql = QUERY.bind({}, MONDAY)
    assert "BETWEEN '2026-11-16' AND '2026-11-08'" in sql
    assert "'it''s' AS a" in sql
    assert "p > 0.5" in sql
    assert QUERY.bind({}, dt.date(2026, 11, 22)) == QUERY.bind({}, dt.date(2026, 11, 16))


def test_only_whole_names_of_parameters_are_replaced() -> None:
    sql = QUERY.bind({}, MONDAY)
    assert ":phrases" in sql
    assert "x::least" in sql


def test_a_value_that_looks_like_a_parameter_stays_as_it_is() -> None:
    assert "':least' AS a" in QUERY.bind({"phrase": ":least"}, MONDAY)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_any_text_comes_out_of_the_sql_as_it_went_in(value: str) -> None:
    query = AnalystQuery.parse("echo", "-- Echo.\n-- :a text = b  c\nSELECT :a AS a")
    with duckdb.connect() as connection:
        assert connection.execute(query.bind({"a": value}, MONDAY)).fetchall() == [(value,)]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"frase": "a"}, "has no parameter 'frase': it takes phrase, least, from_date, to_date"),
        ({"least": "1 OR 1=1"}, "least=1 OR 1=1 is not a number"),
        ({"least": "٣"}, "is not a number"),
        ({"from_date": "monday"}, "'monday' is not a call date"),
        ({"from_date": "2026-11-16' OR ''='"}, "is not a call date"),
    ],
)
def test_a_wrong_value_is_one_sentence(values: dict[str, str], says: str) -> None:
    with pytest.raises(UserError) as error:
        QUERY.bind(values, MONDAY)
    assert says in str(error.value)
    assert str(error.value).endswith(".")


def test_the_nearest_name_is_offered() -> None:
    assert find(library(), "completeness").name == "completeness"
    with pytest.raises(UserError, match="did you mean completeness"):
        find(library(), "completenes")
    with pytest.raises(UserError, match="'stt-pipeline queries' lists them"):
        find(library(), "qqqqqq")


@pytest.mark.parametrize("query", library(), ids=lambda query: query.name)
def test_every_query_of_the_library_says_what_for_and_asks_for_some_dates(
    query: AnalystQuery,
) -> None:
    assert query.purpose.endswith(".")
    assert "\n" not in query.purpose
    names = {parameter.name for parameter in query.parameters}
    assert {"from_date", "to_date"} <= names, "without dates it would scan all there is"
    sql = query.bind({}, MONDAY)
    assert not any(f":{name}" in sql for name in names)
