"""The service without its HTTP: takes what came, says what becomes of it. Makes no answer.

Whoever is refused hears so by RefusedError, the later the more must be known of the recording.
"""

import asyncio
import contextlib
import datetime as dt
import logging
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import uuid4

from stt_pipeline import wiring
from stt_pipeline.domain.errors import ObjectMissingError, UserError
from stt_pipeline.domain.recordings.keys import KeyMetadata
from stt_pipeline.domain.recordings.recording import FoundObject, Recording, Status, judge
from stt_pipeline.domain.serving.addresses import parse_address
from stt_pipeline.domain.serving.backlog import Waiting
from stt_pipeline.domain.serving.jobs import Standing
from stt_pipeline.domain.serving.options import Options
from stt_pipeline.domain.serving.rate_limit import RateLimit
from stt_pipeline.domain.speech.transcription import Failure, Result, Transcription
from stt_pipeline.serving.access import Access
from stt_pipeline.serving.engine import Engine, Work
from stt_pipeline.serving.folder import own_folder
from stt_pipeline.serving.half_second import half_second
from stt_pipeline.serving.headers import Headers
from stt_pipeline.serving.jobs import Jobs
from stt_pipeline.serving.refusals import RefusedError, busy, stopping
from stt_pipeline.serving.uploads import Form
from stt_pipeline.serving.worker import Ask
from stt_pipeline.settings import Settings

LOG = logging.getLogger(__name__)

MOST_REQUESTS = 256
"""Met at once, uploads among them: what a process has of files and disk is bounded."""

TEST_NAME = "half-second.wav"


@dataclass(frozen=True)
class Received:
    """A recording that is about to be read: where it lies, and what its header says."""

    root: str
    recording: Recording
    upload: Path | None = None

    @property
    def duration_s(self) -> float:
        """Seconds of it; the header says them, or its packets."""
        return self.recording.duration_s or 0.0


@dataclass
class Service:
    """Everything that a request meets, in the order it meets it."""

    settings: Settings
    access: Access
    folder: Path = field(init=False)
    draining: bool = False
    requests: int = 0

    def __post_init__(self) -> None:
        """Checks settings and weights; raises UserError. Starts nothing."""
        wiring.verified_models(self.settings)
        self.roots = wiring.readable_roots(self.settings)
        self.folder, self._mark = own_folder(wiring.uploads_folder(self.settings))
        self.engine = Engine(
            self.settings, self.settings.serve_queue_minutes * 60, self._half_second()
        )
        self.headers = Headers(self.settings)
        self.jobs = Jobs(self.settings, self.engine, self.folder)
        self.rate = RateLimit(self.settings.serve_rate_per_minute)
        self.ending = asyncio.Event()

    def start(self) -> None:
        """Starts the processes."""
        self.engine.start()
        self.headers.start(self.folder / TEST_NAME)

    def drain(self) -> None:
        """Takes nothing more; what is held is finished."""
        self.draining = True
        self.jobs.claim_no_more()

    def let_go(self) -> None:
        """Whoever still waits for an answer is told to ask elsewhere."""
        self.ending.set()

    def stop(self) -> None:
        """Ends every process, and hands back jobs that are not finished."""
        self.engine.stop()
        self.headers.stop()
        self.jobs.hand_back()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.with_suffix(".lock").unlink(missing_ok=True)
        self._mark.close()

    @property
    def held(self) -> bool:
        """Whether somebody waits for an answer, or a job is being read."""
        return self.requests > 0 or self.jobs.held > 0

    def admit(self, client: str) -> None:
        """Refuses before anything is received: who asks too often, or where nothing more fits."""
        if self.draining:
            raise stopping()
        if self.requests >= MOST_REQUESTS:
            raise busy(self.engine.retry_after_s(), "too many requests are being met already")
        if not self.has_disk():
            raise RefusedError(503, "the disk is full: ask again.", {"Retry-After": "30"})
        if wait_s := self.rate.wait_s(client, time.monotonic()):
            most = self.settings.serve_rate_per_minute
            raise busy(round(wait_s + 0.5), f"more than {most} requests a minute")
        self._refuse_where_full(0.0)

    def has_disk(self) -> bool:
        """Whether a few of the largest uploads would still fit on the disk."""
        return shutil.disk_usage(self.folder).free > 5 * self.settings.serve_max_mb * 1e6

    def _refuse_where_full(self, audio_s: float) -> None:
        if not self.engine.has_room(audio_s):
            raise busy(self.engine.retry_after_s(), "too much audio waits already")

    async def examine(self, form: Form) -> Received:
        """What came with the form, judged by its header; the file or the URI, and not both."""
        uri = form.fields.get("uri", "").strip()
        if bool(uri) == (form.upload is not None):
            raise RefusedError(422, "send either a `file` or a `uri`.")
        if form.upload is not None:
            root, key, size_bytes = self.folder.as_uri(), form.upload.name, form.size_bytes
        else:
            root, key, size_bytes = await self._at(uri)
        probed = await asyncio.wrap_future(
            self.headers.probe(root, key, size_bytes, measure=form.upload is not None)
        )
        if not probed.info:
            raise RefusedError(422, f"the recording cannot be read: {probed.problem}.")
        info = probed.info
        if info.duration_s is None:
            raise RefusedError(422, "the recording does not say how long it is.")
        recording = judge(
            FoundObject(key, size_bytes, etag=uuid4().hex),
            uri,
            KeyMetadata(call_id=key, call_date=dt.date.min),
            info,
            dt.datetime.now(dt.UTC),
        )
        if recording.status is not Status.ACCEPTED:
            raise RefusedError(422, f"the recording cannot be read: {recording.reason}.")
        if info.duration_s > self.settings.serve_max_minutes * 60:
            raise RefusedError(
                422,
                f"the recording has {info.duration_s / 60:.1f} minutes, and "
                f"{self.settings.serve_max_minutes:g} are the most.",
            )
        return Received(root, recording, form.upload)

    async def _at(self, uri: str) -> tuple[str, str, int]:
        """Root, key and size of a recording that is asked for by its address."""
        try:
            address = parse_address(uri, self.roots)
        except UserError as error:
            raise RefusedError(422, str(error)) from None
        size_bytes = await asyncio.to_thread(_size_bytes, address.root, address.key)
        if size_bytes is None:
            raise RefusedError(422, "there is no recording at this uri.")
        if size_bytes > self.settings.serve_max_mb * 1e6:
            raise RefusedError(
                413,
                f"the recording has {size_bytes / 1e6:.0f} MB, and "
                f"{self.settings.serve_max_mb:g} are the most.",
            )
        return address.root, address.key, size_bytes

    def is_long(self, received: Received) -> bool:
        """Whether it is read as a job, unless somebody waits all the same."""
        return received.duration_s > self.settings.serve_sync_minutes * 60

    @contextlib.contextmanager
    def reading(self, received: Received, options: Options) -> Iterator[Work]:
        """Has the engine read it; left before its end, nobody waits any more and it is stopped."""
        name = uuid4().hex
        stop_file = self.folder / f"{name}.stop"
        alone = self.is_long(received)
        waiting = Waiting(name, received.recording.audio_s, time.monotonic(), alone)
        changed = options.engine_settings()
        work = Work(waiting, Ask(name, received.root, received.recording, changed, str(stop_file)))
        if not self.engine.submit(work):
            raise busy(self.engine.retry_after_s(), "too much audio waits already")
        try:
            yield work
        finally:
            if not work.future.done() and not self.engine.withdraw(name):
                stop_file.touch()
                work.future.add_done_callback(lambda _: stop_file.unlink(missing_ok=True))

    async def submit(self, client: str, received: Received, options: Options) -> Standing:
        """Acknowledges a job."""
        standing = await asyncio.to_thread(
            self.jobs.submit,
            client,
            received.root,
            received.recording,
            received.upload,
            options,
        )
        if standing is None:
            raise busy(self.engine.retry_after_s(), "too much audio waits already")
        return standing

    def test_engine(self) -> None:
        """Has the engine hear half a second."""
        ask = replace(self._half_second(), name=f"half-second-{uuid4().hex}")
        self.engine.submit(Work(Waiting(ask.name, 0.5, time.monotonic()), ask), bounded=False)

    def _half_second(self) -> Ask:
        path = self.folder / TEST_NAME
        if not path.exists():
            path.write_bytes(half_second())
        recording = Recording(
            key=TEST_NAME,
            recording_uri=path.as_uri(),
            etag="",
            size_bytes=path.stat().st_size,
            status=Status.ACCEPTED,
            discovered_at=dt.datetime.now(dt.UTC),
            duration_s=0.5,
            channels=1,
        )
        return Ask("half-second", self.folder.as_uri(), recording, {})


def heard_in(result: Result) -> Transcription:
    """The transcription; raises RefusedError where there is none, with the reason."""
    if isinstance(result.outcome, Failure):
        if result.outcome.transient:
            raise RefusedError(503, f"{result.outcome.reason}: ask again.", {"Retry-After": "5"})
        raise RefusedError(422, f"the recording cannot be read: {result.outcome.reason}.")
    return result.outcome


def _size_bytes(root: str, key: str) -> int | None:
    """The object's size, or None where there is none."""
    try:
        with wiring.store_of(root).open(key) as file:
            return file.seek(0, os.SEEK_END)
    except (ObjectMissingError, IsADirectoryError, NotADirectoryError):
        return None
