"""`demo`: sample calls through the whole flow, then what they answer. Makes no rule of its own."""

import datetime as dt
from pathlib import Path
from urllib.parse import unquote, urlsplit

import typer

from stt_pipeline import wiring
from stt_pipeline.cli.output import OUT, print_table
from stt_pipeline.cli.progress import counted
from stt_pipeline.cli.runs import date_rows, run_dates, show_dates, undated_count
from stt_pipeline.domain.call_dates import dates_of, last_full_week
from stt_pipeline.domain.errors import UserError
from stt_pipeline.domain.planning.prices import OUTSIDE_SERVICE_USD_PER_HOUR
from stt_pipeline.settings import Settings, load_settings

QUESTIONS = {
    "Who talks most, agents or customers?": """
        SELECT agent_id, count(*) AS calls,
               round(sum(agent_talk_s) / 60, 1) AS agent_min,
               round(sum(customer_talk_s) / 60, 1) AS customer_min
        FROM transcripts WHERE agent_talk_s IS NOT NULL
        GROUP BY agent_id ORDER BY calls DESC, agent_id LIMIT 6""",
    "Which customers spoke of a refund, when, and in which words?": """
        SELECT call_date, call_id, round(start_s, 1) AS at_s, speaker, text
        FROM segments WHERE text ILIKE '%refund%'
        ORDER BY call_date, call_id, start_s LIMIT 6""",
    "Which recordings have no transcript, and why?": """
        SELECT call_date, regexp_extract(recording_uri, '[^/]+$') AS recording, status, reason
        FROM recordings WHERE status <> 'accepted' ORDER BY call_date, recording""",
}
"""Three questions that an analyst asks on Monday, with their SQL."""


def demo() -> None:
    """Speaks a week of sample calls, runs the pipeline for each date, and shows the answers."""
    settings = load_settings()
    wiring.verified_models(settings)
    week = last_full_week(dt.datetime.now(settings.zone).date())
    dates = dates_of(week)
    speak(settings, dates[0])
    OUT.print(f"\nRunning the pipeline for {dates[0]} to {dates[-1]} ({week})", style="bold")
    failed = run_dates(settings, dates)
    rows = date_rows(settings, dates)
    show_dates(rows, title=f"\nWeek {week}", undated=undated_count(settings))
    audio_h = sum(row["audio_s"] for row in rows) / 3600
    cost = sum(row["cost_usd"] for row in rows)
    if audio_h:
        OUT.print(
            f"A call-hour cost {cost / audio_h:.4f} USD of Fargate CPU time; the outside service "
            f"takes {OUTSIDE_SERVICE_USD_PER_HOUR:.2f} USD."
        )
    if failed:
        OUT.print("\nA gate failed: these dates keep their published version. See above.")
        raise typer.Exit(1)
    answer_questions(settings)
    show_where_next(settings, week)


def speak(settings: Settings, monday: dt.date) -> None:
    """Makes the sample calls; those already there stay as they are."""
    from stt_pipeline.demo.calls import make_calls

    folders = [_own_folder(settings.recordings_uri), _own_folder(settings.references_uri)]
    with counted("Speaking sample calls") as count:
        made = make_calls(folders[0], folders[1], monday, count)
    OUT.print(f"{len(made)} sample recordings in {folders[0]}")


def _own_folder(uri: str) -> Path:
    """The folder for sample calls: only one that the demo made, or that is empty or missing."""
    parts = urlsplit(uri)
    if parts.scheme != "file":
        raise UserError(f"The demo writes sample calls: it does not do so to {uri}. Use file:///…")
    folder = Path(unquote(parts.path))
    marker = folder / ".made-by-demo"
    if folder.is_dir() and any(folder.iterdir()) and not marker.exists():
        raise UserError(f"{folder} holds files that the demo did not make: name another folder.")
    folder.mkdir(parents=True, exist_ok=True)
    marker.touch()
    return folder


def answer_questions(settings: Settings) -> None:
    """Three questions answered by SQL over the published Parquet."""
    catalog = wiring.catalog(settings)
    for question, sql in QUESTIONS.items():
        rows = catalog.query(sql).rows
        OUT.print()
        print_table(rows.column_names, rows.to_pylist(), title=question)


def show_where_next(settings: Settings, week: str) -> None:
    """Where to look next."""
    report = wiring.lake_store(settings).uri(f"reports/week={week}.html")
    OUT.print("\nWhere to look next", style="bold")
    OUT.print("  make dev                            the Dagster UI: lineage, runs, checks")
    OUT.print('  stt-pipeline query "SELECT * FROM transcripts LIMIT 3"')
    OUT.print("  stt-pipeline status                 how the week stands")
    OUT.print("  stt-pipeline transcribe FILE        one audio file")
    OUT.print(f"  {report}   the report for the meeting")
    OUT.print("(the command is in .venv/bin)")
