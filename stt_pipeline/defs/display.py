"""How the flow looks in the Dagster UI: descriptions, column schemas, tables. Computes nothing."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from stt_pipeline.domain.planning.progress import DateProgress
from stt_pipeline.domain.schemas import TABLES, comment

Metadata = dict[str, Any]
"""What an asset says of its run."""

GROUP = "calls"
"""One group: the UI folds groups away, and the five assets are to be seen at a glance."""

MAX_ROWS = 100
"""A longer table in the UI is no help; the Parquet has every row."""


def description(table: str, does: str) -> str:
    """An asset's description: what it does, and what one row is."""
    return f"{does}\n\nOne row is **{TABLES[table].row}**."


def column_schema(table: str) -> dg.TableSchema:
    """The table's columns for the UI."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(name=field.name, type=str(field.type), description=comment(field))
            for field in TABLES[table].schema
        ]
    )


def table(rows: Sequence[Mapping[str, Any]]) -> dg.MetadataValue:
    """Rows as a table of the UI, the first MAX_ROWS of them; a null shows as an empty cell."""
    shown = [
        {name: "" if value is None else value for name, value in row.items()}
        for row in rows[:MAX_ROWS]
    ]
    return dg.MetadataValue.table(
        records=[dg.TableRecord(row) for row in shown],
        schema=dg.TableSchema(columns=[dg.TableColumn(name) for name in shown[0]]),
    )


def image(alt: str, png: bytes) -> dg.MetadataValue:
    """A picture, shown where the metadata is opened: the UI's Markdown takes PNG in place."""
    return dg.MetadataValue.md(f"![{alt}](data:image/png;base64,{b64encode(png).decode()})")


def shards(progress: DateProgress) -> dg.MetadataValue:
    """One row a shard: how far it is."""
    return table(
        [
            {
                "shard": shard.shard,
                "recordings": f"{shard.recordings_done} of {shard.recordings}",
                "audio_min": f"{shard.audio_done_s / 60:.1f} of {shard.audio_s / 60:.1f}",
                "failed": shard.failed,
                "cpu_s": round(shard.cpu_s, 1),
            }
            for shard in progress.shards
        ]
    )
