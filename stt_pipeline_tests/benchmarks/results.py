"""Keeps what was measured in files, so that an interrupted session loses nothing. Prints nothing.

`engine.json` holds a row for each case and contender; `session.json` the same in full, with the
machine, so that tables of several sessions can be printed together.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from stt_pipeline_tests.benchmarks.measure import Measured

ROW: Final = (
    "case",
    "contender",
    "cpu_s_per_audio_min",
    "x_realtime",
    "peak_rss_mb",
    "wer",
    "substitutions",
    "deletions",
    "insertions",
)
"""The columns of `engine.json`, a contract with its readers."""


@dataclass(frozen=True)
class Session:
    """Rows, and the machine that they were measured on."""

    machine: dict[str, str]
    rows: list[Measured]


SESSION = TypeAdapter(Session)


def load(folder: Path, machine: dict[str, str]) -> list[Measured]:
    """The rows kept there, if they are of the same machine and versions; else none."""
    path = folder / "session.json"
    if not path.is_file():
        return []
    try:
        kept = SESSION.validate_json(path.read_bytes())
    except ValidationError:  # of another version of this program
        return []
    return kept.rows if kept.machine == machine else []


def save(folder: Path, machine: dict[str, str], rows: Iterable[Measured]) -> None:
    """Writes both files anew."""
    folder.mkdir(parents=True, exist_ok=True)
    session = Session(machine, list(rows))
    short = [{name: asdict(row)[name] for name in ROW} for row in session.rows]
    _replace(folder / "engine.json", json.dumps(short, indent=1, ensure_ascii=False).encode())
    _replace(folder / "session.json", SESSION.dump_json(session))


def merge(kept: Iterable[Measured], new: Iterable[Measured]) -> list[Measured]:
    """The kept rows, those of the same case and contender replaced by the new ones."""
    by_key = {(row.case, row.contender): row for row in (*kept, *new)}
    return list(by_key.values())


def _replace(path: Path, content: bytes) -> None:
    temporary = path.with_suffix(".writing")
    temporary.write_bytes(content)
    temporary.replace(path)
