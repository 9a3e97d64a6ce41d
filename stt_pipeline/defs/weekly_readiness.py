"""The step `weekly_readiness`: is the week complete, how good, what it cost; and the report."""

import datetime as dt

import dagster as dg

from stt_pipeline.adapters.parquet import ParquetTables
from stt_pipeline.adapters.report import render_report
from stt_pipeline.defs import display
from stt_pipeline.defs.display import Metadata
from stt_pipeline.defs.partitions import call_weeks, week_of_key
from stt_pipeline.defs.resources import Pipeline
from stt_pipeline.domain.call_dates import dates_of
from stt_pipeline.domain.readiness import (
    READINESS_COLUMNS,
    DateFacts,
    DateReadiness,
    Row,
    judge_date,
)
from stt_pipeline.domain.tables import table
from stt_pipeline.domain.week_report import Aside, AsideRow, WeekReport, review_rows
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
        rows, aside = judge_week(pipeline, week)
        pipeline.published.write(ASSET, week, table(ASSET, [row.row() for row in rows]))
        pipeline.catalog.register([ASSET])
        report = WeekReport(week, tuple(rows), aside, pipeline.now())
        key = f"reports/week={week}.html"
        pipeline.lake.write(key, render_report(report).encode())
        return dg.MaterializeResult(metadata=_metadata(pipeline, rows, report, key))

    return weekly_readiness


def judge_week(pipeline: Pipeline, week: str) -> tuple[list[DateReadiness], Aside]:
    """The week's dates, and what somebody should look at; one date's facts in memory at a time."""
    rows, review, quarantined = list[DateReadiness](), list[AsideRow](), list[AsideRow]()
    for date in dates_of(week):
        facts = read_facts(pipeline, date)
        rows.append(judge_date(facts))
        aside = review_rows([facts])
        review += aside.review
        quarantined += aside.quarantined
    return rows, Aside(tuple(review), tuple(quarantined))


def read_facts(pipeline: Pipeline, date: dt.date) -> DateFacts:
    """What is stored of a date, in the columns that its readiness and the report ask for."""
    partition = date.isoformat()

    def rows(tables: ParquetTables, name: str) -> list[Row] | None:
        stored = tables.read(name, partition, columns=READINESS_COLUMNS[name])
        return None if stored is None else stored.to_pylist()

    return DateFacts(
        call_date=date,
        ledger=rows(pipeline.ledgers, "recordings"),
        recordings=rows(pipeline.published, "recordings"),
        transcripts=rows(pipeline.published, "transcripts"),
        quality=rows(pipeline.published, "transcript_quality"),
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
