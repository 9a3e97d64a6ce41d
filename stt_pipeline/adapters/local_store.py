"""Folders on this machine as object stores. Knows nothing of what the objects hold."""

import contextlib
import fcntl
import hashlib
import io
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from stt_pipeline.domain.errors import FolderMissingError, ObjectMissingError, UserError
from stt_pipeline.domain.recordings.recording import FoundObject

BLOCK_BYTES = 1 << 20
"""Read at once where a file is hashed or copied."""


class LocalStore:
    """A folder as a store: keys are paths below it; writes are atomic renames."""

    def __init__(self, root: Path, setting: str) -> None:
        """`setting` is the STT_ setting that names the folder, for messages."""
        self._root = root.absolute()
        self._setting = setting

    def walk(self, prefix: str, skip: Callable[[str], bool]) -> Iterator[FoundObject]:
        """See ReadableStore; names that begin with a dot are not recordings and are left out."""
        if not self._root.is_dir():
            raise FolderMissingError(
                f"{self._setting} names {self._root}, which is not a folder: create it or "
                "correct the setting."
            )
        yield from self._walk(prefix, skip)

    def _walk(self, folder: str, skip: Callable[[str], bool]) -> Iterator[FoundObject]:
        path = self._root / folder
        if not path.is_dir():
            return
        try:
            entries = sorted(os.scandir(path), key=_place_in_order)
        except FileNotFoundError:
            return
        except PermissionError:
            raise UserError(
                f"{path} cannot be listed: give this user the right to read it."
            ) from None
        for entry in entries:
            if entry.name.startswith("."):
                continue
            key = folder + entry.name
            if entry.is_dir():
                if not skip(key + "/"):
                    yield from self._walk(key + "/", skip)
            elif entry.is_file() and (size_bytes := _size_bytes(entry)) is not None:
                yield FoundObject(key=key, size_bytes=size_bytes)

    def etag(self, found: FoundObject) -> str:
        """MD5 of the content, as S3 gives for an object put in one piece."""
        return self._md5(found.key)

    def _md5(self, key: str) -> str:
        with self.open(key) as file:
            content = hashlib.md5(usedforsecurity=False)
            while block := file.read(BLOCK_BYTES):
                content.update(block)
        return content.hexdigest()

    def open(self, key: str) -> BinaryIO:
        """See ReadableStore."""
        try:
            return (self._root / key).open("rb")
        except FileNotFoundError:
            raise ObjectMissingError(key) from None

    def uri(self, key: str) -> str:
        r"""`file:///…`; bytes of a name that are not UTF-8 are written as \xNN."""
        raw = os.fsencode(self._root / key)
        return "file://" + raw.decode("utf-8", errors="backslashreplace")

    def read(self, key: str) -> bytes | None:
        """See Store."""
        try:
            return (self._root / key).read_bytes()
        except FileNotFoundError:
            return None

    def write(self, key: str, data: bytes) -> None:
        """See Store; the bytes are on disk before the name changes."""
        self.write_file(key, io.BytesIO(data))

    def write_file(self, key: str, file: BinaryIO) -> None:
        """See Store; the bytes are on disk before the name changes."""
        path = self._root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        file.seek(0)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
        try:
            with os.fdopen(handle, "wb") as target:
                shutil.copyfileobj(file, target, BLOCK_BYTES)
                target.flush()
                os.fsync(target.fileno())
            Path(temporary).chmod(0o644)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    def copy(self, source_key: str, target_key: str) -> None:
        """See Store."""
        with self.open(source_key) as source:
            self.write_file(target_key, source)

    def fingerprint(self, key: str) -> str | None:
        """See Store."""
        try:
            return self._md5(key)
        except ObjectMissingError:
            return None

    def delete(self, key: str) -> None:
        """See Store."""
        (self._root / key).unlink(missing_ok=True)

    @contextlib.contextmanager
    def locked(self, name: str, on_wait: Callable[[], None]) -> Iterator[None]:
        """See Store; the system frees the lock of a process that dies."""
        path = self._root / "_work" / "locks" / f"{name}.lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                on_wait()
                fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _place_in_order(entry: os.DirEntry[str]) -> bytes:
    """Bytes of the entry as part of a key: S3 orders by them, so `a.wav` comes before `a/b`."""
    return os.fsencode(entry.name + "/" if entry.is_dir() else entry.name)


def _size_bytes(entry: os.DirEntry[str]) -> int | None:
    """The file's size, or None where it went since the folder was listed."""
    try:
        return entry.stat().st_size
    except FileNotFoundError:
        return None
