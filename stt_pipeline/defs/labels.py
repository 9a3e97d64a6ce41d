"""What a week has to label, and what its labels show. Draws no call and takes no text back."""

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from stt_pipeline import wiring
from stt_pipeline.defs.resources import Pipeline
from stt_pipeline.domain.call_dates import dates_of
from stt_pipeline.domain.labelling.label_estimate import (
    WeekEstimate,
    estimate_week,
    labels_by_stratum,
)
from stt_pipeline.domain.labelling.label_strata import LabelledCall, WeekCall
from stt_pipeline.domain.labelling.labelling import Draw
from stt_pipeline.domain.recordings.recording import Status

PAST_WEEKS = 8
"""Weeks before this one whose labels say how calls differ."""

ERRORS = ("substitutions", "deletions", "insertions")
QUALITY_COLUMNS = ("call_id", "reference_words", *ERRORS)
RECORDING_COLUMNS = ("call_id", "etag", "queue", "status")
TRANSCRIPT_COLUMNS = (
    *("call_id", "agent_id", "duration_s", "language", "word_count"),
    "needs_review",
)
"""What is read of each table."""


def published_calls(pipeline: Pipeline, week: str) -> list[WeekCall]:
    """The published calls of a week that have words."""
    return [call for date in dates_of(week) for call in _calls_of(pipeline, date.isoformat())]


def labelled_calls(pipeline: Pipeline, dates: Sequence[dt.date]) -> list[LabelledCall]:
    """The published calls of these dates that have words and a reference with words.

    Few calls do: the tables of a date without any are not read.
    """
    labelled = []
    for date in map(str, dates):
        errors = {
            row["call_id"]: (sum(row[name] for name in ERRORS), row["reference_words"])
            for row in pipeline.published.rows("transcript_quality", date, QUALITY_COLUMNS)
            if row["reference_words"]
        }
        calls = _calls_of(pipeline, date, errors) if errors else ()
        labelled += [LabelledCall(call, *errors[call.call_id]) for call in calls]
    return labelled


def past_labels(pipeline: Pipeline, week: str) -> list[LabelledCall]:
    """The labelled calls of a week and of PAST_WEEKS before it."""
    sunday = dates_of(week)[-1]
    days = (sunday - dt.timedelta(days=back) for back in range(7 * (PAST_WEEKS + 1)))
    return labelled_calls(pipeline, [day for day in days if day >= pipeline.settings.first_date])


def _calls_of(
    pipeline: Pipeline, date: str, only: Collection[str] | None = None
) -> Iterator[WeekCall]:
    """The date's calls with words, or those of them whose call_id is among `only`."""
    recordings = {
        row["call_id"]: row
        for row in pipeline.published.rows("recordings", date, RECORDING_COLUMNS)
        if row["status"] == Status.ACCEPTED and (only is None or row["call_id"] in only)
    }
    for row in pipeline.published.rows("transcripts", date, TRANSCRIPT_COLUMNS):
        recording = recordings.get(row["call_id"])
        if recording is not None and row["word_count"]:
            yield WeekCall(
                call_date=date,
                call_id=row["call_id"],
                etag=recording["etag"],
                minutes=row["duration_s"] / 60,
                words=row["word_count"],
                language=row["language"],
                queue=recording["queue"],
                agent_id=row["agent_id"],
                needs_review=row["needs_review"],
            )


@dataclass(frozen=True)
class LabelState:
    """The draws of a week, the etags of its labelled calls, and its rate.

    Without a draw there is nothing else; the rate is None without words.
    """

    draws: tuple[Draw, ...]
    labelled: frozenset[str]
    estimate: WeekEstimate | None


def label_state(pipeline: Pipeline, week: str) -> LabelState:
    """How the labelling of a week stands, and what it says of the whole week."""
    everything = wiring.label_draws(pipeline.settings).read_all()
    draws = [draw for draw in everything if draw.week == week]
    if not draws:
        return LabelState((), frozenset(), None)
    found = labelled_calls(pipeline, dates_of(week))
    errors = {one.call.etag: (one.errors, one.reference_words) for one in found}
    drawn = {call.etag for draw in draws for call in draw.calls}
    known = [counts for etag, counts in errors.items() if etag not in drawn]
    estimate = estimate_week(labels_by_stratum(draws, errors, known))
    return LabelState(tuple(draws), frozenset(errors), estimate)
