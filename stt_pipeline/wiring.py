"""Builds the adapters that the settings ask for; nothing else knows which adapter is which."""

import datetime as dt
import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO
from urllib.parse import unquote, urlsplit
from weakref import WeakValueDictionary

from stt_pipeline.adapters import machine
from stt_pipeline.adapters.alert_record import AlertRecord
from stt_pipeline.adapters.audio import PyavProber, Samples, decode
from stt_pipeline.adapters.checkpoints import CheckpointStore
from stt_pipeline.adapters.embedded_metrics import EmbeddedMetrics, NoMetrics
from stt_pipeline.adapters.label_draws import DrawRecord
from stt_pipeline.adapters.local_store import LocalStore
from stt_pipeline.adapters.log_alerts import LogAlerts
from stt_pipeline.adapters.parquet import ParquetTables
from stt_pipeline.adapters.plans import PlanStore
from stt_pipeline.adapters.publications import PublicationLog
from stt_pipeline.adapters.s3_store import S3Store
from stt_pipeline.adapters.sns_alerts import SnsAlerts
from stt_pipeline.adapters.verdicts import VerdictStore
from stt_pipeline.adapters.weights import fetch_from, verified_weights, verify
from stt_pipeline.adapters.whisper.process import process_environment
from stt_pipeline.adapters.worker_processes import Task, WorkerProcesses
from stt_pipeline.domain.engine import EngineSpec, ModelIdentity
from stt_pipeline.domain.engine_choice import tuned
from stt_pipeline.domain.errors import ObjectMissingError, UserError
from stt_pipeline.domain.glue_tables import GlueLake
from stt_pipeline.domain.known_models import KNOWN_MODELS, KnownModel
from stt_pipeline.domain.ports import (
    Alerts,
    AudioProber,
    Catalog,
    Metrics,
    ReadableStore,
    ResultStore,
    Store,
    Transcriber,
)
from stt_pipeline.domain.sharding import BATCH, batch_size, worker_count
from stt_pipeline.settings import Settings

ANY_LANGUAGE = "*"

AS_WRITTEN: Mapping[str, float] = MappingProxyType({})
"""No figure of the engine is another than domain/engine.py writes."""

SOUND_PIECE_S = 30.0
"""Seconds of sound in memory where a recording is copied for people to listen to."""

WORKER_PROGRAM = "stt_pipeline.worker"
"""The module that a worker process runs."""


S3 = "s3://"

_S3_STORES: WeakValueDictionary[tuple[str, str], S3Store] = WeakValueDictionary()
"""Those in use: everything of a run shares one store of the lake, so its locks and connections."""


def _folder(uri: str, setting: str) -> Path:
    parts = urlsplit(uri)
    if parts.scheme != "file":
        raise UserError(f"{setting}={uri}: only file:///… can be used here.")
    return Path(unquote(parts.path))


def _s3_store(uri: str, setting: str) -> S3Store:
    """The store of `s3://bucket/prefix`; such addresses are not percent-encoded."""
    store = _S3_STORES.get((uri, setting))
    if store is None:
        bucket, _, prefix = uri.removeprefix(S3).partition("/")
        store = _S3_STORES[uri, setting] = S3Store(bucket, prefix, setting)
    return store


def _store(uri: str, setting: str) -> Store:
    if uri.startswith(S3):
        return _s3_store(uri, setting)
    return LocalStore(_folder(uri, setting), setting)


def _object(uri: str, setting: str) -> tuple[ReadableStore, str]:
    """The store and key of one object."""
    if uri.startswith(S3):
        folder, _, name = uri.rpartition("/")
        return _s3_store(folder, setting), name
    path = _folder(uri, setting)
    return LocalStore(path.parent, setting), path.name


def recordings_store(settings: Settings) -> ReadableStore:
    """The store of recordings."""
    return _store(settings.recordings_uri, "STT_RECORDINGS_URI")


def references_store(settings: Settings) -> ReadableStore:
    """The store of reference texts."""
    return _store(settings.references_uri, "STT_REFERENCES_URI")


def references_to_write(settings: Settings) -> Store:
    """The same for who stores reference texts: only `label import` does."""
    return _store(settings.references_uri, "STT_REFERENCES_URI")


def label_draws(settings: Settings) -> DrawRecord:
    """Which calls were drawn to be labelled."""
    return DrawRecord(lake_store(settings))


def sound(audio: BinaryIO, name: str) -> Iterator[Samples]:
    """A recording in pieces, shaped (channels, samples), 16 kHz; raises AudioUnreadableError."""
    return decode(audio, name, SOUND_PIECE_S)


def lake_store(settings: Settings) -> Store:
    """The lake; its folder is made where it is missing. Raises UserError where it cannot be."""
    if settings.lake_uri.startswith(S3):
        return _s3_store(settings.lake_uri, "STT_LAKE_URI")
    folder = _folder(settings.lake_uri, "STT_LAKE_URI")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"STT_LAKE_URI names {folder}, which cannot be made ({error.strerror}): correct it."
        ) from None
    return LocalStore(folder, "STT_LAKE_URI")


def work_folder(settings: Settings) -> Path:
    """Where this machine's disk is written: the lake, or where tables are made before S3."""
    if settings.lake_uri.startswith(S3):
        return Path(tempfile.gettempdir())
    lake_store(settings)
    return _folder(settings.lake_uri, "STT_LAKE_URI")


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


def published_beside(settings: Settings) -> ParquetTables:
    """The private tables of a date that belong to its published ones."""
    return ParquetTables(lake_store(settings), prefix="_work/published/")


def ledgers(settings: Settings) -> ParquetTables:
    """The newest ledger of each date."""
    return ParquetTables(lake_store(settings), prefix="_work/ledger/")


def verdicts(settings: Settings) -> VerdictStore:
    """The newest verdict of each date."""
    return VerdictStore(lake_store(settings))


def plans(settings: Settings) -> PlanStore:
    """The newest shard plan of each date."""
    return PlanStore(lake_store(settings))


def publications(settings: Settings) -> PublicationLog:
    """When each date was published."""
    return PublicationLog(lake_store(settings))


def alerts(settings: Settings) -> Alerts:
    """How people are told: the SNS topic, or the log."""
    return SnsAlerts(settings.alert_sns_topic) if settings.alert_sns_topic else LogAlerts()


def metrics(settings: Settings) -> Metrics:
    """Who is told figures: the log, as CloudWatch reads them, or nobody."""
    namespace = settings.metrics_namespace
    return EmbeddedMetrics(namespace) if namespace else NoMetrics()


def alert_record(settings: Settings) -> AlertRecord:
    """Which alerts were sent."""
    return AlertRecord(lake_store(settings))


def catalog(settings: Settings) -> Catalog:
    """The catalog that answers SQL; raises UserError where it cannot read this lake."""
    uri = settings.lake_uri
    if settings.catalog == "glue":
        if not uri.startswith(S3):
            raise UserError(
                f"STT_CATALOG=glue reads a lake on S3, and STT_LAKE_URI={uri}: use duckdb, or "
                "write the lake as s3://bucket/prefix."
            )
        return _athena(settings)
    if uri.startswith(S3):
        raise UserError(
            f"STT_CATALOG=duckdb reads a lake in a folder, and STT_LAKE_URI={uri}: use glue, or "
            "write the lake as file:///folder."
        )
    from stt_pipeline.adapters.duckdb_catalog import DuckdbCatalog

    return DuckdbCatalog(lake_store(settings), str(_folder(uri, "STT_LAKE_URI")))


def _athena(settings: Settings) -> Catalog:
    from stt_pipeline.adapters.athena.catalog import AthenaCatalog
    from stt_pipeline.adapters.athena.execution import AthenaQueries
    from stt_pipeline.adapters.athena.glue import GlueTables

    database = settings.glue_database
    tables = GlueTables(
        database,
        GlueLake(settings.lake_uri, settings.first_date),
        today=lambda: dt.datetime.now(settings.zone).date(),
    )
    return AthenaCatalog(tables, AthenaQueries(database, settings.athena_workgroup))


def check_settings(settings: Settings) -> None:
    """Raises UserError where a run would stop in its middle: a folder, the catalog, the model."""
    catalog(settings)
    _look_at(recordings_store(settings))
    for uri, store in (
        (settings.references_uri, references_store(settings)),
        (settings.lake_uri, lake_store(settings)),
    ):
        if uri.startswith(S3):
            _look_at(store)
    engine_spec(settings)
    verified_models(settings)


def _look_at(store: ReadableStore) -> None:
    """Raises UserError where the store cannot be listed."""
    next(iter(store.walk("", skip=lambda folder: True)), None)


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


def verified_models(settings: Settings) -> dict[str, Path]:
    """Folder of each model by its sha256, every hash checked; raises UserError."""
    _look_for_device(settings)
    verified = {}
    for model in model_folders(settings).values():
        if model.known:
            verify(model.folder, model.known.files)
        else:
            if model.uri and not model.folder.is_dir():
                fetch_from(_store(model.uri, "STT_MODEL"), model.folder, settings.model_sha256)
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


def _hotwords(settings: Settings) -> str:
    if not settings.hotwords_uri:
        return ""
    store, name = _object(settings.hotwords_uri, "STT_HOTWORDS_URI")
    try:
        with store.open(name) as file:
            return " ".join(file.read().decode("utf-8").split())
    except (ObjectMissingError, UnicodeDecodeError, OSError):
        raise UserError(
            f"STT_HOTWORDS_URI names {settings.hotwords_uri}, which is no text file that can be "
            "read: correct it."
        ) from None
