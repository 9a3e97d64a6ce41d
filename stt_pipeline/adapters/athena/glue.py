"""Databases and tables in the Glue catalog. What a table is, domain/sql/glue_tables.py says."""

import datetime as dt
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from stt_pipeline.adapters.athena.errors import code, explained
from stt_pipeline.domain.schemas import TABLES
from stt_pipeline.domain.sql.glue_tables import GlueLake, TableInput, updated

RETRIES = Config(retries={"mode": "standard", "total_max_attempts": 8})
"""Dates published side by side all register: throttling is waited out."""

_ATTEMPTS = 5
_RACES = ("AlreadyExistsException", "ConcurrentModificationException")


class GlueTables:
    """Makes the tables of a database what the schemas say."""

    def __init__(self, database: str, lake: GlueLake, today: Callable[[], dt.date]) -> None:
        """Nothing is called yet; `today` is the date in STT_TIMEZONE."""
        self._database = database
        self._lake = lake
        self._today = today

    def register(self, tables: Sequence[str]) -> None:
        """See Catalog; where all is as it should be, nothing is written.

        Another task that registers at the same time is met by looking again.
        """
        with explained("Glue"):
            if not self._has_database():
                self._create_database()
            for name in tables:
                self._register(self._lake.table_input(TABLES[name], self._today()))

    def _register(self, wanted: TableInput) -> None:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                self._write_once(wanted)
                break
            except ClientError as error:
                if code(error) not in _RACES or attempt == _ATTEMPTS:
                    raise

    def _write_once(self, wanted: TableInput) -> None:
        found = self._table(wanted["Name"])
        if found is None:
            self._glue.create_table(DatabaseName=self._database, TableInput=wanted)
            return
        update = updated(found, wanted, self._database)
        if update is not None:
            # Every update would be kept as a version otherwise.
            self._glue.update_table(
                DatabaseName=self._database, TableInput=update, SkipArchive=True
            )

    def _table(self, name: str) -> dict[str, Any] | None:
        try:
            answer = self._glue.get_table(DatabaseName=self._database, Name=name)
        except ClientError as error:
            if code(error) == "EntityNotFoundException":
                return None
            raise
        found: dict[str, Any] = answer["Table"]
        return found

    def _has_database(self) -> bool:
        try:
            self._glue.get_database(Name=self._database)
        except ClientError as error:
            if code(error) == "EntityNotFoundException":
                return False
            raise
        return True

    def _create_database(self) -> None:
        what = "Transcripts of recorded calls, published by stt_pipeline."
        try:
            self._glue.create_database(DatabaseInput={"Name": self._database, "Description": what})
        except ClientError as error:
            if code(error) != "AlreadyExistsException":
                raise

    @cached_property
    def _glue(self) -> Any:
        return boto3.session.Session().client("glue", config=RETRIES)
