"""Transcribes recordings in one run: over worker processes, watched, each death accounted for."""

import datetime as dt
import time
from collections.abc import Sequence

import dagster as dg

from stt_pipeline import wiring
from stt_pipeline.adapters.worker_processes import Finished
from stt_pipeline.defs import display
from stt_pipeline.defs.interrupts import no_interrupt_lost
from stt_pipeline.defs.resources import Pipeline
from stt_pipeline.defs.telling import WorkTeller
from stt_pipeline.domain.planning.progress import DateProgress
from stt_pipeline.domain.planning.sharding import plan_recordings
from stt_pipeline.domain.ports import ResultStore
from stt_pipeline.domain.recordings.recording import Recording
from stt_pipeline.domain.speech.poison import death_failure, is_rare
from stt_pipeline.domain.speech.transcription import Result
from stt_pipeline.settings import Settings
from stt_pipeline.worker import groups_of, limit_s

OBSERVE_EVERY_S = 20.0
"""Seconds between two reports of progress in the UI."""

WORKER_MINUTES = 5.0
"""Audio minutes that make one more worker of a task worth its start: it loads a model in 2 s."""


def without_result(recordings: Sequence[Recording], results: ResultStore) -> list[Recording]:
    """The recordings that still need work."""
    finished = results.finished()
    return [recording for recording in recordings if recording.etag not in finished]


def transcribe(
    context: dg.AssetExecutionContext,
    pipeline: Pipeline,
    call_date: str,
    missing: Sequence[Recording],
    reused: int,
) -> DateProgress:
    """Spreads the missing recordings over worker processes, and reports each that ended."""
    shards = _spread(pipeline.settings, missing)
    progress = DateProgress.of(shards, reused)
    pipeline.progress.update(context.partition_key, progress)
    if not missing:
        context.log.info(f"All {reused} recordings already have results: nothing to transcribe.")
        return progress
    wiring.verified_models(pipeline.settings)
    context.log.info(
        f"{len(missing)} recordings, {progress.audio_s / 60:.1f} min of audio, "
        f"in {len(shards)} shards; {reused} already have results. Engine: {pipeline.engine.label}"
    )
    # A run of the UI, or of a task, has no Runner that sees to it.
    with no_interrupt_lost():
        given_up = _work_off(context, pipeline, call_date, shards, progress)
    _keep_deaths(context, pipeline, call_date, given_up, progress)
    return progress


def _spread(settings: Settings, missing: Sequence[Recording]) -> list[list[Recording]]:
    """Shards for the workers of this run; a task that is one shard deals it to its own CPUs."""
    if settings.shard_runs:
        return plan_recordings(missing, WORKER_MINUTES, wiring.available_cpus())
    return plan_recordings(missing, settings.shard_minutes, settings.max_shards)


def _work_off(
    context: dg.AssetExecutionContext,
    pipeline: Pipeline,
    call_date: str,
    shards: Sequence[Sequence[Recording]],
    progress: DateProgress,
) -> list[tuple[Recording, Finished]]:
    """Runs the shards and counts each recording that ends; returns those given up."""
    by_etag = {recording.etag: recording for shard in shards for recording in shard}
    workers = wiring.workers(
        pipeline.settings, dt.date.fromisoformat(call_date), len(shards), limit_s
    )
    given_up, observed, teller = [], time.monotonic(), WorkTeller(pipeline.metrics)
    for ended in workers.run([groups_of(shard) for shard in shards]):
        recording = by_etag[ended.task["etag"]]
        if ended.answer is None:
            given_up.append((recording, ended))
        answer = ended.answer or {"transcribed": False, "cpu_s": 0.0}
        progress.advance(
            ended.shard, recording.audio_s, answer["cpu_s"], bool(answer["transcribed"])
        )
        teller.add(recording.audio_s, answer["cpu_s"], bool(answer["transcribed"]))
        pipeline.progress.update(context.partition_key, progress)
        is_shard_done = progress.shards[ended.shard].is_done
        if is_shard_done or time.monotonic() - observed > OBSERVE_EVERY_S:
            observed = time.monotonic()
            _observe(context, progress)
            teller.tell()
    return given_up


def _keep_deaths(
    context: dg.AssetExecutionContext,
    pipeline: Pipeline,
    call_date: str,
    given_up: Sequence[tuple[Recording, Finished]],
    progress: DateProgress,
) -> None:
    """Keeps why each recording was given up, once the run shows how rare that is.

    A run that is stopped before keeps none of them: the next one tries them again.
    """
    results = pipeline.results(call_date)
    failed = sum(shard.failed for shard in progress.shards)
    rare = is_rare(len(given_up), progress.recordings_done - failed)
    for recording, ended in given_up:
        failure = death_failure(ended.death, ended.crashed, rare)
        context.log.warning(f"{recording.key} is quarantined: {failure.reason}")
        results.write(Result(recording.etag, pipeline.engine.label, failure))


def _observe(context: dg.AssetExecutionContext, progress: DateProgress) -> None:
    """Shows progress by shard on the asset's page and in the log while the run goes on."""
    context.log_event(
        dg.AssetObservation(
            asset_key=context.asset_key,
            partition=context.partition_key,
            metadata={
                "shards": display.shards(progress),
                "audio_minutes_done": round(progress.audio_done_s / 60, 2),
                "audio_minutes": round(progress.audio_s / 60, 2),
            },
        )
    )
    context.log.info(
        f"{progress.recordings_done} of {progress.recordings} recordings, "
        f"{progress.audio_done_s / 60:.1f} of {progress.audio_s / 60:.1f} min of audio"
    )
