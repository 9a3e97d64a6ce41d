"""The step `transcripts`: transcribes what a date still lacks, then lays out its tables."""

import datetime as dt
import time
from collections.abc import Sequence

import dagster as dg

from stt_pipeline import wiring
from stt_pipeline.adapters.worker_processes import Finished
from stt_pipeline.defs import display
from stt_pipeline.defs.display import Metadata
from stt_pipeline.defs.partitions import call_dates
from stt_pipeline.defs.resources import DateLock, Pipeline
from stt_pipeline.domain.poison import death_failure, is_rare
from stt_pipeline.domain.ports import ResultStore
from stt_pipeline.domain.prices import DEFAULT_PRICE
from stt_pipeline.domain.progress import DateProgress
from stt_pipeline.domain.recording import Recording, Status
from stt_pipeline.domain.sharding import plan_recordings
from stt_pipeline.domain.tables import segment_rows, table, transcript_row, word_rows
from stt_pipeline.domain.transcription import Failure, Result, Transcription
from stt_pipeline.settings import Settings
from stt_pipeline.worker import groups_of, limit_s

OBSERVE_EVERY_S = 20.0
"""Seconds between two reports of progress in the UI."""


def transcripts_asset(settings: Settings) -> dg.AssetsDefinition:
    """The asset `transcripts` for these settings."""

    @dg.asset(
        name="transcripts",
        deps=["recordings"],
        partitions_def=call_dates(settings),
        group_name=display.GROUP,
        metadata={"dagster/column_schema": display.column_schema("transcripts")},
        kinds={"python", "whisper", "parquet"},
        description=display.description(
            "transcripts",
            "Transcribes the accepted recordings of a date that have no result from this engine "
            "yet, and lays out the candidate tables `transcripts`, `segments` and `words`.",
        ),
    )
    def transcripts(
        context: dg.AssetExecutionContext,
        pipeline: dg.ResourceParam[Pipeline],
        date_lock: dg.ResourceParam[DateLock],
    ) -> dg.MaterializeResult:
        call_date = context.partition_key
        accepted = [r for r in pipeline.ledger(call_date) if r.status is Status.ACCEPTED]
        results = wiring.result_store(pipeline.settings, dt.date.fromisoformat(call_date))
        finished = results.finished()
        missing = [recording for recording in accepted if recording.etag not in finished]
        progress = transcribe(context, pipeline, missing, len(accepted) - len(missing), results)
        heard = write_candidates(pipeline, call_date, accepted, results)
        return dg.MaterializeResult(metadata=_metadata(pipeline, call_date, progress, heard))

    return transcripts


def transcribe(
    context: dg.AssetExecutionContext,
    pipeline: Pipeline,
    missing: Sequence[Recording],
    reused: int,
    results: ResultStore,
) -> DateProgress:
    """Spreads the missing recordings over worker processes, and reports each that ended."""
    settings = pipeline.settings
    shards = plan_recordings(missing, settings.shard_minutes, settings.max_shards)
    progress = DateProgress.of(shards, reused)
    pipeline.progress.update(context.partition_key, progress)
    if not missing:
        context.log.info(f"All {reused} recordings already have results: nothing to transcribe.")
        return progress
    wiring.verified_models(settings)
    context.log.info(
        f"{len(missing)} recordings, {progress.audio_s / 60:.1f} min of audio, "
        f"in {len(shards)} shards; {reused} already have results. Engine: {pipeline.engine.label}"
    )
    given_up = _work_off(context, pipeline, shards, progress)
    _keep_deaths(context, pipeline, given_up, progress, results)
    return progress


def _work_off(
    context: dg.AssetExecutionContext,
    pipeline: Pipeline,
    shards: Sequence[Sequence[Recording]],
    progress: DateProgress,
) -> list[tuple[Recording, Finished]]:
    """Runs the shards and counts each recording that ends; returns those given up."""
    by_etag = {recording.etag: recording for shard in shards for recording in shard}
    call_date = context.partition_key
    workers = wiring.workers(
        pipeline.settings, dt.date.fromisoformat(call_date), len(shards), limit_s
    )
    given_up, observed = [], time.monotonic()
    for ended in workers.run([groups_of(shard) for shard in shards]):
        recording = by_etag[ended.task["etag"]]
        if ended.answer is None:
            given_up.append((recording, ended))
        answer = ended.answer or {"transcribed": False, "cpu_s": 0.0}
        progress.advance(
            ended.shard, recording.audio_s, answer["cpu_s"], bool(answer["transcribed"])
        )
        pipeline.progress.update(call_date, progress)
        is_shard_done = progress.shards[ended.shard].is_done
        if is_shard_done or time.monotonic() - observed > OBSERVE_EVERY_S:
            observed = time.monotonic()
            _observe(context, progress)
    return given_up


def _keep_deaths(
    context: dg.AssetExecutionContext,
    pipeline: Pipeline,
    given_up: Sequence[tuple[Recording, Finished]],
    progress: DateProgress,
    results: ResultStore,
) -> None:
    """Keeps why each recording was given up, once the run shows how rare that is.

    A run that is stopped before keeps none of them: the next one tries them again.
    """
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
            asset_key="transcripts",
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


def write_candidates(
    pipeline: Pipeline, call_date: str, accepted: Sequence[Recording], results: ResultStore
) -> list[Transcription]:
    """The candidate tables from the checkpoints of every accepted recording, by call_id."""
    engine = pipeline.engine.label
    transcript_rows, segments, words, transcriptions = [], [], [], []
    for recording in sorted(accepted, key=lambda one: one.call_id or ""):
        result = results.read(recording.etag)
        if result is None or isinstance(result.outcome, Failure):
            continue
        heard, call_id = result.outcome, recording.call_id or ""
        transcriptions.append(heard)
        transcript_rows.append(transcript_row(recording, heard, engine))
        segments += segment_rows(call_id, heard.segments)
        words += word_rows(call_id, heard.segments)
    rows_by_table = {"transcripts": transcript_rows, "segments": segments, "words": words}
    for name, rows in rows_by_table.items():
        pipeline.candidates.write(name, call_date, table(name, rows))
    return transcriptions


def _metadata(
    pipeline: Pipeline, call_date: str, progress: DateProgress, heard: list[Transcription]
) -> Metadata:
    cpu_s = sum(one.cpu_s for one in heard)
    audio_s = sum(one.duration_s for one in heard)
    metadata: Metadata = {
        "dagster/row_count": len(heard),
        "dagster/uri": pipeline.candidates.uri("transcripts", call_date),
        "transcribed_now": progress.recordings_done,
        "reused_from_earlier_runs": progress.reused,
        "failed_now": sum(shard.failed for shard in progress.shards),
        "no_speech": sum(1 for one in heard if one.word_count == 0),
        "words": sum(one.word_count for one in heard),
        "audio_minutes": round(audio_s / 60, 2),
        "cpu_s": round(cpu_s, 1),
        "cpu_s_per_audio_minute": round(cpu_s / (audio_s / 60), 2) if audio_s else None,
        "cost_usd": round(DEFAULT_PRICE.cpu_cost_usd(cpu_s), 6),
        "engine": pipeline.engine.label,
    }
    if progress.shards:
        metadata["shards"] = display.shards(progress)
    return {name: value for name, value in metadata.items() if value is not None}
