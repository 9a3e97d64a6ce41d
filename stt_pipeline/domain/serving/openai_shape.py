"""A transcription in the shapes of OpenAI's audio API. Knows no HTTP.

https://platform.openai.com/docs/api-reference/audio: times in seconds, `segments` and `words` flat.
"""

import math
from collections.abc import Collection
from typing import Any

from stt_pipeline.domain.speech.exports import as_srt, as_vtt
from stt_pipeline.domain.speech.transcription import Transcription

FORMS = ("json", "text", "srt", "verbose_json", "vtt")

GRANULARITIES = ("segment", "word")


def as_usage(heard: Transcription) -> dict[str, Any]:
    """Whole seconds, as they are billed there; here nothing is."""
    return {"type": "duration", "seconds": math.ceil(heard.duration_s)}


def as_verbose_json(heard: Transcription, granularities: Collection[str]) -> dict[str, Any]:
    """Text, language and length; `segments` and `words` where they are among `granularities`.

    `language` is a code of ISO 639. Token numbers are not kept, so `tokens` is empty; `seek` and
    `temperature` are those of one greedy pass from the start.
    """
    document: dict[str, Any] = {
        "task": "transcribe",
        "language": heard.language or "",
        "duration": heard.duration_s,
        "text": heard.text,
        "usage": as_usage(heard),
    }
    if "segment" in granularities:
        document["segments"] = [
            {
                "id": number,
                "seek": 0,
                "start": segment.start_s,
                "end": segment.end_s,
                "text": segment.text,
                "tokens": [],
                "temperature": 0.0,
                "avg_logprob": segment.avg_logprob,
                "compression_ratio": segment.compression_ratio,
                "no_speech_prob": segment.no_speech_prob,
            }
            for number, segment in enumerate(heard.segments)
        ]
    if "word" in granularities:
        document["words"] = [
            {"word": word.word, "start": word.start_s, "end": word.end_s}
            for segment in heard.segments
            for word in segment.words
        ]
    return document


def as_plain(heard: Transcription, form: str) -> str:
    """The forms that are no JSON: text, srt, vtt."""
    if form == "srt":
        return as_srt(heard, "")
    return as_vtt(heard, "") if form == "vtt" else heard.text + "\n"
