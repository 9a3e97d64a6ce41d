"""The step `recordings`: finds a date's recordings, probes them, keeps its ledger."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence

import dagster as dg

from stt_pipeline.defs import display, transcript_shards
from stt_pipeline.defs.display import Metadata
from stt_pipeline.defs.jobs import FIND_JOB
from stt_pipeline.defs.listing import list_date
from stt_pipeline.defs.partitions import call_dates
from stt_pipeline.defs.resources import DateLock, Pipeline
from stt_pipeline.domain.call_dates import UNDATED
from stt_pipeline.domain.errors import AudioUnreadableError, ObjectMissingError
from stt_pipeline.domain.recordings import ledger
from stt_pipeline.domain.recordings.recording import AudioInfo, FoundObject, Recording, Status
from stt_pipeline.domain.tables import recordings_table
from stt_pipeline.in_order import in_order
from stt_pipeline.settings import Settings


def recordings_asset(settings: Settings) -> dg.AssetsDefinition:
    """The asset `recordings` for these settings."""

    @dg.asset(
        name="recordings",
        partitions_def=call_dates(settings),
        group_name=display.GROUP,
        metadata={"dagster/column_schema": display.column_schema("recordings")},
        kinds={"python", "parquet"},
        description=display.description("recordings", "Ledger of the recordings found for a date."),
    )
    def recordings(
        context: dg.AssetExecutionContext,
        pipeline: dg.ResourceParam[Pipeline],
        date_lock: dg.ResourceParam[DateLock],
    ) -> dg.MaterializeResult:
        call_date = dt.date.fromisoformat(context.partition_key)
        listing = list_date(pipeline, call_date)
        rows = refresh(pipeline, context.partition_key, listing.dated)
        with pipeline.lake.locked(f"call_date={UNDATED}", on_wait=lambda: None):
            undated = refresh(pipeline, UNDATED, listing.undated)
        metadata = _metadata(rows, undated)
        if settings.shard_runs:
            launch = context.run.job_name == FIND_JOB
            metadata |= transcript_shards.plan_date(pipeline, context.partition_key, launch)
        return dg.MaterializeResult(metadata=metadata)

    return recordings


def refresh(pipeline: Pipeline, partition: str, items: Sequence[ledger.Named]) -> list[Recording]:
    """The partition's ledger after a listing, written back."""
    known = {row.recording_uri: row for row in pipeline.ledger(partition)}

    def etag(found: FoundObject) -> str:
        try:
            return pipeline.recordings.etag(found)
        except OSError:
            before = known.get(pipeline.recordings.uri(found.key))
            return before.etag if before else ""

    def probe(found: FoundObject) -> AudioInfo | str:
        try:
            with pipeline.recordings.open(found.key) as audio:
                return pipeline.prober.probe(audio, found.key, found.size_bytes)
        except AudioUnreadableError as error:
            return str(error)
        except ObjectMissingError:
            return ledger.GONE
        except OSError as error:
            return f"{ledger.UNREAD} ({error.strerror})"

    rows = ledger.refresh(items, known, etag, probe, pipeline.now(), look_at=in_order)
    pipeline.ledgers.write("recordings", partition, recordings_table(rows))
    return rows


def _metadata(rows: list[Recording], undated: list[Recording]) -> Metadata:
    statuses = Counter(row.status for row in rows)
    aside = [row for row in [*rows, *undated] if row.status is not Status.ACCEPTED]
    metadata: Metadata = {
        "dagster/row_count": dg.MetadataValue.int(len(rows)),
        "accepted": dg.MetadataValue.int(statuses[Status.ACCEPTED]),
        "quarantined": dg.MetadataValue.int(statuses[Status.QUARANTINED]),
        "duplicates": dg.MetadataValue.int(statuses[Status.DUPLICATE]),
        "audio_minutes": dg.MetadataValue.float(
            round(sum(r.duration_s or 0 for r in rows if r.status is Status.ACCEPTED) / 60, 2)
        ),
        "undated_recordings": dg.MetadataValue.int(len(undated)),
    }
    if aside:
        metadata["kept_aside"] = display.table(
            [{"recording": r.key, "status": str(r.status), "reason": r.reason} for r in aside]
        )
    return metadata
