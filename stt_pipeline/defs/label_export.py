"""Draws calls of a week and writes the folder that a person labels them in. Decides nothing."""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from stt_pipeline import wiring
from stt_pipeline.adapters import label_folder
from stt_pipeline.adapters.label_folder import PageCall, Utterance
from stt_pipeline.defs.labels import past_labels, published_calls
from stt_pipeline.defs.resources import Pipeline
from stt_pipeline.domain.errors import AudioUnreadableError, ObjectMissingError, UserError
from stt_pipeline.domain.labelling.label_strata import WeekCall
from stt_pipeline.domain.labelling.label_texts import AskedCall
from stt_pipeline.domain.labelling.labelling import Draw, DrawnCall, draw_calls
from stt_pipeline.domain.recordings.recording import Recording
from stt_pipeline.domain.speech.transcription import Segment, Transcription

LOCK = "labels"
"""Held while calls are drawn: two exports must not draw the same call."""


def export(
    pipeline: Pipeline,
    week: str,
    minutes: float,
    seed: int,
    folder: Path,
    on_call: Callable[[int, int], None],
) -> Draw:
    """Draws calls, writes them into a new folder, and only then keeps the draw.

    `on_call` is told calls done and calls in all. Raises UserError where nothing can be drawn, or
    a recording cannot be read.
    """
    draws = wiring.label_draws(pipeline.settings)
    with pipeline.lake.locked(LOCK, on_wait=lambda: None), label_folder.new_folder(folder):
        calls = published_calls(pipeline, week)
        past = past_labels(pipeline, week)
        before = draws.read_all()
        drawn = {call.etag for one in before for call in one.calls}
        known = {one.call.etag for one in past} - drawn
        draw = draw_calls(
            week,
            calls,
            minutes,
            seed=seed,
            now=pipeline.now(),
            past=past,
            before=before,
            known=known,
        )
        if not draw.calls:
            raise UserError(_nothing_to_draw(week, minutes, calls, known | drawn))
        try:
            shown = []
            for number, call in enumerate(draw.calls):
                on_call(number, len(draw.calls))
                shown.append(_write_call(pipeline, call, folder))
            label_folder.write_texts(folder, draw, shown)
        except OSError as error:
            raise UserError(f"{folder} cannot be written ({error.strerror}): free it.") from None
        draws.write(draw)
    on_call(len(draw.calls), len(draw.calls))
    return draw


def _nothing_to_draw(
    week: str, minutes: float, calls: Sequence[WeekCall], taken: Collection[str]
) -> str:
    if not calls:
        return f"No call of {week} with words is published: run its dates first."
    left = [call.minutes for call in calls if call.etag not in taken]
    if not left:
        return f"All {len(calls)} calls of {week} with words are labelled, or asked for already."
    return (
        f"{minutes:g} minutes are too few for a call of {week}, whose shortest left is "
        f"{min(left):.1f} min: ask for more with --minutes."
    )


def _write_call(pipeline: Pipeline, drawn: DrawnCall, folder: Path) -> PageCall:
    name = f"{drawn.call_id} of {drawn.call_date}"
    recording = next(
        (one for one in pipeline.accepted(drawn.call_date) if one.etag == drawn.etag), None
    )
    result = pipeline.results(drawn.call_date).read(drawn.etag)
    if recording is None or result is None or not isinstance(result.outcome, Transcription):
        raise UserError(
            f"{name} has no result of this engine ({pipeline.engine.label}): run its date again."
        )
    asked, utterances = _asked(drawn, result.outcome)
    _write_audio(pipeline, recording, folder / "audio" / f"{asked.file}.wav", name)
    return PageCall(asked, drawn.minutes, drawn.why, utterances)


def _asked(drawn: DrawnCall, heard: Transcription) -> tuple[AskedCall, tuple[Utterance, ...]]:
    """The call with its text by speaker, or as a whole where they cannot be told apart."""
    speakers = [channel.speaker for channel in heard.channels if channel.speaker != "unknown"]
    named = speakers or [""]

    def whose(segment: Segment) -> str:
        return segment.speaker if speakers else ""

    lines = [Utterance(whose(one), one.start_s, one.end_s, one.text) for one in heard.segments]
    # A speaker in whom nothing was heard gets a line to write in.
    silent = [who for who in named if who not in {line.speaker for line in lines}]
    lines += [Utterance(who, 0.0, heard.duration_s, "") for who in silent]
    texts = {
        who: "".join(f"{line.text}\n" for line in lines if line.speaker == who) for who in named
    }
    asked = AskedCall(
        drawn.call_date,
        drawn.call_id,
        label_folder.file_name(drawn.call_id),
        heard.language,
        texts,
    )
    return asked, tuple(lines)


def _write_audio(pipeline: Pipeline, recording: Recording, path: Path, name: str) -> None:
    try:
        with pipeline.recordings.open(recording.key) as audio:
            label_folder.write_audio(path, wiring.sound(audio, recording.key))
    except (AudioUnreadableError, ObjectMissingError) as error:
        reason = "it is gone" if isinstance(error, ObjectMissingError) else str(error)
        raise UserError(
            f"The recording of {name} cannot be read ({reason}): put it back, or draw other calls "
            "with another --seed."
        ) from None
