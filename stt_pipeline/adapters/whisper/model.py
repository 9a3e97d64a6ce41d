"""One loaded Whisper model: encodes a chunk, tells its language, decodes, times its words.

Decides nothing: which chunks go together, and which are decoded again, is said by the caller.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ctranslate2 import StorageView
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import get_suppressed_tokens
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from stt_pipeline.adapters.whisper.decoded import Decoded, placed
from stt_pipeline.adapters.whisper.decoder import Prompt, StepDecoder
from stt_pipeline.adapters.whisper.encoded import Encoded
from stt_pipeline.adapters.whisper.encoder import PooledEncoder
from stt_pipeline.adapters.whisper.speech import Sound
from stt_pipeline.adapters.whisper.word_times import FRAMES_PER_S, WordRules, words_of
from stt_pipeline.domain.speech.activity import RATE
from stt_pipeline.domain.speech.engine import EngineSpec
from stt_pipeline.domain.speech.hotwords import hinted
from stt_pipeline.domain.speech.transcription import Word

FRAMES_PER_STATE = 2
"""Mel frames that the encoder makes one state of (Radford et al. 2022, section 2.2)."""

STATE_SAMPLES = RATE * FRAMES_PER_STATE // FRAMES_PER_S
"""Samples of a state, 20 ms."""


@dataclass(frozen=True)
class Rung:
    """How the decoder searches in one pass; for `patience` see BeamSearch."""

    beam_size: int
    patience: int = 1
    repetition_penalty: float = 1.0
    no_repeat_ngram_size: int = 0

    @property
    def is_plain(self) -> bool:
        """Whether every token may be repeated."""
        return self.repetition_penalty == 1.0 and not self.no_repeat_ngram_size


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
        self._step_decoder = StepDecoder.of(folder, spec, cpu_threads)
        self._word_rules = WordRules()
        # Two threads of numpy's matrices round the features otherwise than one, and the text would
        # depend on how many CPUs the process may use.
        threadpool_limits(1, user_api="blas")
        self._spec = spec
        self._tokenizers: dict[str, Tokenizer] = {}

    def encode(self, sound: Sound) -> Encoded:
        """A chunk of at most 30 s, at 16 kHz."""
        speech_s = len(sound.samples) / RATE
        window_s = self._spec.window.length_s(speech_s)
        frames = round(window_s * FRAMES_PER_S)
        features = self._whisper.feature_extractor(sound.samples)[..., :-1][:, :frames]
        missing = frames - features.shape[1]
        features = np.pad(features, ((0, 0), (0, max(0, missing))))[np.newaxis]
        spoken = np.zeros(frames // FRAMES_PER_STATE, dtype=np.bool_)
        # At the middle of each state; beyond the chunk nobody speaks.
        within = sound.spoken[STATE_SAMPLES // 2 :: STATE_SAMPLES][: len(spoken)]
        spoken[: len(within)] = within
        made = self._encode_frames(np.ascontiguousarray(features, dtype=np.float32), spoken)
        return Encoded(*made, speech_s, window_s)

    def _encode_frames(
        self, frames: NDArray[np.float32], spoken: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        if self._pooled_encoder is not None:
            return self._pooled_encoder(frames, spoken)
        whole = self._whisper.model.encode(StorageView.from_array(frames), to_cpu=True)
        return np.array(whole), np.ones(len(spoken), dtype=np.int64)

    def languages(self, chunk: Encoded, allowed: Sequence[str]) -> dict[str, float]:
        """How likely each allowed language is, among them; sums to one."""
        state = chunk.every(self._spec.window.language_step, self._spec.window.states)
        (found,) = self._whisper.model.detect_language(StorageView.from_array(state))
        likely = {token.strip("<|>"): probability for token, probability in found}
        total = sum(likely.get(language, 0.0) for language in allowed)
        if not total:
            return dict.fromkeys(allowed, 1 / len(allowed))
        return {language: likely.get(language, 0.0) / total for language in allowed}

    def decode(
        self,
        chunks: Sequence[Encoded],
        language: str,
        rung: Rung,
        favours: Sequence[Mapping[int, float]] = (),
    ) -> list[Decoded]:
        """Reads chunks together; no text depends on which they are. `favours` as StepDecoder's."""
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
        allowed = self._spec.decoding.max_tokens(window.max_s)
        most = min(self._whisper.max_length - len(prompt), allowed)
        if self._step_decoder is not None and rung.is_plain:
            memories = [chunk.memory(states) for chunk in chunks]
            asked = self._prompt(tokenizer, prompt)
            texts = self._step_decoder.read(
                memories, asked, rung.beam_size, most, rung.patience, favours
            )
            seen = [
                memory.evenly(text.looks, window.states)
                for memory, text in zip(memories, texts, strict=True)
            ]
            return [placed(*one) for one in zip(texts, seen, chunks, strict=True)]
        read = [chunk.coarser(states) for chunk in chunks]
        return self._generated(read, tokenizer, prompt, rung, most)

    def _prompt(self, tokenizer: Tokenizer, tokens: list[int]) -> Prompt:
        return Prompt(
            tokens=tuple(tokens),
            start=tokens.index(tokenizer.sot),
            end=tokenizer.eot,
            no_speech=tokenizer.no_speech,
            forbidden=tuple(get_suppressed_tokens(tokenizer, [-1])),
            # A text begins with a letter: neither a space nor its end.
            forbidden_first=(*tokenizer.encode(" "), tokenizer.eot),
        )

    def _generated(
        self,
        states: Sequence[NDArray[np.float32]],
        tokenizer: Tokenizer,
        prompt: list[int],
        rung: Rung,
        max_tokens: int,
    ) -> list[Decoded]:
        """By CTranslate2, for what StepDecoder does not serve for."""
        results = self._whisper.model.generate(
            StorageView.from_array(np.concatenate(states)),
            [prompt] * len(states),
            beam_size=rung.beam_size,
            patience=rung.patience,
            repetition_penalty=rung.repetition_penalty,
            no_repeat_ngram_size=rung.no_repeat_ngram_size,
            max_length=len(prompt) + max_tokens,
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

    def word(self, token: int) -> str | None:
        """What the token writes, in small letters, if it begins a word and is all letters."""
        space, _, letters = str(self._whisper.hf_tokenizer.decode([token])).partition(" ")
        return letters.casefold() if not space and letters.isalpha() else None

    def words(self, chunk: Encoded, decoded: Decoded, language: str) -> list[Word]:
        """The words of the text, each with its time in seconds from the chunk's start.

        What is not placed yet is placed by CTranslate2, one chunk at a time: in a batch of eight,
        all are padded to the longest text, and each cost 0.39 CPU-s instead of 0.15.
        """
        if not decoded.tokens:
            return []
        tokenizer = self._tokenizer(language)
        if decoded.placed is not None:
            return words_of(
                self._word_rules,
                tokenizer,
                decoded.tokens,
                decoded.placed,
                decoded.placed.states / chunk.window_s,
                chunk.speech_s,
            )
        state = chunk.coarser(self._spec.window.word_states)
        states_per_s = state.shape[1] / chunk.window_s
        frames = chunk.heard(state.shape[1]) * FRAMES_PER_STATE
        heard = StorageView.from_array(state)
        return words_of(
            self._whisper, tokenizer, decoded.tokens, heard, states_per_s, chunk.speech_s, frames
        )

    def _tokenizer(self, language: str) -> Tokenizer:
        if language not in self._tokenizers:
            self._tokenizers[language] = Tokenizer(
                self._whisper.hf_tokenizer,
                self._whisper.model.is_multilingual,
                task="transcribe",
                language=language,
            )
        return self._tokenizers[language]
