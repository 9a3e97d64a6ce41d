"""Puts together graphs of a Whisper model's layers for ONNX Runtime. Knows no layer, runs nothing.

Matrices are multiplied in int8, each row of the input with a scale of its own, as CTranslate2 does.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnxruntime import InferenceSession, SessionOptions

from stt_pipeline.adapters.whisper.model_file import Floats, Weights
from stt_pipeline.domain.speech.engine import EngineSpec

FLOAT: Final = TensorProto.FLOAT
WHOLE: Final = TensorProto.INT64
WHOLE_32: Final = TensorProto.INT32
BYTE: Final = TensorProto.INT8
"""Types of values: float32, int64, int32 and int8."""

HEAD: Final = 64
"""Columns of a head of attention, in every Whisper model (Radford et al. 2022, table 1)."""

BYTE_LEVELS: Final = 63
"""Largest whole number of a side with a sign: weights, keys and values. Two products of it and one
of at most 255 fit 16 bits: the instructions of AVX2 add such pairs, and cut what does not fit,
those of AVX512-VNNI do not. So both count the same. On a French chunk the encoder's states were
6.7% off those of float32, with 127 levels on AVX2 7.7%; CTranslate2's own int8 7.1%."""

ROW_LEVELS: Final = 127
ZERO: Final = 128
"""The inputs' whole numbers, without a sign: -127 to 127 as 1 to 255."""

OUTPUTS_AT_ONCE: Final = 256

LEAST: Final = 1e-8
"""A row of zeros has a scale too."""

EPSILON: Final = 1e-5
"""Of layer normalisation (openai/whisper: PyTorch's default)."""

OPSET: Final = 18
IR_VERSION: Final = 9
MICROSOFT: Final = "com.microsoft"
"""ONNX Runtime's own operators, such as attention that keeps no matrix of all pairs, and GELU."""

ERRORS_ONLY: Final = 3
"""A level of ONNX Runtime's log."""


class Graph:
    """Collects nodes and constants; every method gives the name of what it adds.

    States have the shape (1, rows, width).
    """

    def __init__(self, weights: Mapping[str, Weights]) -> None:
        """`weights` are a model file's, by their names."""
        self._weights = weights
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []

    def takes(self, name: str, kind: int, shape: Sequence[int | str]) -> str:
        """An input; a text in the shape stands for any number."""
        self._inputs.append(helper.make_tensor_value_info(name, kind, list(shape)))
        return name

    def gives(self, value: str, name: str, kind: int) -> str:
        """Makes a value that no node takes yet an output; gives its name, by which nodes may.

        Under a name of its own it would be copied.
        """
        (made_by,) = (node for node in self._nodes if value in node.output)
        made_by.output[list(made_by.output).index(value)] = name
        self._outputs.append(helper.make_tensor_value_info(name, kind, None))
        return name

    def add(self, operator: str, inputs: Sequence[str], domain: str = "", **attributes: Any) -> str:
        """A node with one output."""
        return self.add_many(operator, inputs, 1, domain, **attributes)[0]

    def add_many(
        self,
        operator: str,
        inputs: Sequence[str],
        outputs: int,
        domain: str = "",
        **attributes: Any,
    ) -> list[str]:
        """A node with several outputs."""
        names = [f"node_{len(self._nodes)}_{place}" for place in range(outputs)]
        node = helper.make_node(operator, list(inputs), names, domain=domain, **attributes)
        self._nodes.append(node)
        return names

    def constant(self, values: NDArray[Any] | np.generic) -> str:
        """Values that never change."""
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def places(self, *numbers: int) -> str:
        """Axes, or a shape."""
        return self.constant(np.array(numbers))

    def weight(self, name: str) -> str:
        """A weight in float32."""
        return self.constant(self._weights[name].astype(np.float32))

    def named(self, name: str) -> tuple[Weights, Weights]:
        """The matrix (outputs, inputs) and the bias of a linear layer."""
        return self._weights[f"{name}/weight"], self._weights[f"{name}/bias"]

    def reshaped(self, value: str, *shape: int) -> str:
        """The same numbers in another shape."""
        return self.add("Reshape", [value, self.places(*shape)])

    def scaled(self, value: str, factor: float) -> str:
        """Times a constant."""
        return self.add("Mul", [value, self.constant(np.float32(factor))])

    def normalised(self, state: str, name: str) -> str:
        """Layer normalisation."""
        inputs = [state, self.weight(f"{name}/gamma"), self.weight(f"{name}/beta")]
        return self.add("LayerNormalization", inputs, axis=-1, epsilon=EPSILON)

    def whole(self, state: str, signed: bool = False) -> tuple[str, str]:
        """The rows as whole numbers, and the scale of each, (1, rows, 1).

        With a sign they are the second side of a product, of BYTE_LEVELS; without one the first.
        """
        levels, zero = (BYTE_LEVELS, np.int8(0)) if signed else (ROW_LEVELS, np.uint8(ZERO))
        loudest = self.add("ReduceMax", [self.add("Abs", [state]), self.places(2)], keepdims=1)
        floor = self.constant(np.float32(LEAST))
        scales = self.add("Max", [self.scaled(loudest, 1 / levels), floor])
        return self.rounded(state, scales, zero, axis=1), scales

    def rounded(self, state: str, scales: str, zero: np.int8 | np.uint8, axis: int) -> str:
        """Whole numbers of the type of `zero`, which stands for zero; a scale each along `axis`."""
        row = self.reshaped(scales, -1)
        value = numpy_helper.from_array(np.array([zero]))
        zeros = self.add("ConstantOfShape", [self.add("Shape", [row])], value=value)
        return self.add("QuantizeLinear", [state, row, zeros], axis=axis)

    def product(
        self,
        rows: tuple[str, str],
        matrix: Weights,
        bias: Weights | None = None,
        most: int = BYTE_LEVELS,
    ) -> str:
        """Rows as `whole` gives them times a matrix (outputs, inputs), with a scale an output.

        `most` is the largest whole number of the matrix.
        """
        numbers, scales = rows
        whole, levels = _quantised(matrix, most)
        one, zero = self.constant(np.float32(1.0)), self.constant(np.uint8(ZERO))
        sides = [numbers, self.constant(whole), one, self.constant(levels), zero]
        product = self.add("MatMulIntegerToFloat", sides, domain=MICROSOFT)
        product = self.add("Mul", [product, scales])
        if bias is None:
            return product
        return self.add("Add", [product, self.constant(bias.astype(np.float32))])

    def linear(self, state: str, name: str) -> str:
        """A linear layer."""
        return self.product(self.whole(state), *self.named(name))

    def fed_forward(self, state: str, name: str) -> str:
        """A block of two linear layers, and what came into it."""
        inner = self.linear(self.normalised(state, f"{name}/layer_norm"), f"{name}/linear_0")
        inner = self.add("Gelu", [inner], domain=MICROSOFT)
        return self.add("Add", [state, self.linear(inner, f"{name}/linear_1")])

    def session(self, cpu_threads: int) -> InferenceSession:
        """The graph, ready to run on the CPU."""
        options = SessionOptions()
        options.intra_op_num_threads = cpu_threads
        options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        options.log_severity_level = ERRORS_ONLY
        graph = helper.make_graph(
            self._nodes, "layers", self._inputs, self._outputs, self._constants
        )
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(MICROSOFT, 1)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
        made = model.SerializeToString()
        return InferenceSession(made, options, providers=["CPUExecutionProvider"])


def _quantised(matrix: Weights, most: int) -> tuple[NDArray[np.int8], Floats]:
    """The matrix (outputs, inputs) the other way round, in whole numbers, and a scale an output.

    Some outputs at a time: what a CPU holds near is quantised three times as fast.
    """
    outputs, inputs = matrix.shape
    whole = np.empty((inputs, outputs), dtype=np.int8)
    levels = np.empty(outputs, dtype=np.float32)
    for start in range(0, outputs, OUTPUTS_AT_ONCE):
        some = slice(start, start + OUTPUTS_AT_ONCE)
        part: Floats = matrix[some].astype(np.float32)
        loudest = np.maximum(part.max(axis=1), -part.min(axis=1))
        levels[some] = np.maximum(loudest / most, LEAST)
        whole[:, some] = np.rint(part / levels[some, np.newaxis]).T
    return whole, levels


def serves_for(spec: EngineSpec) -> bool:
    """Whether an engine's arithmetic is that of these graphs: int8 on the CPU."""
    return spec.device == "cpu" and spec.compute_type == "int8"


def layer_count(weights: Mapping[str, Weights]) -> int:
    """Layers of the encoder or the decoder whose weights these are."""
    return sum(name.endswith("ffn/linear_0/weight") for name in weights)
