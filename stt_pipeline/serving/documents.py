"""What the service answers with, as the OpenAPI document shows it; no rule and no route."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from stt_pipeline.domain.schemas import TABLES, comment
from stt_pipeline.domain.serving.jobs import State
from stt_pipeline.domain.speech.exports import FORMATS

MEDIA_TYPES = {
    "json": "application/json",
    "txt": "text/plain",
    "srt": "application/x-subrip",
    "vtt": "text/vtt",
}
"""Of each format of `domain.exports`."""


def _column(table: str, name: str) -> Any:
    """A field that is described as the tables describe their column."""
    return Field(description=comment(TABLES[table].schema.field(name)))


class Word(BaseModel):
    """A word, as in the table `words`."""

    start_s: float = _column("words", "start_s")
    end_s: float = _column("words", "end_s")
    word: str = _column("words", "word")
    probability: float = _column("words", "probability")


class Segment(BaseModel):
    """An utterance, as in the table `segments`."""

    channel: int = _column("segments", "channel")
    speaker: str = _column("segments", "speaker")
    start_s: float = _column("segments", "start_s")
    end_s: float = _column("segments", "end_s")
    text: str = _column("segments", "text")
    avg_logprob: float = _column("segments", "avg_logprob")
    no_speech_prob: float = _column("segments", "no_speech_prob")
    compression_ratio: float = _column("segments", "compression_ratio")
    words: list[Word] | None = Field(default=None, description="Left out where words=false.")


class Transcript(BaseModel):
    """A recording's text, as in the table `transcripts`; `stt-pipeline transcribe` prints it."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "duration_s": 4.1,
                "speech_s": 2.9,
                "language": "en",
                "language_probability": 0.998,
                "engine": "faster-whisper-1.2.1 base@d01c3014 int8 beam2+5 fr,en #0a1b2c3d4e5f",
                "cpu_s": 0.412,
                "text": "I am still waiting for my refund.",
                "segments": [
                    {
                        "channel": 1,
                        "speaker": "customer",
                        "start_s": 0.62,
                        "end_s": 2.9,
                        "text": "I am still waiting for my refund.",
                        "avg_logprob": -0.09,
                        "no_speech_prob": 0.01,
                        "compression_ratio": 0.8,
                    }
                ],
            }
        }
    )

    duration_s: float = _column("transcripts", "duration_s")
    speech_s: float = _column("transcripts", "speech_s")
    language: str | None = _column("transcripts", "language")
    language_probability: float | None = _column("transcripts", "language_probability")
    engine: str = _column("transcripts", "engine")
    cpu_s: float = _column("transcripts", "cpu_s")
    text: str = _column("transcripts", "text")
    segments: list[Segment] = Field(description="In order of time over all channels.")


class JobStatus(BaseModel):
    """How a job stands."""

    job_id: str = Field(examples=["20261123T120000Z-0123456789abcdef0123456789abcdef"])
    state: State
    duration_s: float = Field(description="Seconds of the recording.")
    heard_s: float = Field(description="Seconds of it that were listened to.")
    submitted_at: str = Field(description="When it was acknowledged, UTC, as ISO 8601.")
    result: str | None = Field(description="Where the result is; null before the job is done.")
    reason: str | None = Field(description="Why it failed; null otherwise.")


class Problem(BaseModel):
    """Why a request was not met."""

    detail: str = Field(examples=["send either a `file` or a `uri`."])


class Readiness(BaseModel):
    """Whether requests should be sent here, and what each check found."""

    ready: bool
    checks: dict[str, bool] = Field(
        examples=[{"accepting": True, "engine": True, "queue": True, "disk": True, "memory": True}]
    )


class OpenaiTranscription(BaseModel):
    """The form `json`; `verbose_json` adds task, language, duration, segments and words."""

    text: str
    usage: dict[str, Any] | None = None


class OpenaiProblem(BaseModel):
    """An error as OpenAI's clients read it."""

    error: dict[str, Any] = Field(
        examples=[
            {
                "message": "send a `file`.",
                "type": "invalid_request_error",
                "param": None,
                "code": None,
            }
        ]
    )


FILE_SCHEMA = {"type": "string", "format": "binary", "description": "Any audio that FFmpeg reads."}


def form_schema(languages: tuple[str, ...]) -> dict[str, Any]:
    """The form of `POST /transcribe`."""
    return {
        "type": "object",
        "properties": {
            "file": FILE_SCHEMA,
            "uri": {
                "type": "string",
                "description": "A recording below STT_RECORDINGS_URI or a prefix of "
                "STT_SERVE_URIS, in place of `file`.",
                "example": "s3://bucket/recordings/call_date=2026-11-16/C1_A1_20261116T101500.wav",
            },
            "language": {
                "type": "string",
                "enum": list(languages),
                "description": "Left out, it is heard from the recording.",
            },
            "channels": {
                "type": "string",
                "enum": ["left=agent,right=customer", "left=customer,right=agent"],
                "description": "Who speaks where; left out, STT_CHANNELS says it.",
            },
            "words": {
                "type": "string",
                "enum": ["true", "false"],
                "description": "Whether the JSON has the words of each segment (default true).",
            },
            "format": {"type": "string", "enum": sorted(FORMATS), "default": "json"},
        },
    }


def openai_form_schema(languages: tuple[str, ...], forms: tuple[str, ...]) -> dict[str, Any]:
    """The form of `POST /v1/audio/transcriptions`."""
    return {
        "type": "object",
        "required": ["file", "model"],
        "properties": {
            "file": FILE_SCHEMA,
            "model": {"type": "string", "description": "Any: one model is served (STT_MODEL)."},
            "language": {"type": "string", "enum": list(languages)},
            "response_format": {"type": "string", "enum": list(forms), "default": "json"},
            "timestamp_granularities[]": {
                "type": "array",
                "items": {"type": "string", "enum": ["segment", "word"]},
            },
            "temperature": {"type": "string", "description": "Taken and not used."},
            "prompt": {"type": "string", "description": "Taken and not used."},
        },
    }
