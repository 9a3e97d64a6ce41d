"""How good a week is beyond its labels: the expected rate, and drift. Warns, and stops nothing."""

import datetime as dt
from collections.abc import Iterator, Sequence

import dagster as dg

from stt_pipeline.defs.display import Metadata
from stt_pipeline.defs.resources import Pipeline
from stt_pipeline.domain.call_dates import dates_of, monday_of, week_of
from stt_pipeline.domain.quality.drift import (
    CHECKS,
    WEEKS_BEFORE,
    WeekFacts,
    check_signal_drift,
    check_wer_drift,
)
from stt_pipeline.domain.quality.expected_wer import (
    FIGURES,
    Estimate,
    HeardCall,
    LabelledCall,
    TooFewCalls,
    estimate,
    features_of,
)
from stt_pipeline.domain.quality.gates import CheckResult

LABELLED_WEEKS = 8
"""Weeks, this one among them, whose labelled calls the expected rate is fitted on."""

QUALITY_COLUMNS = (
    *("call_id", "reference_words", "hits", "substitutions", "deletions", "insertions", "flags"),
)


def week_checks() -> list[dg.AssetCheckSpec]:
    """The checks of a week, which block nothing."""
    return [
        dg.AssetCheckSpec(name, asset="weekly_readiness", description=says)
        for name, says in CHECKS.items()
    ]


def check_week(pipeline: Pipeline, week: str) -> list[dg.AssetCheckResult]:
    """The week against those before it; what has moved is a warning."""
    now, *before = (_facts(pipeline, one) for one in _weeks(week, WEEKS_BEFORE + 1))
    settings = pipeline.settings
    results = (
        check_wer_drift(now, before, settings.max_wer_drift),
        check_signal_drift(now, before, settings.max_signal_drift),
    )
    return [_check_result(result) for result in results]


def expected_metadata(pipeline: Pipeline, week: str) -> Metadata:
    """What the calls' signals let expect of their text, or what is missing to say so."""
    found = estimate(_labelled(pipeline, week), _heard(pipeline, week))
    if found is None:
        return {}
    if isinstance(found, TooFewCalls):
        return {"expected_wer_missing_labels": found.missing}
    return _shown(found)


def _shown(found: Estimate) -> Metadata:
    return {
        "expected_wer": round(found.wer, 4),
        "expected_wer_low": round(found.low, 4),
        "expected_wer_high": round(found.high, 4),
        "expected_wer_error_per_call": round(found.model.error, 4),
        "expected_wer_labelled_calls": found.model.labelled_calls,
    }


def _weeks(week: str, count: int) -> Iterator[str]:
    """The week and those before it, `count` in all."""
    monday = monday_of(week)
    return (week_of(monday - dt.timedelta(weeks=back)) for back in range(count))


def _dates(pipeline: Pipeline, weeks: Sequence[str]) -> Iterator[str]:
    """The call dates of the weeks, as far as the pipeline's own go back."""
    first = pipeline.settings.first_date
    return (date.isoformat() for week in weeks for date in dates_of(week) if date >= first)


def _facts(pipeline: Pipeline, week: str) -> WeekFacts:
    facts = WeekFacts(week)
    for date in _dates(pipeline, [week]):
        facts.add(pipeline.published.rows("transcript_quality", date, QUALITY_COLUMNS))
    return facts


def _labelled(pipeline: Pipeline, week: str) -> list[LabelledCall]:
    columns = ("reference_words", "errors", *FIGURES)
    return [
        LabelledCall(features_of(row), row["errors"], row["reference_words"])
        for date in _dates(pipeline, list(_weeks(week, LABELLED_WEEKS)))
        for row in pipeline.published_beside.rows("call_figures", date, columns)
        if row["reference_words"]
    ]


def _heard(pipeline: Pipeline, week: str) -> Iterator[HeardCall]:
    for date in _dates(pipeline, [week]):
        for row in pipeline.published_beside.rows("call_figures", date, ("words", *FIGURES)):
            yield HeardCall(features_of(row), row["words"])


def _check_result(result: CheckResult) -> dg.AssetCheckResult:
    figures = {name: value for name, value in result.figures.items() if value is not None}
    return dg.AssetCheckResult(
        check_name=result.name,
        passed=result.passed,
        severity=dg.AssetCheckSeverity.WARN,
        description=result.message,
        metadata=figures,
    )
