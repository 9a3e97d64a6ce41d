"""Writes the parts of README.md that follow from the code: tables, queries, settings. Run it."""

import re
from pathlib import Path
from typing import Final

from stt_pipeline.domain.schemas import TABLES, comment
from stt_pipeline.queries import library
from stt_pipeline.settings import Settings

README: Final = Path(__file__).resolve().parents[1] / "README.md"

DEFAULTS_OF_PLACES: Final = {
    "recordings_uri": "`var/recordings`",
    "lake_uri": "`var/lake`",
    "references_uri": "`var/references`",
    "models_dir": "`var/models`",
    "max_shards": "CPUs of the machine",
    "recording_pattern": "see above",
}
"""Defaults that depend on the machine, or are too long for a table."""


def tables() -> str:
    """Every table with its columns."""
    parts = []
    for table in TABLES.values():
        columns = "\n".join(
            f"| `{field.name}` | {_kind(str(field.type))} | {comment(field)} |"
            for field in table.schema
        )
        heading = f"**`{table.name}`**: one row is {table.row}."
        parts.append(f"{heading}\n\n| column | type | |\n|---|---|---|\n{columns}\n")
    return "\n".join(parts)


def _kind(arrow: str) -> str:
    return {"timestamp[ms]": "timestamp", "bool": "boolean"}.get(arrow, arrow)


def queries() -> str:
    """Every query of the library with its purpose and parameters."""
    lines = ["| query | what it answers | parameters |", "|---|---|---|"]
    for query in library():
        parameters = ", ".join(f"`{one.name}={one.default}`" for one in query.parameters)
        lines.append(f"| `{query.name}` | {query.purpose} | {parameters} |")
    return "\n".join(lines) + "\n"


def settings() -> str:
    """Every setting with its default and its meaning."""
    lines = ["| setting | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        value = field.default
        shown = DEFAULTS_OF_PLACES.get(name)
        if shown is None:
            text = ",".join(value) if isinstance(value, tuple) else str(value)
            shown = f"`{text}`" if text else "none"
        lines.append(f"| `STT_{name.upper()}` | {shown} | {field.description} |")
    return "\n".join(lines) + "\n"


PARTS: Final = {"tables": tables, "queries": queries, "settings": settings}


def with_parts(text: str) -> str:
    """The README's text with every part between its markers written anew."""
    for name, write in PARTS.items():
        block = f"<!-- {name} -->\n{write()}<!-- /{name} -->"
        pattern = rf"<!-- {name} -->.*?<!-- /{name} -->"
        text, found = re.subn(pattern, lambda _, block=block: block, text, flags=re.DOTALL)  # type: ignore[misc]
        if found != 1:
            raise ValueError(f"README.md has {found} places for {name}, not one.")
    return text


if __name__ == "__main__":
    README.write_text(with_parts(README.read_text()))
