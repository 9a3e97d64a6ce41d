"""The step `transcript_quality`: judges every call of a date, and the date as a whole."""

import datetime as dt
import warnings
from collections.abc import Sequence
from typing import Any

import dagster as dg

from stt_pipeline import wiring
from stt_pipeline.adapters.verdicts import digest
from stt_pipeline.defs import display
from stt_pipeline.defs.display import Metadata
from stt_pipeline.defs.partitions import call_dates
from stt_pipeline.defs.resources import DateLock, Pipeline
from stt_pipeline.domain import gates
from stt_pipeline.domain.errors import ObjectMissingError
from stt_pipeline.domain.gates import CHECKS, Verdict
from stt_pipeline.domain.ledger import with_failures
from stt_pipeline.domain.recording import Recording, Status
from stt_pipeline.domain.references import Reference, judge_against, reference_keys
from stt_pipeline.domain.schemas import DATE_TABLES
from stt_pipeline.domain.signals import count_flags
from stt_pipeline.domain.tables import Row, quality_row, recordings_table, table
from stt_pipeline.domain.transcription import Failure, Result, Transcription
from stt_pipeline.settings import Settings

ASSET = "transcript_quality"


def transcript_quality_asset(settings: Settings) -> dg.AssetsDefinition:
    """The asset `transcript_quality` for these settings, with its blocking checks."""

    @dg.asset(
        name=ASSET,
        deps=["recordings", "transcripts"],
        partitions_def=call_dates(settings),
        group_name=display.GROUP,
        metadata={"dagster/column_schema": display.column_schema(ASSET)},
        kinds={"python", "parquet"},
        description=display.description(
            ASSET,
            "Word errors where a person wrote the text, signals on every call, and the checks "
            "that a date must pass before it is published.",
        ),
        check_specs=_check_specs(settings),
    )
    def transcript_quality(
        context: dg.AssetExecutionContext,
        pipeline: dg.ResourceParam[Pipeline],
        date_lock: dg.ResourceParam[DateLock],
    ) -> dg.MaterializeResult:
        call_date = context.partition_key
        ledger = pipeline.ledger(call_date)
        results = read_results(pipeline, call_date, ledger)
        quality = judge_calls(pipeline, ledger, results)
        pipeline.candidates.write(ASSET, call_date, table(ASSET, quality))
        pipeline.candidates.write(
            "recordings", call_date, recordings_table(with_failures(ledger, failures(results)))
        )
        verdict = judge_date(pipeline, call_date, ledger, results, quality)
        pipeline.verdicts.write(call_date, verdict)
        return dg.MaterializeResult(
            metadata=_metadata(pipeline, call_date, quality, verdict),
            check_results=[_check_result(check) for check in verdict.checks],
        )

    return transcript_quality


def _check_specs(settings: Settings) -> list[dg.AssetCheckSpec]:
    """The blocking checks, a date each: the UI shows which date failed."""
    with warnings.catch_warnings():
        # Dagster calls the partitions of a check a preview (1.13): known, and worth it.
        warnings.simplefilter("ignore", dg.PreviewWarning)
        return [
            dg.AssetCheckSpec(
                name,
                asset=ASSET,
                blocking=True,
                description=says,
                partitions_def=call_dates(settings),
            )
            for name, says in CHECKS.items()
        ]


def read_results(
    pipeline: Pipeline, call_date: str, ledger: Sequence[Recording]
) -> dict[str, Result]:
    """The checkpoints of the date's accepted recordings, by etag; none where one is missing."""
    store = wiring.result_store(pipeline.settings, dt.date.fromisoformat(call_date))
    read = {row.etag: store.read(row.etag) for row in ledger if row.status is Status.ACCEPTED}
    return {etag: result for etag, result in read.items() if result is not None}


def failures(results: dict[str, Result]) -> dict[str, Failure]:
    """The failures among the results, by etag."""
    return {etag: r.outcome for etag, r in results.items() if isinstance(r.outcome, Failure)}


def judge_calls(
    pipeline: Pipeline, ledger: Sequence[Recording], results: dict[str, Result]
) -> list[Row]:
    """One row a transcribed call, in order of call_id."""
    rows = []
    for recording in sorted(ledger, key=lambda row: row.call_id or ""):
        result = results.get(recording.etag) if recording.status is Status.ACCEPTED else None
        if result is None or not isinstance(result.outcome, Transcription):
            continue
        call_id, heard = recording.call_id or "", result.outcome
        reference = read_reference(pipeline, call_id)
        counts = judge_against(reference, heard) if reference.texts else None
        rows.append(quality_row(call_id, heard, counts, result.engine))
    return rows


def read_reference(pipeline: Pipeline, call_id: str) -> Reference:
    """The reference texts of a call, as far as they exist."""
    texts = {}
    for speaker, key in reference_keys(call_id).items():
        try:
            with pipeline.references.open(key) as file:
                texts[speaker] = file.read().decode("utf-8-sig", errors="replace")
        except ObjectMissingError:
            continue
    return Reference(texts)


def judge_date(
    pipeline: Pipeline,
    call_date: str,
    ledger: Sequence[Recording],
    results: dict[str, Result],
    quality: Sequence[Row],
) -> Verdict:
    """Every check over the candidate, with the digest of what was judged."""
    failed = failures(results)
    transcribed = results.keys() - failed.keys()
    by_etag = {row.etag: row.call_id or "" for row in ledger if row.status is Status.ACCEPTED}
    speech_s = {
        by_etag[etag]: result.outcome.speech_s
        for etag, result in results.items()
        if isinstance(result.outcome, Transcription)
    }
    settings = pipeline.settings
    return Verdict(
        candidate=candidate_digest(pipeline, call_date),
        engine=pipeline.engine.label,
        checks=(
            gates.check_completeness(ledger, transcribed, failed),
            gates.check_wer(quality, settings.max_wer),
            gates.check_coverage(quality, speech_s, settings.min_coverage),
            gates.check_loops(quality),
        ),
    )


def candidate_digest(pipeline: Pipeline, call_date: str) -> str:
    """Digest of the candidate's objects as they lie in the lake."""
    return digest([pipeline.candidates.get(name, call_date) or b"" for name in DATE_TABLES])


def _check_result(check: gates.CheckResult) -> dg.AssetCheckResult:
    figures = {k: _rounded(value) for k, value in check.figures.items() if value is not None}
    return dg.AssetCheckResult(
        check_name=check.name,
        passed=check.passed,
        description=check.message,
        metadata=figures,
    )


def _metadata(pipeline: Pipeline, call_date: str, quality: list[Row], verdict: Verdict) -> Metadata:
    figures = {name: value for check in verdict.checks for name, value in check.figures.items()}
    metadata: Metadata = {
        "dagster/row_count": len(quality),
        "dagster/uri": pipeline.candidates.uri(ASSET, call_date),
        "publishable": verdict.passed,
        **{name: _rounded(figures[name]) for name in ("wer", "reference_words", "coverage")},
    }
    if labelled := [row for row in quality if row["has_reference"]]:
        shown = ("call_id", "wer", "reference_words", "substitutions", "deletions", "insertions")
        metadata["labelled_calls"] = display.table(
            [{name: _rounded(row[name]) for name in shown} for row in labelled]
        )
    if counted := count_flags(row["flags"] for row in quality):
        metadata["signals"] = display.table(
            [{"signal": name, "calls": number} for name, number in sorted(counted.items())]
        )
    return {name: value for name, value in metadata.items() if value is not None}


def _rounded(value: Any) -> Any:
    """A rate as people read it; counts and names as they are."""
    return round(value, 4) if isinstance(value, float) else value
