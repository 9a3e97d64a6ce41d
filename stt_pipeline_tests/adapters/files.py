"""Writes audio files that no encoder writes: faulty headers, and GSM inside WAV."""

import struct
from collections.abc import Iterator
from typing import Final

PCM: Final = 1
UNKNOWN_CODEC: Final = 0x1234
GSM_IN_WAV: Final = 0x31

_GSM_FRAME_BYTES: Final = 33
_SUBFRAME_BITS: Final = (7, 2, 2, 6, *[3] * 13)
_GSM_BITS: Final = (6, 6, 5, 5, 4, 4, 3, 3, *_SUBFRAME_BITS * 4)
"""Bits of the 76 parameters of a frame, in order: GSM 06.10, table 1.1."""


def riff(
    data: bytes,
    *,
    codec: int = PCM,
    channels: int = 1,
    rate_hz: int = 8000,
    bits: int = 16,
    promised_bytes: int | None = None,
    extra: bytes = b"",
    block_bytes: int | None = None,
) -> bytes:
    """A WAV file with exactly this header; `promised_bytes` is what it says of `data`."""
    block = block_bytes if block_bytes is not None else channels * bits // 8
    second = 1625 if codec == GSM_IN_WAV else rate_hz * block
    form = struct.pack("<HHIIHH", codec, channels, rate_hz, second, block, bits) + extra
    size = len(data) if promised_bytes is None else promised_bytes
    whole = struct.pack("<4sI4s4sI", b"RIFF", 0, b"WAVE", b"fmt ", len(form)) + form
    return whole + struct.pack("<4sI", b"data", size) + data


def gsm_in_wav(raw: bytes) -> bytes:
    """A WAV file of raw GSM 06.10 frames, two to a block of 65 bytes as Microsoft packs them."""
    frames = [raw[at : at + _GSM_FRAME_BYTES] for at in range(0, len(raw), _GSM_FRAME_BYTES)]
    pairs = zip(frames[::2], frames[1::2], strict=False)
    blocks = b"".join(_pack((*_parameters(one), *_parameters(two))) for one, two in pairs)
    extra = struct.pack("<HH", 2, 320)
    return riff(blocks, codec=GSM_IN_WAV, bits=0, block_bytes=65, extra=extra)


def _parameters(frame: bytes) -> Iterator[int]:
    """A raw frame is a signature of 4 bits, then each parameter from its highest bit on."""
    value, left = int.from_bytes(frame, "big"), 8 * _GSM_FRAME_BYTES - 4
    for bits in _GSM_BITS:
        left -= bits
        yield (value >> left) & ((1 << bits) - 1)


def _pack(parameters: tuple[int, ...]) -> bytes:
    """Microsoft's block begins each parameter at its lowest bit."""
    value = position = 0
    for parameter, bits in zip(parameters, _GSM_BITS * 2, strict=True):
        value |= parameter << position
        position += bits
    return value.to_bytes(position // 8, "little")
