"""faster-whisper as a Transcriber: samples in, utterances of each channel out. Stores nothing."""

import datetime as dt
import itertools
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
from faster_whisper import BatchedInferencePipeline
from faster_whisper.transcribe import Segment as HeardSegment
from faster_whisper.transcribe import Word as HeardWord

from stt_pipeline.adapters.whisper.speech import RATE, ChannelListener, Samples, Utterance
from stt_pipeline.adapters.whisper.window import FRAMES_PER_S, WindowedWhisperModel
from stt_pipeline.domain import utterances
from stt_pipeline.domain.chunking import Chunk, pack
from stt_pipeline.domain.engine import EngineSpec
from stt_pipeline.domain.transcription import Segment, Transcription, Word

PIECE_S = 600.0
"""Seconds of audio held at once: bounds the memory of a long call (40 MB a channel)."""

BATCH_SIZE = 8
"""Chunks decoded together; 8 to 16 made no difference, fewer were dearer (issue 3)."""

ALIKE = 0.02
"""Two channels whose difference is below this share of their level carry the same signal."""

LANGUAGE_SPEECH_S = 30.0
"""Seconds of speech that decide the language: one window of the encoder."""

UNKNOWN_SPEAKER = "unknown"

Decode = Callable[[BinaryIO, str, float], Iterator[Samples]]

_NOTHING: Samples = np.empty(0, dtype=np.float32)


@dataclass
class _Hearing:
    """What is known of the recording at work."""

    listeners: list[ChannelListener]
    dual_mono: bool
    language: str | None = None
    language_probability: float | None = None


@dataclass(frozen=True)
class _HeardWord:
    """A word at its time in the call, with the chunk and the model's segment it came from."""

    word: Word
    chunk: Chunk
    segment: HeardSegment


class FasterWhisperTranscriber:
    """Implements Transcriber on the CPU; one a process, models loaded when first needed."""

    def __init__(
        self, spec: EngineSpec, folders: dict[str, Path], decode: Decode, cpu_threads: int
    ) -> None:
        """`folders` maps a model's sha256 to its verified folder; `decode` reads the samples."""
        self._spec = spec
        self._folders = folders
        self._decode = decode
        self._cpu_threads = cpu_threads
        self._models: dict[str, WindowedWhisperModel] = {}

    @property
    def engine(self) -> str:
        """See Transcriber."""
        return self._spec.label

    def transcribe(self, audio: BinaryIO, name: str) -> Transcription:
        """See Transcriber."""
        cpu_before = time.process_time()
        hearing: _Hearing | None = None
        samples = 0
        segments: list[Segment] = []
        for piece in self._decode(audio, name, PIECE_S):
            hearing = hearing or self._begin(piece)
            samples += piece.shape[1]
            heard = [
                listener.listen(channel)
                for listener, channel in zip(hearing.listeners, piece, strict=False)
            ]
            segments += self._segments(hearing, heard)
        assert hearing is not None, "decode yields a piece or raises"
        segments += self._segments(hearing, [listener.finish() for listener in hearing.listeners])
        return Transcription(
            duration_s=round(samples / RATE, 3),
            channels=tuple(listener.channel for listener in hearing.listeners),
            segments=utterances.in_order(segments),
            language=hearing.language,
            language_probability=hearing.language_probability,
            dual_mono=hearing.dual_mono,
            cpu_s=round(time.process_time() - cpu_before, 3),
            transcribed_at=dt.datetime.now(dt.UTC).replace(tzinfo=None, microsecond=0),
        )

    def _begin(self, piece: Samples) -> _Hearing:
        dual_mono = len(piece) == 2 and _alike(piece[0], piece[1])
        speakers: Sequence[str] = (UNKNOWN_SPEAKER,)
        if len(piece) == 2 and not dual_mono:
            speakers = self._spec.speakers
        listeners = [
            ChannelListener(index, speaker, self._spec.detection)
            for index, speaker in enumerate(speakers)
        ]
        return _Hearing(listeners, dual_mono)

    def _segments(self, hearing: _Hearing, heard: list[list[Utterance]]) -> list[Segment]:
        """Transcribes what every channel said in one piece; both channels fill the same batches."""
        chunks: list[Chunk] = []
        samples: list[Samples] = []
        for channel, said in enumerate(heard):
            packed = pack(channel, (utterance.span for utterance in said))
            voice = np.concatenate([one.samples for one in said]) if said else _NOTHING
            lengths = [round(chunk.duration_s * RATE) for chunk in packed]
            edges = list(itertools.accumulate(lengths, initial=0))
            samples += [voice[a:b] for a, b in itertools.pairwise(edges)]
            chunks += packed
        if not chunks:
            return []
        if hearing.language is None:
            hearing.language, hearing.language_probability = self._language(samples)
        words = self._words(hearing.language, chunks, samples)
        segments = []
        for index, listener in enumerate(hearing.listeners):
            said_here = [word for word in words if word.chunk.channel == index]
            segments += _utterances(said_here, listener.channel.speaker)
        return segments

    def _language(self, samples: list[Samples]) -> tuple[str, float]:
        """The likeliest of the allowed languages, and its probability among them."""
        allowed = self._spec.languages
        if len(allowed) == 1:
            return allowed[0], 1.0
        model = self._model(allowed[0])
        speech = max(samples, key=len)[: int(LANGUAGE_SPEECH_S * RATE)]
        _, _, found = model.detect_language(speech, language_detection_threshold=0.0)
        probabilities = {language: dict(found).get(language, 0.0) for language in allowed}
        language = max(allowed, key=lambda one: probabilities[one])
        total = sum(probabilities.values())
        return language, round(probabilities[language] / total, 4) if total else 0.0

    def _words(
        self, language: str, chunks: list[Chunk], samples: list[Samples]
    ) -> list[_HeardWord]:
        """The words of all chunks, which lie one after the other in one virtual recording."""
        edges = list(itertools.accumulate((len(voice) for voice in samples), initial=0))
        clips = [{"start": a / RATE, "end": b / RATE} for a, b in itertools.pairwise(edges)]
        found, _ = BatchedInferencePipeline(self._model(language)).transcribe(
            np.concatenate(samples),
            language=language,
            beam_size=self._spec.beam_size,
            batch_size=BATCH_SIZE,
            word_timestamps=True,
            clip_timestamps=clips,
            hotwords=self._spec.hotwords or None,
        )
        frames = [int(clip["start"] * FRAMES_PER_S) for clip in clips]
        heard = []
        for segment in found:
            index = bisect_right(frames, segment.seek + 1) - 1
            start_s = clips[index]["start"]
            heard += [
                _HeardWord(_word(chunks[index], start_s, word), chunks[index], segment)
                for word in _whole_words(segment.words or [])
            ]
        return heard

    def _model(self, language: str) -> WindowedWhisperModel:
        identity = self._spec.model_for(language)
        if identity.sha256 not in self._models:
            self._models[identity.sha256] = WindowedWhisperModel(
                str(self._folders[identity.sha256]),
                self._spec.window,
                device="cpu",
                compute_type=self._spec.compute_type,
                cpu_threads=self._cpu_threads,
                local_files_only=True,
            )
        return self._models[identity.sha256]


def _alike(left: Samples, right: Samples) -> bool:
    level = float(np.sqrt(np.mean(np.square(left)))) + float(np.sqrt(np.mean(np.square(right))))
    apart = float(np.sqrt(np.mean(np.square(left - right))))
    return level > 0 and apart <= ALIKE * level / 2


def _whole_words(pieces: list[HeardWord]) -> list[HeardWord]:
    """Pieces that the model wrote without a space between, such as `d` and `'options`, as one."""
    words: list[HeardWord] = []
    for piece in pieces:
        if not piece.word.strip():
            continue
        if words and not piece.word.startswith(" "):
            whole = words[-1]
            words[-1] = HeardWord(
                start=whole.start,
                end=piece.end,
                word=whole.word + piece.word,
                probability=min(whole.probability, piece.probability),
            )
        else:
            words.append(piece)
    return words


def _word(chunk: Chunk, chunk_start_s: float, heard: HeardWord) -> Word:
    placed = chunk.place(
        Word(
            start_s=heard.start - chunk_start_s,
            end_s=heard.end - chunk_start_s,
            word=heard.word.strip(),
            probability=round(float(heard.probability), 4),
        )
    )
    return replace(placed, start_s=round(placed.start_s, 3), end_s=round(placed.end_s, 3))


def _utterances(heard: list[_HeardWord], speaker: str) -> list[Segment]:
    """A channel's words as utterances; the figures are those of the chunk of the first word."""
    source = {id(item.word): item for item in heard}
    segments = []
    for words in utterances.cut([item.word for item in heard]):
        first = source[id(words[0])]
        text = " ".join(word.word for word in words)
        segments.append(
            Segment(
                channel=first.chunk.channel,
                speaker=speaker,
                avg_logprob=round(float(first.segment.avg_logprob), 4),
                no_speech_prob=round(float(first.segment.no_speech_prob), 4),
                compression_ratio=round(utterances.compression_ratio(text), 3),
                words=words,
            )
        )
    return segments
