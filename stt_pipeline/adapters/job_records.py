"""Jobs of the service as objects of the lake, below `_work/serving`. Reads no recording itself.

`jobs/{id}/` holds the upload, the job, its progress, a cancellation, the result, each written by
one who may write it. A job is acknowledged once `open/{id}` is there, and closed once it is not.
"""

import contextlib
from collections.abc import Iterator
from typing import BinaryIO

from pydantic import TypeAdapter

from stt_pipeline.domain.ports import Store
from stt_pipeline.domain.serving.jobs import Job, Progress, Standing, is_job_id
from stt_pipeline.domain.speech.transcription import Result

_JOBS = "_work/serving/jobs/"
_OPEN = "_work/serving/open/"
_JOB = TypeAdapter(Job)
_PROGRESS = TypeAdapter(Progress)
_RESULT = TypeAdapter(Result)


class _HeldError(Exception):
    """Another service holds the job."""


class JobRecords:
    """All jobs that services sharing this lake have acknowledged."""

    def __init__(self, lake: Store) -> None:
        """`lake` is the root that `_work/` lies in."""
        self._lake = lake

    def upload_key(self, job_id: str, suffix: str) -> str:
        """Where the upload of a job lies in the lake; `suffix` says how raw sound is coded."""
        return f"{_JOBS}{job_id}/upload{suffix}"

    def keep_upload(self, key: str, upload: BinaryIO) -> None:
        """Stores the bytes of an upload, before its job is acknowledged."""
        self._lake.write_file(key, upload)

    def acknowledge(self, job: Job) -> None:
        """Stores the job; once this returns, it outlives the process."""
        self._lake.write(f"{_JOBS}{job.job_id}/job.json", _JOB.dump_json(job))
        self._lake.write(_OPEN + job.job_id, b"")

    def open_ids(self) -> list[str]:
        """Every job that is acknowledged and not closed, the oldest first."""
        return [name for name in self._names(_OPEN) if is_job_id(name)]

    def read(self, job_id: str) -> Standing | None:
        """All that is known of a job, or None; `job_id` may be anybody's words."""
        data = self._read(job_id, "job.json") if is_job_id(job_id) else None
        if data is None:
            return None
        progress = self._read(job_id, "progress.json")
        result = self._read(job_id, "result.json")
        return Standing(
            _JOB.validate_json(data),
            _PROGRESS.validate_json(progress) if progress else Progress(),
            _RESULT.validate_json(result) if result else None,
            self.is_cancelled(job_id),
        )

    def claim(self, job_id: str) -> contextlib.ExitStack | None:
        """Takes the job until the stack is closed, or the process dies; None where another has."""
        held = contextlib.ExitStack()
        try:
            held.enter_context(self._lake.locked(f"serving-{job_id}", _refuse))
        except _HeldError:
            return None
        return held

    def tell(self, job_id: str, progress: Progress) -> None:
        """Keeps how far the job's holder is."""
        self._lake.write(f"{_JOBS}{job_id}/progress.json", _PROGRESS.dump_json(progress))

    def cancel(self, job_id: str) -> None:
        """Asks whoever holds the job to end it."""
        self._lake.write(f"{_JOBS}{job_id}/cancelled", b"")

    def is_cancelled(self, job_id: str) -> bool:
        """Whether `cancel` was asked."""
        return self._read(job_id, "cancelled") is not None

    def finish(self, job_id: str, result: Result) -> None:
        """Keeps the result, then closes the job."""
        self._lake.write(f"{_JOBS}{job_id}/result.json", _RESULT.dump_json(result))
        self.close(job_id)

    def close(self, job_id: str) -> None:
        """Nobody need work on it any more."""
        self._lake.delete(_OPEN + job_id)

    def forget_upload(self, job: Job) -> None:
        """Removes the sound that came with the job; a recording that lies elsewhere is left."""
        if job.recording.key.startswith(f"{_JOBS}{job.job_id}/"):
            self._lake.delete(job.recording.key)

    def all_ids(self) -> list[str]:
        """Every job there is a trace of, the oldest first."""
        names = dict.fromkeys(name.partition("/")[0] for name in self._names(_JOBS))
        return [name for name in names if is_job_id(name)]

    def remove(self, job_id: str) -> None:
        """Removes the job with its upload and result; nothing is left of it."""
        self.close(job_id)
        folder = f"{_JOBS}{job_id}/"
        for name in list(self._names(folder)):
            self._lake.delete(folder + name)
        self._lake.delete(f"_work/locks/serving-{job_id}.lock")

    def _names(self, prefix: str) -> Iterator[str]:
        for found in self._lake.walk(prefix, skip=lambda folder: False):
            yield found.key.removeprefix(prefix)

    def _read(self, job_id: str, name: str) -> bytes | None:
        return self._lake.read(f"{_JOBS}{job_id}/{name}")


def _refuse() -> None:
    raise _HeldError
