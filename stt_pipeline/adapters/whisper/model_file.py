"""Reads the weights of a CTranslate2 model file. Knows no layer by its meaning, runs none."""

import struct
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

BINARY_VERSION: Final = 6
"""The file format that CTranslate2 4 writes (ctranslate2, specs/model_spec.py, `_serialize`)."""

BFLOAT16: Final = 5
"""A number in the file that numpy has no type for: the upper half of a float32."""

TYPES: Final = (np.float32, np.int8, np.int16, np.int32, np.float16)
"""The others, by their number."""

Floats = NDArray[np.float32]
Weights = NDArray[np.float32] | NDArray[np.float16]
"""Float16 where they are stored so: half the memory."""


def read_weights(path: Path, prefix: str) -> dict[str, Weights] | None:
    """The variables below a prefix, by the rest of their names; None for a file of another format.

    What is stored as whole numbers is multiplied out by its scale (ctranslate2, same place); halves
    stay halves.
    """
    with path.open("rb") as file:
        if _numbers(file, "I") != (BINARY_VERSION,):
            return None
        _text(file)
        _, count = _numbers(file, "II")
        stored: dict[str, NDArray[Any]] = {}
        for _ in range(count):
            name = _text(file)
            (rank,) = _numbers(file, "B")
            shape = _numbers(file, f"{rank}I")
            kind, size_bytes = _numbers(file, "BI")
            if name.startswith(prefix):
                stored[name.removeprefix(prefix)] = _values(file.read(size_bytes), kind, shape)
            else:
                file.seek(size_bytes, 1)
    scales = {name for name in stored if name.endswith("_scale")}
    return {
        name: _unscaled(values, stored.get(f"{name}_scale"))
        for name, values in stored.items()
        if name not in scales
    }


def _values(data: bytes, kind: int, shape: tuple[int, ...]) -> NDArray[Any]:
    if kind == BFLOAT16:
        halves = np.frombuffer(data, dtype=np.uint16).astype(np.uint32)
        return (halves << 16).view(np.float32).reshape(shape)
    return np.frombuffer(data, dtype=TYPES[kind]).reshape(shape)


def _unscaled(values: NDArray[Any], scale: NDArray[Any] | None) -> Weights:
    if scale is None and values.dtype == np.float16:
        return values
    floats: Floats = values.astype(np.float32)
    if scale is None:
        return floats
    return floats / scale.astype(np.float32).reshape((-1, *[1] * (floats.ndim - 1)))


def _numbers(file: BinaryIO, form: str) -> tuple[int, ...]:
    return struct.unpack(f"<{form}", file.read(struct.calcsize(f"<{form}")))


def _text(file: BinaryIO) -> str:
    (size_bytes,) = _numbers(file, "H")
    return file.read(size_bytes).rstrip(b"\0").decode()
