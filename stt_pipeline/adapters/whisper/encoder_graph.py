"""Whisper's encoder as a graph for ONNX Runtime, made of a model's weights. Runs nothing.

The layers are those of Radford et al. 2022, section 2.2, with two economies. Matrices are
multiplied in int8, each row of the input with a scale of its own, as CTranslate2 does. And from a
layer on, attention looks at means of two keys and two values next to each other, 40 ms: half as
many, while every state still asks for itself.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from stt_pipeline.adapters.whisper.model_file import Floats

FRAMES: Final = "frames"
PLACES: Final = "places"
STATES: Final = "states"
"""Names of the inputs, log-mel frames (1, mels, n) and the rows of the position table for n / 2
states, and of the output, (1, n / 2, width)."""

POOLED: Final = 2
"""Keys, and values, next to each other that attention sees the mean of: so frames come in fours."""

WEIGHT_LEVELS: Final = 63
"""Largest weight as a whole number. Two products of it and an input of at most 255 fit 16 bits: the
instructions of AVX2 add such pairs, and cut what does not fit, those of AVX512-VNNI do not. So both
count the same. On a French chunk the states were 6.7% off those of float32, with 127 levels on
AVX2 7.7%; CTranslate2's own int8 7.1%."""

INPUT_LEVELS: Final = 127
ZERO: Final = 128
"""The inputs' whole numbers, without a sign: -127 to 127 as 1 to 255."""

LEAST: Final = 1e-8
"""A row of zeros has a scale too."""

EPSILON: Final = 1e-5
"""Of layer normalisation (openai/whisper: PyTorch's default)."""

OPSET: Final = 18
IR_VERSION: Final = 9
MICROSOFT: Final = "com.microsoft"
"""ONNX Runtime's own operators: attention that keeps no matrix of all pairs, and GELU."""


def encoder_graph(weights: Mapping[str, Floats], heads: int, pooled_from: int) -> bytes:
    """The model, serialised. `weights` are the file's below `encoder/`.

    Attention is pooled in layers from number `pooled_from` on.
    """
    graph = _Graph(weights)
    state = _convolved(graph)
    layers = sum(name.endswith("ffn/linear_0/weight") for name in weights)
    for number in range(layers):
        state = _layer(graph, state, f"layer_{number}", heads, pooled=number >= pooled_from)
    graph.give(graph.normalised(state, "layer_norm"))
    return graph.serialised()


def _convolved(graph: "_Graph") -> str:
    """Two convolutions over time, the second of every other frame, and the place of each state."""
    state = FRAMES
    for name, stride in (("conv1", 1), ("conv2", 2)):
        inputs = [state, graph.weight(f"{name}/weight"), graph.weight(f"{name}/bias")]
        state = graph.add("Conv", inputs, kernel_shape=[3], pads=[1, 1], strides=[stride])
        state = graph.add("Gelu", [state], domain=MICROSOFT)
    return graph.add("Add", [graph.add("Transpose", [state], perm=[0, 2, 1]), PLACES])


def _layer(graph: "_Graph", state: str, layer: str, heads: int, pooled: bool) -> str:
    attention, ffn = f"{layer}/self_attention", f"{layer}/ffn"
    asked = graph.normalised(state, f"{attention}/layer_norm")
    query, keys_values = graph.split_linear(f"{attention}/linear_0")
    query_of = graph.linear(asked, *query)
    seen = graph.linear(graph.pooled(asked) if pooled else asked, *keys_values)
    keys, values = graph.halves(seen)
    inputs = [query_of, keys, values]
    heard = graph.add("MultiHeadAttention", inputs, domain=MICROSOFT, num_heads=heads)
    state = graph.add("Add", [state, graph.linear(heard, *graph.named(f"{attention}/linear_1"))])
    inner = graph.normalised(state, f"{ffn}/layer_norm")
    inner = graph.linear(inner, *graph.named(f"{ffn}/linear_0"))
    inner = graph.add("Gelu", [inner], domain=MICROSOFT)
    return graph.add("Add", [state, graph.linear(inner, *graph.named(f"{ffn}/linear_1"))])


class _Graph:
    """Collects nodes and constants; every method gives the name of what it adds."""

    def __init__(self, weights: Mapping[str, Floats]) -> None:
        self._weights = weights
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._width = weights["layer_norm/gamma"].shape[0]

    def add(self, operator: str, inputs: Sequence[str], domain: str = "", **attributes: Any) -> str:
        """A node with one output."""
        return self._node(operator, inputs, 1, domain, attributes)[0]

    def constant(self, values: NDArray[Any] | np.generic) -> str:
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def weight(self, name: str) -> str:
        return self.constant(self._weights[name])

    def named(self, name: str) -> tuple[Floats, Floats]:
        """The matrix (outputs, inputs) and the bias of a linear layer."""
        return self._weights[f"{name}/weight"], self._weights[f"{name}/bias"]

    def split_linear(self, name: str) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
        """The query's part of the layer that makes query, keys and values, and the others'."""
        matrix, bias = self.named(name)
        width = self._width
        return (matrix[:width], bias[:width]), (matrix[width:], bias[width:])

    def normalised(self, state: str, name: str) -> str:
        inputs = [state, self.weight(f"{name}/gamma"), self.weight(f"{name}/beta")]
        return self.add("LayerNormalization", inputs, axis=-1, epsilon=EPSILON)

    def halves(self, state: str) -> list[str]:
        """The first and the second half of every row."""
        return self._node("Split", [state], 2, "", {"axis": 2, "num_outputs": 2})

    def pooled(self, state: str) -> str:
        """Means of POOLED rows next to each other."""
        shape = self.constant(np.array([0, -1, POOLED, self._width]))
        grouped = self.add("Reshape", [state, shape])
        return self.add("ReduceMean", [grouped, self.constant(np.array([2]))], keepdims=0)

    def linear(self, state: str, matrix: Floats, bias: Floats) -> str:
        """The product in int8: a scale for each row of the state, and one for each output."""
        scales = np.abs(matrix).max(axis=1) / WEIGHT_LEVELS
        whole = np.round(matrix / np.maximum(scales, LEAST)[:, np.newaxis]).astype(np.int8)
        last = self.constant(np.array([2]))
        loudest = self.add("ReduceMax", [self.add("Abs", [state]), last], keepdims=1)
        loudest = self.add("Max", [loudest, self.constant(np.float32(LEAST))])
        level = self.add("Mul", [loudest, self.constant(np.float32(1 / INPUT_LEVELS))])
        a_row = self.add("Reshape", [level, self.constant(np.array([-1]))])
        nothing = self.add("Mul", [a_row, self.constant(np.float32(0.0))])
        zero = self.add("Add", [nothing, self.constant(np.float32(ZERO))])
        zeros = self.add("Cast", [zero], to=TensorProto.UINT8)
        inputs = self.add("QuantizeLinear", [state, a_row, zeros], axis=1)
        sides = [inputs, self.constant(whole.T), self.constant(np.uint8(ZERO))]
        product = self.add("Cast", [self.add("MatMulInteger", sides)], to=TensorProto.FLOAT)
        product = self.add("Mul", [product, level])
        product = self.add("Mul", [product, self.constant(scales)])
        return self.add("Add", [product, self.constant(bias)])

    def give(self, state: str) -> None:
        """Makes it the output."""
        self._nodes.append(helper.make_node("Identity", [state], [STATES]))

    def serialised(self) -> bytes:
        mels = self._weights["conv1/weight"].shape[1]
        number, width = TensorProto.FLOAT, self._width
        graph = helper.make_graph(
            self._nodes,
            "encoder",
            [
                helper.make_tensor_value_info(FRAMES, number, [1, mels, "frames_count"]),
                helper.make_tensor_value_info(PLACES, number, [1, "places_count", width]),
            ],
            [helper.make_tensor_value_info(STATES, number, [1, "states_count", width])],
            self._constants,
        )
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(MICROSOFT, 1)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
        return bytes(model.SerializeToString())

    def _node(
        self,
        operator: str,
        inputs: Sequence[str],
        outputs: int,
        domain: str,
        attributes: Mapping[str, Any],
    ) -> list[str]:
        names = [f"node_{len(self._nodes)}_{place}" for place in range(outputs)]
        node = helper.make_node(operator, list(inputs), names, domain=domain, **attributes)
        self._nodes.append(node)
        return names
