"""The figures that a site's dashboard and alarms are made of: their names and meanings. Sends none.

The dashboard and the alarms of deploy/terraform use these names; a test compares them.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Metric:
    """A figure by its name in CloudWatch; `unit` is one of CloudWatch's own."""

    name: str
    unit: str
    means: str


SENSOR_LOOKS: Final = Metric(
    "SensorLooks", "Count", "Looks of the forecast's sensor: none, and the daemon is silent."
)
BACKLOG_HOURS: Final = Metric(
    "BacklogHours",
    "None",
    "Hours of audio, all channels, of the week watched that were found and have no result.",
)
SLACK_HOURS: Final = Metric(
    "SlackHours",
    "None",
    "Hours from the forecast's latest finish to the deadline; where all is published, those left.",
)
DATES_MISSING: Final = Metric(
    "DatesMissing", "Count", "Dates of the week that are not complete after its deadline."
)
RUNS_FAILED: Final = Metric("RunsFailed", "Count", "Runs that failed and are not repeated.")
RECORDINGS_TRANSCRIBED: Final = Metric(
    "RecordingsTranscribed", "Count", "Recordings that ended with a transcript."
)
RECORDINGS_FAILED: Final = Metric(
    "RecordingsFailed", "Count", "Recordings that ended without one, with a reason."
)
REAL_TIME_FACTOR: Final = Metric(
    "RealTimeFactor", "None", "CPU seconds that a recording took for each second of its channels."
)
TRANSCRIPTION_USD: Final = Metric(
    "TranscriptionUsd", "None", "These CPU seconds at Fargate's price on demand (prices.toml)."
)
SERVE_QUEUE_S: Final = Metric(
    "ServeQueueS",
    "Seconds",
    "Most audio seconds that a process of the service held, waiting or read, since it last told.",
)

METRICS: Final = (
    SENSOR_LOOKS,
    BACKLOG_HOURS,
    SLACK_HOURS,
    DATES_MISSING,
    RUNS_FAILED,
    RECORDINGS_TRANSCRIBED,
    RECORDINGS_FAILED,
    REAL_TIME_FACTOR,
    TRANSCRIPTION_USD,
    SERVE_QUEUE_S,
)
