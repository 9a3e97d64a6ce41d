"""What AWS says when it refuses, as one sentence with the remedy. Calls no AWS."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    TokenRetrievalError,
)

from stt_pipeline.domain.errors import UserError

_DENIED = ("AccessDeniedException", "AccessDenied")
_UNKNOWN_CALLER = (
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "UnrecognizedClientException",
)
_THROTTLED = ("ThrottlingException", "TooManyRequestsException")
_NO_CREDENTIALS = (
    CredentialRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
    TokenRetrievalError,
)


@contextmanager
def explained(service: str) -> Iterator[None]:
    """Turns what boto3 raises within into a UserError; `service` is Glue or Athena."""
    try:
        yield
    except ClientError as error:
        raise UserError(_refusal(service, code(error), _message(error))) from None
    except NoRegionError:
        raise UserError(
            f"{service} needs a region: export AWS_REGION, such as eu-west-3."
        ) from None
    except _NO_CREDENTIALS as error:
        raise UserError(
            f"{service} needs AWS credentials ({_sentence(str(error))}): export AWS_PROFILE, or "
            "run where a role gives them."
        ) from None
    except BotoCoreError as error:
        raise UserError(
            f"{service} gave no answer ({_sentence(str(error))}): check AWS_REGION and the network."
        ) from None


def code(error: ClientError) -> str:
    """AWS's own name of the error."""
    return str(error.response.get("Error", {}).get("Code", ""))


def _message(error: ClientError) -> str:
    return _sentence(str(error.response.get("Error", {}).get("Message", "") or code(error)))


def _sentence(text: str) -> str:
    return " ".join(text.split()).rstrip(".!")


def _refusal(service: str, name: str, message: str) -> str:
    if name in _DENIED:
        return f"{service} does not allow it ({message}): allow that action to this role."
    if name in _UNKNOWN_CALLER:
        return f"{service} does not accept these AWS credentials ({message}): renew them."
    if name in _THROTTLED:
        return f"{service} has too many requests ({message}): try again in a minute."
    if "output location" in message.lower():
        return (
            f"Athena says: {message}. Give the workgroup of STT_ATHENA_WORKGROUP a place for "
            "results."
        )
    if "workgroup" in message.lower() and "not found" in message.lower():
        return f"Athena says: {message}. Correct STT_ATHENA_WORKGROUP."
    return f"{service} says: {message}."
