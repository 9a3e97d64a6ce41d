"""Jobs and vocabularies of the service by name: found, begun, waited for. Reads no document.

Names are made of what is asked for, so that a job that a lost run began is found again.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoRegionError

from stt_pipeline.domain.errors import UserError

Client = Any
"""A boto3 client, which has no types."""

ATTEMPTS: Final = 5
"""Throttled requests are repeated too; what the account's jobs have no room for is asked later."""

VOCABULARY_S: Final = 300.0
"""How long a new vocabulary is waited for."""

POLL_S: Final = 5.0

_CROWDED = {"LimitExceededException", "ThrottlingException", "TooManyRequestsException"}

_LOG = logging.getLogger(__name__)


class RefusedError(Exception):
    """The service does not do it; the message is the end of a sentence."""


class State(Enum):
    """How a job stands; a job that is CROWDED out was not begun, and may be later."""

    AT_WORK = "at work"
    DONE = "done"
    FAILED = "failed"
    CROWDED = "crowded out"


@dataclass(frozen=True)
class Job:
    """A job of the service; `reason` is its own word on a failure."""

    state: State
    reason: str = ""


def make_client(attempts: int = ATTEMPTS) -> Client:
    """A client of the region and credentials of AWS's own environment; UserError for no region."""
    retries = {"mode": "standard", "total_max_attempts": attempts}
    config = Config(retries=retries, connect_timeout=5, read_timeout=30)
    try:
        return boto3.session.Session().client("transcribe", config=config)
    except NoRegionError:
        raise UserError(
            "Amazon Transcribe is asked in one region, and none is named: set AWS_DEFAULT_REGION."
        ) from None


class Jobs:
    """The service's jobs and vocabularies."""

    def __init__(self, client: Client, pause: Callable[[float], None] = time.sleep) -> None:
        """`pause` waits that many seconds."""
        self._client = client
        self._pause = pause

    def find(self, name: str) -> Job | None:
        """The job of that name, or None; raises RefusedError."""
        found = self._ask("get_transcription_job", TranscriptionJobName=name)
        if found is None:
            return None
        job = found["TranscriptionJob"]
        match job["TranscriptionJobStatus"]:
            case "COMPLETED":
                return Job(State.DONE)
            case "FAILED":
                return Job(State.FAILED, str(job.get("FailureReason", "it says no reason")))
        return Job(State.AT_WORK)

    def begin(self, request: dict[str, Any]) -> State:
        """Asks for a job, once whatever is repeated: one of its name is taken for it."""
        try:
            self._client.start_transcription_job(**request)
        except ClientError as error:
            if _code(error) in _CROWDED:
                return State.CROWDED
            if _code(error) != "ConflictException":
                raise RefusedError(_words(error)) from error
        except BotoCoreError as error:
            raise RefusedError(_words(error)) from error
        return State.AT_WORK

    def vocabulary(self, name: str, code: str, put: Callable[[], str]) -> bool:
        """Whether the vocabulary can be used; it is made where it is missing.

        `put` writes its table to S3 and returns its address. A vocabulary is a hint: without it
        the text is worse, and no reason to have none.
        """
        waited_s = 0.0
        try:
            while (state := self._vocabulary_state(name)) != "READY":
                if state == "FAILED" or waited_s > VOCABULARY_S:
                    raise RefusedError(state.lower())
                if not state:
                    self._make_vocabulary(name, code, put())
                self._pause(POLL_S)
                waited_s += POLL_S
        except RefusedError as error:
            _LOG.warning(f"Amazon Transcribe is told no names: vocabulary {name}: {error}.")
            return False
        return True

    def _vocabulary_state(self, name: str) -> str:
        found = self._ask("get_vocabulary", VocabularyName=name)
        return str(found["VocabularyState"]) if found else ""

    def _make_vocabulary(self, name: str, code: str, uri: str) -> None:
        try:
            self._client.create_vocabulary(
                VocabularyName=name, LanguageCode=code, VocabularyFileUri=uri
            )
        except ClientError as error:
            if _code(error) != "ConflictException":
                raise RefusedError(_words(error)) from error
        except BotoCoreError as error:
            raise RefusedError(_words(error)) from error

    def _ask(self, operation: str, **names: str) -> dict[str, Any] | None:
        """The answer, or None where there is nothing of that name."""
        try:
            answer: dict[str, Any] = getattr(self._client, operation)(**names)
        except ClientError as error:
            # The service says of a missing job that the request is bad, in these words.
            if _code(error) == "NotFoundException" or "couldn't be found" in str(error):
                return None
            raise RefusedError(_words(error)) from error
        except BotoCoreError as error:
            raise RefusedError(_words(error)) from error
        return answer


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _words(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")
