"""The paid engine behind the local one: whether there is one, its budget, its results."""

import datetime as dt

from stt_pipeline.adapters.checkpoints import CheckpointStore
from stt_pipeline.adapters.fallback_record import HandedOver, WeeklyBudget
from stt_pipeline.domain.errors import UserError
from stt_pipeline.domain.planning.fallback import LATE, ResultsWithFallback
from stt_pipeline.domain.ports import DistantTranscriber
from stt_pipeline.domain.speech.hotwords import hinted
from stt_pipeline.domain.speech.vocabulary import dialects, vocabulary
from stt_pipeline.settings import Settings
from stt_pipeline.wiring.engine import engine_spec
from stt_pipeline.wiring.roots import S3, lake_store

ROOT = "_work/fallback/results"

NO_JOB = "stt-pipeline-doctor"
"""A job that is never begun: that there is none is the answer of a service that may be asked."""


def check_fallback(settings: Settings) -> None:
    """Raises UserError where the settings ask for a paid engine that could read nothing."""
    if settings.fallback == "none":
        return
    for setting, uri in (
        ("STT_RECORDINGS_URI", settings.recordings_uri),
        ("STT_LAKE_URI", settings.lake_uri),
    ):
        if not uri.startswith(S3):
            raise UserError(
                f"STT_FALLBACK={settings.fallback} reads and writes S3 alone, and {setting}={uri}: "
                "write it as s3://bucket/prefix, or set STT_FALLBACK=none."
            )
    dialects(settings.languages)


def ask_fallback(settings: Settings) -> str:
    """The paid engine's name, once it has answered; raises UserError where it does not."""
    check_fallback(settings)
    if settings.fallback == "none":
        return "none: what the engine cannot read stays unread"
    from stt_pipeline.adapters.amazon_transcribe.jobs import Jobs, RefusedError, make_client

    try:
        Jobs(make_client(attempts=1)).find(NO_JOB)
    except RefusedError as error:
        raise UserError(
            f"STT_FALLBACK={settings.fallback} does not answer ({error}): give this user "
            "transcribe:GetTranscriptionJob, look at the region, or set STT_FALLBACK=none."
        ) from None
    return f"{settings.fallback}, at most {settings.fallback_budget_usd:.2f} USD a week"


def weekly_budget(settings: Settings) -> WeeklyBudget:
    """What the paid engine may spend."""
    return WeeklyBudget(
        lake_store(settings),
        settings.fallback_budget_usd,
        today=lambda: dt.datetime.now(settings.zone).date(),
    )


def fallback_transcriber(settings: Settings) -> DistantTranscriber | None:
    """The paid engine, or None; raises UserError."""
    check_fallback(settings)
    if settings.fallback == "none":
        return None
    from stt_pipeline.adapters.amazon_transcribe.jobs import Jobs, make_client
    from stt_pipeline.adapters.amazon_transcribe.transcriber import AmazonTranscriber, Request

    codes = dialects(settings.languages)
    hotwords = engine_spec(settings).hotwords
    tables = {
        code: vocabulary(hinted(hotwords, language), language) for language, code in codes.items()
    }
    request = Request(
        codes, {code: table for code, table in tables.items() if table}, settings.channels
    )
    return AmazonTranscriber(
        request, Jobs(make_client()), lake_store(settings), weekly_budget(settings)
    )


def fallback_results(settings: Settings, call_date: dt.date) -> CheckpointStore:
    """What the paid engine made of a date, for the local engine of these settings."""
    fingerprint = engine_spec(settings).fingerprint
    return CheckpointStore(lake_store(settings), call_date, fingerprint, ROOT)


def handed_over(settings: Settings, call_date: dt.date) -> HandedOver:
    """What of a date the local engine of these settings leaves to the paid one."""
    return HandedOver(lake_store(settings), call_date, engine_spec(settings).fingerprint)


def date_results(settings: Settings, call_date: dt.date) -> ResultsWithFallback:
    """A date's results: those of the local engine, and the paid engine's in place of failures.

    What was paid for counts, whatever STT_FALLBACK says by now.
    """
    leaves = settings.fallback != "none" and LATE in settings.fallback_for
    lake, fingerprint = lake_store(settings), engine_spec(settings).fingerprint
    return ResultsWithFallback(
        CheckpointStore(lake, call_date, fingerprint),
        CheckpointStore(lake, call_date, fingerprint, ROOT),
        HandedOver(lake, call_date, fingerprint).read if leaves else set,
    )
