"""`query`: SQL over the published tables."""

from typing import Annotated

import typer

from stt_pipeline import wiring
from stt_pipeline.cli.output import OUT, print_json, print_table
from stt_pipeline.settings import load_settings


def query(
    sql: Annotated[str, typer.Argument(help="One SELECT over the published tables.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Answers SQL over the published tables, such as transcripts, segments and words."""
    rows = wiring.catalog(load_settings()).query(sql)
    if as_json:
        print_json(rows.to_pylist())
        return
    print_table(rows.column_names, rows.to_pylist())
    OUT.print(f"{rows.num_rows} row{'' if rows.num_rows == 1 else 's'}")
