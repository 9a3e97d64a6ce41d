"""A recording that is read by somebody else, and watched in being read. Decodes nothing."""

import io
import os
from collections.abc import Callable
from typing import BinaryIO

NOTES = 50
"""Notes of how far it is, at most, in a whole file."""


class StoppedError(OSError):
    """Nobody wants the recording any more."""


class FollowedFile(io.RawIOBase):
    """A seekable binary file, for reading; closes what it wraps."""

    def __init__(
        self,
        file: BinaryIO,
        size_bytes: int,
        on_share: Callable[[float], None],
        is_stopped: Callable[[], bool],
    ) -> None:
        """`on_share` hears which share was read; where `is_stopped`, a read raises StoppedError."""
        super().__init__()
        self._file = file
        self._size_bytes = max(1, size_bytes)
        self._on_share = on_share
        self._is_stopped = is_stopped
        self._read_bytes = 0
        self._told = 0.0

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """As a file does."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """As a file does."""
        return self._file.tell()

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """As a file does; raises StoppedError."""
        if self._is_stopped():
            raise StoppedError("nobody waits for this recording any more")
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        self._read_bytes += len(data)
        share = min(1.0, self._read_bytes / self._size_bytes)
        if share >= self._told + 1 / NOTES:
            self._told = share
            self._on_share(share)
        return len(data)

    def close(self) -> None:
        """Closes what it wraps."""
        self._file.close()
        super().close()
