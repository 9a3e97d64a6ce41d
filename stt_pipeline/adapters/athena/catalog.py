"""The catalog of a lake on S3: Glue holds the tables, Athena answers."""

from collections.abc import Sequence

from stt_pipeline.adapters.athena.execution import AthenaQueries
from stt_pipeline.adapters.athena.glue import GlueTables
from stt_pipeline.domain.errors import UserError
from stt_pipeline.domain.ports import Answer
from stt_pipeline.domain.sql.athena_sql import NOT_A_SELECT, may_run


class AthenaCatalog:
    """Implements Catalog."""

    def __init__(self, tables: GlueTables, queries: AthenaQueries) -> None:
        """Both are of one database."""
        self._tables = tables
        self._queries = queries

    def register(self, tables: Sequence[str]) -> None:
        """See Catalog."""
        self._tables.register(tables)

    def query(self, sql: str) -> Answer:
        """See Catalog; what would write or drop is refused before it reaches Athena."""
        if not may_run(sql):
            raise UserError(NOT_A_SELECT)
        return self._queries.run(sql)
