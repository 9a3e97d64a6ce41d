"""Folders as stores: names of any bytes, what goes meanwhile, writes seen whole, locks that die.

What every store does alike is in `test_stores.py`.
"""

import hashlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

import boto3
import pytest
from moto import mock_aws

from stt_pipeline.adapters.local_store import BLOCK_BYTES, LocalStore
from stt_pipeline.domain.errors import UserError
from stt_pipeline.domain.recordings.recording import FoundObject

PATIENCE_S: Final = 30

HOLDER: Final = """
import sys
from pathlib import Path
from stt_pipeline.adapters.local_store import LocalStore

with LocalStore(Path(sys.argv[1]), "STT_LAKE_URI").locked(sys.argv[2], on_wait=lambda: None):
    print("held", flush=True)
    sys.stdin.readline()
print("released", flush=True)
"""

READER: Final = """
import sys
from collections import Counter
from pathlib import Path

path, stop = Path(sys.argv[1]), Path(sys.argv[2])
seen = Counter()
print("reading", flush=True)
while not stop.exists():
    data = path.read_bytes()
    whole = len(set(data)) == 1 and len(data) == {b"a": 3_000_001, b"b": 2_000_003}[data[:1]]
    seen[data[:1].decode() if whole else "part"] += 1
print(seen["a"], seen["b"], seen["part"])
"""

FULL_DISK: Final = """
import resource, signal, sys
from pathlib import Path
from stt_pipeline.adapters.local_store import LocalStore

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
try:
    LocalStore(Path(sys.argv[1]), "STT_LAKE_URI").write("table/object", b"new" * 10_000)
except OSError:
    sys.exit(7)
"""


def enter_all(folder: str) -> bool:
    return False


def store_at(root: Path) -> LocalStore:
    return LocalStore(root, "STT_RECORDINGS_URI")


def fill(root: Path, *keys: str) -> None:
    for key in keys:
        path = root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(key.encode(errors="surrogateescape"))


def start(script: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


class TestWalk:
    def test_order_is_by_the_bytes_of_the_whole_key(self, tmp_path: Path) -> None:
        keys = [
            "a/x",
            "a.wav",
            "a-b",
            "a/b/c",
            "a/b.wav",
            "Z",
            "é.wav",
            "z/é",
            "z/😀",
            "\udcff.wav",
        ]
        fill(tmp_path, *keys)
        found = [one.key for one in store_at(tmp_path).walk("", enter_all)]
        assert found == sorted(keys, key=os.fsencode)
        assert found.index("a.wav") < found.index("a/x")

    def test_a_file_that_goes_meanwhile_is_left_out(self, tmp_path: Path) -> None:
        fill(tmp_path, "a", "b", "c")
        walk = store_at(tmp_path).walk("", enter_all)
        first = next(walk)
        (tmp_path / "b").unlink()
        assert [first.key, *(one.key for one in walk)] == ["a", "c"]

    def test_a_folder_that_goes_meanwhile_is_left_out(self, tmp_path: Path) -> None:
        fill(tmp_path, "a", "b/x", "c")
        walk = store_at(tmp_path).walk("", enter_all)
        first = next(walk)
        (tmp_path / "b" / "x").unlink()
        (tmp_path / "b").rmdir()
        assert [first.key, *(one.key for one in walk)] == ["a", "c"]

    @pytest.mark.parametrize("name", ["missing", "a-file"])
    def test_no_folder_names_the_setting(self, tmp_path: Path, name: str) -> None:
        (tmp_path / "a-file").touch()
        with pytest.raises(UserError, match="STT_RECORDINGS_URI names .*" + name):
            list(store_at(tmp_path / name).walk("", enter_all))

    def test_names_that_are_not_utf_8_survive(self, tmp_path: Path) -> None:
        raw = b"call_\xff\xe9.wav"
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + raw)).write_bytes(b"sound")
        store = store_at(tmp_path)
        (found,) = store.walk("", enter_all)
        assert os.fsencode(found.key) == raw
        with store.open(found.key) as file:
            assert file.read() == b"sound"
        assert store.etag(found) == hashlib.md5(b"sound", usedforsecurity=False).hexdigest()
        assert store.uri(found.key).encode("utf-8").endswith(rb"/call_\xff\xe9.wav")


class TestEtag:
    @pytest.mark.parametrize(
        "content",
        [b"", b"abc", bytes(range(256)) * (BLOCK_BYTES // 256) + b"and one block more"],
        ids=["empty", "short", "more than a block"],
    )
    def test_is_the_one_that_s3_gives(
        self, tmp_path: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        (tmp_path / "a.wav").write_bytes(content)
        with mock_aws():
            s3 = boto3.client("s3", region_name="us-east-1")
            s3.create_bucket(Bucket="calls")
            wanted = s3.put_object(Bucket="calls", Key="a.wav", Body=content)["ETag"].strip('"')
        assert store_at(tmp_path).etag(FoundObject("a.wav", len(content))) == wanted


class TestObjects:
    def test_a_written_object_may_be_read_by_others(self, tmp_path: Path) -> None:
        store_at(tmp_path).write("table/object", b"one")
        assert (tmp_path / "table" / "object").stat().st_mode & 0o777 == 0o644

    def test_a_reader_sees_old_or_new_bytes_never_a_part(self, tmp_path: Path) -> None:
        store, stop = store_at(tmp_path), tmp_path / "stop"
        versions = [b"a" * 3_000_001, b"b" * 2_000_003]
        store.write("object", versions[0])
        reader = start(READER, tmp_path / "object", stop)
        assert line_of(reader) == "reading"
        for turn in range(120):
            store.write("object", versions[turn % 2])
        stop.touch()
        seen_a, seen_b, parts = map(int, line_of(reader).split())
        assert reader.wait(PATIENCE_S) == 0
        assert seen_a > 0
        assert seen_b > 0
        assert parts == 0

    def test_a_write_that_fails_leaves_the_old_object_alone(self, tmp_path: Path) -> None:
        store = store_at(tmp_path)
        store.write("table/object", b"old")
        assert start(FULL_DISK, tmp_path).wait(PATIENCE_S) == 7
        assert store.read("table/object") == b"old"
        assert [path.name for path in (tmp_path / "table").iterdir()] == ["object"]


class TestLock:
    def test_the_second_holder_waits_for_the_first(self, tmp_path: Path) -> None:
        holder = start(HOLDER, tmp_path, "d")
        assert line_of(holder) == "held"
        waiting, acquired = threading.Event(), threading.Event()
        second = self._acquire(tmp_path, "d", waiting.set, acquired)
        assert waiting.wait(PATIENCE_S)
        assert not acquired.wait(0.5)
        holder.communicate("\n", timeout=PATIENCE_S)
        assert acquired.wait(PATIENCE_S)
        second.join(PATIENCE_S)

    def test_a_killed_holder_frees_it(self, tmp_path: Path) -> None:
        holder = start(HOLDER, tmp_path, "d")
        assert line_of(holder) == "held"
        waiting, acquired = threading.Event(), threading.Event()
        self._acquire(tmp_path, "d", waiting.set, acquired)
        assert waiting.wait(PATIENCE_S)
        holder.send_signal(signal.SIGKILL)
        assert holder.wait(PATIENCE_S) == -signal.SIGKILL
        assert acquired.wait(PATIENCE_S)

    @staticmethod
    def _acquire(
        root: Path, name: str, on_wait: Callable[[], None], acquired: threading.Event
    ) -> threading.Thread:
        def hold() -> None:
            with store_at(root).locked(name, on_wait):
                acquired.set()

        thread = threading.Thread(target=hold, daemon=True)
        thread.start()
        return thread
