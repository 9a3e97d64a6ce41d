"""Athena's API on this machine: queries run on a real Trino server. Knows no pipeline.

It speaks as much of the API as a client needs to run a query, with the words of Athena's errors,
pages of results, the bytes that Trino read, and a workgroup that limits them.
"""

import json
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from stt_pipeline_tests.trino.server import Statement, Trino, TrinoError

WORKGROUP: Final = "analysts"
LIMITED: Final = "limited"
"""A workgroup whose queries may scan 1 kB; Athena's least limit is 10 MB."""

NO_OUTPUT: Final = "no-output"
"""A workgroup without a place for results."""

_LIMITS: Final = {WORKGROUP: 10**12, LIMITED: 1000, NO_OUTPUT: 10**12}
_PAGE_ROWS: Final = 1000

Document = dict[str, Any]


class RefusedError(Exception):
    """A request that Athena refuses: InvalidRequestException."""


@dataclass
class Execution:
    """A query execution; its thread steps the statement."""

    statement: Statement
    workgroup: str
    state: str = "RUNNING"
    reason: str = ""
    stopped: bool = False
    ended: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """To its end."""
        try:
            while not self.stopped and self.statement.step():
                pass
            if self.stopped:
                self.statement.cancel()
                self.state = "CANCELLED"
            elif self.statement.scanned_bytes > _LIMITS[self.workgroup]:
                self.state, self.reason = "CANCELLED", "Bytes scanned limit was exceeded"
            else:
                self.state = "SUCCEEDED"
        except TrinoError as error:
            self.state, self.reason = "FAILED", str(error)
        self.ended.set()


class Athena:
    """The application, and what a test asks of it."""

    def __init__(self, trino: Trino) -> None:
        self._trino = trino
        self.executions: dict[str, Execution] = {}
        self.requests: list[str] = []

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        request = Request(environ)
        action = request.headers["X-Amz-Target"].rpartition(".")[2]
        self.requests.append(action)
        try:
            answer, status = getattr(self, f"_{action}")(json.loads(request.get_data())), 200
        except RefusedError as error:
            answer, status = {"__type": "InvalidRequestException", "Message": str(error)}, 400
        response = Response(json.dumps(answer), status, content_type="application/x-amz-json-1.1")
        return response(environ, start_response)

    def _StartQueryExecution(self, asked: Document) -> Document:  # noqa: N802 - Athena's name
        workgroup = asked["WorkGroup"]
        if workgroup not in _LIMITS:
            raise RefusedError(f"WorkGroup {workgroup} is not found.")
        if workgroup == NO_OUTPUT:
            raise RefusedError(
                "No output location provided. An output location is required either through the "
                "Workgroup result configuration setting or as an API input."
            )
        database = asked["QueryExecutionContext"]["Database"]
        execution = Execution(self._trino.start(asked["QueryString"], database), workgroup)
        name = str(uuid.uuid4())
        self.executions[name] = execution
        threading.Thread(target=execution.run, daemon=True).start()
        return {"QueryExecutionId": name}

    def _StopQueryExecution(self, asked: Document) -> Document:  # noqa: N802
        self.executions[asked["QueryExecutionId"]].stopped = True
        return {}

    def _GetQueryExecution(self, asked: Document) -> Document:  # noqa: N802
        execution = self.executions[asked["QueryExecutionId"]]
        execution.ended.wait(0.2)
        return {
            "QueryExecution": {
                "QueryExecutionId": asked["QueryExecutionId"],
                "StatementType": "DML",
                "Status": {"State": execution.state, "StateChangeReason": execution.reason},
                "Statistics": {"DataScannedInBytes": execution.statement.scanned_bytes},
                "WorkGroup": execution.workgroup,
            }
        }

    def _GetQueryResults(self, asked: Document) -> Document:  # noqa: N802
        statement = self.executions[asked["QueryExecutionId"]].statement
        names = [column["name"] for column in statement.columns]
        rows = [names, *statement.rows]
        first = int(asked.get("NextToken", 0))
        end = first + min(_PAGE_ROWS, asked.get("MaxResults", _PAGE_ROWS))
        answer: Document = {
            "UpdateCount": 0,
            "ResultSet": {
                "Rows": [{"Data": [_cell(value) for value in row]} for row in rows[first:end]],
                "ResultSetMetadata": {"ColumnInfo": [_column(one) for one in statement.columns]},
            },
        }
        return answer | ({"NextToken": str(end)} if end < len(rows) else {})


def _cell(value: Any) -> Document:
    """A value as Athena writes it: always text, and nothing for a null."""
    if value is None:
        return {}
    if isinstance(value, bool):
        return {"VarCharValue": str(value).lower()}
    if isinstance(value, list):
        return {
            "VarCharValue": "["
            + ", ".join(str(_cell(one).get("VarCharValue")) for one in value)
            + "]"
        }
    return {"VarCharValue": str(value)}


def _column(column: Document) -> Document:
    kind, numbers = column["typeSignature"]["rawType"], column["typeSignature"]["arguments"]
    precision, scale = [one["value"] for one in numbers] if kind == "decimal" else (0, 0)
    return {
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": column["name"],
        "Label": column["name"],
        "Type": kind,
        "Precision": precision,
        "Scale": scale,
        "Nullable": "UNKNOWN",
        "CaseSensitive": kind == "varchar",
    }


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


@contextmanager
def running_athena(trino: Trino) -> Iterator[tuple[Athena, str]]:
    """The application and its address within the block, for AWS_ENDPOINT_URL_ATHENA."""
    athena = Athena(trino)
    server = make_server("127.0.0.1", 0, athena, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield athena, f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
