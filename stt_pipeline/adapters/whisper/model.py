"""One loaded Whisper model: encodes a chunk, tells its language, decodes, times its words.

Decides nothing: which chunks go together, and which are decoded again, is said by the caller.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ctranslate2 import StorageView
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import get_suppressed_tokens
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from stt_pipeline.adapters.whisper.encoder import PooledEncoder
from stt_pipeline.adapters.whisper.speech import Samples
from stt_pipeline.domain.speech.activity import RATE
from stt_pipeline.domain.speech.engine import EngineSpec
from stt_pipeline.domain.speech.hotwords import hinted
from stt_pipeline.domain.speech.transcription import Word

FRAMES_PER_S = 100
"""Mel frames a second: 10 ms each."""

FRAMES_PER_STATE = 2
"""Mel frames that the encoder makes one state of (Radford et al. 2022, section 2.2)."""

PREPENDED = "\"'“¿([{-"
APPENDED = "\"'.。,，!！?？:：”)]}、"
"""Punctuation that belongs to the word after or before it: the library's own defaults."""


@dataclass(frozen=True)
class Encoded:
    """What the encoder made of a chunk: float32, shape (1, states, width), even over its window.

    Every chunk has as many states, whatever its window: chunks of any length are decoded together.
    """

    state: NDArray[np.float32]
    speech_s: float
    window_s: float

    def coarser(self, states: int) -> NDArray[np.float32]:
        """The means over so many equal times."""
        return averaged(self.state, states)

    def every(self, step: int) -> NDArray[np.float32]:
        """Every so-manieth state, as it is."""
        return np.ascontiguousarray(self.state[:, ::step])


@dataclass(frozen=True)
class Decoded:
    """One reading of a chunk: text tokens, their mean log probability, and Whisper's doubt."""

    tokens: tuple[int, ...]
    avg_logprob: float
    no_speech_prob: float


@dataclass(frozen=True)
class Rung:
    """How the decoder searches in one pass."""

    beam_size: int
    repetition_penalty: float = 1.0
    no_repeat_ngram_size: int = 0


class Model:
    """A WhisperModel whose encoder sees one chunk at a time, and no more of it than was said.

    One chunk at a time: eight 30 s chunks in one batch cost 1.13 CPU-s each, alone 0.88, because
    the attention of a batch (72 MB a chunk and layer) fits no cache. Its memory is an eighth too.
    """

    def __init__(self, folder: Path, spec: EngineSpec, cpu_threads: int) -> None:
        """`folder` holds verified weights."""
        self._whisper = WhisperModel(
            str(folder),
            device=spec.device,
            compute_type=spec.compute_type,
            cpu_threads=cpu_threads,
            local_files_only=True,
        )
        self._pooled_encoder = PooledEncoder.of(folder, spec, cpu_threads)
        # Two threads of numpy's matrices round the features otherwise than one, and the text would
        # depend on how many CPUs the process may use.
        threadpool_limits(1, user_api="blas")
        self._spec = spec
        self._tokenizers: dict[str, Tokenizer] = {}

    def encode(self, samples: Samples) -> Encoded:
        """A chunk of at most 30 s, at 16 kHz."""
        speech_s = len(samples) / RATE
        window_s = self._spec.window.length_s(speech_s)
        frames = round(window_s * FRAMES_PER_S)
        features = self._whisper.feature_extractor(samples)[..., :-1][:, :frames]
        missing = frames - features.shape[1]
        features = np.pad(features, ((0, 0), (0, max(0, missing))))[np.newaxis]
        state = self._encode_frames(np.ascontiguousarray(features, dtype=np.float32))
        return Encoded(averaged(state, self._spec.window.states), speech_s, window_s)

    def _encode_frames(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        if self._pooled_encoder is not None:
            return self._pooled_encoder(frames)
        return np.array(self._whisper.model.encode(StorageView.from_array(frames), to_cpu=True))

    def languages(self, chunk: Encoded, allowed: Sequence[str]) -> dict[str, float]:
        """How likely each allowed language is, among them; sums to one."""
        state = chunk.every(self._spec.window.language_step)
        (found,) = self._whisper.model.detect_language(StorageView.from_array(state))
        likely = {token.strip("<|>"): probability for token, probability in found}
        total = sum(likely.get(language, 0.0) for language in allowed)
        if not total:
            return dict.fromkeys(allowed, 1 / len(allowed))
        return {language: likely.get(language, 0.0) / total for language in allowed}

    def decode(self, chunks: Sequence[Encoded], language: str, rung: Rung) -> list[Decoded]:
        """Reads chunks together; no text depends on which they are."""
        tokenizer = self._tokenizer(language)
        prompt = self._whisper.get_prompt(
            tokenizer,
            [],
            without_timestamps=True,
            hotwords=hinted(self._spec.hotwords, language) or None,
        )
        window = self._spec.window
        is_unsure = language in self._spec.decoding.unsure_languages
        states = window.states if is_unsure else window.sure_states
        most = len(prompt) + self._spec.decoding.max_tokens(window.max_s)
        results = self._whisper.model.generate(
            StorageView.from_array(np.concatenate([chunk.coarser(states) for chunk in chunks])),
            [prompt] * len(chunks),
            beam_size=rung.beam_size,
            repetition_penalty=rung.repetition_penalty,
            no_repeat_ngram_size=rung.no_repeat_ngram_size,
            max_length=min(self._whisper.max_length, most),
            suppress_blank=True,
            suppress_tokens=get_suppressed_tokens(tokenizer, [-1]),
            return_scores=True,
            return_no_speech_prob=True,
            sampling_temperature=0.0,
        )
        decoded = []
        for result in results:
            (tokens,) = result.sequences_ids
            # The score is the mean over the tokens; Whisper counts the end of text as one more.
            logprob = result.scores[0] * len(tokens) / (len(tokens) + 1)
            text = tuple(token for token in tokens if token < tokenizer.eot)
            decoded.append(Decoded(text, logprob, result.no_speech_prob))
        return decoded

    def text(self, tokens: Sequence[int], language: str) -> str:
        """The tokens as text."""
        return str(self._tokenizer(language).decode(list(tokens)))

    def words(self, chunk: Encoded, tokens: Sequence[int], language: str) -> list[Word]:
        """The words of the text, each with its time in seconds from the chunk's start.

        One chunk at a time: in a batch of eight, all are padded to the longest text, and each cost
        0.39 CPU-s instead of 0.15.
        """
        if not tokens:
            return []
        state = chunk.coarser(self._spec.window.word_states)
        states_per_s = state.shape[1] / chunk.window_s
        heard_s = min(math.ceil(chunk.speech_s), chunk.window_s)
        frames = round(heard_s * states_per_s) * FRAMES_PER_STATE
        # By this the library turns the place of a state into seconds.
        self._whisper.tokens_per_second = states_per_s
        segment: dict[str, Any] = {"tokens": list(tokens), "seek": 0, "start": 0.0}
        segment["end"] = chunk.speech_s
        self._whisper.add_word_timestamps(
            [[segment]],
            self._tokenizer(language),
            StorageView.from_array(state),
            [frames],
            PREPENDED,
            APPENDED,
            0.0,
        )
        return [
            Word(float(word["start"]), float(word["end"]), word["word"], float(word["probability"]))
            for word in segment["words"]
        ]

    def _tokenizer(self, language: str) -> Tokenizer:
        if language not in self._tokenizers:
            self._tokenizers[language] = Tokenizer(
                self._whisper.hf_tokenizer,
                self._whisper.model.is_multilingual,
                task="transcribe",
                language=language,
            )
        return self._tokenizers[language]


def averaged(state: NDArray[np.float32], states: int) -> NDArray[np.float32]:
    """States of shape (1, n, width) as means over equal times, of shape (1, states, width).

    A mean takes a state in by the share of it that lies within its time; fewer than `states` are
    spread out likewise.
    """
    given = state.shape[1]
    if given == states:
        return state
    edges = np.arange(states + 1) * (given / states)
    first = edges[:-1].astype(int)
    means = np.zeros((states, state.shape[2]), dtype=np.float32)
    for place in range(math.ceil(given / states) + 1):
        within = np.minimum(edges[1:], first + place + 1) - np.maximum(edges[:-1], first + place)
        share = np.maximum(within, 0.0) * (states / given)
        taken = state[0, np.minimum(first + place, given - 1)]
        means += taken * share.astype(np.float32)[:, np.newaxis]
    return means[np.newaxis]
