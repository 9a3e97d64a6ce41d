"""S3 on this machine: `python -m stt_pipeline_tests.cloud.s3` serves it until its input ends.

It is moto's server, whose first line of output is its address. Three things are added: a condition
of a request (`If-Match`, `If-None-Match`) and what the request does are one step, as on S3, where
moto lets another request in between; `POST /seed` makes many objects at once; and a job of Amazon
Transcribe leaves a document (`transcribe.py`).
"""

import json
import sys
import threading
import urllib.request
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any, Final

import boto3
import pytest
from botocore.config import Config
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from moto.s3.models import s3_backends
from moto.s3.responses import S3Response
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from stt_pipeline_tests.cloud import transcribe
from stt_pipeline_tests.cloud.faulty_proxy import FaultyProxy
from stt_pipeline_tests.cloud.processes import serving

ENVIRONMENT: Final = {
    "AWS_REGION": "eu-west-3",
    "AWS_DEFAULT_REGION": "eu-west-3",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_EC2_METADATA_DISABLED": "true",
}
"""With AWS_ENDPOINT_URL, how a process finds the server; on AWS its role says the same."""


def make_conditions_atomic() -> None:
    """Changes moto in this process: of two conditional requests of one object, one succeeds."""
    lock = threading.Lock()
    for name in ("put_object", "delete_object"):
        setattr(S3Response, name, _one_at_a_time(getattr(S3Response, name), lock))


def _one_at_a_time(handle: Callable[[Any], Any], lock: threading.Lock) -> Callable[[Any], Any]:
    @wraps(handle)
    def handle_alone(response: Any) -> Any:
        with lock:
            return handle(response)

    return handle_alone


def client_of(endpoint: str, attempts: int = 3) -> Any:
    """A boto3 client of S3 at that address."""
    return boto3.session.Session().client(
        "s3",
        endpoint_url=endpoint,
        region_name=ENVIRONMENT["AWS_REGION"],
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"mode": "standard", "total_max_attempts": attempts}),
    )


def create_bucket(endpoint: str, name: str) -> str:
    """Makes an empty bucket; returns its name."""
    client_of(endpoint).create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": ENVIRONMENT["AWS_REGION"]}
    )
    return name


def seed(endpoint: str, bucket: str, keys: Sequence[str], text: str = "x") -> None:
    """Puts the text under every key, in one request to the stand-in."""
    document = json.dumps({"bucket": bucket, "keys": keys, "text": text}).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{endpoint}/seed", document)) as answer:
        answer.read()


@contextmanager
def running_s3(page_keys: int = 1000) -> Iterator[str]:
    """The address of a server that runs within the block, in a process of its own.

    It lists up to `page_keys` keys in an answer; S3 up to 1,000.
    """
    environment = {**ENVIRONMENT, "MOTO_S3_DEFAULT_MAX_KEYS": str(page_keys)}
    with serving("stt_pipeline_tests.cloud.s3", environment=environment) as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """The address of an S3 server that the whole session shares."""
    with running_s3() as endpoint:
        yield endpoint


@pytest.fixture
def bucket(s3_endpoint: str) -> str:
    """The name of an empty bucket of its own."""
    return create_bucket(s3_endpoint, f"test-{uuid.uuid4()}")


@pytest.fixture
def proxy(s3_endpoint: str) -> Iterator[FaultyProxy]:
    """A proxy before the S3 server: counts requests, and breaks those that a test names."""
    with FaultyProxy(s3_endpoint) as proxy:
        yield proxy


@pytest.fixture
def aws(proxy: FaultyProxy, monkeypatch: pytest.MonkeyPatch) -> FaultyProxy:
    """AWS's own environment, for this process and those it starts: S3 is behind the proxy."""
    for name, value in {**ENVIRONMENT, "AWS_ENDPOINT_URL": proxy.endpoint}.items():
        monkeypatch.setenv(name, value)
    return proxy


class _Application:
    def __init__(self) -> None:
        self._moto = DomainDispatcherApplication(create_backend_app)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/seed":
            asked = json.loads(Request(environ).get_data())
            backend = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
            for key in asked["keys"]:
                backend.put_object(asked["bucket"], key, asked["text"].encode())
            return Response("")(environ, start_response)
        answer: Iterable[bytes] = self._moto(environ, start_response)
        return answer


class _Quiet(MotoRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


def main() -> None:
    """Serves until standard input ends."""
    make_conditions_atomic()
    transcribe.install()
    server = make_server("127.0.0.1", 0, _Application(), threaded=True, request_handler=_Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.port}", flush=True)  # noqa: T201 - read by who started it
    sys.stdin.read()


if __name__ == "__main__":
    main()
