"""Metrics as lines of a log, in CloudWatch's embedded metric format. Calls no AWS.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence

from stt_pipeline.domain.metrics import Metric

MOST_VALUES = 100
"""Of one metric in one line, as the format has it."""

STANDARD_OUTPUT = 1


class NoMetrics:
    """Implements Metrics where nobody collects them."""

    def emit(self, values: Mapping[Metric, Sequence[float]]) -> None:
        """Writes nothing."""


class EmbeddedMetrics:
    """Implements Metrics: a line of JSON on standard output for each call, in a namespace."""

    def __init__(
        self,
        namespace: str,
        write: Callable[[str], object] | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """`write` takes a line with its end; standard output does, in one piece, without one."""
        self._namespace = namespace
        self._write = write or _to_standard_output
        self._now = now

    def emit(self, values: Mapping[Metric, Sequence[float]]) -> None:
        """See Metrics."""
        longest = max(map(len, values.values()), default=0)
        for start in range(0, longest, MOST_VALUES):
            part = {metric: given[start : start + MOST_VALUES] for metric, given in values.items()}
            self._write(self._line({metric: given for metric, given in part.items() if given}))

    def _line(self, values: Mapping[Metric, Sequence[float]]) -> str:
        directive = {
            "Namespace": self._namespace,
            # One set of no dimensions: a site is a namespace of its own.
            "Dimensions": [[]],
            "Metrics": [{"Name": metric.name, "Unit": metric.unit} for metric in values],
        }
        head = {"Timestamp": int(self._now() * 1000), "CloudWatchMetrics": [directive]}
        figures = {metric.name: list(given) for metric, given in values.items()}
        return json.dumps({"_aws": head, **figures}, allow_nan=False) + "\n"


def _to_standard_output(line: str) -> None:
    """One write a line: a step's output is redirected while it runs, and then copied by lines."""
    os.write(STANDARD_OUTPUT, line.encode())
