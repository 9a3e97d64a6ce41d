"""Reads how many bytes of sound a RIFF WAV header promises. Decodes nothing.

FFmpeg quietly shortens a cut-off file to what is there, so the promise is read here.
"""

import struct

HEADER_BYTES = 4096
"""Enough to reach the data chunk behind the usual chunks of metadata."""

_STREAMED = {0, 0xFFFFFFFF}


def promised_bytes(head: bytes) -> tuple[int, int] | None:
    """(offset of the sound, bytes of sound promised); None where the header does not say.

    A size of 0 or of all ones, as programs write that stream, promises nothing.
    """
    if len(head) < 12 or head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        return None
    position = 12
    while position + 8 <= len(head):
        name, size = struct.unpack_from("<4sI", head, position)
        if name == b"data":
            return None if size in _STREAMED else (position + 8, size)
        position += 8 + size + size % 2
    return None


def missing_bytes(head: bytes, size_bytes: int) -> int:
    """Bytes of sound that the header promises and a file of `size_bytes` does not hold."""
    promised = promised_bytes(head)
    if promised is None:
        return 0
    offset, size = promised
    return max(0, offset + size - size_bytes)
