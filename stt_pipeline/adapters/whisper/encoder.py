"""Encodes log-mel frames with ONNX Runtime, which faster-whisper brings. Decodes nothing."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stt_pipeline.adapters.whisper import encoder_graph as names
from stt_pipeline.adapters.whisper.graph import serves_for
from stt_pipeline.adapters.whisper.model_file import Weights, read_weights
from stt_pipeline.adapters.whisper.thinning import thinned
from stt_pipeline.domain.speech.engine import EncoderWindow, EngineSpec
from stt_pipeline.domain.speech.known_models import WEIGHTS


class PooledEncoder:
    """The encoder of a model in int8, with the economies of `encoder_graph`.

    Attention takes most of an encoder's time, and CTranslate2 writes each layer's matrix of all
    pairs of states, 72 MB, to memory: this one does not.
    """

    def __init__(
        self, weights: dict[str, Weights], window: EncoderWindow, cpu_threads: int
    ) -> None:
        """`weights` are a model's below `encoder/`."""
        graph = names.encoder_graph(weights, window.pooled_from_layer)
        self._session = graph.session(cpu_threads)
        self._quiet_step = window.quiet_step
        self._places = weights["position_encodings/encodings"].astype(np.float32)[np.newaxis]

    @classmethod
    def of(cls, folder: Path, spec: EngineSpec, cpu_threads: int) -> "PooledEncoder | None":
        """That of the model in a folder; None where it serves for no such engine.

        It is made for int8 on the CPU, and for files in the format that CTranslate2 writes today.
        """
        if not serves_for(spec):
            return None
        weights = read_weights(folder / WEIGHTS, "encoder/")
        return cls(weights, spec.window, cpu_threads) if weights else None

    def __call__(
        self, frames: NDArray[np.float32], spoken: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """States of frames (1, mels, n), (1, made, width), and how many of n / 2 each stands for.

        `spoken` says of each of those whether somebody speaks there.
        """
        states = thinned(spoken, self._quiet_step)
        inputs = {
            names.FRAMES: frames,
            names.PLACES: self._places[:, : len(spoken)],
            names.MADE: states.made,
            names.STANDS_FOR: states.stands_for,
        }
        (found,) = self._session.run([names.STATES], inputs)
        return np.asarray(found), states.counts
