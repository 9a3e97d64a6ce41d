"""What a date's run asks of the paid engine, and what came of it. Transcribes nothing itself."""

import datetime as dt
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from stt_pipeline import wiring
from stt_pipeline.defs import backlog, due
from stt_pipeline.defs.display import Metadata
from stt_pipeline.defs.resources import Pipeline
from stt_pipeline.domain.errors import UserError
from stt_pipeline.domain.planning.fallback import (
    ENGINE,
    FAILED,
    LATE,
    is_paid_for,
    kept,
    least_to_hand_over,
    price_usd,
)
from stt_pipeline.domain.ports import Source
from stt_pipeline.domain.recordings.recording import Recording
from stt_pipeline.domain.speech.transcription import Failure, Result, Transcription


@dataclass
class PaidFor:
    """What was asked of the paid engine in a run; `returned` are left to the local one again."""

    transcribed: list[Recording] = field(default_factory=list)
    refused: int = 0
    returned: list[Recording] = field(default_factory=list)

    @property
    def metadata(self) -> Metadata:
        """For the asset's page; nothing where nothing was asked."""
        if not self.transcribed and not self.refused:
            return {}
        return {
            "fallback_transcribed": len(self.transcribed),
            "fallback_refused": self.refused,
            "fallback_usd": round(price_usd(self.transcribed), 4),
        }


def is_for(pipeline: Pipeline, need: str) -> bool:
    """Whether there is a paid engine for this need."""
    return pipeline.settings.fallback != "none" and need in pipeline.settings.fallback_for


def fall_back(
    log: logging.Logger, pipeline: Pipeline, call_date: str, accepted: Sequence[Recording]
) -> PaidFor:
    """Has the paid engine read what failed here, or was handed over, and waits for it.

    Nothing that goes wrong there fails the run: the recording keeps its place and says why.
    """
    paid_for = PaidFor()
    date = dt.date.fromisoformat(call_date)
    transcriber = wiring.fallback_transcriber(pipeline.settings)
    wanted = list(_wanted(pipeline, date, accepted)) if transcriber else []
    if not transcriber or not wanted:
        return paid_for
    log.info(f"{len(wanted)} recordings are asked of {ENGINE}, {price_usd(wanted):.4f} USD.")
    results = wiring.fallback_results(pipeline.settings, date)
    marks = wiring.handed_over(pipeline.settings, date)
    handed_over = marks.read()
    for index, heard in transcriber.transcribe_all(_sources(pipeline, wanted)):
        recording = wanted[index]
        outcome = heard if isinstance(heard, Transcription) else Failure(str(heard))
        results.write(Result(recording.etag, transcriber.engine, kept(outcome)))
        if isinstance(outcome, Transcription):
            paid_for.transcribed.append(recording)
            continue
        log.warning(f"{recording.key}: {ENGINE}: {outcome.reason}.")
        paid_for.refused += 1
        if recording.etag in handed_over:
            paid_for.returned.append(recording)
    marks.take_back(recording.etag for recording in paid_for.returned)
    return paid_for


def _wanted(
    pipeline: Pipeline, date: dt.date, accepted: Sequence[Recording]
) -> Iterator[Recording]:
    """Recordings that it is paid for and has not read yet."""
    settings = pipeline.settings
    handed_over = wiring.handed_over(settings, date).read() if is_for(pipeline, LATE) else set()
    takes_failed = is_for(pipeline, FAILED)
    read = wiring.fallback_results(settings, date).finished()
    left = [recording for recording in accepted if recording.etag not in read]
    local = wiring.result_store(settings, date)
    for recording, result in zip(left, local.read_all(one.etag for one in left), strict=True):
        if result is None:
            if recording.etag in handed_over:
                yield recording
        elif takes_failed and isinstance(result.outcome, Failure) and is_paid_for(result.outcome):
            yield recording


def _sources(pipeline: Pipeline, recordings: Sequence[Recording]) -> list[Source]:
    store = pipeline.recordings
    return [Source(one.key, partial(store.open, one.key), one) for one in recordings]


# --- What cannot make the deadline ---------------------------------------------------------------


def hand_over_late(
    log: logging.Logger, pipeline: Pipeline, call_date: str, missing: Sequence[Recording]
) -> list[Recording]:
    """Hands over what this machine cannot read before the deadline; returns it.

    Where shards are tasks, the sensor `forecast` does so while they are at work.
    """
    if pipeline.settings.shard_runs or not missing or not is_for(pipeline, LATE):
        return []
    date = dt.date.fromisoformat(call_date)
    throughput = backlog.throughput(pipeline, due.local_now(pipeline).date())
    left_s = due.left_s(pipeline, date)
    workers = min(wiring.most_workers(), pipeline.settings.max_shards)

    def is_in_time(rest: Sequence[Recording]) -> bool:
        audio_s = sum(recording.audio_s for recording in rest)
        wall_s = throughput.wall_s(audio_s, workers) * (1 + throughput.spread)
        return wall_s + throughput.closing_s(len(rest)) <= left_s

    chosen = hand_over(log, pipeline, missing, is_in_time, left_s, lambda _: date)
    begin(log, pipeline, chosen)
    return chosen


def hand_over(
    log: logging.Logger,
    pipeline: Pipeline,
    missing: Sequence[Recording],
    is_in_time: Callable[[Sequence[Recording]], bool],
    left_s: float,
    date_of: Callable[[Recording], dt.date],
) -> list[Recording]:
    """Leaves to the paid engine what makes the rest in time, within the budget; returns it."""
    if left_s <= 0:
        return []
    settings = pipeline.settings
    budget = wiring.weekly_budget(settings)
    left_usd = budget.budget_usd - budget.spent_usd()
    chosen = least_to_hand_over(missing, is_in_time, left_usd, left_s)
    if not chosen:
        return []
    for date in sorted({date_of(recording) for recording in chosen}):
        mine = [recording.etag for recording in chosen if date_of(recording) == date]
        wiring.handed_over(settings, date).add(mine)
        log.warning(f"{date}: {len(mine)} recordings cannot make the deadline: left to {ENGINE}.")
    return chosen


def begin(log: logging.Logger, pipeline: Pipeline, recordings: Sequence[Recording]) -> None:
    """Has as many of these at work as the paid engine takes at once, and waits for none."""
    if not recordings:
        return
    try:
        transcriber = wiring.fallback_transcriber(pipeline.settings)
        if transcriber is not None:
            transcriber.begin_all(_sources(pipeline, recordings))
    except (UserError, OSError) as error:
        log.warning(f"{ENGINE} is asked when the date is published: {error}")
