"""faster-whisper as a Transcriber: many recordings in, a transcription of each out.

Their chunks are read together; what is done to a chunk is in `passes`, to a recording in `hearing`.
"""

import itertools
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from stt_pipeline.adapters.whisper.encoded import Encoded
from stt_pipeline.adapters.whisper.hearing import ChunkFigures, Hearing
from stt_pipeline.adapters.whisper.model import Model
from stt_pipeline.adapters.whisper.passes import Reading, read
from stt_pipeline.adapters.whisper.process import give_memory_back
from stt_pipeline.adapters.whisper.speech import Samples, Sound
from stt_pipeline.domain.errors import AudioUnreadableError, ObjectMissingError
from stt_pipeline.domain.planning.sharding import BATCH
from stt_pipeline.domain.ports import Heard, Source
from stt_pipeline.domain.speech.activity import RATE
from stt_pipeline.domain.speech.chunking import Chunk, unsaid
from stt_pipeline.domain.speech.engine import EngineSpec
from stt_pipeline.domain.speech.transcription import Span, Transcription

PIECE_S = 300.0
"""Seconds of audio held at once: bounds the memory of a long call (20 MB a channel)."""

PENDING_S = 420.0
"""Seconds of speech that wait to be read together: two batches, or all of many short calls."""

GIVE_BACK_S = 600.0
"""Seconds of speech after which freed memory is given back: asked for anew, it costs little."""

Decode = Callable[[BinaryIO, str, float], Iterator[Samples]]


@dataclass(frozen=True)
class _Pending:
    """A chunk that waits to be read, and the recording that it belongs to."""

    hearing: Hearing
    part: int
    chunk: Chunk
    sound: Sound

    def cut(self, span: Span) -> "_Pending":
        """A part of the chunk, in seconds from its start."""
        sound = self.sound.part(round(span.start_s * RATE), round(span.end_s * RATE))
        return replace(self, chunk=self.chunk.part(span), sound=sound)


class FasterWhisperTranscriber:
    """Implements Transcriber on the CPU; one a process, models loaded when first needed."""

    def __init__(
        self,
        spec: EngineSpec,
        folders: dict[str, Path],
        decode: Decode,
        cpu_threads: int,
        batch: int = BATCH,
    ) -> None:
        """`folders` maps a model's sha256 to its verified folder; `decode` reads the samples.

        `batch` chunks are decoded at once; it changes memory and speed, no text.
        """
        self._spec = spec
        self._folders = folders
        self._decode = decode
        self._cpu_threads = cpu_threads
        self._batch = batch
        self._models: dict[str, Model] = {}
        self._since_given_back_s = 0.0

    @property
    def engine(self) -> str:
        """See Transcriber."""
        return self._spec.label

    def transcribe(self, audio: BinaryIO, name: str) -> Transcription:
        """One recording alone; raises AudioUnreadableError with the reason."""
        ((_, heard),) = self.transcribe_all([Source(name, lambda: audio)])
        if isinstance(heard, Transcription):
            return heard
        raise heard

    def transcribe_all(self, sources: Iterable[Source]) -> Iterator[tuple[int, Heard]]:
        """See Transcriber."""
        pending: list[_Pending] = []
        listened: list[tuple[int, Hearing]] = []
        for index, source in enumerate(sources):
            hearing = Hearing(self._spec)
            try:
                for part, chunks in enumerate(self._listen(source, hearing)):
                    pending += [_Pending(hearing, part, *chunk) for chunk in chunks]
                    if sum(one.chunk.duration_s for one in pending) >= PENDING_S:
                        self._read(pending)
                        pending = []
            except (AudioUnreadableError, ObjectMissingError, OSError) as error:
                pending = [one for one in pending if one.hearing is not hearing]
                yield index, error
            else:
                listened.append((index, hearing))
            if not pending:
                yield from _ended(listened)
                listened = []
        self._read(pending)
        yield from _ended(listened)

    def _listen(self, source: Source, hearing: Hearing) -> Iterator[list[tuple[Chunk, Sound]]]:
        """The chunks of the recording, piece by piece; the last come with those held to its end."""
        clock = _Clock(hearing)
        with source.open() as audio:
            for number, piece in enumerate(self._decode(audio, source.name, PIECE_S)):
                if number:
                    chunks = hearing.take()
                    clock.stop()
                    yield chunks
                    clock.start()
                hearing.listen(piece)
        hearing.finish()
        chunks = hearing.take()
        clock.stop()
        yield chunks

    def _read(self, pending: list[_Pending]) -> None:
        """Gives the words of every chunk to its recording."""
        if not pending:
            return
        began = time.process_time()
        by_language: dict[str, list[tuple[_Pending, Encoded]]] = defaultdict(list)
        for one, chunk, language in self._encode(pending):
            by_language[language].append((one, chunk))
        for language, chunks in by_language.items():
            self._read_language(chunks, language)
        spent_s = time.process_time() - began
        speech_s = sum(one.chunk.duration_s for one in pending)
        for one in pending:
            one.hearing.cpu_s += spent_s * one.chunk.duration_s / speech_s
        self._since_given_back_s += speech_s
        if self._since_given_back_s >= GIVE_BACK_S:
            give_memory_back()
            self._since_given_back_s = 0.0

    def _encode(self, pending: list[_Pending]) -> Iterator[tuple[_Pending, Encoded, str]]:
        """Each chunk, encoded, with the language to read it in.

        A recording's language is settled by its first part with speech, whatever is read with it.
        """
        allowed = self._spec.languages
        model = self._model(allowed[0])
        for (hearing, _), part in itertools.groupby(pending, lambda one: (one.hearing, one.part)):
            encoded = [(one, model.encode(one.sound)) for one in part]
            if len(allowed) > 1:
                for one, chunk in encoded:
                    likely = model.languages(chunk, allowed)
                    hearing.votes.add(one.chunk.channel, chunk.speech_s, likely)
            for one, chunk in encoded:
                yield one, chunk, hearing.settled_language(one.chunk.channel)

    def _read_language(self, chunks: list[tuple[_Pending, Encoded]], language: str) -> None:
        model = self._model(language)
        encoded = [chunk for _, chunk in chunks]
        if model is not self._model(self._spec.languages[0]):
            encoded = [model.encode(one.sound) for one, _ in chunks]
        pending = [one for one, _ in chunks]
        while pending:
            missed = []
            calls = [(id(one.hearing), one.part) for one in pending]
            readings = read(model, encoded, language, self._spec.decoding, self._batch, calls)
            for one, chunk, reading in zip(pending, encoded, readings, strict=True):
                words = model.words(chunk, reading.decoded, language)
                one.hearing.add(one.chunk, words, _figures(reading))
                gaps = unsaid(words, chunk.speech_s, self._spec.decoding.missed_s)
                missed += [one.cut(gap) for gap in gaps]
            pending = missed
            encoded = [model.encode(one.sound) for one in pending]

    def _model(self, language: str) -> Model:
        identity = self._spec.model_for(language)
        if identity.sha256 not in self._models:
            folder = self._folders[identity.sha256]
            self._models[identity.sha256] = Model(folder, self._spec, self._cpu_threads)
            # The weights were read in float32 first: 350 MB.
            give_memory_back()
        return self._models[identity.sha256]


class _Clock:
    """Adds the CPU seconds of one recording's listening to it, and none of what goes between."""

    def __init__(self, hearing: Hearing) -> None:
        self._hearing = hearing
        self.start()

    def start(self) -> None:
        self._began = time.process_time()

    def stop(self) -> None:
        self._hearing.cpu_s += time.process_time() - self._began
        self.start()


def _ended(listened: list[tuple[int, Hearing]]) -> Iterator[tuple[int, Heard]]:
    return ((index, hearing.transcription()) for index, hearing in listened)


def _figures(reading: Reading) -> ChunkFigures:
    return ChunkFigures(
        avg_logprob=float(reading.decoded.avg_logprob),
        no_speech_prob=float(reading.decoded.no_speech_prob),
        compression_ratio=reading.compression_ratio,
    )
