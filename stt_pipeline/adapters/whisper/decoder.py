"""Reads encoded chunks with ONNX Runtime, token by token. Encodes nothing, knows no language."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stt_pipeline.adapters.whisper import decoder_graph as names
from stt_pipeline.adapters.whisper.answers import answers
from stt_pipeline.adapters.whisper.batch import Arrays, Batch, Chunk, Text
from stt_pipeline.adapters.whisper.encoded import Memory
from stt_pipeline.adapters.whisper.graph import HEAD, layer_count, serves_for
from stt_pipeline.adapters.whisper.model_file import Floats, Weights, read_weights
from stt_pipeline.adapters.whisper.said import Said
from stt_pipeline.domain.speech.beam_search import BeamSearch, Candidate
from stt_pipeline.domain.speech.engine import EngineSpec
from stt_pipeline.domain.speech.known_models import WEIGHTS

CONFIG = "config.json"
"""Beside the weights; has the alignment heads."""

PROPOSED = (names.SCORES, names.TOKENS, names.ATTENTION)
LAST = (-1,)
"""What a step is to tell, and after which of its tokens."""


@dataclass(frozen=True)
class Prompt:
    """What the decoder is given before it reads, and the tokens that it must not answer.

    `tokens` are read up to and with the one at `start`, the start of a transcript, to see whether
    there is speech at all (`no_speech`); `end` ends a text. Tokens after it, such as times, are
    no text, and no answer either.
    """

    tokens: tuple[int, ...]
    start: int
    end: int
    no_speech: int
    forbidden: tuple[int, ...]
    forbidden_first: tuple[int, ...]


class StepDecoder:
    """The decoder of a model in int8 (see `decoder_graph`), with a beam search of its own.

    CTranslate2 spends more than half of a step on reading the encoder's states in float32: for each
    token of each chunk 18 MB at 750 states.
    """

    def __init__(
        self,
        weights: dict[str, Weights],
        alignment_heads: Sequence[tuple[int, int]],
        tokens: Sequence[int],
        cpu_threads: int,
    ) -> None:
        """`weights` are a model's below `decoder/`; alignment heads pairs of a layer and a head.

        `tokens` are those that are scored, rising: no text has another.
        """
        self._memory = names.memory_graph(weights).session(cpu_threads)
        self._step = names.step_graph(weights, alignment_heads, tokens).session(cpu_threads)
        self._scored = np.array(tokens)
        self._layers = range(layer_count(weights))
        self._alignment_heads = len(alignment_heads)
        # Half the memory; the files known have them so.
        self._embeddings = weights["embeddings/weight"].astype(np.float16, copy=False)
        self._places = weights["position_encodings/encodings"].astype(np.float32)
        self._width = self._embeddings.shape[1]

    @classmethod
    def of(cls, folder: Path, spec: EngineSpec, cpu_threads: int) -> "StepDecoder | None":
        """That of the model in a folder; None where it serves for no such engine.

        It is made for int8 on the CPU, for files in the format that CTranslate2 writes today, and
        for models that say which heads align.
        """
        if not serves_for(spec):
            return None
        heads = json.loads((folder / CONFIG).read_bytes()).get("alignment_heads")
        weights = read_weights(folder / WEIGHTS, "decoder/") if heads else None
        if not weights:
            return None
        aligning = [(layer, head) for layer, head in heads]
        return cls(weights, aligning, answers(folder, spec.languages), cpu_threads)

    def read(
        self,
        memories: Sequence[Memory],
        prompt: Prompt,
        beams: int,
        max_tokens: int,
        patience: int = 1,
        favours: Sequence[Mapping[int, float]] = (),
    ) -> list[Text]:
        """A text for what is read of each chunk; no text depends on the others.

        `favours` are, of each chunk, log odds that its tokens have more than they were heard with.
        """
        chunks = [
            Chunk(
                BeamSearch(beams, prompt.end, max_tokens, patience),
                (max_tokens, self._alignment_heads, beams, len(one.counts)),
            )
            for one in memories
        ]
        batch = self._batch(chunks, memories, self._favoured(favours))
        later = self._allowed(prompt.forbidden, prompt.end)
        first = self._allowed((*prompt.forbidden, *prompt.forbidden_first), prompt.end)
        doubts = self._begin(batch, prompt, first)
        while (tokens := batch.go_on()).size:
            self._advance(batch, self._run(batch, tokens, later, PROPOSED, LAST))
        return [chunk.text(doubt) for chunk, doubt in zip(chunks, doubts, strict=True)]

    def _batch(
        self, chunks: Sequence[Chunk], memories: Sequence[Memory], favoured: Floats | None
    ) -> Batch:
        said = {
            name: output
            for layer in self._layers
            for name, output in zip(names.said_names(layer), names.next_names(layer), strict=True)
        }
        nothing = Said(said, len(chunks), self._width // HEAD, HEAD)
        return Batch(list(chunks), self._heard(memories), nothing, favoured)

    def _heard(self, memories: Sequence[Memory]) -> Arrays:
        """Keys and values of the chunks, and how often each state of them is looked at."""
        found = [name for layer in self._layers for name in names.heard_names(layer)]
        made = [self._memory.run(found, {names.STATES: one.state}) for one in memories]
        by_name = zip(found, zip(*made, strict=True), strict=True)
        heard = {name: _filled(values) for name, values in by_name}
        counts = _filled([one.counts.reshape(1, 1, 1, -1) for one in memories])
        # Of what fills up a chunk nothing is seen.
        with np.errstate(divide="ignore"):
            return heard | {names.OFTEN: np.log(counts)}

    def _begin(self, batch: Batch, prompt: Prompt, allowed: Floats) -> list[float]:
        """Reads the prompt; how likely no speech is, by chunk, is told at its start."""
        tokens = np.repeat(np.array([prompt.tokens], dtype=np.int64), batch.said.rows, axis=0)
        wanted, asked = (names.LOGITS, *PROPOSED), (prompt.start, *LAST)
        logits, scores, found, looks = self._run(batch, tokens, allowed, wanted, asked)
        self._advance(batch, [scores[:, 1::2], found[:, 1::2], looks])
        shares = logits[0, ::2].astype(np.float64)
        shares = np.exp(shares - shares.max(axis=1, keepdims=True))
        no_speech = shares[:, self._scored == prompt.no_speech].sum(axis=1)
        doubts: list[float] = (no_speech / shares.sum(axis=1)).tolist()
        return doubts

    def _advance(self, batch: Batch, told: Sequence[NDArray[Any]]) -> None:
        """Lets each search go on with what was proposed, one row each beam."""
        scores, found, looks = told
        shape = (len(batch.chunks), -1, scores.shape[-1])
        by_chunk = zip(
            batch.chunks,
            scores.reshape(shape),
            self._scored[found].reshape(shape),
            looks,
            strict=True,
        )
        for chunk, chunk_scores, chunk_tokens, chunk_looks in by_chunk:
            # Of a prompt only the last token proposes; of a beam the only one.
            chunk.see(chunk_looks[:, -len(chunk_scores) :])
            chunk.search.advance(
                [
                    Candidate(beam, token, score)
                    for beam, row in enumerate(zip(chunk_tokens, chunk_scores, strict=True))
                    for token, score in zip(*(side.tolist() for side in row), strict=True)
                ]
            )

    def _run(
        self,
        batch: Batch,
        tokens: NDArray[np.int64],
        allowed: Floats,
        wanted: Sequence[str],
        asked: Sequence[int],
    ) -> list[NDArray[Any]]:
        """The wanted outputs, after those tokens of each row that are asked."""
        rows, length = tokens.shape
        before = batch.said.length
        places = self._places[before : before + length]
        embedded = self._embeddings[tokens].astype(np.float32) + places
        inputs = {
            names.EMBEDDED: embedded.reshape(1, -1, self._width),
            names.ROWS: np.array([rows, length, -1]),
            names.HEADS: np.array([len(batch.chunks), -1, self._width // HEAD, HEAD]),
            names.BEFORE: np.full(rows, before + length - 1, dtype=np.int32),
            names.LENGTH: np.array(before + length, dtype=np.int32),
            names.ASKED: np.array(asked),
            names.CANDIDATES: np.array([batch.chunks[0].search.candidates]),
            names.ALLOWED: batch.favouring(allowed, len(asked)),
        }
        binding = self._step.io_binding()
        for name, values in (inputs | batch.heard).items():
            binding.bind_cpu_input(name, values)
        for name in wanted:
            binding.bind_output(name)
        batch.said.bind(binding, length)
        self._step.run_with_iobinding(binding)
        return [output.numpy() for output in binding.get_outputs()[: len(wanted)]]

    def _allowed(self, forbidden: Sequence[int], end: int) -> Floats:
        never = np.isin(self._scored, forbidden) | (self._scored > end)
        return np.where(never, -np.inf, 0.0).astype(np.float32)

    def _favoured(self, favours: Sequence[Mapping[int, float]]) -> Floats | None:
        """Of each chunk and token; None where nothing is."""
        if not any(favours):
            return None
        favoured = np.zeros((len(favours), len(self._scored)), dtype=np.float32)
        for row, favour in zip(favoured, favours, strict=True):
            for token, odds in favour.items():
                row[self._scored == token] = odds
        return favoured


def _filled(values: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Arrays of one row each as rows of one, filled up with zeros to the longest."""
    longest = np.max([value.shape for value in values], axis=0)
    rows = np.zeros((len(values), *longest[1:]), dtype=values[0].dtype)
    for row, value in zip(rows, values, strict=True):
        row[tuple(map(slice, value.shape[1:]))] = value[0]
    return rows
