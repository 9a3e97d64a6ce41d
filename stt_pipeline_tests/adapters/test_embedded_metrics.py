"""Metrics are lines that CloudWatch reads: the format's own rules, on what really reaches a log."""

import json
import subprocess
import sys
from typing import Any

import pytest

from stt_pipeline.adapters.embedded_metrics import EmbeddedMetrics
from stt_pipeline.defs.telling import WorkTeller
from stt_pipeline.domain.metrics import (
    METRICS,
    REAL_TIME_FACTOR,
    RECORDINGS_FAILED,
    RECORDINGS_TRANSCRIBED,
    RUNS_FAILED,
    TRANSCRIPTION_USD,
)

UNITS = {"Count", "Seconds", "None"}
"""Of CloudWatch's units those that are used here."""


def _read(line: str) -> dict[str, Any]:
    """A line as CloudWatch reads it; fails on what it would leave out."""
    assert line.endswith("\n")
    assert line.count("\n") == 1
    document: dict[str, Any] = json.loads(line)
    [directive] = document["_aws"]["CloudWatchMetrics"]
    assert directive["Dimensions"] == [[]]
    names = [metric["Name"] for metric in directive["Metrics"]]
    assert names
    assert set(names) == set(document) - {"_aws"}
    assert {metric["Unit"] for metric in directive["Metrics"]} <= UNITS
    assert all(0 < len(document[name]) <= 100 for name in names)
    return document


def test_a_line_names_each_figure_its_unit_and_its_moment() -> None:
    lines: list[str] = []
    metrics = EmbeddedMetrics("stt-prod", lines.append, now=lambda: 1_763_942_400.5)

    metrics.emit({RUNS_FAILED: [1], REAL_TIME_FACTOR: [0.06, 0.07]})

    [document] = map(_read, lines)
    assert document["_aws"]["Timestamp"] == 1_763_942_400_500
    assert document["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "stt-prod"
    assert document["RunsFailed"] == [1]
    assert document["RealTimeFactor"] == [0.06, 0.07]


def test_no_value_is_lost_where_there_are_more_than_a_line_takes() -> None:
    lines: list[str] = []
    values = [number / 1000 for number in range(250)]

    EmbeddedMetrics("stt-prod", lines.append).emit({REAL_TIME_FACTOR: values, RUNS_FAILED: [1]})

    documents = list(map(_read, lines))
    assert [value for one in documents for value in one["RealTimeFactor"]] == values
    assert [one.get("RunsFailed") for one in documents] == [[1], None, None]


def test_nothing_to_say_writes_nothing() -> None:
    lines: list[str] = []

    EmbeddedMetrics("stt-prod", lines.append).emit({RUNS_FAILED: []})

    assert lines == []


def test_what_is_no_number_is_refused_before_cloudwatch_drops_the_line() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        EmbeddedMetrics("stt-prod", print).emit({RUNS_FAILED: [float("nan")]})


def test_lines_reach_standard_output_whole_from_many_threads() -> None:
    program = (
        "from concurrent.futures import ThreadPoolExecutor as Pool\n"
        "from stt_pipeline.adapters.embedded_metrics import EmbeddedMetrics\n"
        "from stt_pipeline.domain.metrics import REAL_TIME_FACTOR\n"
        "metrics = EmbeddedMetrics('stt-prod')\n"
        "with Pool(8) as pool:\n"
        "    list(pool.map(lambda n: metrics.emit({REAL_TIME_FACTOR: [n] * 50}), range(200)))\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)

    documents = [_read(line) for line in ended.stdout.decode().splitlines(keepends=True)]
    assert sorted(one["RealTimeFactor"][0] for one in documents) == list(range(200))


def test_a_run_tells_of_every_recording_once() -> None:
    lines: list[str] = []
    teller = WorkTeller(EmbeddedMetrics("stt-prod", lines.append))

    teller.add(audio_s=100.0, cpu_s=6.0, transcribed=True)
    teller.add(audio_s=50.0, cpu_s=5.0, transcribed=True)
    teller.tell()
    teller.add(audio_s=80.0, cpu_s=0.0, transcribed=False)
    teller.tell()
    teller.tell()

    first, second = map(_read, lines)
    assert first["RecordingsTranscribed"] == [2]
    assert first["RealTimeFactor"] == [0.06, 0.1]
    # 11 CPU seconds of a vCPU and 2 GB, at 0.0486 and 0.0053 USD an hour.
    assert first["TranscriptionUsd"] == [pytest.approx(11 / 3600 * (0.0486 + 2 * 0.0053))]
    assert second["RecordingsFailed"] == [1]
    assert "RealTimeFactor" not in second


def test_names_are_those_of_cloudwatch_and_unlike() -> None:
    names = [metric.name for metric in METRICS]
    assert len(set(names)) == len(names)
    assert all(name.isalnum() and name[0].isupper() for name in names)
    assert {RECORDINGS_FAILED, RECORDINGS_TRANSCRIBED, TRANSCRIPTION_USD} <= set(METRICS)
