"""The published tables as Glue describes them, from the one Arrow schema. Calls no AWS."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from stt_pipeline.domain.call_dates import UNDATED, date_range
from stt_pipeline.domain.errors import UserError
from stt_pipeline.domain.schemas import DATE_TABLES, Table, comment

TableInput = dict[str, Any]
"""What Glue's CreateTable and UpdateTable take, and the part of GetTable's answer that is ours."""

_TYPES = {"string": "string", "int32": "int", "int64": "bigint", "double": "double"}
_PARQUET = "org.apache.hadoop.hive.ql.io.parquet"


@dataclass(frozen=True)
class GlueLake:
    """Where the tables lie and which dates they may hold.

    `uri` is `s3://bucket/prefix` without a slash at its end; `first_date` is STT_FIRST_DATE.
    """

    uri: str
    first_date: dt.date

    def table_input(self, table: Table, today: dt.date) -> TableInput:
        """The table as an external Parquet table.

        The tables of dates are projected on `call_date`: Athena works out the folders instead of
        asking for a list, so a date published is a date seen. `weekly_readiness` has no partition
        in Glue: no projection knows ISO weeks, its column `week` is in the files too, and Athena
        reads a folder with all below it; a year of it is one megabyte.
        """
        location = f"{self.uri}/{table.name}/"
        parameters = {"EXTERNAL": "TRUE", "classification": "parquet"}
        partition_keys = []
        if table.name in DATE_TABLES:
            column = table.partition_column
            parameters |= self._projection(table, today)
            parameters["storage.location.template"] = f"{location}{column}=${{{column}}}/"
            what = f"the call date as YYYY-MM-DD{_or_undated(table)}"
            partition_keys.append({"Name": column, "Type": "string", "Comment": what})
        return {
            "Name": table.name,
            "Description": f"One row is {table.row}.",
            "TableType": "EXTERNAL_TABLE",
            "Parameters": parameters,
            "PartitionKeys": partition_keys,
            "StorageDescriptor": {
                "Columns": [
                    {"Name": field.name, "Type": glue_type(field.type), "Comment": comment(field)}
                    for field in table.schema
                ],
                "Location": location,
                "InputFormat": f"{_PARQUET}.MapredParquetInputFormat",
                "OutputFormat": f"{_PARQUET}.MapredParquetOutputFormat",
                # As Athena's own DDL sets it; Trino does not read a table without.
                "NumberOfBuckets": -1,
                "SerdeInfo": {
                    "SerializationLibrary": f"{_PARQUET}.serde.ParquetHiveSerDe",
                    "Parameters": {"serialization.format": "1"},
                },
            },
        }

    def _projection(self, table: Table, today: dt.date) -> dict[str, str]:
        """How Athena works out the values of the partition column.

        The ledger has a partition that is no date, `undated`, which a projection of dates would
        hide. Its values are therefore listed, through the end of the month after `today`: 11 bytes
        a date, and Glue takes about 1 MB a table compressed. Registering, which each publication
        does, goes on with the list month by month.
        https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html
        """
        prefix = f"projection.{table.partition_column}"
        if _has_undated(table):
            values = [*map(str, date_range(self.first_date, _listed_until(today))), UNDATED]
            kind = {f"{prefix}.type": "enum", f"{prefix}.values": ",".join(values)}
        else:
            kind = {
                f"{prefix}.type": "date",
                f"{prefix}.format": "yyyy-MM-dd",
                # Athena's NOW is UTC; east of it, a call date begins up to 14 hours earlier.
                f"{prefix}.range": f"{self.first_date},NOW+1DAYS",
                f"{prefix}.interval": "1",
                f"{prefix}.interval.unit": "DAYS",
            }
        return {"projection.enabled": "true", **kind}


def glue_type(kind: pa.DataType) -> str:
    """The Hive type of an Arrow type; raises TypeError for one that no published table may have."""
    if pa.types.is_timestamp(kind) and kind.unit == "ms" and kind.tz is None:
        return "timestamp"
    if pa.types.is_boolean(kind):
        return "boolean"
    if str(kind) not in _TYPES:
        raise TypeError(f"No published table may have a column of type {kind}.")
    return _TYPES[str(kind)]


def updated(found: Mapping[str, Any], wanted: TableInput, database: str) -> TableInput | None:
    """What Glue must be told so that the table it has becomes `wanted`; None where it is so.

    Parameters that others set are kept, so are statistics. Added columns, new comments and a new
    projection are told. Raises UserError for a table of another lake, and where columns went or
    changed their type: files of dates published before would be misread.
    """
    name = f"{database}.{wanted['Name']}"
    where = found.get("StorageDescriptor", {}).get("Location", "")
    if where.rstrip("/") != wanted["StorageDescriptor"]["Location"].rstrip("/"):
        raise UserError(
            f"The Glue table {name} reads {where or 'nothing'}, not this lake's "
            f"{wanted['StorageDescriptor']['Location']}: name another STT_GLUE_DATABASE, or drop "
            "that table (dropping it deletes no file)."
        )
    _refuse_lost_columns(name, found, wanted)
    parameters = {**found.get("Parameters", {}), **wanted["Parameters"]}
    for parameter in found.get("Parameters", {}):
        if parameter.startswith("projection.") and parameter not in wanted["Parameters"]:
            del parameters[parameter]
    same = parameters == found.get("Parameters", {}) and all(
        _covers(found.get(part, {}), wanted[part])
        for part in ("Description", "TableType", "PartitionKeys", "StorageDescriptor")
    )
    return None if same else {**wanted, "Parameters": parameters}


def _refuse_lost_columns(name: str, found: Mapping[str, Any], wanted: TableInput) -> None:
    there, here = _columns(found), _columns(wanted)
    remedy = (
        f"drop the table {name} in Athena (dropping it deletes no file), then run the dates again "
        "and they are published and registered anew."
    )
    for column, kind in there.items():
        if column not in here:
            raise UserError(
                f"The Glue table {name} has the column {column}, which this version does not "
                f"write: {remedy}"
            )
        if here[column] != kind:
            raise UserError(
                f"The column {column} of the Glue table {name} is {kind}, and this version writes "
                f"{here[column]}: {remedy}"
            )


def _columns(table: Mapping[str, Any]) -> dict[str, str]:
    descriptor = table.get("StorageDescriptor", {})
    columns = [*descriptor.get("Columns", []), *table.get("PartitionKeys", [])]
    return {column["Name"]: column.get("Type", "").lower() for column in columns}


def _covers(found: object, wanted: object) -> bool:
    """True where `found` says all that `wanted` says; Glue adds fields of its own."""
    if isinstance(wanted, dict):
        return isinstance(found, Mapping) and all(
            _covers(found.get(key), value) for key, value in wanted.items()
        )
    if isinstance(wanted, list):
        return (
            isinstance(found, list)
            and len(found) == len(wanted)
            and all(map(_covers, found, wanted))
        )
    return found == wanted


def _has_undated(table: Table) -> bool:
    return table.name == "recordings"


def _or_undated(table: Table) -> str:
    return f", or {UNDATED} where the key gives none" if _has_undated(table) else ""


def _listed_until(today: dt.date) -> dt.date:
    """The last day of the month after today's."""
    first_of_this = today.replace(day=1)
    first_of_next_but_one = (first_of_this + dt.timedelta(days=62)).replace(day=1)
    return first_of_next_but_one - dt.timedelta(days=1)
