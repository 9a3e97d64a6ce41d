"""What a date has, has done and has left, read from store, ledger and results. Plans nothing."""

import datetime as dt
from collections.abc import Iterable, Sequence
from statistics import mean

from stt_pipeline.defs.listing import list_date
from stt_pipeline.defs.resources import Pipeline
from stt_pipeline.defs.transcribing import without_result
from stt_pipeline.domain.planning.fallback import ENGINE
from stt_pipeline.domain.planning.task_options import Limits
from stt_pipeline.domain.planning.throughput import Measured, Throughput, estimate
from stt_pipeline.domain.planning.week_plan import DateLoad
from stt_pipeline.domain.recordings.ledger import Named
from stt_pipeline.domain.recordings.recording import Recording, Status

BYTES_PER_AUDIO_S = 8000.0
"""Of a channel at 8 kHz in mu-law: what a recording that was not probed yet is taken for."""

RECENT_DATES = 14
"""Dates whose runs throughput is measured on, newest first."""

WEEKS_BEFORE = 4
"""Weeks whose same weekday says what to expect of a date to come."""


def limits(pipeline: Pipeline) -> Limits:
    """The settings that bound a plan."""
    return Limits(pipeline.settings.max_shards, pipeline.settings.shard_minutes)


def date_load(pipeline: Pipeline, call_date: dt.date) -> DateLoad:
    """A date as its ledger has it, and what lies in the store beside that; one listing."""
    partition = call_date.isoformat()
    ledger = pipeline.ledger(partition)
    accepted = [row for row in ledger if row.status is Status.ACCEPTED]
    new = _new(list_date(pipeline, call_date).dated, ledger)
    missing = without_result(accepted, pipeline.results(partition))
    new_s = [named.found.size_bytes / BYTES_PER_AUDIO_S for named in new]
    return DateLoad(
        call_date,
        recordings=len(accepted) + len(new),
        left_recordings=len(missing) + len(new),
        call_s=sum(row.duration_s or 0.0 for row in accepted) + sum(new_s) / 2,
        audio_s=sum(row.audio_s for row in accepted) + sum(new_s),
        left_s=sum(row.audio_s for row in missing) + sum(new_s),
        longest_s=max([*(row.audio_s for row in missing), *new_s], default=0.0),
        is_published=not new
        and publishes_all(pipeline, partition, ((row.recording_uri, row.etag) for row in ledger)),
    )


def _new(listed: Iterable[Named], ledger: Sequence[Recording]) -> list[Named]:
    """Objects that have no row in the ledger, or another size than their row."""
    known = {row.recording_uri: row.size_bytes for row in ledger}
    return [named for named in listed if known.get(named.uri) != named.found.size_bytes]


def publishes_all(pipeline: Pipeline, partition: str, ledger: Iterable[tuple[str, str]]) -> bool:
    """True where the published table has each row of the ledger, as its URI and etag."""
    published = pipeline.published.read("recordings", partition, ["recording_uri", "etag"])
    if published is None:
        return False
    rows = {(row["recording_uri"], row["etag"]) for row in published.to_pylist()}
    return rows.issuperset(ledger)


def expected_load(pipeline: Pipeline, call_date: dt.date) -> DateLoad | None:
    """A date to come: the mean of its weekday in the weeks before; None where there was none."""
    earlier = (call_date - dt.timedelta(weeks=weeks) for weeks in range(1, WEEKS_BEFORE + 1))
    seen = [rows for date in earlier if (rows := pipeline.accepted(date.isoformat()))]
    if not seen:
        return None
    audio_s = mean(sum(row.audio_s for row in rows) for rows in seen)
    recordings = round(mean(len(rows) for rows in seen))
    return DateLoad(
        call_date,
        recordings=recordings,
        left_recordings=recordings,
        call_s=mean(sum(row.duration_s or 0.0 for row in rows) for rows in seen),
        audio_s=audio_s,
        left_s=audio_s,
        longest_s=max(row.audio_s for rows in seen for row in rows),
        is_guess=True,
    )


def found_or_expected(pipeline: Pipeline, call_date: dt.date, today: dt.date) -> DateLoad:
    """A date that has ended as it was found; one that has not, as expected where that is known."""
    expected = expected_load(pipeline, call_date) if call_date >= today else None
    return expected or date_load(pipeline, call_date)


def throughput(pipeline: Pipeline, today: dt.date) -> Throughput:
    """Measured on the transcripts of recent dates; the prior where there are none."""
    dates = (today - dt.timedelta(days=days) for days in range(RECENT_DATES))
    measured = (_measured(pipeline, date.isoformat()) for date in dates)
    return estimate([one for one in measured if one])


def _measured(pipeline: Pipeline, partition: str) -> Measured | None:
    heard = pipeline.candidates.read("transcripts", partition, ["call_id", "cpu_s", "engine"])
    if heard is None:
        return None
    here = (row for row in heard.to_pylist() if row["engine"] != ENGINE)
    cpu_s = {row["call_id"]: row["cpu_s"] for row in here}
    rows = [row for row in pipeline.accepted(partition) if row.call_id in cpu_s]
    return Measured(
        audio_s=sum(row.audio_s for row in rows),
        cpu_s=sum(cpu_s[row.call_id] for row in rows),
    )
