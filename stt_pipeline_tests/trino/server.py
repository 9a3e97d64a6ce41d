"""A Trino server on this machine: it reads tables of a Glue catalog from S3, as Athena does."""

import json
import os
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from stt_pipeline_tests.cloud.processes import Program, free_port, wait_for
from stt_pipeline_tests.cloud.s3 import ENVIRONMENT
from stt_pipeline_tests.trino.fetch import HOME, VERSION, check_java

CATALOG: Final = "awsdatacatalog"
"""What Athena calls the Glue catalog of the account."""

START_S: Final = 240.0

Rows = list[list[Any]]
"""Values as Trino writes them in JSON: a timestamp is text."""


class TrinoError(Exception):
    """A query failed; the message begins with the error's name, as Athena's does."""


@dataclass
class Statement:
    """A query that runs; `step` goes on with it. `begin` sends it, and returns where it goes on.

    A server takes queries some seconds before it has heard of itself as a node that has the tables
    (`NO_NODES_AVAILABLE`): a query that came too early is sent again.
    """

    begin: Callable[[], str]
    next_uri: str | None = field(init=False)
    columns: list[dict[str, Any]] = field(default_factory=list)
    rows: Rows = field(default_factory=list)
    scanned_bytes: int = 0
    _patient_until_s: float = field(init=False)

    def __post_init__(self) -> None:
        self.next_uri = self.begin()
        self._patient_until_s = time.monotonic() + START_S

    def step(self) -> bool:
        """Takes the next part of the answer; returns whether there is more. Raises TrinoError."""
        if self.next_uri is None:
            return False
        self._take(_json(urllib.request.Request(self.next_uri)))
        return self.next_uri is not None

    def cancel(self) -> None:
        """Tells the server to stop."""
        if self.next_uri is not None:
            request = urllib.request.Request(self.next_uri, method="DELETE")
            with urllib.request.urlopen(request, timeout=60):
                self.next_uri = None

    def _take(self, part: dict[str, Any]) -> None:
        self.columns = part.get("columns", self.columns)
        self.rows += part.get("data", [])
        self.scanned_bytes = int(part.get("stats", {}).get("physicalInputBytes", 0))
        self.next_uri = part.get("nextUri")
        if error := part.get("error"):
            is_early = error["errorName"] == "NO_NODES_AVAILABLE"
            if is_early and time.monotonic() < self._patient_until_s:
                time.sleep(0.5)
                self.next_uri = self.begin()
                return
            raise TrinoError(f"{error['errorName']}: {error['message']}")


@dataclass(frozen=True)
class Trino:
    """The server's address."""

    url: str

    def start(self, sql: str, database: str) -> Statement:
        """Starts a query with its tables in that database."""
        request = urllib.request.Request(
            f"{self.url}/v1/statement",
            data=sql.encode(),
            headers={
                "X-Trino-User": "analyst",
                "X-Trino-Catalog": CATALOG,
                "X-Trino-Schema": database,
            },
        )
        return Statement(lambda: str(_json(request)["nextUri"]))

    def rows(self, sql: str, database: str) -> list[dict[str, Any]]:
        """The rows of a query by column; raises TrinoError."""
        statement = self.start(sql, database)
        while statement.step():
            pass
        names = [column["name"] for column in statement.columns]
        return [dict(zip(names, row, strict=True)) for row in statement.rows]

    def is_ready(self) -> bool:
        """Whether it takes queries."""
        try:
            return not _json(urllib.request.Request(f"{self.url}/v1/info"))["starting"]
        except (OSError, urllib.error.URLError):
            return False


def _json(request: urllib.request.Request) -> dict[str, Any]:
    with urllib.request.urlopen(request, timeout=300) as answer:
        document: dict[str, Any] = json.load(answer)
    return document


@contextmanager
def running_trino(aws_endpoint: str) -> Iterator[Trino]:
    """A server within the block, on S3 and Glue at that address. Its heap is 1 GB."""
    check_java()
    if not HOME.is_dir():
        raise RuntimeError("There is no Trino server in var/trino: 'make test' fetches it.")
    with tempfile.TemporaryDirectory(prefix="trino-") as name:
        folder, port = Path(name), free_port()
        _configure(folder, port, aws_endpoint)
        program = Program("trino", _command(folder), os.environ, folder)
        trino = Trino(f"http://127.0.0.1:{port}")
        program.start()
        try:
            wait_for(lambda: _is_up(program, trino), "Trino", START_S)
            yield trino
        finally:
            program.stop()


def _is_up(program: Program, trino: Trino) -> bool:
    program.check()
    return trino.is_ready()


def _command(folder: Path) -> list[str]:
    return [
        "java",
        "-Xmx1G",
        "-XX:+UseSerialGC",
        # Short queries: what the second compiler would win is less than what it takes.
        "-XX:TieredStopAtLevel=1",
        "-Djdk.attach.allowAttachSelf=true",
        f"-Dconfig={folder}/config.properties",
        "-Dnode.environment=test",
        "-Dnode.id=one",
        f"-Dnode.data-dir={folder}/data",
        "-cp",
        f"{HOME}/lib/*",
        str(Path(__file__).with_name("Launch.java")),
        VERSION,
    ]


def _configure(folder: Path, port: int, aws_endpoint: str) -> None:
    """One node that is coordinator and worker, and Athena's catalog."""
    (folder / "data").mkdir()
    (folder / "catalog").mkdir()
    server = {
        "coordinator": "true",
        "node-scheduler.include-coordinator": "true",
        "http-server.http.port": port,
        "discovery.uri": f"http://127.0.0.1:{port}",
        # A machine so busy that the only node is not heard of for half a minute has not lost it.
        "discovery.max-age": "10m",
        "failure-detector.enabled": "false",
        "node.internal-address": "127.0.0.1",
        "query.max-memory": "400MB",
        "query.max-memory-per-node": "300MB",
        "memory.heap-headroom-per-node": "200MB",
        "catalog.config-dir": folder / "catalog",
        "plugin.dir": HOME / "plugin",
    }
    keys = {
        "access": ENVIRONMENT["AWS_ACCESS_KEY_ID"],
        "secret": ENVIRONMENT["AWS_SECRET_ACCESS_KEY"],
    }
    tables = {
        "connector.name": "hive",
        "hive.metastore": "glue",
        "hive.metastore.glue.region": ENVIRONMENT["AWS_REGION"],
        "hive.metastore.glue.endpoint-url": aws_endpoint,
        "hive.metastore.glue.aws-access-key": keys["access"],
        "hive.metastore.glue.aws-secret-key": keys["secret"],
        "fs.hadoop.enabled": "false",
        "fs.native-s3.enabled": "true",
        "s3.endpoint": aws_endpoint,
        "s3.region": ENVIRONMENT["AWS_REGION"],
        "s3.path-style-access": "true",
        "s3.aws-access-key": keys["access"],
        "s3.aws-secret-key": keys["secret"],
        "hive.security": "read-only",
        # The stand-in of Glue has no statistics, and each question for them would be repeated.
        "hive.table-statistics-enabled": "false",
        # As Athena does, and Trino only where told.
        "hive.partition-projection-enabled": "true",
        "hive.recursive-directories": "true",
    }
    _write(folder / "config.properties", server)
    _write(folder / "catalog" / f"{CATALOG}.properties", tables)


def _write(path: Path, properties: dict[str, Any]) -> None:
    path.write_text("".join(f"{name}={value}\n" for name, value in properties.items()))
