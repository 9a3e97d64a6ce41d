"""Builds the adapters that the settings ask for; nothing else knows which adapter is which."""

import datetime as dt
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from urllib.parse import unquote, urlsplit

from stt_pipeline.adapters import machine
from stt_pipeline.adapters.audio import PyavProber, decode
from stt_pipeline.adapters.checkpoints import CheckpointStore
from stt_pipeline.adapters.duckdb_catalog import DuckdbCatalog
from stt_pipeline.adapters.local_store import LocalStore
from stt_pipeline.adapters.parquet import ParquetTables
from stt_pipeline.adapters.plans import PlanStore
from stt_pipeline.adapters.verdicts import VerdictStore
from stt_pipeline.adapters.weights import verified_weights, verify
from stt_pipeline.adapters.whisper.process import process_environment
from stt_pipeline.adapters.worker_processes import Task, WorkerProcesses
from stt_pipeline.domain.engine import EngineSpec, ModelIdentity
from stt_pipeline.domain.errors import ObjectMissingError, UserError
from stt_pipeline.domain.known_models import KNOWN_MODELS, KnownModel
from stt_pipeline.domain.ports import (
    AudioProber,
    Catalog,
    ReadableStore,
    ResultStore,
    Store,
    Transcriber,
)
from stt_pipeline.domain.sharding import worker_count
from stt_pipeline.settings import Settings

ANY_LANGUAGE = "*"


def _folder(uri: str, setting: str) -> Path:
    parts = urlsplit(uri)
    if parts.scheme != "file":
        raise UserError(f"{setting}={uri}: only file:///… can be read by this version.")
    return Path(unquote(parts.path))


def recordings_store(settings: Settings) -> ReadableStore:
    """The store of recordings."""
    return LocalStore(_folder(settings.recordings_uri, "STT_RECORDINGS_URI"), "STT_RECORDINGS_URI")


def references_store(settings: Settings) -> ReadableStore:
    """The store of reference texts."""
    return LocalStore(_folder(settings.references_uri, "STT_REFERENCES_URI"), "STT_REFERENCES_URI")


def lake_store(settings: Settings) -> Store:
    """The lake; its folder is made where it is missing. Raises UserError where it cannot be."""
    folder = _folder(settings.lake_uri, "STT_LAKE_URI")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"STT_LAKE_URI names {folder}, which cannot be made ({error.strerror}): correct it."
        ) from None
    return LocalStore(folder, "STT_LAKE_URI")


def lake_free_bytes(settings: Settings) -> int:
    """Bytes free where the lake lies."""
    lake_store(settings)
    return shutil.disk_usage(_folder(settings.lake_uri, "STT_LAKE_URI")).free


def scripts_folder() -> Path:
    """Where the commands of this Python environment lie."""
    return Path(sys.executable).parent


def prober(_: Settings) -> AudioProber:
    """Reads audio headers."""
    return PyavProber()


def published(settings: Settings) -> ParquetTables:
    """The tables that readers see."""
    return ParquetTables(lake_store(settings))


def candidates(settings: Settings) -> ParquetTables:
    """The tables of a date before its gate."""
    return ParquetTables(lake_store(settings), prefix="_work/candidates/")


def ledgers(settings: Settings) -> ParquetTables:
    """The newest ledger of each date."""
    return ParquetTables(lake_store(settings), prefix="_work/ledger/")


def verdicts(settings: Settings) -> VerdictStore:
    """The newest verdict of each date."""
    return VerdictStore(lake_store(settings))


def plans(settings: Settings) -> PlanStore:
    """The newest shard plan of each date."""
    return PlanStore(lake_store(settings))


def catalog(settings: Settings) -> Catalog:
    """The catalog that answers SQL."""
    if settings.catalog == "glue":
        raise UserError("STT_CATALOG=glue is not in this version: use duckdb.")
    return DuckdbCatalog(lake_store(settings), str(_folder(settings.lake_uri, "STT_LAKE_URI")))


def check_settings(settings: Settings) -> None:
    """Raises UserError where a run would stop in its middle: a folder, the catalog, the model."""
    next(iter(recordings_store(settings).walk("", skip=lambda folder: True)), None)
    references_store(settings)
    catalog(settings)
    engine_spec(settings)
    verified_models(settings)


@dataclass(frozen=True)
class ModelFolder:
    """Where a model lies; `known` is None for a folder of the user's own, whatever its name."""

    name: str
    folder: Path
    known: KnownModel | None


def model_folders(settings: Settings) -> dict[str, ModelFolder]:
    """The model of each language, `*` for every other; nothing is verified."""
    folders = {}
    for part in settings.model.split(","):
        language, _, name = part.strip().rpartition("=")
        if name.startswith("s3://"):
            raise UserError(f"STT_MODEL={name}: copy the model to a folder and name that.")
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


def engine_spec(settings: Settings) -> EngineSpec:
    """The engine of these settings, by name; reads no weights. Raises UserError."""
    models = {}
    for language, model in model_folders(settings).items():
        sha256 = model.known.sha256 if model.known else settings.model_sha256
        models[language] = ModelIdentity(model.name, sha256)
    return EngineSpec(
        library=f"faster-whisper-{version('faster-whisper')}",
        models=models,
        compute_type=settings.compute_type,
        languages=settings.languages,
        speakers=settings.channels,
        hotwords=_hotwords(settings),
    )


def verified_models(settings: Settings) -> dict[str, Path]:
    """Folder of each model by its sha256, every hash checked; raises UserError."""
    verified = {}
    for model in model_folders(settings).values():
        if model.known:
            verify(model.folder, model.known.files)
        else:
            verified_weights(model.folder, settings.model_sha256)
        verified[model.known.sha256 if model.known else settings.model_sha256] = model.folder
    return verified


def transcriber(settings: Settings, cpu_threads: int) -> Transcriber:
    """The engine, its weights verified; raises UserError."""
    from stt_pipeline.adapters.whisper.engine import FasterWhisperTranscriber

    return FasterWhisperTranscriber(
        engine_spec(settings), verified_models(settings), decode, cpu_threads
    )


def result_store(settings: Settings, call_date: dt.date) -> ResultStore:
    """Checkpoints of a date under the engine of these settings."""
    return CheckpointStore(lake_store(settings), call_date, engine_spec(settings).fingerprint)


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
) -> WorkerProcesses:
    """Worker processes for a date: one a CPU, fewer where shards or memory are fewer.

    Two processes of one thread did 30 times real time, one of two threads 26 (DESIGN section 7).
    """
    cpus = available_cpus()
    processes = worker_count(shards, cpus, machine.available_memory_bytes())
    arguments = ["-m", "stt_pipeline.worker", "--date", str(call_date)]
    arguments += ["--threads", str(max(1, cpus // processes))]
    arguments += ["--settings", settings.model_dump_json()]
    return WorkerProcesses(arguments, processes, limit_s, environment=process_environment())


def _hotwords(settings: Settings) -> str:
    if not settings.hotwords_uri:
        return ""
    path = _folder(settings.hotwords_uri, "STT_HOTWORDS_URI")
    try:
        with LocalStore(path.parent, "STT_HOTWORDS_URI").open(path.name) as file:
            return " ".join(file.read().decode("utf-8").split())
    except (ObjectMissingError, UnicodeDecodeError):
        raise UserError(f"STT_HOTWORDS_URI names {path}, which is no text file.") from None
