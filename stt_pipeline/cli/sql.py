"""`query` and `queries`: SQL over the published tables, an analyst's own or of the library."""

import datetime as dt
from typing import Annotated

import typer

from stt_pipeline import wiring
from stt_pipeline.cli.output import NOTES, OUT, print_json, print_table
from stt_pipeline.domain.errors import UserError
from stt_pipeline.domain.ports import Answer
from stt_pipeline.domain.sql.analyst_queries import find
from stt_pipeline.queries import library
from stt_pipeline.settings import Settings, load_settings

DATES = ("from_date", "to_date")
"""Parameters of every query."""

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Parameters = Annotated[
    list[str] | None, typer.Option("--param", metavar="NAME=VALUE", help="A value; repeatable.")
]


def query(
    sql: Annotated[str | None, typer.Argument(help="One SELECT over the published tables.")] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="A query of the library, see 'queries'.")
    ] = None,
    param: Parameters = None,
    as_json: AsJson = False,
) -> None:
    """Answers SQL over the published tables, such as transcripts, segments and words.

    The SQL is Athena's, on DuckDB too.
    """
    settings = load_settings()
    if (sql is None) == (name is None):
        raise UserError('Say what to ask: query "SELECT …", or query --name NAME, not both.')
    if name is not None:
        sql = bound(settings, name, param or [])
    elif param:
        raise UserError("--param goes with --name: write the value into the SQL.")
    answer = wiring.catalog(settings).query(sql or "")
    if as_json:
        print_json(answer.rows.to_pylist())
        if cost := _cost(answer):
            NOTES.print(cost)
        return
    print_table(answer.rows.column_names, answer.rows.to_pylist())
    count = answer.rows.num_rows
    parts = [f"{count} row{'' if count == 1 else 's'}", _cost(answer)]
    OUT.print(", ".join(part for part in parts if part))


def queries(
    name: Annotated[
        str | None, typer.Argument(help="Print this query's SQL, to paste into Athena.")
    ] = None,
    param: Parameters = None,
    as_json: AsJson = False,
) -> None:
    """Lists the library of queries with the purpose of each, or prints the SQL of one."""
    if name is not None:
        OUT.file.write(bound(load_settings(), name, param or []) + "\n")
        return
    if param:
        raise UserError("--param goes with the name of a query.")
    if as_json:
        print_json(
            [
                {
                    "name": one.name,
                    "purpose": one.purpose,
                    "parameters": [vars(parameter) for parameter in one.parameters],
                    "sql": one.sql,
                }
                for one in library()
            ]
        )
        return
    rows = [
        {
            "query": one.name,
            "purpose": one.purpose,
            "parameters": ", ".join(p.name for p in one.parameters if p.name not in DATES),
        }
        for one in library()
    ]
    print_table(["query", "purpose", "parameters"], rows)
    OUT.print(
        "stt-pipeline query --name NAME --param NAME=VALUE runs one. Each takes from_date and "
        "to_date too, and where they are left out its own last weeks: --json says which.",
        markup=False,
    )


def bound(settings: Settings, name: str, params: list[str]) -> str:
    """The SQL of a query of the library with these NAME=VALUE; raises UserError."""
    values = {}
    for param in params:
        key, equals, value = param.partition("=")
        if not equals:
            raise UserError(f"--param {param} has no value: write it as NAME=VALUE.")
        values[key] = value
    return find(library(), name).bind(values, dt.datetime.now(settings.zone).date())


def _cost(answer: Answer) -> str:
    """What the query read and cost, where that is billed."""
    if answer.scanned_bytes is None or answer.cost_usd is None:
        return ""
    return f"{answer.scanned_bytes / 2**20:,.2f} MB scanned, {answer.cost_usd:.6f} USD"
