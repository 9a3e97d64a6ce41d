"""One query in Athena: started, waited for, its pages read. Knows neither tables nor types."""

import contextlib
import time
from collections.abc import Callable
from functools import cached_property
from typing import Any

import boto3

from stt_pipeline.adapters.athena.errors import explained
from stt_pipeline.adapters.athena.glue import RETRIES
from stt_pipeline.adapters.athena.rows import arrow_table
from stt_pipeline.domain.errors import UserError
from stt_pipeline.domain.planning.prices import ATHENA
from stt_pipeline.domain.ports import Answer

FIRST_WAIT_S = 0.2
LONGEST_WAIT_S = 3.0


class AthenaQueries:
    """Runs SELECTs in a workgroup, with its limits and its place for results."""

    def __init__(
        self, database: str, workgroup: str, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """Nothing is called yet."""
        self._database = database
        self._workgroup = workgroup
        self._sleep = sleep

    def run(self, sql: str) -> Answer:
        """The rows, the bytes scanned and their cost; raises UserError with Athena's own words.

        Where the wait is interrupted (Ctrl-C), the query is stopped in Athena too.
        """
        with explained("Athena"):
            query_id = self._athena.start_query_execution(
                QueryString=sql,
                QueryExecutionContext={"Database": self._database},
                WorkGroup=self._workgroup,
            )["QueryExecutionId"]
            try:
                execution = self._ended(query_id)
            except BaseException:
                with contextlib.suppress(Exception):
                    self._athena.stop_query_execution(QueryExecutionId=query_id)
                raise
            _refuse_failed(execution["Status"])
            pages = self._athena.get_paginator("get_query_results").paginate(
                QueryExecutionId=query_id
            )
            rows = arrow_table(list(pages))
        scanned_bytes = int(execution.get("Statistics", {}).get("DataScannedInBytes", 0))
        return Answer(rows, scanned_bytes, ATHENA.query_cost_usd(scanned_bytes))

    def _ended(self, query_id: str) -> dict[str, Any]:
        wait_s = FIRST_WAIT_S
        while True:
            answer = self._athena.get_query_execution(QueryExecutionId=query_id)
            execution: dict[str, Any] = answer["QueryExecution"]
            if execution["Status"]["State"] not in ("QUEUED", "RUNNING"):
                return execution
            self._sleep(wait_s)
            wait_s = min(LONGEST_WAIT_S, wait_s * 1.5)

    @cached_property
    def _athena(self) -> Any:
        return boto3.session.Session().client("athena", config=RETRIES)


def _refuse_failed(status: dict[str, Any]) -> None:
    if status["State"] == "SUCCEEDED":
        return
    reason = " ".join(str(status.get("StateChangeReason", "")).split()).rstrip(".!")
    if status["State"] == "CANCELLED":
        raise UserError(f"The query was cancelled in Athena: {reason or 'no reason given'}.")
    raise UserError(f"The SQL cannot be answered: {reason or 'Athena gives no reason'}.")
