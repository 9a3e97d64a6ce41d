"""Arrow tables as Parquet objects of the lake. Knows prefixes, not what the rows mean."""

import contextlib
import hashlib
import tempfile
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, cast

import pyarrow as pa
import pyarrow.parquet as pq

from stt_pipeline.domain.errors import ObjectMissingError
from stt_pipeline.domain.ports import Store
from stt_pipeline.domain.schemas import STORED_TABLES

ROW_GROUP_ROWS = 1 << 18
"""Rows that are held before they are written, about 20 MB of words."""

LONG_ROW_GROUP_ROWS = 1 << 13
"""The same where a row holds a whole call's text, about 40 MB at 5 minutes a call."""

READ_ROWS = 1 << 13
BLOCK_BYTES = 1 << 20

Row = dict[str, Any]


class TableFile:
    """A Parquet file in the making. Equal rows give equal bytes, however they are handed over."""

    def __init__(self, file: BinaryIO, table: str) -> None:
        """`file` is empty and may be written; `table` is one of the schemas."""
        self._schema = STORED_TABLES[table].schema
        is_long = table == "transcripts"
        self._group_rows = LONG_ROW_GROUP_ROWS if is_long else ROW_GROUP_ROWS
        self._writer = pq.ParquetWriter(file, self._schema, compression="zstd")
        self._held: list[pa.Table] = []
        self._held_rows = 0
        self.row_count = 0

    def append(self, rows: pa.Table) -> None:
        """Adds rows at the end; raises ValueError where they are another table's."""
        self._held.append(rows.cast(self._schema))
        self._held_rows += rows.num_rows
        self.row_count += rows.num_rows
        if self._held_rows >= self._group_rows:
            self._write(self._held_rows - self._held_rows % self._group_rows)

    def close(self) -> None:
        """Writes the rows held and the footer."""
        self._write(self._held_rows)
        self._writer.close()

    def _write(self, count: int) -> None:
        """Writes the first `count` rows held; their chunks in memory would show in the bytes."""
        if count:
            held = pa.concat_tables(self._held)
            first = held.slice(0, count).combine_chunks()
            self._writer.write_table(first, row_group_size=self._group_rows)
            self._held = [held.slice(count)]
            self._held_rows -= count


class ParquetTables:
    """Tables of the lake: `{prefix}{table}/{column}={partition}/{table}.parquet`."""

    def __init__(self, lake: Store, prefix: str = "") -> None:
        """`prefix` is empty for the published tables, and ends with `/` elsewhere."""
        self._lake = lake
        self._prefix = prefix

    def key(self, table: str, partition: str) -> str:
        """The object's key in the lake."""
        column = STORED_TABLES[table].partition_column
        return f"{self._prefix}{table}/{column}={partition}/{table}.parquet"

    def uri(self, table: str, partition: str) -> str:
        """The object's address."""
        return self._lake.uri(self.key(table, partition))

    def fingerprint(self, table: str, partition: str) -> str | None:
        """Equal for equal objects; None where the partition was never written."""
        return self._lake.fingerprint(self.key(table, partition))

    @contextlib.contextmanager
    def writing(self, table: str, partition: str) -> Iterator[TableFile]:
        """Rows appended within replace the partition's object when the block ends, at once.

        Where it ends in an error, the object stays as it was. So does one that is the same already.
        """
        with tempfile.TemporaryFile() as temporary:
            file = cast(BinaryIO, temporary)
            with contextlib.closing(TableFile(file, table)) as rows:
                yield rows
            self._put(self.key(table, partition), file)

    def _put(self, key: str, file: BinaryIO) -> None:
        """Puts the file unless the object's fingerprint is its MD5.

        A store may have fingerprints of another kind; there, the same bytes are put again.
        """
        file.seek(0)
        content = hashlib.md5(usedforsecurity=False)
        while block := file.read(BLOCK_BYTES):
            content.update(block)
        if self._lake.fingerprint(key) != content.hexdigest():
            file.seek(0)
            self._lake.write_file(key, file)

    def write(self, table: str, partition: str, rows: pa.Table) -> None:
        """Replaces the partition's object, unless it is the same already."""
        with self.writing(table, partition) as file:
            file.append(rows)

    def copy(self, table: str, partition: str, source: "ParquetTables") -> bool:
        """Replaces the partition's object by that of `source`, unless it is the same already.

        Both lie in one lake. False where there is nothing to copy.
        """
        wanted = source.fingerprint(table, partition)
        if wanted is not None and self.fingerprint(table, partition) != wanted:
            self._lake.copy(source.key(table, partition), self.key(table, partition))
        return wanted is not None

    def read(
        self, table: str, partition: str, columns: Sequence[str] | None = None
    ) -> pa.Table | None:
        """The partition's rows, or None where it was never written; all columns, or these."""
        with self._opened(table, partition) as file:
            return None if file is None else file.read(columns, use_threads=False)

    def rows(
        self, table: str, partition: str, columns: Sequence[str] | None = None
    ) -> Iterator[Row]:
        """The partition's rows one after the other, few in memory; none if never written."""
        with self._opened(table, partition) as file:
            if file is not None:
                for batch in file.iter_batches(READ_ROWS, columns=columns, use_threads=False):
                    yield from batch.to_pylist()

    def row_count(self, table: str, partition: str) -> int:
        """Rows of the partition, from the object's footer; 0 where it was never written."""
        with self._opened(table, partition) as file:
            return 0 if file is None else int(file.metadata.num_rows)

    @contextlib.contextmanager
    def _opened(self, table: str, partition: str) -> Iterator[pq.ParquetFile | None]:
        """The object as a Parquet file, read by this thread alone.

        Arrow's own threads must not hold a Python file: one let it drop after the interpreter had
        ended, and one process in four died of it (pyarrow 26). So nothing is read ahead.
        """
        try:
            file = self._lake.open(self.key(table, partition))
        except ObjectMissingError:
            yield None
            return
        with file, pq.ParquetFile(file, pre_buffer=False) as parquet:
            yield parquet
