"""Reads labelled calls with two engines, for `compare`. Publishes nothing, decides nothing.

Results lie where every result of an engine does, by its fingerprint: a second comparison, or a run
after a change to that engine, finds them. No table and no verdict is written.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import ValidationError

from stt_pipeline import wiring
from stt_pipeline.defs.reference_texts import read_reference, reference_names
from stt_pipeline.defs.resources import Pipeline
from stt_pipeline.defs.transcribing import without_result
from stt_pipeline.domain.errors import UserError
from stt_pipeline.domain.planning.progress import DateProgress, ProgressListener
from stt_pipeline.domain.planning.sharding import expected_audio_s, plan_shards
from stt_pipeline.domain.ports import ResultStore
from stt_pipeline.domain.quality.comparison import ComparedCall, Comparison, compare
from stt_pipeline.domain.quality.references import judge_against, reference_keys
from stt_pipeline.domain.recordings.recording import Recording
from stt_pipeline.domain.speech.engine import EngineSpec
from stt_pipeline.domain.speech.engine_choice import EngineChoice
from stt_pipeline.domain.speech.transcription import Transcription
from stt_pipeline.settings import Settings
from stt_pipeline.worker import groups_of, limit_s


@dataclass(frozen=True)
class Contender:
    """An engine under comparison: its name (A or B), settings, and figures of its own."""

    name: str
    settings: Settings
    figures: Mapping[str, float]

    @property
    def spec(self) -> EngineSpec:
        """The engine by name; raises UserError."""
        return wiring.engine_spec(self.settings, self.figures)

    def results(self, call_date: dt.date) -> ResultStore:
        """Its checkpoints of a date."""
        return wiring.result_store(self.settings, call_date, self.figures)


@dataclass
class Compared:
    """The comparison, and the labelled calls that are not in it: name, then why."""

    comparison: Comparison
    left_out: dict[str, str] = field(default_factory=dict)


def contender(name: str, choice: EngineChoice, settings: Settings) -> Contender:
    """The engine that is asked for, its weights verified; raises UserError."""
    try:
        own = Settings.model_validate(settings.model_dump() | dict(choice.settings))
    except ValidationError as error:
        first = error.errors()[0]
        message = str(first["msg"]).removeprefix("Value error, ")
        raise UserError(
            f"--engine {first['loc'][0]}={first['input']} is not valid: {message}."
        ) from None
    wiring.verified_models(own)
    return Contender(name, own, choice.figures)


def compare_engines(
    pipeline: Pipeline,
    a: Contender,
    b: Contender,
    dates: Sequence[dt.date],
    progress: ProgressListener,
) -> Compared:
    """Both engines on every labelled call of the dates; only what is missing is transcribed.

    Raises UserError where no call of these dates has a reference text.
    """
    found = {date: labelled_calls(pipeline, str(date)) for date in dates}
    labelled = {date: recordings for date, recordings in found.items() if recordings}
    if not labelled:
        raise UserError(
            f"No call of {dates[0]} to {dates[-1]} has both a ledger row and a reference text: "
            "run the dates, and label some calls with 'stt-pipeline label export'."
        )
    deaths = {
        (engine.name, etag): how
        for engine in (a, b)
        for date, recordings in labelled.items()
        for etag, how in transcribe_missing(engine, date, recordings, progress).items()
    }
    calls: list[ComparedCall] = []
    left_out: dict[str, str] = {}
    for date, recordings in labelled.items():
        known = reference_names(pipeline, recordings)
        for recording in recordings:
            call = _compared(pipeline, (a, b), date, recording, known, deaths)
            if isinstance(call, ComparedCall):
                calls.append(call)
            else:
                left_out[f"{recording.call_id} of {date}"] = call
    return Compared(compare(calls), left_out)


def labelled_calls(pipeline: Pipeline, call_date: str) -> list[Recording]:
    """The accepted recordings of a date that have a reference text."""
    accepted = pipeline.accepted(call_date)
    known = reference_names(pipeline, accepted) if accepted else set()
    return [one for one in accepted if known & set(reference_keys(one.call_id or "").values())]


def transcribe_missing(
    engine: Contender,
    call_date: dt.date,
    recordings: Sequence[Recording],
    progress: ProgressListener,
) -> dict[str, str]:
    """Gives the engine a result of each recording that it can read.

    Returns how workers ended over the others, by etag: nothing is kept of them. There is a worker a
    CPU: one of two threads would take more CPU seconds for the same calls.
    """
    missing = without_result(recordings, engine.results(call_date))
    shards = plan_shards(missing, wiring.available_cpus(), expected_audio_s)
    state = DateProgress.of(shards, len(recordings) - len(missing))
    shown = f"{engine.name} {call_date}"
    progress.update(shown, state)
    deaths: dict[str, str] = {}
    if not missing:
        return deaths
    by_etag = {recording.etag: recording for recording in missing}
    workers = wiring.workers(engine.settings, call_date, len(shards), limit_s, engine.figures)
    for ended in workers.run([groups_of(shard) for shard in shards]):
        if ended.answer is None:
            deaths[ended.task["etag"]] = ended.death
        answer = ended.answer or {"transcribed": False, "cpu_s": 0.0}
        audio_s = by_etag[ended.task["etag"]].audio_s
        state.advance(ended.shard, audio_s, answer["cpu_s"], bool(answer["transcribed"]))
        progress.update(shown, state)
    return deaths


def _compared(
    pipeline: Pipeline,
    engines: Sequence[Contender],
    call_date: dt.date,
    recording: Recording,
    known: set[str],
    deaths: Mapping[tuple[str, str], str],
) -> ComparedCall | str:
    """The call under both engines, or why it is left out."""
    heard = []
    for engine in engines:
        result = engine.results(call_date).read(recording.etag)
        if result is None:
            how = deaths.get((engine.name, recording.etag), "unknown")
            return f"engine {engine.name} ended over it: {how}"
        if not isinstance(result.outcome, Transcription):
            return f"engine {engine.name}: {result.outcome.reason}"
        heard.append(result.outcome)
    reference = read_reference(pipeline, recording.call_id or "", known)
    counts = [judge_against(reference, one) for one in heard]
    if not all(one.reference_words for one in counts):
        return "its reference has no words, or is by speaker where no speakers can be told apart"
    return ComparedCall(
        call_date=str(call_date),
        call_id=recording.call_id or "",
        audio_s=heard[0].duration_s,
        a=counts[0],
        b=counts[1],
        a_cpu_s=heard[0].cpu_s,
        b_cpu_s=heard[1].cpu_s,
    )
