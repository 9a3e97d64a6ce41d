"""Jobs from their acknowledgement to their result, of this process and of those that died.

What is acknowledged lies in the lake. Whoever has a process idle claims a job there, by a lock that
the death of its holder frees; the result is written, and only then is the job closed.
"""

import contextlib
import datetime as dt
import errno
import logging
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from stt_pipeline import wiring
from stt_pipeline.domain.recordings.recording import Recording
from stt_pipeline.domain.serving.backlog import Waiting
from stt_pipeline.domain.serving.jobs import (
    MOST_CLAIMS,
    Job,
    Progress,
    Standing,
    given_up,
    has_expired,
    new_job_id,
)
from stt_pipeline.domain.serving.options import Options
from stt_pipeline.domain.speech.transcription import Failure, Result
from stt_pipeline.serving.engine import Engine, Work
from stt_pipeline.serving.worker import Ask
from stt_pipeline.settings import Settings

LOG = logging.getLogger(__name__)

LOOK_S = 10.0
"""Seconds between looks for jobs of others that died: a lock on S3 outlives its holder by 60 s."""

CLEAN_S = 600.0
"""Seconds between looks for jobs that have been kept long enough."""


@dataclass
class _Held:
    """A job that this process has claimed; `lock` frees it."""

    job: Job
    lock: ExitStack
    progress: Progress


class Jobs:
    """The jobs that this process accepts, finds, reads and finishes; for any thread."""

    def __init__(self, settings: Settings, engine: Engine, folder: Path) -> None:
        """`folder` is for the marks by which the engine is told to stop. Reads no job."""
        self._settings = settings
        self._records = wiring.job_records(settings)
        self._engine = engine
        self._folder = folder
        self._held: dict[str, _Held] = {}
        self._unwritten: dict[str, Result] = {}
        self._lock = threading.Lock()
        self._writers = ThreadPoolExecutor(4, thread_name_prefix="jobs")
        self._looked_at_s = self._cleaned_at_s = float("-inf")
        self._stopped = False

    @property
    def held(self) -> int:
        """Jobs that this process is reading, or whose result is not kept yet."""
        return len(self._held)

    def submit(
        self, client: str, root: str, recording: Recording, upload: Path | None, options: Options
    ) -> Standing | None:
        """Acknowledges a job, or None where there is no room; raises OSError, UserError.

        `upload` is a file of this machine, which is copied into the lake.
        """
        job_id = new_job_id(dt.datetime.now(dt.UTC))
        if upload is not None:
            root = self._settings.lake_uri
            key = self._records.upload_key(job_id, upload.suffix)
            recording = replace(recording, key=key)
        job = Job(job_id, client, dt.datetime.now(dt.UTC), root, recording, options)
        if not self._engine.submit(self._work(job, ready=False)):
            return None
        try:
            if upload is not None:
                with upload.open("rb") as file:
                    self._records.keep_upload(recording.key, file)
            self._records.acknowledge(job)
        except BaseException:
            self._engine.withdraw(job_id)
            raise
        self._engine.make_ready(job_id)
        return Standing(job)

    def standing(self, job_id: str, client: str) -> Standing | None:
        """How a job of this client stands; None where there is none."""
        standing = self._records.read(job_id)
        if standing is None or standing.job.client != client:
            return None
        work = self._engine.work(job_id)
        if work is not None and job_id in self._held:
            heard_s = work.share * standing.job.duration_s
            standing = replace(standing, progress=replace(standing.progress, heard_s=heard_s))
        return standing

    def cancel(self, standing: Standing) -> Standing:
        """Ends an open job, whoever holds it; another is left as it is."""
        if not standing.is_open:
            return standing
        job_id = standing.job.job_id
        self._records.cancel(job_id)
        if self._engine.withdraw(job_id):
            self._close(standing.job)
        else:
            self._stop_file(job_id).touch()
        return replace(standing, cancelled=True)

    def tend(self) -> None:
        """Tells how far jobs are, and looks for what others left; called every few seconds."""
        for job_id, result in list(self._unwritten.items()):
            self._write(job_id, result)
        for job_id, held in list(self._held.items()):
            self._tell(job_id, held)
        now_s = time.monotonic()
        if not self._stopped and now_s - self._looked_at_s >= LOOK_S:
            self._looked_at_s = now_s
            self._look()
        if now_s - self._cleaned_at_s >= CLEAN_S:
            self._cleaned_at_s = now_s
            self._clean()

    def claim_no_more(self) -> None:
        """What is being read is finished; the rest is for others."""
        self._stopped = True

    def hand_back(self) -> None:
        """Frees every job that is held, for others; the engine has been stopped."""
        self.claim_no_more()
        self._writers.shutdown(wait=True)
        with self._lock:
            held = list(self._held.items())
            self._held.clear()
        for job_id, one in held:
            try:
                if job_id not in self._unwritten:
                    claims = one.progress.claims - 1
                    self._records.tell(job_id, replace(one.progress, claims=claims, running=False))
            except OSError as error:
                LOG.warning("Job %s is freed without a word: %s", job_id, error)
            one.lock.close()

    def _work(self, job: Job, ready: bool = True) -> Work:
        waiting = Waiting(
            job.job_id, job.recording.audio_s, time.monotonic(), alone=True, ready=ready
        )
        ask = Ask(
            job.job_id,
            job.root,
            job.recording,
            job.options.engine_settings(),
            str(self._stop_file(job.job_id)),
        )
        work = Work(waiting, ask, may_begin=lambda: self._claims(job))
        work.future.add_done_callback(lambda future: self._ended(job.job_id, future))
        return work

    def _claims(self, job: Job) -> bool:
        """True where the job is ours to read now."""
        if self._stopped or (lock := self._records.claim(job.job_id)) is None:
            return False
        try:
            standing = self._records.read(job.job_id)
            if standing is None or not standing.is_open:
                self._close(job)
            elif standing.progress.claims >= MOST_CLAIMS:
                failure = Result(job.recording.etag, "", given_up())
                self._records.finish(job.job_id, failure)
            else:
                progress = Progress(standing.progress.claims + 1, running=True)
                self._records.tell(job.job_id, progress)
                with self._lock:
                    self._held[job.job_id] = _Held(job, lock.pop_all(), progress)
                return True
        finally:
            lock.close()
        return False

    def _ended(self, job_id: str, future: "Future[Result]") -> None:
        """Called by the engine's thread, which must not wait for the lake."""
        if not future.cancelled():
            with contextlib.suppress(RuntimeError):  # Shut down: the job is handed back.
                self._writers.submit(self._write, job_id, future.result())

    def _write(self, job_id: str, result: Result) -> None:
        """Keeps the result of a job that we hold, and frees it; tried again where it fails."""
        with self._lock:
            held = self._held.get(job_id)
        if held is None:
            return
        self._unwritten[job_id] = result
        try:
            self._finish(held, result)
        except OSError as error:
            LOG.warning("The result of job %s cannot be kept yet: %s", job_id, error)
            self._let_go_of_lost(error)
            return
        with self._lock:
            self._held.pop(job_id, None)
        self._unwritten.pop(job_id, None)
        self._stop_file(job_id).unlink(missing_ok=True)
        held.lock.close()

    def _finish(self, held: _Held, result: Result) -> None:
        job_id = held.job.job_id
        failed = result.outcome if isinstance(result.outcome, Failure) else None
        if self._records.is_cancelled(job_id):
            self._close(held.job)
        elif failed and failed.transient and held.progress.claims < MOST_CLAIMS:
            LOG.warning("Job %s is read again later: %s", job_id, failed.reason)
            self._records.tell(job_id, replace(held.progress, running=False))
        else:
            self._records.finish(job_id, result)
            self._records.forget_upload(held.job)

    def _close(self, job: Job) -> None:
        """The job is over, and its sound goes; a recording asked for by URI is never ours."""
        self._records.close(job.job_id)
        self._records.forget_upload(job)

    def _tell(self, job_id: str, held: _Held) -> None:
        work = self._engine.work(job_id)
        if work is None:
            return
        try:
            heard_s = round(work.share * held.job.duration_s, 1)
            if heard_s != held.progress.heard_s:
                held.progress = replace(held.progress, heard_s=heard_s)
                self._records.tell(job_id, held.progress)
            if self._records.is_cancelled(job_id):
                self._stop_file(job_id).touch()
        except OSError as error:
            LOG.warning("How far job %s is cannot be told: %s", job_id, error)
            self._let_go_of_lost(error)

    def _let_go_of_lost(self, error: OSError) -> None:
        """A lock that was lost, as after a long silence of S3: others have the jobs by now."""
        if error.errno != errno.ENOLCK:
            return
        with self._lock:
            held = list(self._held.values())
            self._held.clear()
            self._unwritten.clear()
        for one in held:
            one.lock.close()

    def _look(self) -> None:
        """Lets every open job that nobody here has wait for its turn."""
        for job_id in self._records.open_ids():
            if self._engine.work(job_id) is None and job_id not in self._held:
                standing = self._records.read(job_id)
                if standing is not None and self._engine.work(job_id) is None:
                    self._engine.submit(self._work(standing.job), bounded=False)

    def _clean(self) -> None:
        now = dt.datetime.now(dt.UTC)
        opened = set(self._records.open_ids())
        for job_id in self._records.all_ids():
            if job_id not in opened and has_expired(job_id, now, self._settings.serve_keep_h):
                self._records.remove(job_id)

    def _stop_file(self, job_id: str) -> Path:
        return self._folder / f"{job_id}.stop"
