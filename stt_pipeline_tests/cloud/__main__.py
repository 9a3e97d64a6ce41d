"""`make cloud`: the whole of production on this machine, for two dates, from recordings to SQL.

Starts S3, ECS, Secrets Manager and Glue (a stand-in), Postgres and Dagster; drops recordings of two
dates in the bucket; launches a backfill by the UI's own API; shows its runs with their tasks, and
what SQL says of the published tables. All of it ends with the command; nothing is left behind.
"""

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rich.console import Console as Terminal
from rich.table import Table

from stt_pipeline.adapters.duckdb_catalog import DuckdbCatalog
from stt_pipeline.adapters.local_store import LocalStore
from stt_pipeline_tests.cloud.bed import ASSETS, LAKE, LAKE_BUCKET, TABLES, Bed, bed
from stt_pipeline_tests.cloud.postgres import PostgresMissingError
from stt_pipeline_tests.flows.console import ENDED, Run
from stt_pipeline_tests.speech.calls import short_call
from stt_pipeline_tests.speech.prompts import PromptsMissingError, load_prompts

DATES = ("2026-11-16", "2026-11-17")
CALLS = 4
MODELS = Path("var") / "models"
RUN_ENDED = ("SUCCESS", "FAILURE", "CANCELED")
SQL = """\
SELECT call_date, count(*) AS calls, round(sum(duration_s) / 60, 2) AS audio_min,
       sum(word_count) AS words, round(100.0 * sum(q.substitutions + q.deletions + q.insertions)
       / sum(q.reference_words), 1) AS wer_percent
FROM transcripts JOIN transcript_quality q USING (call_date, call_id)
GROUP BY call_date ORDER BY call_date"""

terminal = Terminal(highlight=False, soft_wrap=True)


def main() -> int:
    """Exit code 1 where the backfill fails, 2 where something is missing on this machine."""
    parser = argparse.ArgumentParser(prog="make cloud", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave it up, until Ctrl-C")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        calls = [short_call(load_prompts("en"), number) for number in range(CALLS)]
        with tempfile.TemporaryDirectory(prefix="stt-cloud-") as folder:
            terminal.print("Starting S3, ECS, Postgres and Dagster on this machine")
            models = str(MODELS.resolve())
            with bed(Path(folder), Path(models), STT_MAX_SHARDS="2", STT_SHARD_MINUTES="0.5") as up:
                address = f"http://127.0.0.1:{up.dagster.console.port}"
                terminal.print(f"The Dagster UI is {address}\n")
                for date in DATES:
                    for number, call in enumerate(calls):
                        up.put_call(date, f"call{number}", call)
                status = backfill(up)
                show_tables(up)
                if arguments.keep:
                    terminal.print(f"\nStill up: {address} (Ctrl-C ends it)")
                    time.sleep(365 * 86_400)
    except (PostgresMissingError, PromptsMissingError) as error:
        print(error, file=sys.stderr)  # noqa: T201 - a command
        return 2
    except KeyboardInterrupt:
        return 130
    return 0 if status == "COMPLETED_SUCCESS" else 1


def backfill(up: Bed) -> str:
    """Launches the backfill, says of each run that ends how it did, and how the whole ended."""
    console = up.dagster.console
    started = time.monotonic()
    launched = console.launch(*DATES, assets=ASSETS)
    terminal.print(f"Backfill {launched} of {DATES[0]} and {DATES[1]}, launched in the UI's API")
    told: set[str] = set()
    while True:
        status = console.status(launched)
        runs = [run for run in console.runs(launched) if run.status in RUN_ENDED]
        for run in (one for one in runs if one.id not in told):
            told.add(run.id)
            terminal.print(f"{time.monotonic() - started:5.0f} s  {_line(run, up)}")
        if status.startswith(ENDED):
            terminal.print(f"{time.monotonic() - started:5.0f} s  {status}\n")
            return status
        time.sleep(1)


def _line(run: Run, up: Bed) -> str:
    [task] = [one for one in up.account.tasks() if one["tags"]["dagster/run_id"] == run.id]
    size = f"{int(task['cpu']) / 1024:g} vCPU, {int(task['memory']) / 1024:g} GB"
    assets = ", ".join(name for name in ASSETS if name in run.assets)
    return f"{run.status:8} {run.partition:12} {assets} ({task['capacity']}, {size})"


def show_tables(up: Bed) -> None:
    """The published tables of both dates, by SQL as Athena takes it."""
    with tempfile.TemporaryDirectory() as folder:
        lake = Path(folder)
        s3 = up.account.client("s3")
        for table in TABLES:
            for key in up.keys(f"{table}/"):
                (lake / key).parent.mkdir(parents=True, exist_ok=True)
                s3.download_file(LAKE_BUCKET, LAKE + key, str(lake / key))
        catalog = DuckdbCatalog(LocalStore(lake, "STT_LAKE_URI"), str(lake))
        terminal.print(SQL + "\n")
        _print(catalog.query(SQL).rows.to_pylist())


def _print(rows: Iterable[dict[str, Any]]) -> None:
    shown = Table(box=None, pad_edge=False)
    for number, row in enumerate(rows):
        if number == 0:
            for name in row:
                shown.add_column(name)
        shown.add_row(*(str(value) for value in row.values()))
    terminal.print(shown)


if __name__ == "__main__":
    sys.exit(main())
