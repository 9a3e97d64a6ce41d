"""What moto's Amazon Transcribe lacks: a job's document on S3, and jobs that fail.

moto walks a job from QUEUED to COMPLETED as it is looked at, and writes nothing; it knows no
FailureReason. Here a job that ends has the document that the test laid out for its recording, in
the bucket ANSWERS under the recording's file name; one whose text begins with `FAILED` fails with
the rest of it as reason, as one does for which nothing was laid out.
"""

from functools import wraps
from typing import Any, Final

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.exceptions import S3ClientError
from moto.s3.models import s3_backends
from moto.transcribe.models import FakeTranscriptionJob, TranscribeBackend

ANSWERS: Final = "transcribe-answers"
FAILED: Final = b"FAILED "


def install() -> None:
    """Changes moto in this process, and makes the bucket ANSWERS."""
    get, describe = TranscribeBackend.get_transcription_job, FakeTranscriptionJob.response_object

    @wraps(get)
    def get_with_document(backend: Any, transcription_job_name: str) -> dict[str, Any]:
        answer: dict[str, Any] = get(backend, transcription_job_name)
        job = backend.transcriptions[transcription_job_name]
        if answer["TranscriptionJob"]["TranscriptionJobStatus"] != "COMPLETED":
            return answer
        _end(job)
        again: dict[str, Any] = job.response_object("GET")
        return again

    @wraps(describe)
    def describe_with_reason(job: Any, response_type: str) -> dict[str, Any]:
        answer: dict[str, Any] = describe(job, response_type)
        if response_type == "GET" and job.failure_reason:
            answer["TranscriptionJob"]["FailureReason"] = job.failure_reason
        return answer

    setattr(TranscribeBackend, get.__name__, get_with_document)
    setattr(FakeTranscriptionJob, describe.__name__, describe_with_reason)
    s3_backends[DEFAULT_ACCOUNT_ID]["aws"].create_bucket(ANSWERS, "eu-west-3")


def _end(job: Any) -> None:
    laid_out = _laid_out(job.media["MediaFileUri"].rpartition("/")[2])
    if laid_out.startswith(FAILED):
        job.failure_reason = laid_out.removeprefix(FAILED).decode()
        # No transition leads from there, whatever it is looked at.
        job.status = "FAILED"
        return
    s3 = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
    s3.put_object(job._output_bucket_name, job.output_key, laid_out)


def _laid_out(name: str) -> bytes:
    s3 = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
    try:
        found = s3.get_object(ANSWERS, name)
    except S3ClientError:
        found = None
    return found.value if found else FAILED + b"no answer was laid out for " + name.encode()
