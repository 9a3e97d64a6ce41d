"""How the commands print: tables and notes for people, JSON for programs. Knows no table."""

import datetime as dt
import json
import sys
from collections.abc import Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

Row = dict[str, Any]

WIDE = 180
"""Columns where the output is no terminal: a file or a pipe has no edge to wrap at."""

OUT = Console(highlight=False, width=None if sys.stdout.isatty() else WIDE)
"""Results."""

NOTES = Console(stderr=True, highlight=False)
"""Progress, remarks and errors: never mixed into a result that a program reads."""


def print_error(sentence: str) -> None:
    """A sentence in red among the notes, never broken into lines: paths and hashes stay whole."""
    NOTES.print(sentence, style="red", markup=False, soft_wrap=True)


def print_json(document: object) -> None:
    """One JSON document; dates and times in ISO form."""
    OUT.file.write(json.dumps(document, ensure_ascii=False, indent=2, default=_iso) + "\n")


def _iso(value: object) -> str:
    return value.isoformat() if isinstance(value, dt.date | dt.datetime) else str(value)


def print_table(columns: Sequence[str], rows: Sequence[Row], title: str | None = None) -> None:
    """Rows as a table; numbers to the right, a null as an empty cell, nothing cut off."""
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        header_style="bold",
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
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
