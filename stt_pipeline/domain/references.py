"""Reference texts of a call and what they are compared with. Reads no file."""

from collections.abc import Mapping
from dataclasses import dataclass

from stt_pipeline.domain.normalise import normaliser
from stt_pipeline.domain.transcription import Transcription
from stt_pipeline.domain.wer import ErrorCounts, count_errors, pool

SUFFIX = ".txt"
SPEAKERS = ("agent", "customer")


@dataclass(frozen=True)
class Reference:
    """What a person wrote of a call: by speaker, or as a whole under the speaker ``."""

    texts: Mapping[str, str]


def reference_keys(call_id: str) -> dict[str, str]:
    """Key in the references store by speaker; `` is the whole call."""
    keys = {speaker: f"{call_id}.{speaker}{SUFFIX}" for speaker in SPEAKERS}
    return {"": f"{call_id}{SUFFIX}"} | keys


def judge_against(reference: Reference, heard: Transcription) -> ErrorCounts:
    """Pooled errors of a call: speaker by speaker where the reference is, else of the whole text.

    Where the engine could not tell speakers apart, texts by speaker cannot be compared one by one,
    and the call counts as a whole only if a whole text is there.
    """
    _, rule = normaliser(heard.language)
    heard_speakers = {channel.speaker for channel in heard.channels}
    by_speaker = {who: text for who, text in reference.texts.items() if who}
    if by_speaker and by_speaker.keys() <= heard_speakers:
        return pool(
            count_errors(text, spoken_by(heard, who), rule) for who, text in by_speaker.items()
        )
    if "" in reference.texts:
        return count_errors(reference.texts[""], spoken_by(heard, None), rule)
    return ErrorCounts()


def spoken_by(heard: Transcription, speaker: str | None) -> str:
    """The words of one speaker, or of all, in order of time."""
    return " ".join(
        segment.text for segment in heard.segments if speaker in (None, segment.speaker)
    )
