"""The step `weekly_readiness`: is the week complete, how good, what it cost; and the report."""

import datetime as dt
from dataclasses import dataclass, field, replace

import dagster as dg

from stt_pipeline.adapters.parquet import ParquetTables
from stt_pipeline.adapters.plots import draw, progress_png
from stt_pipeline.adapters.report import render_report
from stt_pipeline.defs import display
from stt_pipeline.defs.display import Metadata
from stt_pipeline.defs.labels import label_state
from stt_pipeline.defs.partitions import call_weeks, week_of_key
from stt_pipeline.defs.resources import Pipeline
from stt_pipeline.defs.week_progress import read_progress, waiting_count
from stt_pipeline.defs.week_quality import check_week, expected_metadata, week_checks
from stt_pipeline.domain.call_dates import UNDATED, dates_of
from stt_pipeline.domain.quality.labelled_calls import LabelledCalls
from stt_pipeline.domain.tables import table
from stt_pipeline.domain.week.readiness import (
    READINESS_COLUMNS,
    DateFacts,
    DateReadiness,
    Row,
    judge_date,
)
from stt_pipeline.domain.week.week_aside import AsideCollector
from stt_pipeline.domain.week.week_report import WeekReport
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
        check_specs=week_checks(),
        description=display.description(
            ASSET, "The week for the Monday meeting, and its report. A missing date is a row too."
        ),
    )
    def weekly_readiness(
        context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]
    ) -> dg.MaterializeResult:
        week = week_of_key(context.partition_key)
        judged = judge_week(pipeline, week)
        pipeline.published.write(ASSET, week, table(ASSET, [row.row() for row in judged.rows]))
        pipeline.catalog.register([ASSET])
        report = week_report(pipeline, week, judged)
        key = f"reports/week={week}.html"
        pipeline.lake.write(key, render_report(report, draw(report)).encode())
        return dg.MaterializeResult(
            metadata=_metadata(pipeline, report, key) | expected_metadata(pipeline, week),
            check_results=check_week(pipeline, week),
        )

    return weekly_readiness


@dataclass
class JudgedWeek:
    """What is read of a week, its dates one after the other."""

    rows: list[DateReadiness] = field(default_factory=list)
    aside: AsideCollector = field(default_factory=AsideCollector)
    labelled: LabelledCalls = field(default_factory=LabelledCalls)


def judge_week(pipeline: Pipeline, week: str) -> JudgedWeek:
    """The week's dates, and what somebody should look at; one date's facts in memory at a time."""
    judged = JudgedWeek()
    for date in dates_of(week):
        facts = replace(read_facts(pipeline, date), waiting=waiting_count(pipeline, date))
        judged.rows.append(judge_date(facts))
        judged.aside.add(facts)
        judged.labelled.add(facts)
        del facts
    return judged


def week_report(pipeline: Pipeline, week: str, judged: JudgedWeek) -> WeekReport:
    """The week as the report shows it."""
    complete = {
        dt.date.fromisoformat(row.call_date): row.audio_s for row in judged.rows if row.ready
    }
    return WeekReport(
        week=week,
        dates=tuple(judged.rows),
        progress=read_progress(pipeline, week, complete),
        aside=judged.aside.aside(undated=len(pipeline.ledger(UNDATED))),
        rates=judged.labelled.rates(),
        without_speakers=judged.labelled.without_speakers,
        estimate=label_state(pipeline, week).estimate,
        max_wer=pipeline.settings.max_wer,
        ui_url=pipeline.settings.ui_url,
    )


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
        error_counts=rows(pipeline.published_beside, "error_counts"),
    )


def _metadata(pipeline: Pipeline, report: WeekReport, key: str) -> Metadata:
    rate, slack_s = report.week_rate, report.progress.slack_s
    wer, low, high = (rate.wer, rate.low, rate.high) if rate else (None, None, None)
    metadata: Metadata = {
        "ready": report.is_ready,
        "dates_not_ready": len(report.waiting),
        "hours_before_deadline": None if slack_s is None else round(slack_s / 3600, 2),
        "recordings": sum(row.recordings for row in report.dates),
        "audio_hours": round(report.audio_s / 3600, 3),
        "wer": _rounded(wer),
        "wer_low": _rounded(low),
        "wer_high": _rounded(high),
        "cost_usd": round(report.cost_usd, 6),
        "calls_to_review": report.aside.review.count,
        "dates": display.table([_shown(row) for row in report.dates]),
        "work_done": display.image("Hours of calls published", progress_png(report.progress)),
        "report": dg.MetadataValue.path(pipeline.lake.uri(key)),
        "parquet": dg.MetadataValue.path(pipeline.published.uri(ASSET, report.week)),
    }
    return {name: value for name, value in metadata.items() if value is not None}


def _rounded(rate: float | None) -> float | None:
    return None if rate is None else round(rate, 4)


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
