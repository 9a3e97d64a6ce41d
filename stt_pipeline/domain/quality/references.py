"""Reference texts of a call and what they are compared with. Reads no file."""

from collections.abc import Mapping
from dataclasses import dataclass

from stt_pipeline.domain.quality.normalise import normaliser
from stt_pipeline.domain.quality.wer import ErrorCounts, count_errors, pool
from stt_pipeline.domain.speech.speakers import SPEAKERS
from stt_pipeline.domain.speech.transcription import Transcription

SUFFIX = ".txt"


@dataclass(frozen=True)
class Reference:
    """What a person wrote of a call: by speaker, or as a whole under the speaker ``."""

    texts: Mapping[str, str]


def reference_keys(call_id: str) -> dict[str, str]:
    """Key in the references store by speaker; `` is the whole call."""
    keys = {speaker: f"{call_id}.{speaker}{SUFFIX}" for speaker in SPEAKERS}
    return {"": f"{call_id}{SUFFIX}"} | keys


def judge_against(reference: Reference, heard: Transcription) -> ErrorCounts:
    """Errors of a call, its speakers pooled."""
    return pool(judge_speakers(reference, heard).values())


def judge_speakers(reference: Reference, heard: Transcription) -> dict[str, ErrorCounts]:
    """Errors by speaker; see `texts_compared`."""
    _, rule = normaliser(heard.language)
    compared = texts_compared(reference, heard)
    return {who: count_errors(truth, said, rule) for who, (truth, said) in compared.items()}


def texts_compared(reference: Reference, heard: Transcription) -> dict[str, tuple[str, str]]:
    """Reference and words heard by speaker where texts are, else of the whole call, under ``.

    Where the engine could not tell speakers apart, texts by speaker cannot be compared one by one,
    and the call counts as a whole only if a whole text is there.
    """
    heard_speakers = {channel.speaker for channel in heard.channels}
    by_speaker = {who: text for who, text in reference.texts.items() if who}
    if by_speaker and by_speaker.keys() <= heard_speakers:
        return {who: (text, spoken_by(heard, who)) for who, text in by_speaker.items()}
    if "" in reference.texts:
        return {"": (reference.texts[""], spoken_by(heard, None))}
    return {}


def spoken_by(heard: Transcription, speaker: str | None) -> str:
    """The words of one speaker, or of all, in order of time."""
    return " ".join(
        segment.text for segment in heard.segments if speaker in (None, segment.speaker)
    )
