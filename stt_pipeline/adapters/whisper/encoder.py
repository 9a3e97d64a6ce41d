"""Encodes log-mel frames with ONNX Runtime, which faster-whisper brings. Decodes nothing."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stt_pipeline.adapters.whisper.encoder_graph import FRAMES, PLACES, STATES, encoder_graph
from stt_pipeline.adapters.whisper.graph import serves_for
from stt_pipeline.adapters.whisper.model_file import Weights, read_weights
from stt_pipeline.domain.speech.engine import EngineSpec
from stt_pipeline.domain.speech.known_models import WEIGHTS


class PooledEncoder:
    """The encoder of a model in int8, with pooled attention (see `encoder_graph`).

    Attention takes most of an encoder's time, and CTranslate2 writes each layer's matrix of all
    pairs of states, 72 MB, to memory: this one does not.
    """

    def __init__(self, weights: dict[str, Weights], pooled_from: int, cpu_threads: int) -> None:
        """`weights` are a model's below `encoder/`."""
        self._session = encoder_graph(weights, pooled_from).session(cpu_threads)
        self._places = weights["position_encodings/encodings"].astype(np.float32)[np.newaxis]

    @classmethod
    def of(cls, folder: Path, spec: EngineSpec, cpu_threads: int) -> "PooledEncoder | None":
        """That of the model in a folder; None where it serves for no such engine.

        It is made for int8 on the CPU, and for files in the format that CTranslate2 writes today.
        """
        if not serves_for(spec):
            return None
        weights = read_weights(folder / WEIGHTS, "encoder/")
        return cls(weights, spec.window.pooled_from_layer, cpu_threads) if weights else None

    def __call__(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """States of shape (1, n / 2, width) of frames (1, mels, n)."""
        inputs = {FRAMES: frames, PLACES: self._places[:, : frames.shape[2] // 2]}
        (states,) = self._session.run([STATES], inputs)
        return np.asarray(states)
