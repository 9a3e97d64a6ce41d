"""Alerts people once a condition, with a remedy and a link; and of runs that failed."""

import hashlib
import logging
from dataclasses import dataclass
from urllib.parse import quote

import dagster as dg

from stt_pipeline.adapters.alert_record import Message
from stt_pipeline.defs.resources import Pipeline
from stt_pipeline.defs.retries import WILL_RETRY_TAG
from stt_pipeline.defs.week_state import date_of
from stt_pipeline.domain.errors import UserError
from stt_pipeline.domain.metrics import RUNS_FAILED
from stt_pipeline.domain.planning.alarm import Alert

RUN_FAILURE = "run_failure"

GATE_ERROR = "DagsterAssetCheckFailedError"


@dataclass(frozen=True)
class Cause:
    """What a step failed of: the error's class, and its message."""

    cls_name: str
    message: str


def run_link(pipeline: Pipeline, run_id: str) -> str:
    """The run's page, empty without STT_UI_URL."""
    base = pipeline.settings.ui_url
    return f"{base}/runs/{run_id}" if base else ""


def asset_link(pipeline: Pipeline, asset: str, partition: str = "") -> str:
    """The page of an asset's partitions, or of one; empty without STT_UI_URL."""
    base = pipeline.settings.ui_url
    query = f"view=partitions&partition={quote(partition)}" if partition else "view=partitions"
    return f"{base}/assets/{asset}?{query}" if base else ""


def raise_alert(pipeline: Pipeline, log: logging.Logger, alert: Alert, link: str = "") -> bool:
    """Sends an alert, unless its condition was alerted before; False where it was."""
    text = "\n\n".join(part for part in (alert.sentence, alert.remedy, link) if part)
    message = Message(alert.condition, alert.sentence, text)
    if not pipeline.alert_record.keep(message):
        return False
    log.warning(text)
    _send(pipeline, log, message)
    return True


def send_unsent(pipeline: Pipeline, log: logging.Logger) -> None:
    """Sends what could not be sent before."""
    for message in pipeline.alert_record.unsent():
        _send(pipeline, log, message)


def _send(pipeline: Pipeline, log: logging.Logger, message: Message) -> None:
    """Sends it and notes so; where that fails, it is sent with the next look at the forecast."""
    try:
        pipeline.alerts.send(message.subject, message.text)
    except (UserError, OSError) as error:
        log.error(f"An alert is not sent yet: {error}")
        return
    pipeline.alert_record.sent(message)


def run_failure_sensor(pipeline: Pipeline) -> dg.SensorDefinition:
    """Alerts of each run that failed and is not repeated."""

    @dg.run_failure_sensor(
        name=RUN_FAILURE,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Alerts of a run that failed, with its link; not where it is run again.",
    )
    def run_failure(context: dg.RunFailureSensorContext) -> None:
        run = context.instance.get_run_by_id(context.dagster_run.run_id) or context.dagster_run
        if run.tags.get(WILL_RETRY_TAG) == "true":
            context.log.info(f"Run {run.run_id} failed and is run again.")
            return
        pipeline.metrics.emit({RUNS_FAILED: [1]})
        alert = failure_alert(pipeline, run, _causes(context))
        raise_alert(pipeline, context.log, alert, run_link(pipeline, run.run_id))

    return run_failure


def _causes(context: dg.RunFailureSensorContext) -> list[Cause]:
    """What went wrong in each step that failed, at its root."""
    causes = []
    for event in context.get_step_failure_events():
        error = event.step_failure_data.error
        while error is not None and error.cause is not None:
            error = error.cause
        if error is not None:
            causes.append(Cause(error.cls_name or "", _sentence(error.message, error.cls_name)))
    return causes


def _sentence(message: str, cls_name: str | None) -> str:
    """The error's own words, without the path of its class."""
    return (message.partition(f"{cls_name}: ")[2] or message).strip()


def failure_alert(pipeline: Pipeline, run: dg.DagsterRun, causes: list[Cause]) -> Alert:
    """The alert of a run that failed: the same failure of the same date is one condition."""
    what = " ".join(filter(None, (run.job_name.strip("_"), date_of(run))))
    remedy = "Look at the run, correct what it says, and run the date again."
    if any(error.cls_name == GATE_ERROR for error in causes):
        verdict = pipeline.verdicts.read(date_of(run))
        said = verdict.failures if verdict else "a blocking check failed"
        sentence = f"{date_of(run)} failed its gate and is not published: {said}"
    else:
        said = causes[0].message.strip() if causes else "its process or task was lost"
        sentence = f"The run {what} failed: {said}"
    digest = hashlib.sha256(said.encode()).hexdigest()[:16]
    return Alert(f"{what} failed {digest}", sentence, remedy)
