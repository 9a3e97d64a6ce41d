"""What a wrong bucket, account, region or network says to whoever set it."""

import errno
from collections.abc import Callable
from typing import Final

import pytest

from stt_pipeline.adapters.s3_store import S3Store
from stt_pipeline.domain.errors import ObjectMissingError, UserError
from stt_pipeline.domain.recordings.recording import FoundObject
from stt_pipeline_tests.cloud.faults import Fault, Rule
from stt_pipeline_tests.cloud.faulty_proxy import FaultyProxy
from stt_pipeline_tests.cloud.processes import free_port
from stt_pipeline_tests.cloud.s3 import client_of

SETTING: Final = "STT_LAKE_URI"

Ask = Callable[[S3Store], object]

WALK: Final[Ask] = lambda store: list(store.walk("", lambda folder: False))  # noqa: E731
READS: Final[dict[str, Ask]] = {
    "read": lambda store: store.read("a"),
    "open": lambda store: store.open("a"),
    "etag": lambda store: store.etag(FoundObject("a", 1)),
    "fingerprint": lambda store: store.fingerprint("a"),
}
WRITES: Final[dict[str, Ask]] = {
    "write": lambda store: store.write("a", b""),
    "copy": lambda store: store.copy("a", "b"),
    "delete": lambda store: store.delete("a"),
    "lock": lambda store: store.locked("d", lambda: None).__enter__(),
}


def refusal(status: int, code: str, **rest: dict[str, str] | str) -> Rule:
    return Rule(Fault.ANSWER, status=status, code=code, **rest)  # type: ignore[arg-type]


@pytest.fixture
def store(aws: FaultyProxy, bucket: str) -> S3Store:
    S3Store(bucket, "lake", SETTING).write("a", b"x")
    return S3Store(bucket, "lake", SETTING)


@pytest.mark.parametrize("ask", [WALK, READS["read"], READS["open"], *WRITES.values()])
def test_no_such_bucket(aws: FaultyProxy, ask: Ask) -> None:
    """HeadObject answers 404 without saying of what; everything else says."""
    store = S3Store("nobody-made-this", "lake", SETTING)
    with pytest.raises(UserError) as caught:
        ask(store)
    assert str(caught.value) == (
        "STT_LAKE_URI names the bucket nobody-made-this, which does not exist: create it or "
        "correct the setting."
    )


@pytest.mark.parametrize("ask", [WALK, *WRITES.values()])
def test_no_permission_to_list_or_write(aws: FaultyProxy, store: S3Store, ask: Ask) -> None:
    aws.add(refusal(403, "AccessDenied"))
    with pytest.raises(
        UserError, match=r"STT_LAKE_URI names s3://test-.*/lake, where s3:\w+ is not allowed: give"
    ):
        ask(store)


@pytest.mark.parametrize("ask", READS.values(), ids=READS)
def test_no_permission_to_read_one_object(aws: FaultyProxy, store: S3Store, ask: Ask) -> None:
    """Others may be read: such a recording is kept aside as a file without rights is."""
    aws.add(refusal(403, "AccessDenied"))
    with pytest.raises(PermissionError) as caught:
        ask(store)
    assert caught.value.errno == errno.EACCES
    assert caught.value.strerror == "s3:GetObject is not allowed on it"


@pytest.mark.parametrize(
    "rule",
    [
        refusal(301, "PermanentRedirect", headers={"x-amz-bucket-region": "us-west-2"}),
        refusal(400, "AuthorizationHeaderMalformed", detail="<Region>us-west-2</Region>"),
    ],
    ids=lambda rule: rule.code,
)
def test_another_region(aws: FaultyProxy, store: S3Store, rule: Rule) -> None:
    aws.add(rule)
    for ask in (WALK, READS["read"], WRITES["write"]):
        with pytest.raises(UserError, match="lies in the region us-west-2: set AWS_REGION=us-west"):
            ask(store)


@pytest.mark.parametrize("code", ["InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken"])
def test_credentials_that_aws_refuses(aws: FaultyProxy, store: S3Store, code: str) -> None:
    aws.add(refusal(400 if code == "ExpiredToken" else 403, code))
    for ask in (WALK, READS["read"], WRITES["write"]):
        with pytest.raises(UserError, match=rf"AWS refuses the credentials \({code}\): renew"):
            ask(store)


def test_a_clock_that_aws_refuses(aws: FaultyProxy, store: S3Store) -> None:
    aws.add(refusal(403, "RequestTimeTooSkewed"))
    with pytest.raises(UserError, match="this machine's clock: set the right time"):
        WALK(store)


@pytest.mark.parametrize("ask", [WALK, READS["read"], WRITES["write"]])
def test_no_credentials(
    aws: FaultyProxy, bucket: str, monkeypatch: pytest.MonkeyPatch, ask: Ask
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", "/nowhere")
    with pytest.raises(UserError, match=r"there are no AWS credentials .*: give this machine"):
        ask(S3Store(bucket, "", SETTING))


def test_a_profile_that_is_not_there(
    aws: FaultyProxy, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(UserError, match=r"profile .*nobody"):
        WALK(S3Store(bucket, "", SETTING))


def test_an_endpoint_where_nobody_listens(bucket: str) -> None:
    """A listing comes first in everything, and says what to look at."""
    endpoint = f"http://127.0.0.1:{free_port()}"
    store = S3Store(bucket, "lake", SETTING, client_of(endpoint, attempts=1))
    with pytest.raises(UserError, match=f"S3 cannot be reached .*{endpoint}.*AWS_ENDPOINT_URL"):
        WALK(store)
    for ask in (READS["read"], WRITES["write"]):
        with pytest.raises(OSError, match="S3 cannot be reached"):
            ask(store)


@pytest.mark.parametrize("name", ["", "No Bucket!"])
def test_what_is_no_name_of_a_bucket(aws: FaultyProxy, name: str) -> None:
    with pytest.raises(UserError, match="is no name of a bucket: correct the setting"):
        WALK(S3Store(name, "lake", SETTING))


def test_an_archived_object(aws: FaultyProxy, store: S3Store) -> None:
    aws.add(refusal(403, "InvalidObjectState"))
    with pytest.raises(OSError, match="archived: restore it"):
        store.open("a")


def test_a_missing_object_is_no_error_of_the_settings(aws: FaultyProxy, store: S3Store) -> None:
    assert store.read("gone") is None
    with pytest.raises(ObjectMissingError):
        store.open("gone")
