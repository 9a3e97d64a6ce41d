"""The UI's own API, as an operator uses it: launches backfills and reads how they stand."""

import json
import time
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

DATE_ASSETS = ("recordings", "transcripts", "transcript_quality", "published_tables")
"""What a backfill of dates makes."""

ENDED = ("COMPLETED", "FAILED", "CANCELED")
"""How the status of a backfill that has ended begins."""

Row = dict[str, Any]

# The mutation and the queries of the UI, less the fields that no test reads.
LAUNCH = """
mutation LaunchPartitionBackfill($backfillParams: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $backfillParams) {
    __typename
    ... on LaunchBackfillSuccess { backfillId }
    ... on Error { message }
  }
}"""
LAUNCH_JOB = """
mutation LaunchRun($executionParams: ExecutionParams!) {
  launchRun(executionParams: $executionParams) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on Error { message }
  }
}"""
BACKFILL = """
query($id: String!) {
  partitionBackfillOrError(backfillId: $id) {
    ... on PartitionBackfill { status error { message } }
  }
}"""
RUNS = """
query($tags: [ExecutionTag!]!) {
  runsOrError(filter: {tags: $tags}) {
    ... on Runs { results { runId status assetSelection { path } tags { key value } } }
  }
}"""
MESSAGES = """
query($run: ID!) {
  logsForRun(runId: $run) {
    ... on EventConnection { events { ... on MessageEvent { message } } }
  }
}"""
PARTITIONS = """
query($key: AssetKeyInput!) {
  assetNodeOrError(assetKey: $key) {
    ... on AssetNode {
      assetPartitionStatuses {
        ... on TimePartitionStatuses { ranges { status startKey endKey } }
      }
    }
  }
}"""
CHECK = """
query($key: AssetKeyInput!, $name: String!, $partition: String!) {
  assetCheckExecutions(assetKey: $key, checkName: $name, partition: $partition, limit: 1) {
    status
    evaluation {
      success
      description
      metadataEntries {
        label
        ... on FloatMetadataEntry { floatValue }
        ... on IntMetadataEntry { intValue }
      }
    }
  }
}"""


@dataclass(frozen=True)
class Run:
    """A run of the list of runs."""

    id: str
    status: str
    assets: frozenset[str]
    tags: dict[str, str]

    @property
    def partition(self) -> str:
        """Its date, or its date and shard."""
        return self.tags["dagster/partition"]


@dataclass(frozen=True)
class Console:
    """A web server that answers on `port` of this machine."""

    port: int

    def ask(self, query: str, **variables: object) -> Any:
        """The data of a GraphQL answer."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/graphql",
            json.dumps({"query": query, "variables": variables}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            document = json.load(answer)
        assert "errors" not in document, document["errors"]
        return document["data"]

    def assets(self) -> set[str]:
        """The assets that the UI shows; none before it has loaded the code."""
        nodes = self.ask("{ assetNodes { assetKey { path } } }")["assetNodes"]
        return {node["assetKey"]["path"][0] for node in nodes}

    def launch(
        self, *dates: str, assets: Iterable[str] = DATE_ASSETS, tags: dict[str, str] | None = None
    ) -> str:
        """Starts a backfill over these dates, its runs with these tags; returns its id."""
        asked = {
            "assetSelection": [{"path": [name]} for name in assets],
            "partitionNames": list(dates),
            "tags": [{"key": key, "value": value} for key, value in (tags or {}).items()],
        }
        answer = self.ask(LAUNCH, backfillParams=asked)["launchPartitionBackfill"]
        assert answer["__typename"] == "LaunchBackfillSuccess", answer
        return str(answer["backfillId"])

    def launch_job(self, job: str, date: str) -> None:
        """Starts a run of a job for a date, as a schedule does."""
        selector = {
            "repositoryLocationName": "stt_pipeline",
            "repositoryName": "__repository__",
            "jobName": job,
        }
        tags = [{"key": "dagster/partition", "value": date}]
        asked = {"selector": selector, "runConfigData": {}, "executionMetadata": {"tags": tags}}
        answer = self.ask(LAUNCH_JOB, executionParams=asked)["launchRun"]
        assert answer["__typename"] == "LaunchRunSuccess", answer

    def status(self, backfill: str) -> str:
        """How the backfill stands."""
        return str(self.ask(BACKFILL, id=backfill)["partitionBackfillOrError"]["status"])

    def ended(self, backfill: str, timeout_s: float = 300.0) -> str:
        """Waits for the backfill's end, and returns its status."""
        wait_for(lambda: self.status(backfill).startswith(ENDED), timeout_s, every_s=1)
        return self.status(backfill)

    def runs(self, backfill: str) -> list[Run]:
        """The runs of a backfill, in the order of partitions, oldest first."""
        return self.runs_with("dagster/backfill", backfill)

    def runs_with(self, key: str, value: str) -> list[Run]:
        """The runs with a tag, in the order of partitions, oldest first."""
        tags = [{"key": key, "value": value}]
        found = [
            Run(
                run["runId"],
                run["status"],
                frozenset(asset["path"][0] for asset in run["assetSelection"] or ()),
                {tag["key"]: tag["value"] for tag in run["tags"]},
            )
            for run in reversed(self.ask(RUNS, tags=tags)["runsOrError"]["results"])
        ]
        return sorted(found, key=lambda run: run.partition)

    def outcomes(self, backfill: str) -> list[tuple[str, str]]:
        """(date, status) of each run of a backfill, in the order of dates, oldest first."""
        return [(run.partition, run.status) for run in self.runs(backfill)]

    def messages(self, run: Run) -> list[str]:
        """What the log of a run says."""
        events = self.ask(MESSAGES, run=run.id)["logsForRun"]["events"]
        return [event["message"] for event in events if "message" in event]

    def partition_status(self, asset: str, date: str) -> str:
        """What the UI paints the date of an asset."""
        node = self.ask(PARTITIONS, key={"path": [asset]})["assetNodeOrError"]
        ranges = node["assetPartitionStatuses"]["ranges"]
        [status] = [r["status"] for r in ranges if r["startKey"] <= date <= r["endKey"]] or ["NONE"]
        return str(status)

    def check(self, name: str, date: str) -> Row:
        """The newest execution of a check for a date, its figures by name."""
        key = {"path": ["transcript_quality"]}
        asked = self.ask(CHECK, key=key, name=name, partition=date)
        [execution] = asked["assetCheckExecutions"]
        figures = {
            entry["label"]: entry.get("floatValue", entry.get("intValue"))
            for entry in execution["evaluation"]["metadataEntries"]
        }
        return {"status": execution["status"], **execution["evaluation"], "figures": figures}


def wait_for(condition: Callable[[], bool], timeout_s: float = 300.0, every_s: float = 0.2) -> None:
    """Waits until the condition holds; fails where it never does."""
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "Dagster never got that far"
        time.sleep(every_s)
