"""The step `weekly_readiness`: is the week complete, how good, what it cost; and the report."""

import datetime as dt

import dagster as dg

from stt_pipeline.adapters.report import render_report
from stt_pipeline.defs import display
from stt_pipeline.defs.display import Metadata
from stt_pipeline.defs.partitions import call_weeks, week_of_key
from stt_pipeline.defs.resources import Pipeline
from stt_pipeline.domain.call_dates import dates_of
from stt_pipeline.domain.readiness import DateFacts, DateReadiness, Row, judge_date
from stt_pipeline.domain.tables import table
from stt_pipeline.domain.week_report import WeekReport, review_rows
from stt_pipeline.settings import Settings

ASSET = "weekly_readiness"


def weekly_readiness_asset(settings: Settings) -> dg.AssetsDefinition:
    """The asset `weekly_readiness` for these settings."""

    @dg.asset(
        name=ASSET,
        deps=["published_tables"],
        partitions_def=call_weeks(settings),
        group_name=display.GROUP,
        metadata={"dagster/column_schema": display.column_schema(ASSET)},
        kinds={"python", "parquet", "html"},
        description=display.description(
            ASSET, "The week for the Monday meeting, and its report. A missing date is a row too."
        ),
    )
    def weekly_readiness(
        context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]
    ) -> dg.MaterializeResult:
        week = week_of_key(context.partition_key)
        facts = [read_facts(pipeline, date) for date in dates_of(week)]
        rows = [judge_date(date) for date in facts]
        pipeline.published.write(ASSET, week, table(ASSET, [row.row() for row in rows]))
        pipeline.catalog.register([ASSET])
        report = WeekReport(week, tuple(rows), review_rows(facts), pipeline.now())
        key = f"reports/week={week}.html"
        pipeline.lake.write(key, render_report(report).encode())
        return dg.MaterializeResult(metadata=_metadata(pipeline, rows, report, key))

    return weekly_readiness


def read_facts(pipeline: Pipeline, date: dt.date) -> DateFacts:
    """What is stored of a date."""
    partition = date.isoformat()

    def rows(name: str) -> list[Row] | None:
        stored = pipeline.published.read(name, partition)
        return None if stored is None else stored.to_pylist()

    newest = pipeline.ledgers.read("recordings", partition)
    return DateFacts(
        call_date=date,
        ledger=None if newest is None else newest.to_pylist(),
        recordings=rows("recordings"),
        transcripts=rows("transcripts"),
        quality=rows("transcript_quality"),
        verdict=pipeline.verdicts.read(partition),
    )


def _metadata(
    pipeline: Pipeline, rows: list[DateReadiness], report: WeekReport, key: str
) -> Metadata:
    uri = pipeline.lake.uri(key)
    metadata: Metadata = {
        "ready": report.is_ready,
        "dates_not_ready": sum(not row.ready for row in rows),
        "recordings": sum(row.recordings for row in rows),
        "audio_hours": round(sum(row.audio_s for row in rows) / 3600, 3),
        "wer": None if report.wer is None else round(report.wer, 4),
        "cost_usd": round(sum(row.cost_usd for row in rows), 6),
        "dates": display.table([_shown(row) for row in rows]),
        "report": dg.MetadataValue.path(uri),
        "parquet": dg.MetadataValue.path(pipeline.published.uri(ASSET, report.week)),
    }
    return {name: value for name, value in metadata.items() if value is not None}


def _shown(row: DateReadiness) -> Row:
    return {
        "call_date": row.call_date,
        "ready": "yes" if row.ready else "no",
        "recordings": row.recordings,
        "transcribed": row.transcribed,
        "no_speech": row.no_speech,
        "quarantined": row.quarantined,
        "duplicates": row.duplicates,
        "audio_min": round(row.audio_s / 60, 1),
        "wer": None if row.wer is None else f"{row.wer:.1%}",
        "reason": row.reason,
    }
