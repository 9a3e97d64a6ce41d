"""A job: a recording that was acknowledged and is read later. Stores nothing."""

import datetime as dt
import re
import secrets
from dataclasses import dataclass
from enum import StrEnum

from stt_pipeline.domain.recordings.recording import Recording
from stt_pipeline.domain.serving.options import Options
from stt_pipeline.domain.speech.transcription import Failure, Result

MOST_CLAIMS = 3
"""Services that may end over a job before it is given up: it may be the job that ends them."""

_TIME = "%Y%m%dT%H%M%SZ"

JOB_ID = r"^[0-9]{8}T[0-9]{6}Z-[0-9a-f]{32}$"
"""A job's name, as a regular expression of JSON Schema."""


class State(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Job:
    """What was acknowledged; never changed. `root` is the URI of the store of the recording."""

    job_id: str
    client: str
    submitted_at: dt.datetime
    root: str
    recording: Recording
    options: Options

    @property
    def duration_s(self) -> float:
        """Seconds of the recording."""
        return self.recording.duration_s or 0.0


@dataclass(frozen=True)
class Progress:
    """What its holder has told of it; `claims` counts the services that took it."""

    claims: int = 0
    heard_s: float = 0.0
    running: bool = False


@dataclass(frozen=True)
class Standing:
    """All that is known of a job."""

    job: Job
    progress: Progress = Progress()
    result: Result | None = None
    cancelled: bool = False

    @property
    def state(self) -> State:
        """A result counts even where a cancellation came with it."""
        if self.result is not None:
            failed = isinstance(self.result.outcome, Failure)
            return State.FAILED if failed else State.DONE
        if self.cancelled:
            return State.CANCELLED
        return State.RUNNING if self.progress.running else State.QUEUED

    @property
    def heard_s(self) -> float:
        """Seconds of the recording that were listened to."""
        if self.state is State.DONE:
            return self.job.duration_s
        return min(self.progress.heard_s, self.job.duration_s)

    @property
    def is_open(self) -> bool:
        """Whether somebody must still work on it."""
        return self.state in (State.QUEUED, State.RUNNING)


def new_job_id(now: dt.datetime) -> str:
    """A name that nobody can guess, and that says when it was given."""
    return f"{now.astimezone(dt.UTC):{_TIME}}-{secrets.token_hex(16)}"


def is_job_id(text: str) -> bool:
    """Whether `new_job_id` may have made it; nothing else becomes part of a key."""
    return re.fullmatch(JOB_ID, text) is not None


def has_expired(job_id: str, now: dt.datetime, keep_h: float) -> bool:
    """Whether the job is older than jobs are kept."""
    given = dt.datetime.strptime(job_id.partition("-")[0], _TIME).replace(tzinfo=dt.UTC)
    return now - given > dt.timedelta(hours=keep_h)


def given_up() -> Failure:
    """The failure of a job that MOST_CLAIMS services took and none finished."""
    return Failure(f"{MOST_CLAIMS} services ended while they read this recording")
