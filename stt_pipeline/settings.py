"""Every STT_ setting, in one class; the only reader of the environment."""

import datetime as dt
import os
import re
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from stt_pipeline.domain.errors import UserError
from stt_pipeline.domain.planning.deadline import Deadline
from stt_pipeline.domain.planning.fallback import FAILED, LATE
from stt_pipeline.domain.recordings.keys import DEFAULT_PATTERN, KeyPattern
from stt_pipeline.domain.speech.engine import WHISPER_LANGUAGES
from stt_pipeline.domain.speech.speakers import parse_sides


def _folder(name: str) -> str:
    return (Path.cwd() / "var" / name).as_uri()


class Settings(BaseSettings):
    """The pipeline's settings; build it with `load_settings`, whose errors are for people."""

    model_config = SettingsConfigDict(env_prefix="STT_", frozen=True, extra="ignore")

    recordings_uri: str = Field(
        default_factory=lambda: _folder("recordings"),
        description="Where recordings lie, file:///… or s3://…; read, never written.",
    )
    lake_uri: str = Field(
        default_factory=lambda: _folder("lake"),
        description="Where tables are published; work in progress lies under _work/.",
    )
    references_uri: str = Field(
        default_factory=lambda: _folder("references"),
        description="Reference texts: {call_id}.txt, or {call_id}.agent.txt and .customer.txt.",
    )
    recording_pattern: str = Field(
        default=DEFAULT_PATTERN,
        description="Regular expression over keys with the named groups of "
        "domain/recordings/keys.py.",
    )
    timezone: str = Field(
        default="Europe/Paris", description="Zone of call dates, of times in keys and of schedules."
    )
    deadline: str = Field(default="Mon 08:00", description="When last week's calls must be ready.")
    deadline_margin_h: float = Field(
        default=6.0,
        ge=0,
        le=72,
        description="Hours before the deadline by which work is planned to end.",
    )
    first_date: dt.date = Field(
        default=dt.date(2025, 1, 1), description="First call date that can be processed."
    )
    catalog: Literal["duckdb", "glue"] = Field(
        default="duckdb", description="Where tables are registered and SQL is answered."
    )
    glue_database: str = Field(default="stt_pipeline", description="Database of the Glue catalog.")
    athena_workgroup: str = Field(default="primary", description="Workgroup that queries run in.")
    model: str = Field(
        default="base",
        description="A known name, a folder or an s3:// URI; by language: fr=…,en=….",
    )
    model_sha256: str = Field(
        default="", description="sha256 of model.bin where the model is not a known name."
    )
    models_dir: Path = Field(
        default_factory=lambda: Path.cwd() / "var" / "models",
        description="Where `stt-pipeline model fetch` keeps models by name.",
    )
    device: Literal["cpu", "cuda"] = Field(
        default="cpu", description="What the model runs on; a GPU was never tried."
    )
    compute_type: Literal["int8", "int8_float32", "int8_float16", "float16", "float32"] = Field(
        default="int8", description="Arithmetic of the model, as CTranslate2 names it."
    )
    languages: Annotated[tuple[str, ...], NoDecode] = Field(
        default=("fr", "en"), description="Languages that calls may be in, comma separated."
    )
    channels: Annotated[tuple[str, str], NoDecode] = Field(
        default=("agent", "customer"), description="Who speaks where: left=agent,right=customer."
    )
    hotwords_uri: str = Field(
        default="",
        description="A text file of names to hint to the model, one a line; those below a line "
        "[fr], or of another code, in that language alone.",
    )
    max_wer: float = Field(
        default=0.20, ge=0, le=1, description="A date's pooled WER above this is not published."
    )
    min_coverage: float = Field(
        default=0.70, ge=0, le=1, description="Least share of a date's speech that has words."
    )
    max_wer_drift: float = Field(
        default=0.01,
        ge=0,
        le=1,
        description="A week's WER that rose more than this, and more than chance, over the four "
        "weeks before is warned of.",
    )
    max_signal_drift: float = Field(
        default=0.02,
        ge=0,
        le=1,
        description="The same of the share of calls that show a signal.",
    )
    max_shards: int = Field(
        default_factory=lambda: os.cpu_count() or 1,
        ge=1,
        le=10_000,
        description="Most shards of a date that are transcribed at once.",
    )
    shard_minutes: float = Field(
        default=5.0,
        gt=0,
        allow_inf_nan=False,
        description="Audio minutes that make one more shard worth its start.",
    )
    shard_runs: bool = Field(
        default=False,
        description="Each shard is a Dagster run of its own, such as a Fargate task; else the "
        "date's own run works on all of them.",
    )
    fallback: Literal["none", "amazon-transcribe"] = Field(
        default="none",
        description="A paid engine for calls that the local one cannot read; recordings and lake "
        "must be on S3.",
    )
    fallback_for: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(FAILED,),
        description="What it is paid for, comma separated: failed, and late for what cannot make "
        "the deadline even with the most tasks.",
    )
    fallback_budget_usd: float = Field(
        default=0.0,
        ge=0,
        allow_inf_nan=False,
        description="Most USD that it may cost in a week; 0 spends nothing.",
    )
    alert_sns_topic: str = Field(default="", description="SNS topic for alerts; empty: the log.")
    ui_url: str = Field(
        default="", description="Address of the Dagster UI, for the links of alerts; empty: none."
    )
    metrics_namespace: str = Field(
        default="",
        pattern=r"^[\w./#-]*$",
        max_length=255,
        description="CloudWatch namespace of the metrics that runs and sensors print; empty: none.",
    )

    serve_api_keys: str = Field(
        default="",
        description="Who may call the service: `name:sha256-of-key`, comma separated, or the URI "
        "of a file with one a line.",
    )
    serve_oidc_issuer: str = Field(
        default="", description="OpenID Connect issuer whose bearer tokens are let in; empty: none."
    )
    serve_oidc_audience: str = Field(
        default="", description="What these tokens must be issued for (`aud`)."
    )
    serve_uris: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Prefixes, beside STT_RECORDINGS_URI, whose recordings may be asked for by "
        "URI, comma separated.",
    )
    serve_queue_minutes: float = Field(
        default=60,
        gt=0,
        allow_inf_nan=False,
        description="Audio minutes that may wait; a request beyond them is told to come again.",
    )
    serve_max_mb: float = Field(
        default=200, gt=0, le=5000, description="Largest upload, in megabytes (10^6 bytes)."
    )
    serve_max_minutes: float = Field(
        default=240, gt=0, le=720, description="Longest recording, in minutes."
    )
    serve_sync_minutes: float = Field(
        default=5,
        ge=0,
        allow_inf_nan=False,
        description="Longest recording that is answered at once; a longer one becomes a job.",
    )
    serve_rate_per_minute: int = Field(
        default=600, ge=1, description="Requests a minute that one client may make."
    )
    serve_timeout_s: float = Field(
        default=300,
        gt=0,
        allow_inf_nan=False,
        description="Seconds for an upload, and again for the answer of a request.",
    )
    serve_keep_h: float = Field(
        default=24,
        gt=0,
        allow_inf_nan=False,
        description="Hours that a job and its result are kept; its sound goes once it is read.",
    )

    @field_validator("compute_type")
    @classmethod
    def _device_has_it(cls, compute_type: str, known: ValidationInfo) -> str:
        if "float16" in compute_type and known.data.get("device") == "cpu":
            raise ValueError(
                f"{compute_type} is for a GPU: set STT_DEVICE=cuda, or take int8, int8_float32 or "
                "float32"
            )
        return compute_type

    @field_validator("recordings_uri", "lake_uri", "references_uri")
    @classmethod
    def _known_scheme(cls, uri: str) -> str:
        root = uri.rstrip("/")
        if not root.startswith(("file:///", "s3://")):
            raise ValueError("write it as file:///folder or s3://bucket/prefix")
        return root

    @field_validator("alert_sns_topic")
    @classmethod
    def _topic_arn(cls, topic: str) -> str:
        if topic and not re.fullmatch(r"arn:[\w-]+:sns:[\w-]+:\d{12}:[\w.-]+", topic):
            raise ValueError(
                "write the topic's ARN, such as arn:aws:sns:eu-west-3:123456789012:name"
            )
        return topic

    @field_validator("ui_url")
    @classmethod
    def _web_address(cls, url: str) -> str:
        if url and not url.startswith(("http://", "https://")):
            raise ValueError("write it as https://host, with its path if it has one")
        return url.rstrip("/")

    @field_validator("serve_oidc_issuer")
    @classmethod
    def _issuer(cls, url: str) -> str:
        # The name of an issuer is compared as it is written, to its last slash.
        if url and not url.startswith(("http://", "https://")):
            raise ValueError("write the issuer's address, such as https://login.example.com/tenant")
        return url

    @field_validator("serve_uris", mode="before")
    @classmethod
    def _prefixes(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(cls._known_scheme(uri.strip()) for uri in value.split(",") if uri.strip())

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"no time zone is called '{name}'; write e.g. Europe/Paris") from None
        return name

    @field_validator("deadline")
    @classmethod
    def _readable_deadline(cls, text: str) -> str:
        Deadline.parse(text)
        return text

    @field_validator("languages", mode="before")
    @classmethod
    def _language_codes(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        codes = tuple(code.strip() for code in value.split(",") if code.strip())
        unknown = [code for code in codes if code not in WHISPER_LANGUAGES]
        if not codes or unknown:
            raise ValueError("write codes that Whisper knows, separated by commas, such as fr,en")
        return codes

    @field_validator("fallback_for", mode="before")
    @classmethod
    def _known_needs(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        needs = tuple(part.strip() for part in value.split(",") if part.strip())
        if not needs or set(needs) - {FAILED, LATE}:
            raise ValueError("write failed, late, or both separated by a comma")
        return needs

    @field_validator("channels", mode="before")
    @classmethod
    def _speakers(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return parse_sides(value)

    @field_validator("model_sha256")
    @classmethod
    def _sha256(cls, value: str) -> str:
        if value and (len(value) != 64 or any(c not in "0123456789abcdef" for c in value)):
            raise ValueError("write the 64 hexadecimal digits of model.bin's sha256")
        return value

    @cached_property
    def key_pattern(self) -> KeyPattern:
        """The compiled pattern; raises UserError."""
        return KeyPattern(self.recording_pattern, self.timezone)

    @property
    def zone(self) -> ZoneInfo:
        """The time zone as an object."""
        return ZoneInfo(self.timezone)


def load_settings() -> Settings:
    """The settings of this environment; raises UserError with one sentence on the first fault."""
    try:
        settings = Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "STT_" + str(first["loc"][0]).upper()
        message = str(first["msg"]).removeprefix("Value error, ")
        raise UserError(f"{name}={first['input']!r} is not valid: {message}.") from None
    _ = settings.key_pattern
    return settings
