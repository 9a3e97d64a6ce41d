"""The encoder in ONNX Runtime beside CTranslate2's own, on real speech and the real weights."""

import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ctranslate2 import StorageView
from faster_whisper import WhisperModel
from faster_whisper.feature_extractor import FeatureExtractor
from numpy.typing import NDArray
from threadpoolctl import threadpool_info, threadpool_limits

from stt_pipeline.adapters.whisper.encoder import PooledEncoder
from stt_pipeline.adapters.whisper.model import Model
from stt_pipeline.adapters.whisper.model_file import BFLOAT16, TYPES, Floats, Weights, read_weights
from stt_pipeline.domain.speech.engine import EncoderWindow, EngineSpec, ModelIdentity
from stt_pipeline.domain.speech.known_models import WEIGHTS
from stt_pipeline_tests.speech.calls import JoinedCall, choose_prompts, join_prompts
from stt_pipeline_tests.speech.prompts import Prompt

SPEC = EngineSpec(
    library="faster-whisper",
    models={"*": ModelIdentity("base", "")},
    compute_type="int8",
    languages=("fr", "en"),
    speakers=("agent", "customer"),
)
Variables = dict[str, tuple[int, NDArray[Any]]]
"""What a file holds: by name, the number of the type and the values."""

NEVER = 99
"""A layer that no model has."""

WHOLE = np.ones(1500, dtype=np.bool_)
"""Somebody speaks at every state of a window of 30 s."""


def wide_band(telephone: NDArray[np.float64]) -> Floats:
    """Telephone sound at 16 kHz."""
    places = np.arange(2 * len(telephone)) / 2
    return np.interp(places, np.arange(len(telephone)), telephone).astype(np.float32)


@pytest.fixture(scope="module")
def french(french_prompts: list[Prompt]) -> JoinedCall:
    return join_prompts(choose_prompts(french_prompts, speech_s=30.0, seed=1), pause_s=0.6, seed=1)


@pytest.fixture(scope="module")
def frames(french: JoinedCall) -> Floats:
    """Log-mel frames of half a minute of French."""
    samples = wide_band(french.samples[:240_000] / 32768)
    return np.ascontiguousarray(FeatureExtractor()(samples)[np.newaxis, :, :3000], np.float32)


@pytest.fixture(scope="module")
def weights(model_dir: Path) -> dict[str, Weights]:
    found = read_weights(model_dir / WEIGHTS, "encoder/")
    assert found is not None
    return found


@pytest.fixture(scope="module")
def exact(model_dir: Path, frames: Floats) -> Floats:
    """What CTranslate2 makes of them in float32."""
    model = WhisperModel(str(model_dir), device="cpu", compute_type="float32")
    return np.array(model.model.encode(StorageView.from_array(frames), to_cpu=True))


def off(states: Floats, exact: Floats) -> float:
    """The norm of the difference, as a share."""
    return float(np.linalg.norm(states - exact) / np.linalg.norm(exact))


def everywhere(encoder: PooledEncoder, frames: Floats, spoken: NDArray[np.bool_]) -> Floats:
    """A state for each of the window's: the one that stands for it."""
    made, counts = encoder(frames, spoken)
    return np.repeat(made, counts, axis=1)


class TestItsStates:
    def test_are_those_of_the_library_but_for_int8(
        self, weights: dict[str, Weights], frames: Floats, exact: Floats
    ) -> None:
        window = EncoderWindow(pooled_from_layer=NEVER)
        states = everywhere(PooledEncoder(weights, window, cpu_threads=1), frames, WHOLE)
        assert states.shape == exact.shape == (1, 1500, 512)
        assert 0 < off(states, exact) < 0.10

    def test_stay_near_with_pooled_attention(
        self, weights: dict[str, Weights], frames: Floats, exact: Floats
    ) -> None:
        states = everywhere(PooledEncoder(weights, SPEC.window, cpu_threads=1), frames, WHOLE)
        assert 0.10 < off(states, exact) < 0.20

    def test_are_the_same_with_any_number_of_threads(
        self, weights: dict[str, Weights], frames: Floats
    ) -> None:
        one, two = (
            everywhere(PooledEncoder(weights, SPEC.window, threads), frames, WHOLE)
            for threads in (1, 2)
        )
        assert np.array_equal(one, two)

    @pytest.mark.parametrize("length", [1008, 1056, 3000])
    def test_are_one_for_two_frames_of_any_window(
        self, weights: dict[str, Weights], frames: Floats, length: int
    ) -> None:
        encoder = PooledEncoder(weights, SPEC.window, cpu_threads=1)
        states, counts = encoder(frames[..., :length], WHOLE[: length // 2])
        assert states.shape == (1, length // 2, 512)
        assert np.array_equal(counts, np.ones(length // 2))

    def test_are_numbers_where_nothing_sounds(self, weights: dict[str, Weights]) -> None:
        encoder = PooledEncoder(weights, SPEC.window, cpu_threads=1)
        states, counts = encoder(np.zeros((1, 80, 1008), np.float32), ~WHOLE[:504])
        assert states.shape == (1, 126, 512)
        assert counts.sum() == 504
        assert np.isfinite(states).all()

    def test_of_speech_stay_near_where_few_are_made_of_the_quiet(
        self, weights: dict[str, Weights], french: JoinedCall, frames: Floats
    ) -> None:
        """Looked at once each, and not as often as those they stand for, they were 17% off."""
        spoken = ~WHOLE
        for turn in french.turns:
            spoken[max(0, int(turn.start_s * 50) - 3) : int(turn.end_s * 50) + 4] = True
        assert spoken.mean() < 0.9
        encoder = PooledEncoder(weights, SPEC.window, cpu_threads=1)
        every, few = (everywhere(encoder, frames, told) for told in (WHOLE, spoken))
        assert 0 < off(few[:, spoken], every[:, spoken]) < 0.08


@pytest.mark.parametrize("other", [{"compute_type": "float32"}, {"device": "cuda"}], ids=str)
def test_another_arithmetic_or_device_is_left_to_the_library(
    model_dir: Path, other: dict[str, Any]
) -> None:
    assert PooledEncoder.of(model_dir, replace(SPEC, **other), cpu_threads=1) is None


def test_the_features_do_not_depend_on_the_threads_of_numpy(
    model_dir: Path, frames: Floats
) -> None:
    with threadpool_limits(2, user_api="blas"):
        Model(model_dir, SPEC, cpu_threads=1)
        threads = {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}
    assert threads == {1}


class TestAFile:
    @staticmethod
    def write(folder: Path, version: int, variables: Variables) -> Path:
        """As CTranslate2 writes it; a variable is its type's number and its values."""

        def text(words: str) -> bytes:
            data = words.encode() + b"\0"
            return struct.pack("<H", len(data)) + data

        parts = [
            struct.pack("<I", version),
            text("WhisperSpec"),
            struct.pack("<II", 3, len(variables)),
        ]
        for name, (kind, values) in variables.items():
            shape = values.shape
            parts += [text(name), struct.pack(f"<B{len(shape)}I", len(shape), *shape)]
            parts += [struct.pack("<BI", kind, values.nbytes), values.tobytes()]
        path = folder / WEIGHTS
        path.write_bytes(b"".join(parts))
        return path

    def test_gives_what_lies_below_the_prefix_by_the_rest_of_its_name(self, tmp_path: Path) -> None:
        half = np.array([[0.5, -2.0]], dtype=np.float16)
        kinds = {"encoder/weight": (TYPES.index(np.float16), half), "decoder/weight": (4, half)}
        found = read_weights(self.write(tmp_path, 6, kinds), "encoder/")
        assert found is not None
        assert list(found) == ["weight"]
        assert found["weight"].dtype == np.float16
        assert found["weight"].tolist() == [[0.5, -2.0]]

    def test_in_int8_is_multiplied_out_by_the_scale_of_each_row(self, tmp_path: Path) -> None:
        whole = np.array([[127, -64], [10, 0]], dtype=np.int8)
        scale = np.array([127.0, 2.0], dtype=np.float32)
        variables: Variables = {"encoder/weight": (1, whole), "encoder/weight_scale": (0, scale)}
        found = read_weights(self.write(tmp_path, 6, variables), "encoder/")
        assert found is not None
        assert list(found) == ["weight"]
        assert found["weight"] == pytest.approx(np.array([[1.0, -64 / 127], [5.0, 0.0]]))

    def test_in_bfloat16_is_read_too(self, tmp_path: Path) -> None:
        values = np.array([1.0, -3.0, 0.15625], dtype=np.float32)
        upper = (values.view(np.uint32) >> 16).astype(np.uint16)
        path = self.write(tmp_path, 6, {"encoder/bias": (BFLOAT16, upper)})
        found = read_weights(path, "encoder/")
        assert found is not None
        assert found["bias"].tolist() == values.tolist()

    def test_of_another_format_is_left_to_the_library(self, tmp_path: Path) -> None:
        half = np.array([0.5], dtype=np.float16)
        path = self.write(tmp_path, 5, {"encoder/bias": (4, half)})
        assert read_weights(path, "encoder/") is None
        assert PooledEncoder.of(tmp_path, SPEC, cpu_threads=1) is None
