"""A transcription as a file that people and players read: txt, json, srt, vtt. Writes no file."""

import json
from collections.abc import Callable
from typing import Any

from stt_pipeline.domain.speech.transcription import Segment, Transcription


def clock(seconds: float, decimal: str = ".") -> str:
    """Seconds as `HH:MM:SS.mmm`, with the decimal sign wanted."""
    whole_ms = round(seconds * 1000)
    minutes, ms = divmod(whole_ms, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{ms // 1000:02}{decimal}{ms % 1000:03}"


def _spoken(segment: Segment) -> str:
    return segment.text if segment.speaker == "unknown" else f"{segment.speaker}: {segment.text}"


def as_txt(heard: Transcription, engine: str) -> str:
    """A line an utterance: start, speaker, text."""
    return "".join(f"[{clock(s.start_s)[:-4]}] {_spoken(s)}\n" for s in heard.segments)


def as_srt(heard: Transcription, engine: str) -> str:
    """SubRip subtitles."""
    return "\n".join(
        f"{number}\n{_times(s, ',')}\n{_spoken(s)}\n"
        for number, s in enumerate(heard.segments, start=1)
    )


def as_vtt(heard: Transcription, engine: str) -> str:
    """WebVTT subtitles; the speaker is a voice tag."""
    cues = (f"{_times(s, '.')}\n<v {s.speaker}>{_escaped(s.text)}\n" for s in heard.segments)
    return "WEBVTT\n\n" + "\n".join(cues)


def _times(segment: Segment, decimal: str) -> str:
    """A cue's times; it ends a millisecond or more after its start, as WebVTT demands."""
    end_s = max(segment.end_s, segment.start_s + 0.001)
    return f"{clock(segment.start_s, decimal)} --> {clock(end_s, decimal)}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def as_document(heard: Transcription, engine: str) -> dict[str, Any]:
    """The columns of `transcripts`, `segments` and `words`, nested."""
    return {
        "duration_s": heard.duration_s,
        "speech_s": round(heard.speech_s, 3),
        "language": heard.language,
        "language_probability": heard.language_probability,
        "engine": engine,
        "cpu_s": heard.cpu_s,
        "text": heard.text,
        "segments": [_segment(segment) for segment in heard.segments],
    }


def as_json(heard: Transcription, engine: str) -> str:
    """The document as JSON."""
    document = as_document(heard, engine)
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _segment(segment: Segment) -> dict[str, object]:
    return {
        "channel": segment.channel,
        "speaker": segment.speaker,
        "start_s": segment.start_s,
        "end_s": segment.end_s,
        "text": segment.text,
        "avg_logprob": segment.avg_logprob,
        "no_speech_prob": segment.no_speech_prob,
        "compression_ratio": segment.compression_ratio,
        "words": [
            {"start_s": w.start_s, "end_s": w.end_s, "word": w.word, "probability": w.probability}
            for w in segment.words
        ],
    }


FORMATS: dict[str, Callable[[Transcription, str], str]] = {
    "txt": as_txt,
    "json": as_json,
    "srt": as_srt,
    "vtt": as_vtt,
}
"""Every format by name: takes the transcription and the engine's label."""
