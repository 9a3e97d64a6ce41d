"""Buckets are listed right, whatever their keys, and in few requests."""

from collections.abc import Iterator
from typing import Any, Final
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stt_pipeline.adapters.s3_store import S3Store
from stt_pipeline_tests.cloud.faulty_proxy import FaultyProxy
from stt_pipeline_tests.cloud.s3 import client_of, running_s3, seed

DATES: Final = [f"call_date=2026-{m:02}-{d:02}/" for m in range(1, 13) for d in range(1, 29)]
DATE: Final = "call_date=2026-11-16/"

NAMES: Final = st.sampled_from(["a", "a", "b", "b", "a-", "a0", "a.b", ".a", "A", "é", "😀", "😀z"])
KEYS: Final = st.lists(NAMES, min_size=1, max_size=4).map("/".join)


def skip_other_dates(folder: str) -> bool:
    return "call_date=" in folder and DATE not in folder


@pytest.fixture(scope="module")
def small_pages() -> Iterator[str]:
    """A server whose answers hold 3 keys, so that every walk takes many."""
    with running_s3(page_keys=3) as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def small_client(small_pages: str) -> Any:
    return client_of(small_pages)


def listed(proxy: FaultyProxy, bucket: str, prefix: str = "") -> list[str]:
    store = S3Store(bucket, prefix, "STT_RECORDINGS_URI", client_of(proxy.endpoint))
    return [found.key for found in store.walk("", skip_other_dates)]


def wanted(keys: set[str], skipped: set[str]) -> list[str]:
    """By the definition: in order, no hidden name, in no skipped folder."""
    return [
        key
        for key in sorted(keys, key=str.encode)
        if not any(name.startswith(".") for name in key.split("/"))
        and not any(key.startswith(folder) for folder in skipped)
    ]


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(keys=st.sets(KEYS, min_size=1, max_size=40), data=st.data())
def test_every_key_is_seen_once_and_in_order(
    small_pages: str, small_client: Any, keys: set[str], data: st.DataObject
) -> None:
    bucket = f"test-{uuid4()}"
    small_client.create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-3"}
    )
    seed(small_pages, bucket, [f"root/{key}" for key in keys] + ["root", "rooted/x", "a", "z"])
    folders = sorted({key[: at + 1] for key in keys for at, c in enumerate(key) if c == "/"})
    skipped = data.draw(st.sets(st.sampled_from(folders))) if folders else set()
    store = S3Store(bucket, "root", "STT_RECORDINGS_URI", small_client)
    found = [one.key for one in store.walk("", lambda folder: folder in skipped)]
    assert found == wanted(keys, skipped)


def test_etags_come_with_the_listing(proxy: FaultyProxy, bucket: str) -> None:
    store = S3Store(bucket, "", "STT_RECORDINGS_URI", client_of(proxy.endpoint))
    store.write("a", b"abc")
    (found,) = store.walk("", lambda folder: False)
    assert store.etag(found) == found.etag == "900150983cd24fb0d6963f7d28e17f72"
    assert proxy.count("HEAD") == 0


def test_empty_objects_that_stand_for_folders_are_left_out(proxy: FaultyProxy, bucket: str) -> None:
    store = S3Store(bucket, "calls", "STT_RECORDINGS_URI", client_of(proxy.endpoint))
    for key in ("", "d=1/", "d=1/in/", "d=2/"):
        store.write(key, b"")
    store.write("d=1/in/empty.wav", b"")
    store.write("d=3/", b"not empty")
    assert [found.key for found in store.walk("", lambda folder: False)] == [
        "d=1/in/empty.wav",
        "d=3/",
    ]


class TestRequests:
    """Each answer holds up to 1,000 keys, as on S3."""

    def test_of_a_date_among_hundreds(
        self, s3_endpoint: str, proxy: FaultyProxy, bucket: str
    ) -> None:
        keys = [f"calls/{date}{n}.wav" for date in DATES for n in range(30)]
        seed(s3_endpoint, bucket, keys)
        assert len(keys) > 10_000
        assert listed(proxy, bucket, "calls") == sorted(f"{DATE}{n}.wav" for n in range(30))
        assert proxy.counts == {"LIST": 2}

    def test_of_20_000_recordings_in_a_folder_each(
        self, s3_endpoint: str, proxy: FaultyProxy, bucket: str
    ) -> None:
        keys = [f"{DATE}customer_id={n:05}/call.wav" for n in range(20_000)]
        seed(s3_endpoint, bucket, [f"{date}call.wav" for date in DATES if date != DATE] + keys)
        assert listed(proxy, bucket) == keys
        assert proxy.counts == {"LIST": 22}

    def test_of_dates_below_customers(
        self, s3_endpoint: str, proxy: FaultyProxy, bucket: str
    ) -> None:
        customers = [f"customer_id={n}/" for n in range(10)]
        seed(
            s3_endpoint,
            bucket,
            [f"{one}{date}{n}" for one in customers for date in DATES for n in range(4)],
        )
        assert listed(proxy, bucket) == [f"{one}{DATE}{n}" for one in customers for n in range(4)]
        assert proxy.count("LIST") <= 4 * len(customers)

    def test_of_hidden_folders_among_many(
        self, s3_endpoint: str, proxy: FaultyProxy, bucket: str
    ) -> None:
        folders = [f"{'.' if n % 100 == 7 else ''}{n:04}/" for n in range(3000)]
        seed(s3_endpoint, bucket, [f"{DATE}{folder}call.wav" for folder in folders])
        assert len(listed(proxy, bucket)) == 2970
        assert proxy.count("LIST") <= 10

    def test_of_the_first_look(self, s3_endpoint: str, proxy: FaultyProxy, bucket: str) -> None:
        seed(s3_endpoint, bucket, [f"{n}.wav" for n in range(3000)])
        store = S3Store(bucket, "", "STT_RECORDINGS_URI", client_of(proxy.endpoint))
        assert next(iter(store.walk("", lambda folder: True))).key == "0.wav"
        assert proxy.counts == {"LIST": 1}
