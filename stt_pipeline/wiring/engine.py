"""The engine that the settings ask for: its models, its name, its workers. Transcribes nothing."""

import datetime as dt
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

from stt_pipeline.adapters import machine
from stt_pipeline.adapters.audio import PyavProber, Samples, decode
from stt_pipeline.adapters.audio import packets_s as audio_packets_s
from stt_pipeline.adapters.checkpoints import CheckpointStore
from stt_pipeline.adapters.weights import fetch_from, verified_weights, verify
from stt_pipeline.adapters.whisper.process import process_environment
from stt_pipeline.adapters.worker_processes import Task, WorkerProcesses
from stt_pipeline.domain.errors import UserError
from stt_pipeline.domain.planning.sharding import BATCH, batch_size, worker_count
from stt_pipeline.domain.ports import (
    AudioProber,
    ResultStore,
    Transcriber,
)
from stt_pipeline.domain.speech.engine import EngineSpec, ModelIdentity
from stt_pipeline.domain.speech.engine_choice import tuned
from stt_pipeline.domain.speech.hotwords import hinted
from stt_pipeline.domain.speech.known_models import KNOWN_MODELS, KnownModel
from stt_pipeline.settings import Settings
from stt_pipeline.wiring.roots import S3, lake_store, store_at, text_at

ANY_LANGUAGE = "*"


AS_WRITTEN: Mapping[str, float] = MappingProxyType({})
"""No figure of the engine is another than domain/speech/engine.py writes."""


SOUND_PIECE_S = 30.0
"""Seconds of sound in memory where a recording is copied for people to listen to."""


WORKER_PROGRAM = "stt_pipeline.worker"
"""The module that a worker process runs."""


@dataclass(frozen=True)
class ModelFolder:
    """Where a model lies; `known` is None for a model of the user's own, whatever its name.

    `uri` is where one is fetched from at first use, into `folder`.
    """

    name: str
    folder: Path
    known: KnownModel | None
    uri: str = ""


def model_folders(settings: Settings) -> dict[str, ModelFolder]:
    """The model of each language, `*` for every other; nothing is verified."""
    folders = {}
    for part in settings.model.split(","):
        language, _, name = part.strip().rpartition("=")
        if name.startswith(S3):
            folders[language or ANY_LANGUAGE] = _model_of_bucket(name.rstrip("/"), settings)
            continue
        known = KNOWN_MODELS.get(name)
        folder = settings.models_dir / name if known else Path(name.removeprefix("file://"))
        if not known and "/" not in name:
            raise UserError(
                f"STT_MODEL={name} is no known model and no folder: use "
                f"{', '.join(KNOWN_MODELS)}, or write the folder's path."
            )
        folders[language or ANY_LANGUAGE] = ModelFolder(folder.name, folder, known)
    if missing := [one for one in settings.languages if not {one, ANY_LANGUAGE} & folders.keys()]:
        raise UserError(f"STT_MODEL names no model for {missing[0]}: add {missing[0]}=….")
    return folders


def _model_of_bucket(uri: str, settings: Settings) -> ModelFolder:
    if not settings.model_sha256:
        raise UserError(
            f"STT_MODEL={uri}: set STT_MODEL_SHA256 to the sha256 of its model.bin; a model that "
            "cannot be checked is not loaded."
        )
    folder = settings.models_dir / settings.model_sha256
    return ModelFolder(uri.rpartition("/")[2], folder, known=None, uri=uri)


def engine_spec(settings: Settings, figures: Mapping[str, float] = AS_WRITTEN) -> EngineSpec:
    """The engine of these settings, by name; reads no weights. Raises UserError.

    `figures` are those of the engine that somebody tries in place of its own.
    """
    models = {}
    for language, model in model_folders(settings).items():
        sha256 = model.known.sha256 if model.known else settings.model_sha256
        models[language] = ModelIdentity(model.name, sha256)
    spec = EngineSpec(
        library=f"faster-whisper-{version('faster-whisper')}",
        models=models,
        compute_type=settings.compute_type,
        device=settings.device,
        languages=settings.languages,
        speakers=settings.channels,
        hotwords=_hotwords(settings),
    )
    return tuned(spec, figures)


def _hotwords(settings: Settings) -> str:
    if not settings.hotwords_uri:
        return ""
    hotwords = " ".join(text_at(settings.hotwords_uri, "STT_HOTWORDS_URI").split())
    # A heading that is no language is refused before any call is heard.
    hinted(hotwords, ANY_LANGUAGE)
    return hotwords


def verified_models(settings: Settings) -> dict[str, Path]:
    """Folder of each model by its sha256, every hash checked; raises UserError."""
    _look_for_device(settings)
    verified = {}
    for model in model_folders(settings).values():
        if model.known:
            verify(model.folder, model.known.files)
        else:
            if model.uri and not model.folder.is_dir():
                fetch_from(store_at(model.uri, "STT_MODEL"), model.folder, settings.model_sha256)
            verified_weights(model.folder, settings.model_sha256)
        verified[model.known.sha256 if model.known else settings.model_sha256] = model.folder
    return verified


def _look_for_device(settings: Settings) -> None:
    if settings.device == "cpu":
        return
    from ctranslate2 import get_cuda_device_count

    if not get_cuda_device_count():
        raise UserError(
            "STT_DEVICE is cuda, and there is no CUDA device here: set STT_DEVICE=cpu, or run "
            "where there is one."
        )


def transcriber(
    settings: Settings,
    cpu_threads: int,
    figures: Mapping[str, float] = AS_WRITTEN,
    batch: int = BATCH,
) -> Transcriber:
    """The engine, its weights verified, decoding `batch` chunks at once; raises UserError."""
    from stt_pipeline.adapters.whisper.engine import FasterWhisperTranscriber

    return FasterWhisperTranscriber(
        engine_spec(settings, figures), verified_models(settings), decode, cpu_threads, batch
    )


def result_store(
    settings: Settings, call_date: dt.date, figures: Mapping[str, float] = AS_WRITTEN
) -> ResultStore:
    """Checkpoints of a date under the engine of these settings."""
    fingerprint = engine_spec(settings, figures).fingerprint
    return CheckpointStore(lake_store(settings), call_date, fingerprint)


def available_cpus() -> int:
    """CPUs that this process may use."""
    return machine.available_cpus()


def most_workers() -> int:
    """Worker processes that this machine, or container, has CPUs and memory for."""
    cpus = available_cpus()
    return worker_count(cpus, cpus, machine.available_memory_bytes())


def workers(
    settings: Settings,
    call_date: dt.date,
    shards: int,
    limit_s: Callable[[Sequence[Task]], float],
    figures: Mapping[str, float] = AS_WRITTEN,
) -> WorkerProcesses:
    """Worker processes for a date: one a CPU, fewer where shards or memory are fewer.

    Two processes of one thread did 30 times real time, one of two threads 26 (DESIGN section 7).
    """
    cpus = available_cpus()
    memory_bytes = machine.available_memory_bytes()
    processes = worker_count(shards, cpus, memory_bytes)
    arguments = ["-m", WORKER_PROGRAM, "--date", str(call_date)]
    arguments += ["--threads", str(max(1, cpus // processes))]
    arguments += ["--batch", str(batch_size(processes, memory_bytes))]
    arguments += ["--settings", settings.model_dump_json(), "--figures", json.dumps(dict(figures))]
    return WorkerProcesses(arguments, processes, limit_s, environment=process_environment())


def prober(_: Settings) -> AudioProber:
    """Reads audio headers."""
    return PyavProber()


def packets_s(audio: BinaryIO, name: str) -> float:
    """Seconds of sound in a file's packets; 0 where they do not say. Reads the whole file."""
    return audio_packets_s(audio, name)


def sound(audio: BinaryIO, name: str) -> Iterator[Samples]:
    """A recording in pieces, shaped (channels, samples), 16 kHz; raises AudioUnreadableError."""
    return decode(audio, name, SOUND_PIECE_S)


def scripts_folder() -> Path:
    """Where the commands of this Python environment lie."""
    return Path(sys.executable).parent
