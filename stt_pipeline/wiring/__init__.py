"""Builds the adapters that the settings ask for; nothing else knows which adapter is which."""

from stt_pipeline.adapters.embedded_metrics import EmbeddedMetrics, NoMetrics
from stt_pipeline.adapters.log_alerts import LogAlerts
from stt_pipeline.adapters.sns_alerts import SnsAlerts
from stt_pipeline.domain.ports import Alerts, Metrics, ReadableStore
from stt_pipeline.settings import Settings
from stt_pipeline.wiring.engine import (
    ANY_LANGUAGE,
    AS_WRITTEN,
    ModelFolder,
    available_cpus,
    engine_spec,
    model_folders,
    most_workers,
    packets_s,
    prober,
    result_store,
    scripts_folder,
    sound,
    transcriber,
    verified_models,
    workers,
)
from stt_pipeline.wiring.fallback import (
    ask_fallback,
    check_fallback,
    date_results,
    fallback_results,
    fallback_transcriber,
    handed_over,
    weekly_budget,
)
from stt_pipeline.wiring.roots import (
    S3,
    lake_store,
    recordings_store,
    references_store,
    references_to_write,
    work_folder,
)
from stt_pipeline.wiring.serving import (
    api_keys,
    engine_workers,
    free_memory_bytes,
    job_records,
    probers,
    readable_roots,
    store_of,
    token_issuer,
    uploads_folder,
)
from stt_pipeline.wiring.tables import (
    alert_record,
    candidates,
    catalog,
    label_draws,
    ledgers,
    plans,
    publications,
    published,
    published_beside,
    verdicts,
)

__all__ = [
    "ANY_LANGUAGE",
    "AS_WRITTEN",
    "S3",
    "ModelFolder",
    "alert_record",
    "alerts",
    "api_keys",
    "ask_fallback",
    "available_cpus",
    "candidates",
    "catalog",
    "check_fallback",
    "check_settings",
    "date_results",
    "engine_spec",
    "engine_workers",
    "fallback_results",
    "fallback_transcriber",
    "free_memory_bytes",
    "handed_over",
    "job_records",
    "label_draws",
    "lake_store",
    "ledgers",
    "metrics",
    "model_folders",
    "most_workers",
    "packets_s",
    "plans",
    "prober",
    "probers",
    "publications",
    "published",
    "published_beside",
    "readable_roots",
    "recordings_store",
    "references_store",
    "references_to_write",
    "result_store",
    "scripts_folder",
    "sound",
    "store_of",
    "token_issuer",
    "transcriber",
    "uploads_folder",
    "verdicts",
    "verified_models",
    "weekly_budget",
    "work_folder",
    "workers",
]


def alerts(settings: Settings) -> Alerts:
    """How people are told: the SNS topic, or the log."""
    return SnsAlerts(settings.alert_sns_topic) if settings.alert_sns_topic else LogAlerts()


def metrics(settings: Settings) -> Metrics:
    """Who is told figures: the log, as CloudWatch reads them, or nobody."""
    namespace = settings.metrics_namespace
    return EmbeddedMetrics(namespace) if namespace else NoMetrics()


def check_settings(settings: Settings) -> None:
    """Raises UserError where a run would stop in its middle: a folder, the catalog, the model."""
    catalog(settings)
    check_fallback(settings)
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
