"""Tables and records in the lake, each below its own prefix. Opens no root itself."""

import datetime as dt

from pydantic import TypeAdapter

from stt_pipeline.adapters.alert_record import AlertRecord
from stt_pipeline.adapters.dated_records import DatedRecords
from stt_pipeline.adapters.label_draws import DrawRecord
from stt_pipeline.adapters.parquet import ParquetTables
from stt_pipeline.domain.errors import UserError
from stt_pipeline.domain.planning.shard_plan import ShardPlan
from stt_pipeline.domain.ports import Catalog
from stt_pipeline.domain.quality.gates import Verdict
from stt_pipeline.domain.recordings.publications import History
from stt_pipeline.domain.sql.glue_tables import GlueLake
from stt_pipeline.settings import Settings
from stt_pipeline.wiring.roots import S3, folder_of, lake_store


def published(settings: Settings) -> ParquetTables:
    """The tables that readers see."""
    return ParquetTables(lake_store(settings))


def candidates(settings: Settings) -> ParquetTables:
    """The tables of a date before its gate."""
    return ParquetTables(lake_store(settings), prefix="_work/candidates/")


def published_beside(settings: Settings) -> ParquetTables:
    """The private tables of a date that belong to its published ones."""
    return ParquetTables(lake_store(settings), prefix="_work/published/")


def ledgers(settings: Settings) -> ParquetTables:
    """The newest ledger of each date."""
    return ParquetTables(lake_store(settings), prefix="_work/ledger/")


def verdicts(settings: Settings) -> DatedRecords[Verdict]:
    """The newest verdict of each date's gate."""
    return DatedRecords(lake_store(settings), "verdicts", TypeAdapter(Verdict))


def plans(settings: Settings) -> DatedRecords[ShardPlan]:
    """The newest shard plan of each date."""
    return DatedRecords(lake_store(settings), "plans", TypeAdapter(ShardPlan))


def publications(settings: Settings) -> DatedRecords[History]:
    """Every version of a date that readers saw."""
    return DatedRecords(lake_store(settings), "publications", TypeAdapter(History))


def alert_record(settings: Settings) -> AlertRecord:
    """Which alerts were sent."""
    return AlertRecord(lake_store(settings))


def label_draws(settings: Settings) -> DrawRecord:
    """Which calls were drawn to be labelled."""
    return DrawRecord(lake_store(settings))


def catalog(settings: Settings) -> Catalog:
    """The catalog that answers SQL; raises UserError where it cannot read this lake."""
    uri = settings.lake_uri
    if settings.catalog == "glue":
        if not uri.startswith(S3):
            raise UserError(
                f"STT_CATALOG=glue reads a lake on S3, and STT_LAKE_URI={uri}: use duckdb, or "
                "write the lake as s3://bucket/prefix."
            )
        return _athena(settings)
    if uri.startswith(S3):
        raise UserError(
            f"STT_CATALOG=duckdb reads a lake in a folder, and STT_LAKE_URI={uri}: use glue, or "
            "write the lake as file:///folder."
        )
    from stt_pipeline.adapters.duckdb_catalog import DuckdbCatalog

    return DuckdbCatalog(lake_store(settings), str(folder_of(uri, "STT_LAKE_URI")))


def _athena(settings: Settings) -> Catalog:
    from stt_pipeline.adapters.athena.catalog import AthenaCatalog
    from stt_pipeline.adapters.athena.execution import AthenaQueries
    from stt_pipeline.adapters.athena.glue import GlueTables

    database = settings.glue_database
    tables = GlueTables(
        database,
        GlueLake(settings.lake_uri, settings.first_date),
        today=lambda: dt.datetime.now(settings.zone).date(),
    )
    return AthenaCatalog(tables, AthenaQueries(database, settings.athena_workgroup))
