"""What the assets work with: the stores and engine of the settings, and a date's lock."""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

import dagster as dg

from stt_pipeline import wiring
from stt_pipeline.adapters.alert_record import AlertRecord
from stt_pipeline.adapters.dated_records import DatedRecords
from stt_pipeline.adapters.parquet import ParquetTables
from stt_pipeline.defs.retries import retry_expected
from stt_pipeline.domain.planning.progress import ProgressListener, Unwatched
from stt_pipeline.domain.planning.shard_plan import ShardPlan
from stt_pipeline.domain.ports import (
    Alerts,
    AudioProber,
    Catalog,
    Metrics,
    ReadableStore,
    ResultStore,
    Store,
)
from stt_pipeline.domain.quality.gates import Verdict
from stt_pipeline.domain.recordings.publications import History
from stt_pipeline.domain.recordings.recording import Recording, Status
from stt_pipeline.domain.speech.engine import EngineSpec
from stt_pipeline.domain.tables import ledger_rows
from stt_pipeline.settings import Settings


def _utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(tzinfo=None, microsecond=0)


@dataclass(frozen=True)
class Pipeline:
    """The settings with the adapters that they ask for; `progress` is told of each recording."""

    settings: Settings
    progress: ProgressListener = field(default_factory=Unwatched)
    now: Callable[[], dt.datetime] = _utc_now

    @cached_property
    def recordings(self) -> ReadableStore:
        """Where recordings lie."""
        return wiring.recordings_store(self.settings)

    @cached_property
    def references(self) -> ReadableStore:
        """Where reference texts lie."""
        return wiring.references_store(self.settings)

    @cached_property
    def lake(self) -> Store:
        """Where everything is written."""
        return wiring.lake_store(self.settings)

    @cached_property
    def prober(self) -> AudioProber:
        """Reads audio headers."""
        return wiring.prober(self.settings)

    @cached_property
    def engine(self) -> EngineSpec:
        """The engine by name."""
        return wiring.engine_spec(self.settings)

    @cached_property
    def catalog(self) -> Catalog:
        """Answers SQL."""
        return wiring.catalog(self.settings)

    @cached_property
    def published(self) -> ParquetTables:
        """Tables that readers see."""
        return wiring.published(self.settings)

    @cached_property
    def candidates(self) -> ParquetTables:
        """Tables of a date before its gate."""
        return wiring.candidates(self.settings)

    @cached_property
    def published_beside(self) -> ParquetTables:
        """Private tables that belong to the published ones."""
        return wiring.published_beside(self.settings)

    @cached_property
    def ledgers(self) -> ParquetTables:
        """The newest ledger of each date."""
        return wiring.ledgers(self.settings)

    @cached_property
    def verdicts(self) -> DatedRecords[Verdict]:
        """The newest verdict of each date."""
        return wiring.verdicts(self.settings)

    @cached_property
    def plans(self) -> DatedRecords[ShardPlan]:
        """The newest shard plan of each date."""
        return wiring.plans(self.settings)

    @cached_property
    def publications(self) -> DatedRecords[History]:
        """When each date was published."""
        return wiring.publications(self.settings)

    @cached_property
    def alerts(self) -> Alerts:
        """Tells people."""
        return wiring.alerts(self.settings)

    @cached_property
    def metrics(self) -> Metrics:
        """Collects figures."""
        return wiring.metrics(self.settings)

    @cached_property
    def alert_record(self) -> AlertRecord:
        """Which alerts were sent."""
        return wiring.alert_record(self.settings)

    def results(self, call_date: str) -> ResultStore:
        """Results of a date: checkpoints of this engine, and what was paid for in their place."""
        return wiring.date_results(self.settings, dt.date.fromisoformat(call_date))

    def accepted(self, call_date: str) -> list[Recording]:
        """The recordings of a date that are to have a transcript."""
        return [row for row in self.ledger(call_date) if row.status is Status.ACCEPTED]

    def ledger(self, partition: str) -> list[Recording]:
        """The rows of a date's ledger; empty where it was never made."""
        table = self.ledgers.read("recordings", partition)
        return ledger_rows(table, self.recordings.uri(""))


class DateLock:
    """Shows that this run holds its call date: no other run of the date is at work."""


@dg.resource(
    required_resource_keys={"pipeline"},
    description="Held for a whole run: two runs of one call date never overlap.",
)
def date_lock(context: dg.InitResourceContext) -> Iterator[DateLock]:
    """Waits for the run that holds the date, and says so in the log."""
    pipeline: Pipeline = context.resources.pipeline
    call_date = context.run.tags.get("dagster/partition") if context.run else None

    def say() -> None:
        if context.log is not None:
            context.log.info(f"Another run of {call_date} is at work: waiting for it to end.")

    with retry_expected(context):
        if call_date is None:
            yield DateLock()
            return
        with pipeline.lake.locked(f"call_date={call_date}", on_wait=say):
            yield DateLock()
