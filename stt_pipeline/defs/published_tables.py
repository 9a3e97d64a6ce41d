"""The step `published_tables`: puts a date that passed its gate where readers look."""

import dagster as dg

from stt_pipeline.defs import display
from stt_pipeline.defs.partitions import call_dates
from stt_pipeline.defs.resources import DateLock, Pipeline
from stt_pipeline.defs.transcript_quality import candidate_digest
from stt_pipeline.domain.call_dates import UNDATED
from stt_pipeline.domain.recordings.publications import Publication, contents_of, with_publication
from stt_pipeline.domain.schemas import DATE_TABLES, PRIVATE_TABLES
from stt_pipeline.settings import Settings

_WHAT = """Replaces the date's published Parquet, one object a table, and registers the tables.

Only a candidate that passed every blocking check is published; a date that fails keeps its
version before. One row is **a table's date**. Tables: """


def published_tables_asset(settings: Settings) -> dg.AssetsDefinition:
    """The asset `published_tables` for these settings."""

    @dg.asset(
        name="published_tables",
        deps=["transcript_quality"],
        partitions_def=call_dates(settings),
        group_name=display.GROUP,
        kinds={"parquet", "duckdb" if settings.catalog == "duckdb" else "athena"},
        description=_WHAT + ", ".join(f"`{name}`" for name in DATE_TABLES) + ".",
    )
    def published_tables(
        context: dg.AssetExecutionContext,
        pipeline: dg.ResourceParam[Pipeline],
        date_lock: dg.ResourceParam[DateLock],
    ) -> dg.MaterializeResult:
        call_date = context.partition_key
        refuse_unjudged(pipeline, call_date)
        rows = publish(pipeline, call_date)
        pipeline.catalog.register(DATE_TABLES)
        note_publication(pipeline, call_date)
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": sum(rows.values()),
                "tables": display.table(
                    [
                        {"table": name, "rows": count, "parquet": uri}
                        for name, count in rows.items()
                        for uri in [pipeline.published.uri(name, call_date)]
                    ]
                ),
                "parquet_folder": dg.MetadataValue.path(pipeline.lake.uri("")),
            }
        )

    return published_tables


def refuse_unjudged(pipeline: Pipeline, call_date: str) -> None:
    """Raises dg.Failure unless the newest verdict is about this candidate, and passed.

    Blocking checks stop only steps of their own run: this asset may be launched alone.
    """
    verdict = pipeline.verdicts.read(call_date)
    if verdict is None or verdict.candidate != candidate_digest(pipeline, call_date):
        raise dg.Failure(
            f"The tables of {call_date} are not judged yet: materialize transcript_quality first.",
            allow_retries=False,
        )
    if not verdict.passed:
        raise dg.Failure(
            f"{call_date} failed its gate and keeps its published version. {verdict.failures}",
            allow_retries=False,
        )


def publish(pipeline: Pipeline, call_date: str) -> dict[str, int]:
    """Copies the candidate's objects; returns the rows of each table."""
    rows = {}
    for name in DATE_TABLES:
        if not pipeline.published.copy(name, call_date, source=pipeline.candidates):
            raise dg.Failure(f"The candidate table {name} of {call_date} is missing.")
        rows[name] = pipeline.published.row_count(name, call_date)
    for name in PRIVATE_TABLES:
        pipeline.published_beside.copy(name, call_date, source=pipeline.candidates)
    pipeline.published.copy("recordings", UNDATED, source=pipeline.ledgers)
    return rows


def note_publication(pipeline: Pipeline, call_date: str) -> None:
    """Keeps when readers first saw what the date's tables hold now."""
    recordings = [
        (row["recording_uri"], row["etag"])
        for row in pipeline.published.rows("recordings", call_date, ["recording_uri", "etag"])
    ]
    calls = pipeline.published.rows("transcripts", call_date, ["duration_s"])
    newest = Publication(
        at=pipeline.now(),
        contents=contents_of(recordings),
        recordings=len(recordings),
        audio_s=round(sum(row["duration_s"] for row in calls), 3),
    )
    before = pipeline.publications.read(call_date) or ()
    if (history := with_publication(before, newest)) != before:
        pipeline.publications.write(call_date, history)
