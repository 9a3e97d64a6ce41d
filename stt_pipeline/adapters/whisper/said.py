"""Keys and values of the tokens that every beam has read so far. Reads no token itself."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from onnxruntime import IOBinding, OrtValue

from stt_pipeline.adapters.whisper.model_file import Floats

ROOM = 64
"""Tokens that room is made for at once: most texts of a chunk have about a hundred."""


class Said:
    """One array a name, (rows, heads, room, columns), of which `length` tokens are read.

    The decoder writes the next token's into the room that is left. Arrays that it makes longer by
    one token, at every token, cost a third of the time of reading French with five beams.
    """

    def __init__(self, names: Mapping[str, str], rows: int, heads: int, columns: int) -> None:
        """Nothing is said yet. `names` are the decoder's inputs, each with its output."""
        self._outputs = names
        self._arrays: dict[str, Floats] = {
            name: np.empty((rows, heads, 0, columns), dtype=np.float32) for name in names
        }
        self.length = 0

    @property
    def rows(self) -> int:
        """Beams, of all chunks that are read."""
        return len(next(iter(self._arrays.values())))

    def bind(self, binding: IOBinding, tokens: int) -> None:
        """As inputs, and in place as the outputs, by which `tokens` are going to be added."""
        self._make_room(self.length + tokens)
        for name, values in self._arrays.items():
            shared = OrtValue.ortvalue_from_numpy(values)
            binding.bind_ortvalue_input(name, shared)
            binding.bind_ortvalue_output(self._outputs[name], shared)
        self.length += tokens

    def follow(self, parents: NDArray[np.int64]) -> None:
        """Each row goes on from one of the rows before; only those that change are moved."""
        for name, values in self._arrays.items():
            if len(parents) == len(values):
                (changed,) = np.nonzero(parents != np.arange(len(values)))
                values[changed, :, : self.length] = values[parents[changed], :, : self.length]
            else:
                moved = np.empty((len(parents), *values.shape[1:]), dtype=np.float32)
                moved[:, :, : self.length] = values[parents, :, : self.length]
                self._arrays[name] = moved

    def _make_room(self, tokens: int) -> None:
        for name, values in self._arrays.items():
            rows, heads, room, columns = values.shape
            if tokens > room:
                wider = np.empty((rows, heads, -(-tokens // ROOM) * ROOM, columns), np.float32)
                wider[:, :, : self.length] = values[:, :, : self.length]
                self._arrays[name] = wider
