"""Arrow tables as Parquet objects of the lake. Knows prefixes, not what the rows mean."""

import pyarrow as pa
import pyarrow.parquet as pq

from stt_pipeline.domain.ports import Store
from stt_pipeline.domain.schemas import TABLES


class ParquetTables:
    """Tables of the lake: `{prefix}{table}/{column}={partition}/{table}.parquet`."""

    def __init__(self, lake: Store, prefix: str = "") -> None:
        """`prefix` is empty for the published tables, and ends with `/` elsewhere."""
        self._lake = lake
        self._prefix = prefix

    def key(self, table: str, partition: str) -> str:
        """The object's key in the lake."""
        column = TABLES[table].partition_column
        return f"{self._prefix}{table}/{column}={partition}/{table}.parquet"

    def uri(self, table: str, partition: str) -> str:
        """The object's address."""
        return self._lake.uri(self.key(table, partition))

    def write(self, table: str, partition: str, rows: pa.Table) -> int:
        """Replaces the partition's object; returns its bytes. Equal rows give equal bytes.

        An object that is already the same is left alone.
        """
        sink = pa.BufferOutputStream()
        pq.write_table(rows.cast(TABLES[table].schema), sink, compression="zstd")
        data = sink.getvalue().to_pybytes()
        self.put(table, partition, data)
        return len(data)

    def put(self, table: str, partition: str, data: bytes) -> None:
        """Replaces the partition's object by these bytes, unless they are the same."""
        key = self.key(table, partition)
        if self._lake.read(key) != data:
            self._lake.write(key, data)

    def get(self, table: str, partition: str) -> bytes | None:
        """The partition's object as it lies there, or None."""
        return self._lake.read(self.key(table, partition))

    def read(self, table: str, partition: str) -> pa.Table | None:
        """The partition's rows, or None where it was never written."""
        data = self.get(table, partition)
        return None if data is None else _file(data).read(use_threads=False)

    def row_count(self, table: str, partition: str) -> int:
        """Rows of the partition, from the object's footer; 0 where it was never written."""
        data = self.get(table, partition)
        return 0 if data is None else int(_file(data).metadata.num_rows)


def _file(data: bytes) -> pq.ParquetFile:
    """The object opened in memory, without Python objects in Arrow's threads.

    `pq.read_table(BytesIO(…))` let such a thread drop the file after the interpreter had ended, and
    one process in four died of it (pyarrow 26).
    """
    return pq.ParquetFile(pa.BufferReader(data))
