"""A week's work against its deadline, from lake, store and plan. Publishes and draws nothing."""

import datetime as dt
from collections.abc import Mapping, Sequence

from stt_pipeline.defs import backlog, due
from stt_pipeline.defs.listing import list_date
from stt_pipeline.defs.resources import Pipeline
from stt_pipeline.defs.week_state import waiting_for
from stt_pipeline.domain.call_dates import dates_of
from stt_pipeline.domain.planning.week_plan import DateLoad, PlannedDate, plan_week
from stt_pipeline.domain.recordings.publications import Publication, complete_since, published_hours
from stt_pipeline.domain.week.week_progress import DateOutlook, Expected, WeekProgress


def waiting_count(pipeline: Pipeline, date: dt.date) -> int:
    """Recordings in the store that the date's published tables do not account for."""
    listed = list_date(pipeline, date).dated
    return len(waiting_for(pipeline.published, date.isoformat(), listed)[0])


def read_progress(pipeline: Pipeline, week: str, complete: Mapping[dt.date, float]) -> WeekProgress:
    """How the week stands; `complete` are the call seconds of each date that is ready.

    Only the others are planned: for them the store is listed, and results are looked for.
    """
    now, dates = due.local_now(pipeline), dates_of(week)
    histories = {date: pipeline.publications.read(date.isoformat()) or () for date in dates}
    left = [
        backlog.found_or_expected(pipeline, date, now.date())
        for date in dates
        if date not in complete
    ]
    planned = {row.load.call_date: row for row in _planned(pipeline, week, left, now)}
    outlooks = [
        _complete(pipeline, date, complete[date], histories[date])
        if date in complete
        else _outlook(planned[date])
        for date in dates
    ]
    return WeekProgress(
        now=now,
        deadline=due.deadline_of(pipeline, week),
        margin_s=due.margin_s(pipeline),
        dates=tuple(outlooks),
        published=tuple(
            (_local(pipeline, at), hours) for at, hours in published_hours(histories.values())
        ),
    )


def _planned(
    pipeline: Pipeline, week: str, loads: Sequence[DateLoad], now: dt.datetime
) -> Sequence[PlannedDate]:
    if not loads:
        return ()
    return plan_week(
        loads,
        backlog.throughput(pipeline, now.date()),
        backlog.limits(pipeline),
        now,
        due.deadline_of(pipeline, week),
        due.margin_s(pipeline),
        pipeline.settings.zone,
    ).dates


def _complete(
    pipeline: Pipeline, date: dt.date, call_s: float, history: Sequence[Publication]
) -> DateOutlook:
    since = complete_since(history)
    return DateOutlook(
        date,
        is_complete=True,
        call_s=call_s,
        done_s=call_s,
        complete_since=_local(pipeline, since) if since else None,
    )


def _outlook(row: PlannedDate) -> DateOutlook:
    load = row.load
    share_left = load.left_s / load.audio_s if load.audio_s else 0.0
    expected = (
        Expected(row.low, row.likely, row.high) if row.low and row.likely and row.high else None
    )
    return DateOutlook(
        load.call_date,
        is_complete=False,
        call_s=load.call_s,
        done_s=load.call_s * (1 - share_left),
        expected=expected,
        is_guess=load.is_guess,
    )


def _local(pipeline: Pipeline, moment: dt.datetime) -> dt.datetime:
    return moment.replace(tzinfo=dt.UTC).astimezone(pipeline.settings.zone)
