"""What S3 and botocore raise, as sentences for people or as OSError. Calls nothing."""

import contextlib
import errno
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from botocore import exceptions as aws
from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from stt_pipeline.domain.errors import ObjectMissingError, UserError

BROKEN = (aws.HTTPClientError, aws.IncompleteReadError, HTTPError, ConnectionError, TimeoutError)
"""A connection that was dropped, or that broke in the middle of a body."""

_MISSING = {"NoSuchKey", "404", "NotFound"}
_REDIRECTED = {"301", "PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed"}
_REFUSED = {"InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken"}
_NO_CREDENTIALS = (
    aws.NoCredentialsError,
    aws.PartialCredentialsError,
    aws.CredentialRetrievalError,
    aws.TokenRetrievalError,
    aws.SSOError,
    aws.ProfileNotFound,
)
_UNREACHABLE = (aws.EndpointConnectionError, aws.ConnectTimeoutError, aws.ProxyConnectionError)


class Action(Enum):
    """What was asked of S3; the value is the permission that it needs."""

    LIST = "s3:ListBucket"
    READ = "s3:GetObject"
    WRITE = "s3:PutObject"
    DELETE = "s3:DeleteObject"


@dataclass(frozen=True)
class Place:
    """A prefix of a bucket, empty or ending with `/`, and the STT_ setting that names it."""

    bucket: str
    prefix: str
    setting: str

    def uri(self, key: str) -> str:
        """The address of a key below the prefix; of the root without a `/` at its end."""
        return f"s3://{self.bucket}/{self.prefix}{key}".rstrip("/" if not key else "")


def status_of(error: ClientError) -> int:
    """The HTTP status of an answer."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


@contextlib.contextmanager
def translated(place: Place, action: Action, key: str = "") -> Iterator[None]:
    """Raises what goes wrong inside as UserError, ObjectMissingError or OSError.

    What the settings or the account must change is a UserError; that one object may not be read
    is a PermissionError, since others may be; all else is an OSError with errno and strerror.
    """
    try:
        yield
    except ClientError as error:
        raise _of_answer(error, place, action, key) from error
    except (BotoCoreError, HTTPError) as error:
        raise _of_connection(error, place, action, key) from error


def _of_answer(error: ClientError, place: Place, action: Action, key: str) -> Exception:
    code, status = str(error.response.get("Error", {}).get("Code", "")), status_of(error)
    if sentence := _of_settings(code, error, place):
        return UserError(sentence)
    if code in _MISSING:
        return ObjectMissingError(key)
    uri = place.uri(key)
    if code == "InvalidObjectState":
        return OSError(errno.EIO, "it is archived: restore it from its storage class", uri)
    if code == "KeyTooLongError":
        return OSError(errno.ENAMETOOLONG, "its key is longer than S3 takes", uri)
    if status == 403 and action is Action.READ:
        return PermissionError(errno.EACCES, f"{action.value} is not allowed on it", uri)
    if status == 403:
        return UserError(
            f"{place.setting} names {place.uri('')}, where {action.value} is not allowed: give "
            "this user or role the permission, or correct the setting."
        )
    return OSError(errno.EIO, f"S3 answers {status} {code}".rstrip(), uri)


def _of_settings(code: str, error: ClientError, place: Place) -> str | None:
    named = f"{place.setting} names the bucket {place.bucket}"
    if code == "NoSuchBucket":
        return f"{named}, which does not exist: create it or correct the setting."
    if code == "InvalidBucketName":
        return f"{named}, which is no name of a bucket: correct the setting."
    if code in _REDIRECTED:
        headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        region = error.response["Error"].get("Region") or headers.get("x-amz-bucket-region")
        if region:
            return f"{named}, which lies in the region {region}: set AWS_REGION={region}."
        return f"{named}, which lies in another region: set AWS_REGION to the bucket's."
    if code in _REFUSED:
        return f"{named}, and AWS refuses the credentials ({code}): renew or correct them."
    if code == "RequestTimeTooSkewed":
        return f"{named}, and AWS refuses this machine's clock: set the right time."
    return None


def _of_connection(
    error: BotoCoreError | HTTPError, place: Place, action: Action, key: str
) -> Exception:
    words = " ".join(str(error).split()).rstrip(".")
    if isinstance(error, _NO_CREDENTIALS):
        return UserError(
            f"{place.setting} names {place.uri('')}, and there are no AWS credentials ({words}): "
            "give this machine or task a role, or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY."
        )
    if isinstance(error, aws.ParamValidationError) and "bucket" in words.lower():
        return UserError(
            f"{place.setting} names {place.uri('')}, where {place.bucket!r} is no name of a "
            "bucket: correct the setting."
        )
    if isinstance(error, _UNREACHABLE) and action is Action.LIST:
        return UserError(
            f"{place.setting} names {place.uri('')}, and S3 cannot be reached ({words}): check "
            "the network, AWS_ENDPOINT_URL and AWS_REGION."
        )
    return OSError(errno.EIO, f"S3 cannot be reached: {words}", place.uri(key))
