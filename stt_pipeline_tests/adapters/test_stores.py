"""What every store does alike, whatever is below it: folders, memory, buckets."""

import contextlib
import hashlib
import io
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from stt_pipeline.adapters.local_store import BLOCK_BYTES, LocalStore
from stt_pipeline.adapters.s3_store import S3Store
from stt_pipeline.adapters.s3_store.reading import FIRST_BLOCK_BYTES, MAX_BLOCK_BYTES
from stt_pipeline.domain.errors import ObjectMissingError
from stt_pipeline.domain.ports import Store
from stt_pipeline.domain.recordings.recording import FoundObject
from stt_pipeline_tests.cloud.faulty_proxy import FaultyProxy
from stt_pipeline_tests.fakes import MemoryStore

PATIENCE_S: Final = 30

CONTENTS: Final = {
    "empty": b"",
    "short": b"abc",
    "more than a block": bytes(range(256)) * (BLOCK_BYTES // 256) + b"and one block more",
    "many blocks": bytes(range(251)) * ((2 * MAX_BLOCK_BYTES) // 251),
}


def enter_all(folder: str) -> bool:
    return False


@pytest.fixture(params=["local", "memory", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    match request.param:
        case "local":
            return LocalStore(tmp_path, "STT_LAKE_URI")
        case "memory":
            return MemoryStore()
    bucket: str = request.getfixturevalue("bucket")
    request.getfixturevalue("aws")
    return S3Store(bucket, "some/lake", "STT_LAKE_URI", lease_life_s=3)


def fill(store: Store, *keys: str) -> None:
    for key in keys:
        store.write(key, key.encode())


def keys_of(store: Store, prefix: str = "") -> list[str]:
    return [found.key for found in store.walk(prefix, enter_all)]


class TestWalk:
    def test_order_is_by_the_bytes_of_the_whole_key(self, store: Store) -> None:
        keys = ["a/x", "a.wav", "a-b", "a/b/c", "a/b.wav", "Z", "é.wav", "z/é", "z/😀", "z/ａ"]
        fill(store, *keys)
        assert keys_of(store) == sorted(keys, key=str.encode)

    def test_names_of_every_kind(self, store: Store) -> None:
        keys = sorted(["a b.wav", "a%20b", "a+b", "a&b=c?d#e", "'\"<>", "a\tb", "100%", "~", "\\"])
        fill(store, *keys)
        assert keys_of(store) == keys
        assert [store.read(key) for key in keys] == [key.encode() for key in keys]

    def test_sizes_are_of_the_content(self, store: Store) -> None:
        store.write("empty.wav", b"")
        store.write("full.wav", b"x" * 1234)
        found = [(one.key, one.size_bytes) for one in store.walk("", enter_all)]
        assert found == [("empty.wav", 0), ("full.wav", 1234)]

    def test_a_skipped_folder_is_not_entered(self, store: Store) -> None:
        fill(store, "d=1/a/x.wav", "d=2/b/y.wav", "d=2/z.wav", "w.wav")
        asked: list[str] = []

        def skip(folder: str) -> bool:
            asked.append(folder)
            return folder == "d=1/"

        assert [one.key for one in store.walk("", skip)] == ["d=2/b/y.wav", "d=2/z.wav", "w.wav"]
        assert set(asked) == {"d=1/", "d=2/", "d=2/b/"}

    def test_a_prefix_bounds_the_walk(self, store: Store) -> None:
        fill(store, "in/a", "in/deep/b", "inside", "out/c")
        assert keys_of(store, "in/") == ["in/a", "in/deep/b"]
        assert keys_of(store, "nowhere/") == []

    def test_names_with_a_leading_dot_are_left_out(self, store: Store) -> None:
        fill(store, ".writing-1", ".hidden/a.wav", "b/.c", "b/d.wav", "b/.e/f")
        assert keys_of(store) == ["b/d.wav"]

    def test_an_empty_root_holds_nothing(self, store: Store) -> None:
        assert keys_of(store) == []


class TestObjects:
    def test_written_read_replaced_deleted(self, store: Store) -> None:
        key = "table/call_date=2026-11-16/é.parquet"
        assert store.read(key) is None
        store.write(key, b"one")
        store.write(key, b"two")
        assert store.read(key) == b"two"
        store.delete(key)
        store.delete(key)
        assert store.read(key) is None
        with pytest.raises(ObjectMissingError, match="parquet"):
            store.open(key)

    @pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
    def test_content_comes_back_whichever_way_it_went(self, store: Store, content: bytes) -> None:
        store.write("bytes", content)
        store.write_file("file", io.BytesIO(content))
        store.copy("file", "deep/copy")
        for key in ("bytes", "file", "deep/copy"):
            assert store.read(key) == content
            with store.open(key) as file:
                assert file.read() == content

    def test_a_file_is_put_from_its_start_and_left_open(self, store: Store, tmp_path: Path) -> None:
        path = tmp_path / "table"
        path.write_bytes(b"the whole of it")
        with path.open("rb") as file:
            file.seek(4)
            store.write_file("object", file)
            assert not file.closed
        assert store.read("object") == b"the whole of it"

    def test_an_open_object_is_read_in_any_order(self, store: Store) -> None:
        content = CONTENTS["many blocks"]
        store.write("object", content)
        middle = FIRST_BLOCK_BYTES - 3
        with store.open("object") as file:
            assert file.seekable()
            assert file.read(5) == content[:5]
            assert file.tell() == 5
            assert file.seek(-7, io.SEEK_END) == len(content) - 7
            assert file.read() == content[-7:]
            assert file.read(1) == b""
            file.seek(middle)
            assert file.read(10) == content[middle : middle + 10]
            file.seek(5_000_000)
            file.seek(-10, io.SEEK_CUR)
            assert file.read(2_000_000) == content[4_999_990:6_999_990]
            file.seek(len(content) + 9)
            assert file.read(4) == b""
            file.seek(0)
            assert file.read() == content

    def test_copying_what_is_not_there(self, store: Store) -> None:
        store.write("target", b"old")
        with pytest.raises(ObjectMissingError, match="source"):
            store.copy("source", "target")
        assert store.read("target") == b"old"


class TestEtags:
    @pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
    def test_are_md5_of_the_content(self, store: Store, content: bytes) -> None:
        wanted = hashlib.md5(content, usedforsecurity=False).hexdigest()
        store.write("a.wav", content)
        (found,) = store.walk("", enter_all)
        assert store.etag(found) == wanted
        assert store.etag(FoundObject("a.wav", len(content))) == wanted
        assert store.fingerprint("a.wav") == wanted
        store.write_file("file", io.BytesIO(content))
        store.copy("file", "copy")
        assert store.fingerprint("file") == wanted
        assert store.fingerprint("copy") == wanted

    def test_are_as_rfc_1321_says(self, store: Store) -> None:
        store.write("a", b"abc")
        # RFC 1321, appendix A.5.
        assert store.fingerprint("a") == "900150983cd24fb0d6963f7d28e17f72"

    def test_of_a_missing_object(self, store: Store) -> None:
        assert store.fingerprint("gone") is None
        with pytest.raises(ObjectMissingError, match="gone"):
            store.etag(FoundObject("gone", 3))


class TestLock:
    def test_a_free_lock_does_not_wait(self, store: Store) -> None:
        waited: list[int] = []
        for _ in range(2):
            with store.locked("call_date=2026-11-16", lambda: waited.append(1)):
                store.write("object", b"within")
        assert waited == []
        assert store.read("object") == b"within"

    def test_the_second_holder_waits_for_the_first(self, store: Store) -> None:
        waiting, acquired = threading.Event(), threading.Event()
        with store.locked("d", lambda: None):
            second = acquire(store, "d", waiting.set, acquired)
            assert waiting.wait(PATIENCE_S)
            # Longer than the life of the lease of S3, which is renewed meanwhile.
            assert not acquired.wait(6 if isinstance(store, S3Store) else 0.3)
        assert acquired.wait(PATIENCE_S)
        second.join(PATIENCE_S)

    def test_other_names_are_other_locks(self, store: Store) -> None:
        acquired = threading.Event()
        with store.locked("one", lambda: None):
            acquire(store, "other", lambda: None, acquired)
            assert acquired.wait(PATIENCE_S)

    def test_an_error_inside_frees_it(self, store: Store) -> None:
        with contextlib.suppress(RuntimeError), store.locked("d", lambda: None):
            raise RuntimeError
        waited: list[int] = []
        with store.locked("d", lambda: waited.append(1)):
            assert waited == []

    def test_it_is_no_part_of_the_tables(self, store: Store) -> None:
        with store.locked("d", lambda: None):
            fill(store, "table/object")
            assert keys_of(store, "table/") == ["table/object"]


def acquire(
    store: Store, name: str, on_wait: Callable[[], None], acquired: threading.Event
) -> threading.Thread:
    def hold() -> None:
        with store.locked(name, on_wait):
            acquired.set()

    thread = threading.Thread(target=hold, daemon=True)
    thread.start()
    return thread


def test_the_stores_of_s3_here_go_through_the_proxy(aws: FaultyProxy, bucket: str) -> None:
    S3Store(bucket, "", "STT_LAKE_URI").write("a", b"")
    assert aws.count("PUT") == 1
