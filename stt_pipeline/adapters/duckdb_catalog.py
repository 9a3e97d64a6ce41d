"""DuckDB as the catalog of a local lake: views over the published Parquet. Writes no table."""

import contextlib
import re
from collections.abc import Sequence

import duckdb
import pyarrow as pa

from stt_pipeline.domain.errors import UserError
from stt_pipeline.domain.ports import Answer, Store
from stt_pipeline.domain.schemas import TABLES, Table
from stt_pipeline.domain.sql.athena_sql import NOT_A_SELECT, may_run, to_duckdb

VIEWS_KEY = "catalog.sql"
"""The views as SQL in the lake, for any DuckDB: `duckdb -init catalog.sql`."""


class DuckdbCatalog:
    """Implements Catalog for a lake in a local folder; holds no database file, so no lock."""

    def __init__(self, lake: Store, lake_path: str) -> None:
        """`lake_path` is the lake's folder, absolute."""
        self._lake = lake
        self._path = lake_path

    def register(self, tables: Sequence[str]) -> None:
        """See Catalog; the views are also kept in the lake as SQL."""
        statements = "\n".join(self._view(table) for table in TABLES.values())
        data = statements.encode()
        if self._lake.read(VIEWS_KEY) != data:
            self._lake.write(VIEWS_KEY, data)

    def query(self, sql: str) -> Answer:
        """See Catalog; SQL that is no SELECT of Athena's is read as DuckDB's own."""
        if not may_run(sql):
            raise UserError(NOT_A_SELECT)
        with duckdb.connect() as connection:
            for table in TABLES.values():
                connection.execute(self._view(table))
            translated = to_duckdb(sql)
            if translated is None:
                return Answer(_rows(connection, sql))
            try:
                return Answer(_rows(connection, translated))
            except UserError:
                # DuckDB's own dialect may read as Athena's and lose its meaning.
                with contextlib.suppress(UserError):
                    return Answer(_rows(connection, sql))
                raise

    def _view(self, table: Table) -> str:
        column = table.partition_column
        folder = re.sub(r"([*?\[])", r"[\1]", self._path)
        glob = f"{folder}/{table.name}/{column}=*/{table.name}.parquet".replace("'", "''")
        objects = self._lake.walk(f"{table.name}/", skip=lambda folder: False)
        if any(found.key.endswith(f"/{table.name}.parquet") for found in objects):
            rows = (
                f"SELECT * FROM read_parquet('{glob}', hive_partitioning = true, "
                f"hive_types = {{'{column}': VARCHAR}})"
            )
        else:
            rows = _empty(table)
        return f"CREATE OR REPLACE VIEW {table.name} AS {rows};"


def _rows(connection: duckdb.DuckDBPyConnection, sql: str) -> pa.Table:
    try:
        kinds = [statement.type for statement in connection.extract_statements(sql)]
        if kinds not in ([duckdb.StatementType.SELECT], [duckdb.StatementType.EXPLAIN]):
            raise UserError(NOT_A_SELECT)
        return _without_hugeint(connection.sql(sql).to_arrow_table())
    except duckdb.Error as error:
        first_line = str(error).splitlines()[0].rstrip(".!")
        raise UserError(f"The SQL cannot be answered: {first_line}.") from None


def _without_hugeint(rows: pa.Table) -> pa.Table:
    """Sums of whole numbers as int64, as Athena has them: DuckDB makes them 128 bits wide."""
    fields = [
        field.with_type(pa.int64()) if field.type == pa.decimal128(38, 0) else field
        for field in rows.schema
    ]
    try:
        return rows.cast(pa.schema(fields))
    except pa.ArrowInvalid:
        return rows


def _empty(table: Table) -> str:
    columns = [f"CAST(NULL AS {_sql_type(field.type)}) AS {field.name}" for field in table.schema]
    if table.partition_column not in table.schema.names:
        columns.append(f"CAST(NULL AS VARCHAR) AS {table.partition_column}")
    return f"SELECT {', '.join(columns)} WHERE false"


def _sql_type(kind: pa.DataType) -> str:
    if pa.types.is_timestamp(kind):
        return "TIMESTAMP"
    names = {"string": "VARCHAR", "int32": "INTEGER", "int64": "BIGINT", "double": "DOUBLE"}
    return names.get(str(kind), "BOOLEAN")
