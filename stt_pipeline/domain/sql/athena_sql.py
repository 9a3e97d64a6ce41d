"""Athena's SQL: is it one SELECT, and how DuckDB says the same. Runs nothing."""

import contextlib
import logging
import re

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema

from stt_pipeline.domain.schemas import TABLES, Table
from stt_pipeline.domain.sql.glue_tables import glue_type

DIALECT = "athena"
NOT_A_SELECT = "The SQL gives no rows of the tables: write one SELECT."

# It warns of EXPLAIN, which it takes as it is.
logging.getLogger("sqlglot").setLevel(logging.ERROR)


def may_run(sql: str) -> bool:
    """False where the SQL is surely not one SELECT (or VALUES, EXPLAIN): it would write, or list.

    SQL that sqlglot cannot read may run: the engine has the better words for what is wrong.
    """
    try:
        statements = sqlglot.parse(sql, read=DIALECT)
    except SqlglotError:
        return True
    if len(statements) != 1:
        return False
    statement = statements[0]
    if isinstance(statement, exp.Command):
        return str(statement.this).upper() == "EXPLAIN"
    return isinstance(statement, exp.Query | exp.Values)


def to_duckdb(sql: str) -> str | None:
    """The SELECT in DuckDB's words with the same rows, or None where it is no SELECT of Athena's.

    Columns without a name are called as Athena calls them, and whole numbers divide to whole
    numbers, for which the types of the columns must be known: where a name in it is unknown the
    SQL is still translated, and DuckDB says so.
    """
    try:
        statements = sqlglot.parse(sql, read=DIALECT)
    except SqlglotError:
        return None
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        return None
    select = statements[0]
    _mean_columns_of_the_answer(select)
    with contextlib.suppress(SqlglotError):
        select = _qualified(select)
    _mend(select)
    return select.sql("duckdb")


def _qualified(select: exp.Query) -> exp.Query:
    """The SELECT with every column's table and type known, as far as division needs them."""
    schema = MappingSchema(dict(_SCHEMA), dialect=DIALECT)
    typed = annotate_types(
        qualify(select.copy(), dialect=DIALECT, schema=schema, quote_identifiers=False),
        schema=schema,
        dialect=DIALECT,
    )
    for division in list(typed.find_all(exp.Div)):
        if division.is_type(*exp.DataType.INTEGER_TYPES):
            division.replace(exp.IntDiv(this=division.this, expression=division.expression))
    _name_columns(select, typed)
    return typed


def _mean_columns_of_the_answer(select: exp.Query) -> None:
    """ORDER BY a / b: in Athena a column of the answer comes first, in DuckDB one of the table."""
    for part in select.find_all(exp.Select):
        named = {one.alias.lower(): one.this for one in part.selects if isinstance(one, exp.Alias)}
        order = part.args.get("order")
        for ordered in order.expressions if order else ():
            if isinstance(ordered.this, exp.Column):
                continue
            for column in list(ordered.this.find_all(exp.Column)):
                if not column.table and column.name.lower() in named:
                    column.replace(exp.paren(named[column.name.lower()].copy()))


def _name_columns(select: exp.Query, typed: exp.Query) -> None:
    """Calls the columns of the answer as Athena does: sqlglot lowers names and makes others up."""
    written: list[exp.Expr | None] = list(select.selects)
    if len(written) != len(typed.selects):
        # A star stands for several: only what has a name of its own is told apart.
        by_name = {one.alias.lower(): one for one in select.selects if isinstance(one, exp.Alias)}
        written = [by_name.get(column.alias) for column in typed.selects]
    renamed = {}
    for place, (before, column) in enumerate(zip(written, typed.selects, strict=True)):
        called = column.alias
        if isinstance(before, exp.Alias):
            column.set("alias", before.args["alias"].copy())
        elif _is_unnamed(column) if before is None else not isinstance(before, exp.Column):
            column.set("alias", exp.to_identifier(f"_col{place}"))
        renamed[called] = column.args["alias"]
    order = typed.args.get("order")
    for column in list(order.find_all(exp.Column)) if order else ():
        if not column.table and column.name in renamed:
            column.set("this", renamed[column.name].copy())


def _is_unnamed(column: exp.Expr) -> bool:
    return _UNNAMED.match(column.alias) is not None


def _mend(select: exp.Query) -> None:
    """Says what sqlglot's translation leaves to mean something else in DuckDB."""
    for counted in list(select.find_all(exp.CountIf)):
        # DuckDB's COUNT_IF of nothing but nulls is null, not 0.
        where = exp.Where(this=counted.this.copy())
        counted.replace(exp.Filter(this=exp.Count(this=exp.Star()), expression=where))
    for later in list(select.find_all(exp.DateAdd, exp.DateTrunc, exp.TimestampTrunc)):
        # In Athena a day after a date, and the first of its week, are dates; in DuckDB timestamps.
        if later.this.is_type(exp.DataType.Type.DATE):
            later.replace(exp.cast(later.copy(), exp.DataType.Type.DATE))
    for shown in select.find_all(exp.TimeToStr):
        # Athena's %v is the ISO week, DuckDB's %V.
        text = shown.args["format"]
        if text.is_string:
            text.replace(exp.Literal.string(text.name.replace("%v", "%V")))


def _columns(table: Table) -> dict[str, str]:
    columns = {field.name: glue_type(field.type) for field in table.schema}
    return columns if table.partition_column in columns else {**columns, "call_date": "string"}


_SCHEMA = {table.name: _columns(table) for table in TABLES.values()}
_UNNAMED = re.compile(r"^_col_\d+$")
