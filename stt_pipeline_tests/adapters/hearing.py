"""Has the real engine hear samples, and compares what it heard with what was said. No test."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np

from stt_pipeline import wiring
from stt_pipeline.adapters.audio import Samples as Sound
from stt_pipeline.adapters.audio import decode
from stt_pipeline.adapters.whisper.engine import FasterWhisperTranscriber
from stt_pipeline.domain.planning.sharding import BATCH
from stt_pipeline.domain.quality.normalise import normaliser
from stt_pipeline.domain.quality.wer import ErrorCounts, count_errors
from stt_pipeline.domain.speech.engine import Decoding, EngineSpec, ModelIdentity
from stt_pipeline.domain.speech.known_models import KNOWN_MODELS
from stt_pipeline.domain.speech.transcription import Transcription, Word
from stt_pipeline_tests.speech.calls import RATE_HZ, Samples, Turn
from stt_pipeline_tests.speech.encode import WavCodec, write_wav
from stt_pipeline_tests.speech.prompts import Language

SHA256: Final = KNOWN_MODELS["base"].sha256

Transcribe = Callable[[Samples], Transcription]
"""The real engine: telephone samples of shape (n,) or (n, 2) in, what it heard out."""


def make_transcriber(
    model_dir: Path,
    piece_s: float | None = None,
    decoding: Decoding | None = None,
    batch: int = BATCH,
    cpu_threads: int | None = None,
) -> FasterWhisperTranscriber:
    """The pipeline's own engine, or one with other pieces, another decoding, batches or threads."""
    spec = EngineSpec(
        library="faster-whisper",
        models={"*": ModelIdentity("base", SHA256)},
        compute_type="int8",
        languages=("fr", "en"),
        speakers=("agent", "customer"),
        decoding=decoding or Decoding(),
    )

    def decode_pieces(audio: BinaryIO, name: str, engine_s: float) -> Iterator[Sound]:
        return decode(audio, name, piece_s or engine_s)

    threads = cpu_threads or wiring.available_cpus()
    return FasterWhisperTranscriber(spec, {SHA256: model_dir}, decode_pieces, threads, batch)


def heard_by(
    transcriber: FasterWhisperTranscriber,
    samples: Samples,
    folder: Path,
    codec: WavCodec = "pcm_mulaw",
) -> Transcription:
    """What the engine hears in the samples, written to a file below `folder` first."""
    path = write_wav(folder / "call.wav", samples, RATE_HZ, codec)
    with path.open("rb") as audio:
        return transcriber.transcribe(audio, path.name)


def text_of(heard: Transcription, speaker: str | None = None) -> str:
    """All that was heard, or all of one speaker, in order of time."""
    said = (one.text for one in heard.segments if speaker in (None, one.speaker))
    return " ".join(said)


def errors(reference: str, hypothesis: str, language: Language) -> ErrorCounts:
    """Word errors of a text against its reference, under the language's normaliser."""
    return count_errors(reference, hypothesis, normaliser(language)[1])


def words_of(heard: Transcription, speaker: str | None = None) -> list[Word]:
    """Every word, or every word of one speaker, in the order of the segments."""
    segments = (one for one in heard.segments if speaker in (None, one.speaker))
    return [word for segment in segments for word in segment.words]


def within(turn: Turn, word: Word, margin_s: float = 0.3) -> bool:
    """Whether the middle of the word lies in the turn, or no farther from it than `margin_s`."""
    middle_s = (word.start_s + word.end_s) / 2
    return turn.start_s - margin_s <= middle_s <= turn.end_s + margin_s


def loud_edges(samples: Samples) -> tuple[int, int]:
    """Where speech begins and ends: from the first to the last 10 ms within 30 dB of the loudest.

    In samples; prompts have up to half a second of silence and breath at their own edges.
    """
    frame = RATE_HZ // 100
    frames = samples[: len(samples) // frame * frame].astype(float).reshape(-1, frame)
    energy = np.square(frames).sum(axis=1)
    loud = np.flatnonzero(energy >= energy.max() / 1000)
    return int(loud[0]) * frame, (int(loud[-1]) + 1) * frame
