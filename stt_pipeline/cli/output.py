"""How the commands print: tables and notes for people, JSON for programs. Knows no table's meaning."""

import datetime as dt
import json
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

Row = dict[str, Any]

OUT = Console(highlight=False, soft_wrap=True)
"""Results."""

NOTES = Console(stderr=True, highlight=False)
"""Progress, remarks and errors: never mixed into a result that a program reads."""


def print_json(document: object) -> None:
    """One JSON document; dates and times in ISO form."""
    OUT.file.write(json.dumps(document, ensure_ascii=False, indent=2, default=_iso) + "\n")


def _iso(value: object) -> str:
    return value.isoformat() if isinstance(value, dt.date | dt.datetime) else str(value)


def print_table(columns: Sequence[str], rows: Sequence[Row], title: str | None = None) -> None:
    """Rows as a table; numbers to the right, a null as an empty cell, full text on narrow screens."""
    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    for name in columns:
        numeric = any(isinstance(row[name], int | float) for row in rows)
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(row[name])) for name in columns))
    OUT.print(table)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1 else f"{value:,.2f}"
    return str(value)
