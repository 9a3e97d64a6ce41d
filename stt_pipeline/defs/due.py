"""What time it is for the pipeline, and how long until the deadline. Reads no table."""

import datetime as dt

from stt_pipeline.defs.resources import Pipeline
from stt_pipeline.domain.call_dates import monday_of, week_of
from stt_pipeline.domain.planning.deadline import Deadline
from stt_pipeline.domain.planning.ticks import seconds_between

MISSED_FOR = dt.timedelta(hours=48)
"""How long after its deadline a week still counts as late; then its dates have no hurry."""


def local_now(pipeline: Pipeline) -> dt.datetime:
    """Now, aware, in STT_TIMEZONE."""
    return pipeline.now().replace(tzinfo=dt.UTC).astimezone(pipeline.settings.zone)


def deadline_of(pipeline: Pipeline, week: str) -> dt.datetime:
    """When the week must be ready."""
    deadline = Deadline.parse(pipeline.settings.deadline)
    return deadline.after_week(monday_of(week), pipeline.settings.zone)


def next_week_due(pipeline: Pipeline, now: dt.datetime) -> str:
    """The week whose deadline comes next."""
    monday = monday_of(week_of(now.date())) - dt.timedelta(weeks=2)
    while deadline_of(pipeline, week_of(monday)) <= now:
        monday += dt.timedelta(weeks=1)
    return week_of(monday)


def week_watched(pipeline: Pipeline, now: dt.datetime) -> str:
    """The week that missed its deadline a short time ago, else the one that is due next."""
    following = next_week_due(pipeline, now)
    before = week_of(monday_of(following) - dt.timedelta(weeks=1))
    is_late = now.astimezone(dt.UTC) < deadline_of(pipeline, before).astimezone(dt.UTC) + MISSED_FOR
    return before if is_late else following


def left_s(pipeline: Pipeline, call_date: dt.date) -> float:
    """Seconds until a date must be ready: less than 0 where it is late; an old one has a week's."""
    now = local_now(pipeline)
    weeks = {week_watched(pipeline, now), next_week_due(pipeline, now)}
    week = week_of(call_date) if week_of(call_date) in weeks else max(weeks)
    return seconds_between(now, deadline_of(pipeline, week))


def margin_s(pipeline: Pipeline) -> float:
    """How long before the deadline work is planned to end."""
    return pipeline.settings.deadline_margin_h * 3600
