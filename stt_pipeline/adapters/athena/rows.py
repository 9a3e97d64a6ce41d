"""Athena's result pages as Arrow, each column of its own type. Calls no AWS."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

Page = dict[str, Any]
"""One answer of GetQueryResults."""

_TYPES = {
    "boolean": pa.bool_(),
    "tinyint": pa.int8(),
    "smallint": pa.int16(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "float": pa.float32(),
    "real": pa.float32(),
    "double": pa.float64(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("ms"),
}
"""Every other type stays as Athena writes it: text, and arrays, maps and rows as text."""


def arrow_table(pages: Sequence[Page]) -> pa.Table:
    """The rows of all pages; a null is a cell without a value."""
    columns = pages[0]["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
    names = [column["Name"] for column in columns]
    rows = [
        [cell.get("VarCharValue") for cell in row.get("Data", [])]
        for page in pages
        for row in page["ResultSet"]["Rows"]
    ]
    # The first row of a SELECT repeats the names; that of an EXPLAIN does not.
    if rows and rows[0] == [column.get("Label", column["Name"]) for column in columns]:
        del rows[0]
    arrays = [
        pa.array([row[place] for row in rows], pa.string()).cast(_arrow_type(column))
        for place, column in enumerate(columns)
    ]
    return pa.Table.from_arrays(arrays, names=names)


def _arrow_type(column: dict[str, Any]) -> pa.DataType:
    kind = column["Type"].lower()
    if kind == "decimal":
        return pa.decimal128(column["Precision"], column["Scale"])
    return _TYPES.get(kind, pa.string())
