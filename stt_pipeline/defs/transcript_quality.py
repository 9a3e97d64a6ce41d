"""The step `transcript_quality`: judges every call of a date, and the date as a whole."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import dagster as dg

from stt_pipeline.defs import display
from stt_pipeline.defs.alignments import worst_calls
from stt_pipeline.defs.candidates import by_call, candidate_rows, role_words
from stt_pipeline.defs.display import Metadata
from stt_pipeline.defs.partitions import call_dates
from stt_pipeline.defs.reference_texts import read_reference, reference_names
from stt_pipeline.defs.resources import DateLock, Pipeline
from stt_pipeline.domain.quality import gates
from stt_pipeline.domain.quality.gates import CHECKS, Verdict
from stt_pipeline.domain.quality.references import judge_speakers
from stt_pipeline.domain.quality.signals import count_flags
from stt_pipeline.domain.quality.wer import pool
from stt_pipeline.domain.recordings.ledger import with_failures
from stt_pipeline.domain.recordings.recording import Recording
from stt_pipeline.domain.schemas import DATE_TABLES
from stt_pipeline.domain.speech.transcription import Failure
from stt_pipeline.domain.tables import (
    error_count_rows,
    figures_row,
    quality_row,
    recordings_table,
)
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
        judged = judge_calls(pipeline, call_date, pipeline.accepted(call_date))
        final = recordings_table(with_failures(ledger, judged.failed))
        pipeline.candidates.write("recordings", call_date, final)
        verdict = judge_date(pipeline, call_date, ledger, judged)
        pipeline.verdicts.write(call_date, verdict)
        return dg.MaterializeResult(
            metadata=_metadata(pipeline, call_date, verdict),
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


@dataclass
class Judged:
    """What the checks of a date ask of its results: etags, failures by etag, speech by call_id."""

    transcribed: set[str] = field(default_factory=set)
    failed: dict[str, Failure] = field(default_factory=dict)
    speech_s: dict[str, float] = field(default_factory=dict)


def judge_calls(pipeline: Pipeline, call_date: str, accepted: Sequence[Recording]) -> Judged:
    """Writes one row a transcribed call, in order of call_id; one call is in memory at a time.

    Its errors by speaker go to the private table `error_counts`, the figures that let expect errors
    where nobody labelled a call to `call_figures`.
    """
    judged = Judged()
    known = reference_names(pipeline, accepted)
    roles = role_words(accepted, pipeline.results(call_date))
    with (
        candidate_rows(pipeline, ASSET, call_date) as rows,
        candidate_rows(pipeline, "error_counts", call_date) as error_counts,
        candidate_rows(pipeline, "call_figures", call_date) as figures,
    ):
        for recording, result in by_call(accepted, pipeline.results(call_date)):
            if result is None:
                continue
            if isinstance(result.outcome, Failure):
                judged.failed[recording.etag] = result.outcome
                continue
            call_id, heard = recording.call_id or "", result.outcome
            judged.transcribed.add(recording.etag)
            judged.speech_s[call_id] = heard.speech_s
            reference = read_reference(pipeline, call_id, known)
            by_speaker = judge_speakers(reference, heard)
            counts = pool(by_speaker.values()) if reference.texts else None
            role_odds = roles.odds(call_id, heard)
            rows.add(quality_row(call_id, heard, counts, result.engine, role_odds))
            error_counts.add(*error_count_rows(call_id, heard.language, by_speaker))
            figures.add(figures_row(call_id, heard, counts))
    return judged


def judge_date(
    pipeline: Pipeline, call_date: str, ledger: Sequence[Recording], judged: Judged
) -> Verdict:
    """Every check over the candidate as it lies in the lake, with its digest."""
    settings = pipeline.settings
    quality = partial(pipeline.candidates.rows, ASSET, call_date)
    return Verdict(
        candidate=candidate_digest(pipeline, call_date),
        engine=pipeline.engine.label,
        checks=(
            gates.check_completeness(ledger, judged.transcribed, judged.failed),
            gates.check_wer(quality(), settings.max_wer),
            gates.check_coverage(quality(), judged.speech_s, settings.min_coverage),
            gates.check_loops(quality()),
        ),
    )


def candidate_digest(pipeline: Pipeline, call_date: str) -> str:
    """Digest of the candidate's objects as they lie in the lake."""
    return gates.digest([pipeline.candidates.fingerprint(name, call_date) for name in DATE_TABLES])


def _check_result(check: gates.CheckResult) -> dg.AssetCheckResult:
    figures = {k: _rounded(value) for k, value in check.figures.items() if value is not None}
    return dg.AssetCheckResult(
        check_name=check.name,
        passed=check.passed,
        description=check.message,
        metadata=figures,
    )


def _metadata(pipeline: Pipeline, call_date: str, verdict: Verdict) -> Metadata:
    figures = {name: value for check in verdict.checks for name, value in check.figures.items()}
    metadata: Metadata = {
        "dagster/row_count": pipeline.candidates.row_count(ASSET, call_date),
        "dagster/uri": pipeline.candidates.uri(ASSET, call_date),
        "publishable": verdict.passed,
        **{name: _rounded(figures[name]) for name in ("wer", "reference_words", "coverage")},
    }
    quality = partial(pipeline.candidates.rows, ASSET, call_date)
    if labelled := [row for row in quality() if row["has_reference"]]:
        shown = ("call_id", "wer", "reference_words", "substitutions", "deletions", "insertions")
        metadata["labelled_calls"] = display.table(
            [{name: _rounded(row[name]) for name in shown} for row in labelled]
        )
        metadata["worst_calls"] = worst_calls(pipeline, call_date, labelled)
    if counted := count_flags(row["flags"] for row in quality()):
        metadata["signals"] = display.table(
            [{"signal": name, "calls": number} for name, number in sorted(counted.items())]
        )
    return {name: value for name, value in metadata.items() if value is not None}


def _rounded(value: Any) -> Any:
    """A rate as people read it; counts and names as they are."""
    return round(value, 4) if isinstance(value, float) else value
