"""`run` and `status`: dates through the flow, and how a week stands."""

import datetime as dt
from collections.abc import Sequence
from typing import Annotated

import typer

from stt_pipeline import wiring
from stt_pipeline.cli.output import OUT, Row, print_error, print_json, print_table
from stt_pipeline.cli.progress import AudioMinutesBar
from stt_pipeline.domain.call_dates import (
    UNDATED,
    date_range,
    dates_of,
    last_full_week,
    parse_call_date,
    week_of,
)
from stt_pipeline.domain.errors import UserError
from stt_pipeline.settings import Settings, load_settings

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]

COLUMNS = {
    "call_date": "date",
    "recordings": "recordings",
    "transcribed": "transcribed",
    "no_speech": "no speech",
    "quarantined": "quarantined",
    "duplicates": "duplicates",
    "audio_min": "audio min",
    "wer": "WER",
    "cpu_s": "CPU s",
    "cost_usd": "cost USD",
    "ready": "ready",
}


def run(
    date: Annotated[str | None, typer.Option(help="One call date, YYYY-MM-DD.")] = None,
    first: Annotated[str | None, typer.Option("--from", help="First call date.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last call date, included.")] = None,
    as_json: Json = False,
) -> None:
    """Takes call dates from recordings to published tables; repeats only what is missing."""
    dates = _dates(date, first, last)
    settings = load_settings()
    failed = run_dates(settings, dates)
    rows = date_rows(settings, dates)
    if as_json:
        print_json([row | {"failures": failed.get(row["call_date"], [])} for row in rows])
    else:
        show_dates(rows)
    if failed:
        raise typer.Exit(1)


def _dates(date: str | None, first: str | None, last: str | None) -> list[dt.date]:
    if date and not first and not last:
        return [parse_call_date(date)]
    if first and last and not date:
        return date_range(parse_call_date(first), parse_call_date(last))
    raise UserError("Say which call dates: --date D, or --from D --to D.")


def run_dates(settings: Settings, dates: Sequence[dt.date]) -> dict[str, list[str]]:
    """Runs each date, then the weeks they lie in; returns the failures by date or week.

    Raises UserError, before anything runs, for settings or dates that cannot work.
    """
    wiring.check_settings(settings)
    from stt_pipeline.defs.resources import Pipeline
    from stt_pipeline.defs.running import check_date, runner

    for date in dates:
        check_date(settings, date)
    failed: dict[str, list[str]] = {}
    # Whoever types the command wants the work done here, wherever the schedules have it done.
    here = settings.model_copy(update={"shard_runs": False})
    with AudioMinutesBar() as bar, runner(Pipeline(here, progress=bar)) as runs:
        for date in dates:
            outcome = runs.run_date(date)
            if not outcome.success:
                failed[date.isoformat()] = list(outcome.failures)
        for week in sorted({week_of(date) for date in dates}):
            outcome = runs.run_week(week)
            if not outcome.success:
                failed[week] = list(outcome.failures)
    for name, sentences in failed.items():
        for sentence in sentences:
            print_error(f"{name}: {sentence}")
    return failed


def status(
    week: Annotated[str | None, typer.Option(help="An ISO week, such as 2026-W47.")] = None,
    as_json: Json = False,
) -> None:
    """How each date of a week stands; the last full week where none is named."""
    settings = load_settings()
    week = week or last_full_week(dt.datetime.now(settings.zone).date())
    rows = date_rows(settings, dates_of(week))
    if as_json:
        print_json(rows)
        return
    show_dates(rows, title=f"Week {week}")
    waiting = [row["call_date"] for row in rows if not row["ready"]]
    OUT.print(f"Not ready: {', '.join(waiting)}." if waiting else "The week is ready.")


def date_rows(settings: Settings, dates: Sequence[dt.date]) -> list[Row]:
    """The rows of `weekly_readiness` of these dates, as they stand now."""
    from stt_pipeline.defs.resources import Pipeline
    from stt_pipeline.defs.weekly_readiness import read_facts
    from stt_pipeline.domain.week.readiness import judge_date

    pipeline = Pipeline(settings)
    return [judge_date(read_facts(pipeline, date)).row() for date in dates]


def undated_count(settings: Settings) -> int:
    """Recordings kept aside because their key gives no possible date."""
    from stt_pipeline.defs.resources import Pipeline

    return len(Pipeline(settings).ledger(UNDATED))


def show_dates(rows: Sequence[Row], title: str | None = None, undated: int = 0) -> None:
    """The table of dates; recordings without a date get a line of their own."""
    shown = [_shown(row) for row in rows]
    if undated:
        nothing = dict.fromkeys(COLUMNS.values())
        aside = {"date": "no date", "recordings": undated, "quarantined": undated}
        shown.append(nothing | aside)
    print_table(list(COLUMNS.values()), shown, title)
    for row in rows:
        if row["reason"]:
            OUT.print(f"{row['call_date']}: {row['reason']}.", markup=False)


def _shown(row: Row) -> Row:
    wer = None if row["wer"] is None else f"{row['wer']:.1%}"
    derived = {"audio_min": round(row["audio_s"] / 60, 2), "wer": wer}
    derived["cost_usd"] = f"{row['cost_usd']:.5f}"
    return {title: (row | derived)[name] for name, title in COLUMNS.items()}
