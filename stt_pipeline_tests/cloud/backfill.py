"""A backfill on a test bed: launched, watched down to its tasks, and compared with another."""

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from stt_pipeline_tests.cloud.account import Task
from stt_pipeline_tests.cloud.bed import ASSETS, TABLES, Bed, Row
from stt_pipeline_tests.flows.conftest import without_times
from stt_pipeline_tests.flows.console import ENDED, Run, wait_for

T = TypeVar("T")

RUN_ENDED = ("SUCCESS", "FAILURE", "CANCELED")

END_S = 1200.0
"""Longer than any backfill of the tests takes, on a machine that is busy."""

TRIES = 20
"""Seconds that the web server has to answer again, once Postgres does."""


@dataclass(frozen=True)
class Backfill:
    """A backfill whose tasks carry its name as `startedBy`."""

    bed: Bed
    name: str
    dates: tuple[str, ...]
    id: str

    def ended(self) -> str:
        """Waits for its end; returns its status."""
        console = self.bed.dagster.console
        wait_for(lambda: _asked(lambda: console.status(self.id)).startswith(ENDED), END_S, 4)
        return _asked(lambda: console.status(self.id))

    def runs(self) -> list[Run]:
        """Its runs, in the order of partitions, oldest first."""
        return _asked(lambda: self.bed.dagster.console.runs(self.id))

    def outcomes(self) -> Counter[tuple[str, str]]:
        """How often which partition ended how."""
        return Counter((run.partition, run.status) for run in self.runs())

    def messages(self, word: str) -> list[str]:
        """What the logs of its runs say with this word, be it upper or lower case."""
        console = self.bed.dagster.console
        said = (text for run in self.runs() for text in console.messages(run))
        return [text for text in said if word in text.lower()]

    def tasks(self) -> list[Task]:
        """Every task that was started for it."""
        return self.bed.account.tasks(self.name)

    def at_work(self, asset: str) -> list[Task]:
        """The tasks that run, of runs that make this asset."""
        running = self.bed.account.running(self.name)
        runs = {run.id for run in self.runs() if asset in run.assets} if running else set()
        return [task for task in running if task["tags"].get("dagster/run_id") in runs]

    def one_at_work(self, asset: str, when: Callable[[], bool] = lambda: True) -> Task:
        """Waits for a task that makes the asset, and for the condition; returns the task."""
        found: list[Task] = []

        def is_there() -> bool:
            found[:] = self.at_work(asset) if when() else []
            return bool(found)

        wait_for(is_there, END_S, every_s=0.5)
        return found[0]

    def wait_for_tasks(self) -> None:
        """Waits until no task of it runs: a run counts as ended a moment before its task has."""
        wait_for(lambda: not self.bed.account.running(self.name), 60)


class PlannedDate(Backfill):
    """A date that the pipeline's own sensors take on from its plan, as after a schedule's tick."""

    def ended(self) -> str:
        """Waits until it is published; returns what a backfill's status would be."""
        [date] = self.dates
        beside = f"_work/publications/call_date={date}.json"
        wait_for(lambda: beside in self.bed.keys(beside), END_S, 1)
        wait_for(lambda: all(run.status in RUN_ENDED for run in self.runs()), END_S, 1)
        return "COMPLETED_SUCCESS"

    def runs(self) -> list[Run]:
        """What found and published it, and its shards."""
        console, [date] = self.bed.dagster.console, self.dates
        tags = ("dagster/partition", "dagster/partition/call_date")
        return _asked(lambda: [run for tag in tags for run in console.runs_with(tag, date)])

    def tasks(self) -> list[Task]:
        """Every task that was started for one of its runs."""
        runs = {run.id for run in self.runs()}
        return [
            one for one in self.bed.account.tasks() if one["tags"].get("dagster/run_id") in runs
        ]

    def wait_for_tasks(self) -> None:
        """Waits until no task of it runs."""
        wait_for(lambda: all(one["status"] != "RUNNING" for one in self.tasks()), 60)


def _asked(ask: Callable[[], T]) -> T:
    """The answer of the web server, which has none for as long as Postgres is away."""
    for _ in range(TRIES):
        try:
            return ask()
        except (OSError, AssertionError):
            time.sleep(1)
    return ask()


def launch(
    bed: Bed,
    name: str,
    *dates: str,
    assets: Sequence[str] = ASSETS,
    environment: Mapping[str, str] | None = None,
    tags: Mapping[str, str] | None = None,
    capacity: str | None = None,
) -> Backfill:
    """Starts a backfill; `environment` is added to that of its tasks, `tags` to its runs.

    `capacity`, such as FARGATE, comes before that of dagster.yaml.
    """
    strategy = {"capacityProviderStrategy": [{"capacityProvider": capacity, "weight": 1}]}
    container = {"environment": [{"name": k, "value": v} for k, v in (environment or {}).items()]}
    of_runs = {
        "ecs/run_task_kwargs": json.dumps({"startedBy": name} | (strategy if capacity else {})),
        "ecs/container_overrides": json.dumps(container),
        **(tags or {}),
    }
    launched = bed.dagster.console.launch(*dates, assets=assets, tags=of_runs)
    return Backfill(bed, name, dates, launched)


def tables(bed: Bed, date: str) -> dict[str, list[Row]]:
    """The published tables of a date, less what differs between two dates of the same calls."""
    found = {name: without_times(bed.rows(name, date)) for name in TABLES}
    for row in found["recordings"]:
        row["recording_uri"] = row["recording_uri"].replace(date, "DATE")
    return found
