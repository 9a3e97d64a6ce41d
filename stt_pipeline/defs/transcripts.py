"""The step `transcripts`: transcribes what a date still lacks, then lays out its tables."""

from collections.abc import Sequence

import dagster as dg

from stt_pipeline.defs import display, transcript_shards
from stt_pipeline.defs.candidates import HeardTotals, write_candidates
from stt_pipeline.defs.display import Metadata
from stt_pipeline.defs.fallback import fall_back, hand_over_late
from stt_pipeline.defs.partitions import call_dates, shards_of_a_date
from stt_pipeline.defs.resources import DateLock, Pipeline
from stt_pipeline.defs.transcribing import transcribe, without_result
from stt_pipeline.domain.planning.prices import DEFAULT_PRICE
from stt_pipeline.domain.planning.progress import DateProgress
from stt_pipeline.domain.recordings.recording import Recording
from stt_pipeline.settings import Settings

ASSET = "transcripts"


def transcripts_asset(settings: Settings) -> dg.AssetsDefinition:
    """The asset `transcripts` for these settings."""

    @dg.asset(
        name=ASSET,
        deps=_deps(settings),
        partitions_def=call_dates(settings),
        group_name=display.GROUP,
        metadata={"dagster/column_schema": display.column_schema(ASSET)},
        kinds={"python", "whisper", "parquet"},
        description=display.description(
            ASSET,
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
        accepted = pipeline.accepted(call_date)
        missing = without_result(accepted, pipeline.results(call_date))
        if hand_over_late(context.log, pipeline, call_date, missing):
            missing = without_result(accepted, pipeline.results(call_date))
        refuse_unless_little(pipeline, call_date, missing)
        progress = transcribe(context, pipeline, call_date, missing, len(accepted) - len(missing))
        paid_for = fall_back(context.log, pipeline, call_date, accepted)
        if returned := paid_for.returned:
            progress = transcribe(
                context, pipeline, call_date, returned, len(accepted) - len(returned)
            )
        heard = write_candidates(pipeline, call_date, accepted, pipeline.results(call_date))
        metadata = _metadata(pipeline, call_date, progress, heard) | paid_for.metadata
        return dg.MaterializeResult(metadata=metadata)

    return transcripts


def _deps(settings: Settings) -> list[dg.AssetDep]:
    deps = [dg.AssetDep("recordings")]
    if settings.shard_runs:
        deps.append(dg.AssetDep(transcript_shards.ASSET, partition_mapping=shards_of_a_date()))
    return deps


def refuse_unless_little(pipeline: Pipeline, call_date: str, missing: Sequence[Recording]) -> None:
    """Raises dg.Failure where shard runs left more without a result than one run should do.

    What is missing is found by name, whatever the runs of the shards say of themselves.
    """
    settings = pipeline.settings
    audio_min = sum(recording.audio_s for recording in missing) / 60
    if not settings.shard_runs or audio_min <= settings.shard_minutes:
        return
    plan = pipeline.plans.read(call_date)
    shards = plan.shards_of(missing) if plan else []
    if shards:
        named = ", ".join(f"{call_date}|{shard}" for shard in shards)
        remedy = f"materialize {transcript_shards.ASSET} {named} first"
    else:
        remedy = f"materialize recordings and {transcript_shards.ASSET} of the date first"
    raise dg.Failure(
        f"{len(missing)} recordings of {call_date} have no result, {audio_min:.1f} min of audio, "
        f"more than the {settings.shard_minutes:g} of STT_SHARD_MINUTES that this run does "
        f"itself: {remedy}.",
        allow_retries=False,
    )


def _metadata(
    pipeline: Pipeline, call_date: str, progress: DateProgress, heard: HeardTotals
) -> Metadata:
    cpu_s, audio_s = heard.cpu_s, heard.audio_s
    metadata: Metadata = {
        "dagster/row_count": heard.calls,
        "dagster/uri": pipeline.candidates.uri(ASSET, call_date),
        "transcribed_now": progress.recordings_done,
        "reused_from_earlier_runs": progress.reused,
        "failed_now": sum(shard.failed for shard in progress.shards),
        "no_speech": heard.no_speech,
        "words": heard.words,
        "audio_minutes": round(audio_s / 60, 2),
        "cpu_s": round(cpu_s, 1),
        "cpu_s_per_audio_minute": round(cpu_s / (audio_s / 60), 2) if audio_s else None,
        "cost_usd": round(DEFAULT_PRICE.cpu_cost_usd(cpu_s), 6),
        "engine": pipeline.engine.label,
    }
    if progress.shards:
        metadata["shards"] = display.shards(progress)
    return {name: value for name, value in metadata.items() if value is not None}
