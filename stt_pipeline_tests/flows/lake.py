"""A call centre without audio: recordings of a few bytes, dates published as if they had been run.

What the schedules and sensors read is real: store, ledger, checkpoints, verdicts, Dagster's runs.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.test_utils import create_run_for_test, freeze_time

from stt_pipeline.defs.flow import build_definitions
from stt_pipeline.defs.resources import Pipeline
from stt_pipeline.defs.transcript_quality import candidate_digest
from stt_pipeline.domain.quality.gates import WER, CheckResult, Verdict
from stt_pipeline.domain.recordings.recording import Recording
from stt_pipeline.domain.schemas import DATE_TABLES
from stt_pipeline.domain.speech.transcription import Failure
from stt_pipeline.domain.tables import recordings_table, table
from stt_pipeline.settings import Settings
from stt_pipeline_tests.factories import make_recording, make_result

MINUTES = 60.0
STARTING = dg.DagsterRunStatus.STARTING


@dataclass
class Clock:
    """A clock that a test sets; `now` is aware."""

    now: dt.datetime

    def __call__(self) -> dt.datetime:
        """UTC without a zone, as the pipeline asks for it."""
        return self.now.astimezone(dt.UTC).replace(tzinfo=None)

    def forward(self, **how_long: float) -> None:
        """Moves it on by real time."""
        self.now = self.now.astimezone(dt.UTC) + dt.timedelta(**how_long)


class Lake:
    """Store and lake of a site, and what a run would leave in them."""

    def __init__(self, root: Path, now: dt.datetime, **settings: Any) -> None:
        """`now` is aware; `settings` are those besides the folders."""
        self.root = root
        (root / "recordings").mkdir(parents=True)
        (root / "references").mkdir()
        self.settings = Settings(
            recordings_uri=(root / "recordings").as_uri(),
            lake_uri=(root / "lake").as_uri(),
            references_uri=(root / "references").as_uri(),
            **settings,
        )
        self.clock = Clock(now)
        self.pipeline = Pipeline(self.settings, now=self.clock)
        self.repository = build_definitions(self.pipeline).get_repository_def()

    def put(self, date: str, *call_ids: str) -> None:
        """Recordings of a few bytes, each with its own."""
        folder = self.root / "recordings" / f"call_date={date}"
        folder.mkdir(exist_ok=True)
        for call_id in call_ids:
            (folder / f"{call_id}.wav").write_text(call_id)

    def found(self, date: str, minutes: float = 1.0) -> list[Recording]:
        """The recordings of a date as their ledger would have them, each of so many minutes."""
        folder = self.root / "recordings" / f"call_date={date}"
        paths = sorted(folder.iterdir()) if folder.is_dir() else []
        return [self._recording(path, minutes) for path in paths]

    def _recording(self, path: Path, minutes: float) -> Recording:
        key = str(path.relative_to(self.root / "recordings"))
        found = make_recording(path.stem, key=key, duration_s=minutes * MINUTES, channels=1)
        return replace(
            found, recording_uri=self.pipeline.recordings.uri(key), size_bytes=path.stat().st_size
        )

    def keep_ledger(self, date: str, minutes: float = 1.0) -> list[Recording]:
        """Writes the date's ledger as its step `recordings` does."""
        rows = self.found(date, minutes)
        self.pipeline.ledgers.write("recordings", date, recordings_table(rows))
        return rows

    def transcribe(self, date: str, recordings: Iterable[Recording]) -> None:
        """Writes a finished checkpoint of each."""
        for recording in recordings:
            self.pipeline.results(date).write(make_result(recording.etag))

    def fail_for_now(self, date: str, recording: Recording) -> None:
        """Writes a checkpoint that says the engine failed, and may not fail again."""
        failure = Failure("out of memory", transient=True)
        result = make_result(recording.etag)
        self.pipeline.results(date).write(replace(result, outcome=failure))

    def publish(self, date: str) -> None:
        """Writes the ledger and the published table of what is in the store now."""
        rows = self.keep_ledger(date)
        self.transcribe(date, rows)
        self.pipeline.published.write("recordings", date, recordings_table(rows))

    def fail_gate(self, date: str, check: str = WER) -> None:
        """Leaves a candidate of what is in the store now, and a verdict against it."""
        rows = self.keep_ledger(date)
        self.pipeline.candidates.write("recordings", date, recordings_table(rows))
        for name in DATE_TABLES:
            if name != "recordings":
                self.pipeline.candidates.write(name, date, table(name, []))
        verdict = Verdict(
            candidate=candidate_digest(self.pipeline, date),
            engine="engine",
            checks=(CheckResult(check, passed=False, message="too many errors."),),
        )
        self.pipeline.verdicts.write(date, verdict)

    # --- Dagster ---------------------------------------------------------------------------------

    def schedule(
        self, name: str, at: dt.datetime, instance: dg.DagsterInstance
    ) -> tuple[list[dg.RunRequest], str]:
        """Evaluates a schedule at a moment: what it asks for, and why nothing."""
        self.clock.now = at
        context = dg.build_schedule_context(
            instance=instance, scheduled_execution_time=at, repository_def=self.repository
        )
        # Else every evaluation opens the instance anew, as a code server does: 0.4 s each.
        object.__setattr__(context, "_instance", instance)
        data = self.repository.get_schedule_def(name).evaluate_tick(context)
        return list(data.run_requests or []), data.skip_message or ""

    def sensor(
        self, name: str, instance: dg.DagsterInstance, cursor: str | None = None
    ) -> tuple[list[dg.RunRequest], str, str | None]:
        """Evaluates a sensor now: what it asks for, why nothing, and its cursor."""
        context = dg.build_sensor_context(
            instance=instance, cursor=cursor, repository_def=self.repository
        )
        with freeze_time(self.clock.now):
            data = self.repository.get_sensor_def(name).evaluate_tick(context)
        return list(data.run_requests or []), data.skip_message or "", data.cursor

    def run(self, instance: dg.DagsterInstance, job: str, tags: dict[str, str]) -> dg.DagsterRun:
        """A run that began now, in the instance's storage as a daemon leaves one."""
        with freeze_time(self.clock.now):
            run = create_run_for_test(instance, job_name=job, tags=tags, status=STARTING)
            _report(instance, run, dg.DagsterEventType.RUN_START)
        return instance.get_run_by_id(run.run_id) or run

    def launched(self, instance: dg.DagsterInstance, request: dg.RunRequest) -> dg.DagsterRun:
        """The run that a daemon makes of a request."""
        assert request.job_name
        return self.run(instance, request.job_name, dict(request.tags))

    def end(self, instance: dg.DagsterInstance, run: dg.DagsterRun, well: bool = True) -> None:
        """Ends it now."""
        how = dg.DagsterEventType.RUN_SUCCESS if well else dg.DagsterEventType.RUN_FAILURE
        with freeze_time(self.clock.now):
            _report(instance, run, how)


def _report(instance: dg.DagsterInstance, run: dg.DagsterRun, event: dg.DagsterEventType) -> None:
    happened = dg.DagsterEvent(event_type_value=event.value, job_name=run.job_name)
    instance.report_dagster_event(happened, run.run_id)
