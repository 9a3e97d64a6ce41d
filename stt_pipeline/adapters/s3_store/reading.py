"""Reads objects of S3 whole or in ranges, again where a connection breaks. Writes nothing."""

import contextlib
import errno
import io
import random
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, FlexibleChecksumError

from stt_pipeline.adapters.s3_store.client import Client
from stt_pipeline.adapters.s3_store.failures import BROKEN, Action, Place, status_of, translated
from stt_pipeline.domain.errors import ObjectMissingError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

FIRST_BLOCK_BYTES = 1 << 16
"""Enough for the header of a recording: what probing it costs."""

MAX_BLOCK_BYTES = 1 << 22
"""4 MB: what a reader holds of an object; an hour of telephone audio in 7 requests."""

GROWTH = 4
"""Each block read in sequence is this many times the one before."""

ATTEMPTS = 8
"""Of one body; botocore repeats what fails before the body."""

MAX_PAUSE_S = 5.0

Answer = dict[str, Any]


def fetched(get: Callable[[], Answer]) -> tuple[Answer, bytes]:
    """The answer and its whole body; asks again where the connection breaks in its middle."""
    for attempt in range(1, ATTEMPTS + 1):
        answer = get()
        try:
            with contextlib.closing(answer["Body"]) as body:
                return answer, body.read()
        except (*BROKEN, FlexibleChecksumError):
            if attempt == ATTEMPTS:
                raise
        time.sleep(random.uniform(0, min(MAX_PAUSE_S, 0.1 * 2**attempt)))
    raise AssertionError("the last attempt returns or raises")


class RangedReader(io.RawIOBase):
    """An object as a seekable file of which one block is in memory.

    Every block is of the version that was opened: where the object is replaced or deleted
    meanwhile, reading on raises OSError (ESTALE).
    """

    def __init__(self, client: Client, place: Place, key: str) -> None:
        """Reads the first block; raises ObjectMissingError."""
        super().__init__()
        self._client = client
        self._place = place
        self._key = key
        self._etag: str | None = None
        self._size_bytes = 0
        self._at = 0
        self._block_start = 0
        self._block_bytes = FIRST_BLOCK_BYTES
        self._block = memoryview(self._range(0, FIRST_BLOCK_BYTES))

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes; it costs nothing by itself."""
        return True

    def tell(self) -> int:
        """The place of the next byte."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """See io.IOBase; the end is known from the first answer."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size_bytes}[whence]
        if base + offset < 0:
            raise OSError(errno.EINVAL, "a place before the start", self._place.uri(self._key))
        self._at = base + offset
        return self._at

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Fills as much of the buffer as the block in memory holds."""
        wanted = memoryview(buffer).cast("B")
        if not wanted or self._at >= self._size_bytes:
            return 0
        offset = self._at - self._block_start
        if not 0 <= offset < len(self._block):
            self._load(len(wanted))
            offset = 0
        part = self._block[offset : offset + len(wanted)]
        wanted[: len(part)] = part
        self._at += len(part)
        return len(part)

    def _load(self, wanted_bytes: int) -> None:
        """Puts the block that begins here in memory: a longer one where reading goes straight on.

        The old block is let go first.
        """
        sequential = self._at == self._block_start + len(self._block)
        likely_bytes = self._block_bytes * GROWTH if sequential else FIRST_BLOCK_BYTES
        self._block_bytes = min(max(likely_bytes, wanted_bytes), MAX_BLOCK_BYTES)
        self._block, self._block_start = memoryview(b""), self._at
        self._block = memoryview(self._range(self._at, self._block_bytes))

    def _range(self, start: int, length: int) -> bytes:
        pinned = {"IfMatch": self._etag} if self._etag else {}

        def get() -> Answer:
            answer: Answer = self._client.get_object(
                Bucket=self._place.bucket,
                Key=self._place.prefix + self._key,
                Range=f"bytes={start}-{start + length - 1}",
                **pinned,
            )
            return answer

        try:
            with translated(self._place, Action.READ, self._key):
                return self._kept(*fetched(get))
        except ObjectMissingError:
            if pinned:
                raise self._changed("deleted") from None
            raise
        except OSError as error:
            status = status_of(error.__cause__) if isinstance(error.__cause__, ClientError) else 0
            if status == 412:
                raise self._changed("replaced") from None
            if status == 416 and not pinned:
                return b""  # No range of an empty object can be satisfied (RFC 9110, 15.5.17).
            raise

    def _kept(self, answer: Answer, body: bytes) -> bytes:
        """The body; the first answer also says the version and the size."""
        if self._etag is None:
            self._etag = answer["ETag"]
            total = answer.get("ContentRange", "").rpartition("/")[2]
            self._size_bytes = int(total) if total.isdecimal() else len(body)
        return body

    def _changed(self, how: str) -> OSError:
        return OSError(errno.ESTALE, f"it was {how} while it was read", self._place.uri(self._key))
