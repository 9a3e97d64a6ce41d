"""Whisper's decoder as two graphs for ONNX Runtime, made of a model's weights. Runs nothing.

One makes keys and values of the encoder's states, once a chunk; the other reads the next token of
every row (a beam of a chunk). Both are those of Radford et al. 2022, section 2.2, with an economy:
the keys and values of a chunk, of which every token reads all, are int8, a quarter of the memory,
each state of each head with a scale of its own. The rows of a chunk read them together.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from stt_pipeline.adapters.whisper.graph import (
    BYTE,
    FLOAT,
    HEAD,
    MICROSOFT,
    WHOLE,
    WHOLE_32,
    ZERO,
    Graph,
    layer_count,
)
from stt_pipeline.adapters.whisper.model_file import Weights

STATES: Final = "states"
"""Input of the first graph: (1, states, width)."""

EMBEDDED: Final = "embedded"
ROWS: Final = "rows"
HEADS: Final = "heads"
BEFORE: Final = "before"
LENGTH: Final = "length"
ASKED: Final = "asked"
CANDIDATES: Final = "candidates"
ALLOWED: Final = "allowed"
OFTEN: Final = "often"
"""Inputs of the second graph: embedded tokens with their places (1, rows x tokens, width); the
shapes (rows, tokens, -1) and (chunks, -1, heads, HEAD); how many tokens every row has with these,
less one (rows), and how many, both int32; which of these tokens are to tell the next; how many
tokens to propose; and what is added to the score of every token, 0, minus infinity where it may not
follow, or more where it is favoured, (1 or rows x asked, vocabulary). And the logarithm of how
often each state of a chunk is looked at, (chunks, 1, 1, states)."""

SCORES: Final = "scores"
TOKENS: Final = "tokens"
LOGITS: Final = "logits"
ATTENTION: Final = "attention"
"""Outputs of the second graph: the log probabilities of the likeliest tokens after every one that
was asked, falling, and which they are, (1, rows x asked, candidates); the scores of all, before any
was forbidden (1, rows x asked, vocabulary); and where the alignment heads looked, (chunks, heads,
rows and tokens, states)."""

SWAPPED: Final = (0, 2, 1, 3)
"""Heads before what they look from, or after it again."""

VOCABULARY_LEVELS: Final = 127
"""Largest whole number of the weights that score tokens: they decide more than others. With 63 the
log probabilities of an English text were off by 0.064 (root of the mean square, against float32),
so 0.051, of a French one 0.082 and 0.076; CTranslate2's 0.039 and 0.075. AVX2 cuts few sums."""


def heard_names(layer: int) -> list[str]:
    """Keys and values of a chunk and their scales.

    Outputs of the first graph, (1, heads, HEAD, states), (1, heads, 1, states), (1, heads, states,
    HEAD) and (1, heads, 1, states); inputs of the second, of several chunks.
    """
    return [f"{name}_{layer}" for name in ("key", "key_scale", "value", "value_scale")]


def said_names(layer: int) -> list[str]:
    """Keys and values of the tokens read so far: inputs, (rows, heads, room, HEAD)."""
    return [f"said_key_{layer}", f"said_value_{layer}"]


def next_names(layer: int) -> list[str]:
    """The same with the tokens of this step: outputs, in the same memory."""
    return [f"next_key_{layer}", f"next_value_{layer}"]


def memory_graph(weights: Mapping[str, Weights]) -> Graph:
    """Keys and values of a chunk. `weights` are the file's below `decoder/`."""
    graph = Graph(weights)
    width = weights["layer_norm/gamma"].shape[0]
    heads = width // HEAD
    rows = graph.whole(graph.takes(STATES, FLOAT, [1, "states_count", width]))
    for layer in range(layer_count(weights)):
        matrix, bias = graph.named(f"layer_{layer}/attention/linear_1")
        key, key_scale, value, value_scale = heard_names(layer)
        for half, name, scale, order in (
            (slice(None, width), key, key_scale, (0, 2, 3, 1)),
            (slice(width, None), value, value_scale, (0, 2, 1, 3)),
        ):
            floats = graph.product(rows, matrix[half], bias[half])
            numbers, scales = graph.whole(graph.reshaped(floats, 1, -1, HEAD), signed=True)
            numbers = graph.reshaped(numbers, 1, -1, heads, HEAD)
            scales = graph.reshaped(scales, 1, 1, -1, heads)
            graph.gives(graph.add("Transpose", [numbers], perm=order), name, BYTE)
            graph.gives(graph.add("Transpose", [scales], perm=(0, 3, 1, 2)), scale, FLOAT)
    return graph


def step_graph(
    weights: Mapping[str, Weights],
    alignment_heads: Sequence[tuple[int, int]],
    tokens: Sequence[int],
) -> Graph:
    """The next token of every row, out of `tokens`; alignment heads are pairs of layer and head."""
    return _Step(weights, alignment_heads, tokens).graph


class _Step:
    """The second graph while it is put together."""

    def __init__(
        self,
        weights: Mapping[str, Weights],
        alignment_heads: Sequence[tuple[int, int]],
        tokens: Sequence[int],
    ) -> None:
        self.graph = graph = Graph(weights)
        self._width = weights["layer_norm/gamma"].shape[0]
        self._heads = self._width // HEAD
        self._rows = graph.takes(ROWS, WHOLE, [3])
        self._by_head = graph.takes(HEADS, WHOLE, [4])
        self._before = graph.takes(BEFORE, WHOLE_32, ["rows"])
        self._length = graph.takes(LENGTH, WHOLE_32, [])
        self._often = graph.takes(OFTEN, FLOAT, ["chunks", 1, 1, "states"])
        state = graph.takes(EMBEDDED, FLOAT, [1, "all_tokens", self._width])
        looked = []
        for number in range(layer_count(weights)):
            layer = f"layer_{number}"
            state = self._with_said(state, number, f"{layer}/self_attention")
            state, looks = self._with_heard(state, number, f"{layer}/attention")
            state = graph.fed_forward(state, f"{layer}/ffn")
            if heads := [head for at, head in alignment_heads if at == number]:
                looked.append(graph.add("Gather", [looks, graph.places(*heads)], axis=1))
        graph.gives(graph.add("Concat", looked, axis=1), ATTENTION, FLOAT)
        self._propose(state, weights["embeddings/weight"][list(tokens)])

    def _with_said(self, state: str, number: int, name: str) -> str:
        """Attention to the tokens so far, each head to keys and values of its own."""
        graph = self.graph
        shape = ["rows", self._heads, "room", HEAD]
        said = [graph.takes(one, FLOAT, shape) for one in said_names(number)]
        asked = graph.normalised(state, f"{name}/layer_norm")
        rows = graph.add("Reshape", [graph.linear(asked, f"{name}/linear_0"), self._rows])
        sides = graph.add_many("Split", [rows], 3, axis=2, num_outputs=3)
        told, *now = graph.add_many(
            "GroupQueryAttention",
            [*sides, *said, self._before, self._length],
            3,
            domain=MICROSOFT,
            num_heads=self._heads,
            kv_num_heads=self._heads,
        )
        for value, output in zip(now, next_names(number), strict=True):
            graph.gives(value, output, FLOAT)
        told = graph.reshaped(told, 1, -1, self._width)
        return graph.add("Add", [state, graph.linear(told, f"{name}/linear_1")])

    def _with_heard(self, state: str, number: int, name: str) -> tuple[str, str]:
        """Attention to the chunk, and where it looked, (chunks, heads, rows and tokens, states)."""
        graph, heads = self.graph, self._heads
        key, key_scale, value, value_scale = heard_names(number)
        keys = graph.takes(key, BYTE, ["chunks", heads, HEAD, "states"])
        values = graph.takes(value, BYTE, ["chunks", heads, "states", HEAD])
        scales = [
            graph.takes(one, FLOAT, ["chunks", heads, 1, "states"])
            for one in (key_scale, value_scale)
        ]
        matrix, bias = graph.named(f"{name}/linear_0")
        # A power of two: exact in float16 too.
        fair = HEAD**-0.5
        rows = graph.whole(graph.normalised(state, f"{name}/layer_norm"))
        query = graph.product(rows, matrix * fair, bias * fair)
        query = graph.add("Transpose", [graph.add("Reshape", [query, self._by_head])], perm=SWAPPED)
        shape = graph.add("Shape", [query])
        numbers, levels = graph.whole(graph.reshaped(query, 1, -1, HEAD))
        numbers = graph.add("Reshape", [numbers, shape])
        levels = graph.add("Reshape", [levels, self._a_row(shape)])
        one, zero = graph.constant(np.float32(1.0)), graph.constant(np.uint8(ZERO))
        sides = [numbers, keys, one, scales[0], zero]
        likeness = graph.add("MatMulIntegerToFloat", sides, domain=MICROSOFT)
        likeness = graph.add("Mul", [likeness, levels])
        looks = graph.add("Softmax", [graph.add("Add", [likeness, self._often])], axis=-1)
        told = self._told(graph.add("Mul", [looks, scales[1]]), values)
        told = graph.reshaped(graph.add("Transpose", [told], perm=SWAPPED), 1, -1, self._width)
        return graph.add("Add", [state, graph.linear(told, f"{name}/linear_2")]), looks

    def _a_row(self, shape: str) -> str:
        """The shape with one column."""
        graph = self.graph
        front = graph.add("Slice", [shape, graph.places(0), graph.places(3)])
        return graph.add("Concat", [front, graph.places(1)], axis=0)

    def _told(self, weights: str, values: str) -> str:
        """Sums of the values, by weights from 0 up: the largest of a row is 255."""
        graph = self.graph
        most = graph.add("ReduceMax", [weights, graph.places(3)], keepdims=1)
        level = graph.scaled(most, 1 / np.iinfo(np.uint8).max)
        rows = graph.rounded(graph.add("Flatten", [weights], axis=3), level, np.uint8(0), axis=0)
        numbers = graph.add("Reshape", [rows, graph.add("Shape", [weights])])
        one = graph.constant(np.float32(1.0))
        sums = graph.add("MatMulIntegerToFloat", [numbers, values, one, one], domain=MICROSOFT)
        return graph.add("Mul", [sums, level])

    def _propose(self, state: str, embeddings: Weights) -> None:
        """The likeliest next tokens of every row."""
        graph = self.graph
        rows = graph.add("Reshape", [state, self._rows])
        last = graph.add("Gather", [rows, graph.takes(ASKED, WHOLE, ["asked_count"])], axis=1)
        last = graph.normalised(graph.reshaped(last, 1, -1, self._width), "layer_norm")
        logits = graph.product(graph.whole(last), embeddings, most=VOCABULARY_LEVELS)
        logits = graph.gives(logits, LOGITS, FLOAT)
        allowed = graph.takes(ALLOWED, FLOAT, ["allowed_rows", embeddings.shape[0]])
        likely = graph.add("LogSoftmax", [graph.add("Add", [logits, allowed])], axis=-1)
        candidates = graph.takes(CANDIDATES, WHOLE, [1])
        scores, tokens = graph.add_many("TopK", [likely, candidates], 2, axis=-1)
        graph.gives(scores, SCORES, FLOAT)
        graph.gives(tokens, TOKENS, WHOLE)
