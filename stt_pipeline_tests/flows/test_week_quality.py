"""A week is held against the four before it, and its unlabelled calls are told a rate to expect."""

import datetime as dt
from pathlib import Path
from random import Random

import dagster as dg
import pytest

from stt_pipeline.defs.resources import Pipeline
from stt_pipeline.defs.weekly_readiness import weekly_readiness_asset
from stt_pipeline.domain.call_dates import monday_of, week_of
from stt_pipeline.domain.quality.expected_wer import MIN_LABELLED_CALLS
from stt_pipeline.domain.tables import table
from stt_pipeline.settings import Settings
from stt_pipeline_tests.factories import make_quality_row

WEEK = "2026-W47"


@pytest.fixture
def pipeline(tmp_path: Path, tmp_lake: Path) -> Pipeline:
    """A pipeline whose lake holds no table, and its store no recording."""
    (tmp_path / "recordings").mkdir()
    return Pipeline(
        Settings(
            recordings_uri=(tmp_path / "recordings").as_uri(),
            lake_uri=tmp_lake.as_uri(),
            first_date=dt.date(2026, 10, 1),
        )
    )


def publish(pipeline: Pipeline, week: str, errors: int, *, labelled: int, looped: int) -> None:
    """The Monday of a week: 40 calls of 100 words, as many of them labelled and looped as said."""
    date, random = monday_of(week).isoformat(), Random(week)
    quality, figures = [], []
    for number in range(40):
        wrong = errors + random.randint(0, 2) if number < labelled else 0
        flags = "loop" if number < looped else ""
        right = 100 - wrong if number < labelled else 0
        row = make_quality_row(f"{week}-{number}", hits=right, substitutions=wrong, flags=flags)
        quality.append(row)
        share = (errors + random.random()) / 50
        figures.append(
            {
                "call_id": row["call_id"],
                "words": 100,
                "reference_words": row["reference_words"],
                "errors": wrong,
                "word_probability": 1 - share / 2,
                "doubtful_share": share,
                "avg_logprob": -0.2,
                "coverage": 1.0,
                "language_probability": 1.0,
                "words_per_s": 2.0,
            }
        )
    pipeline.published.write("transcript_quality", date, table("transcript_quality", quality))
    pipeline.published_beside.write("call_figures", date, table("call_figures", figures))


def materialized(pipeline: Pipeline) -> dg.ExecuteInProcessResult:
    asset = weekly_readiness_asset(pipeline.settings)
    return dg.materialize([asset], partition_key="2026-11-16", resources={"pipeline": pipeline})


def checks_of(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
    return {one.check_name: one for one in result.get_asset_check_evaluations()}


def metadata_of(result: dg.ExecuteInProcessResult) -> dict[str, object]:
    [event] = result.asset_materializations_for_node("weekly_readiness")
    return {name: value.value for name, value in event.metadata.items()}


def earlier_weeks() -> list[str]:
    monday = monday_of(WEEK)
    return [week_of(monday - dt.timedelta(weeks=back)) for back in (4, 3, 2, 1)]


def test_a_week_that_got_worse_is_warned_of_and_still_reported(pipeline: Pipeline) -> None:
    for week in earlier_weeks():
        publish(pipeline, week, errors=4, labelled=20, looped=0)
    publish(pipeline, WEEK, errors=15, labelled=20, looped=8)
    result = materialized(pipeline)
    checks, metadata = checks_of(result), metadata_of(result)

    assert result.success
    assert not any(check.passed for check in checks.values())
    assert {check.severity for check in checks.values()} == {dg.AssetCheckSeverity.WARN}
    assert "rose by 1" in str(checks["wer_drift"].description)
    assert "loop in 8 of 40 calls (20.0%)" in str(checks["signal_drift"].description)
    expected = metadata["expected_wer"]
    assert isinstance(expected, float)
    assert expected == pytest.approx(0.16, abs=0.02)
    assert metadata["expected_wer_labelled_calls"] == 100
    low, high = metadata["expected_wer_low"], metadata["expected_wer_high"]
    assert isinstance(low, float)
    assert isinstance(high, float)
    assert low < expected < high
    assert metadata["expected_wer_error_per_call"] != 0


def test_a_week_like_those_before_passes(pipeline: Pipeline) -> None:
    for week in (*earlier_weeks(), WEEK):
        publish(pipeline, week, errors=4, labelled=20, looped=1)

    assert all(check.passed for check in checks_of(materialized(pipeline)).values())


def test_the_first_week_has_nothing_to_be_held_against_and_counts_missing_labels(
    pipeline: Pipeline,
) -> None:
    publish(pipeline, WEEK, errors=4, labelled=12, looped=0)
    result = materialized(pipeline)

    assert all(check.passed for check in checks_of(result).values())
    metadata = metadata_of(result)
    assert metadata["expected_wer_missing_labels"] == MIN_LABELLED_CALLS - 12
    assert "expected_wer" not in metadata


def test_a_week_without_a_call_is_reported(pipeline: Pipeline) -> None:
    result = materialized(pipeline)

    assert all(check.passed for check in checks_of(result).values())
    assert metadata_of(result)["expected_wer_missing_labels"] == MIN_LABELLED_CALLS
