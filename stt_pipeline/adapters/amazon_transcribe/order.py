"""What is asked of the service for one recording, and under which name. Asks no service."""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

from stt_pipeline.adapters.amazon_transcribe.jobs import RefusedError
from stt_pipeline.domain.planning.prices import OUTSIDE
from stt_pipeline.domain.recordings.recording import Recording

S3: Final = "s3://"

PREFIX: Final = "stt-pipeline-"
"""How the names of its jobs and vocabularies begin: roles are allowed these alone."""

ANSWERS: Final = "_work/fallback/answers/"
"""Where its documents lie in the lake. Its keys have no `=`: the service takes none."""

FORMATS: Final = {"opus": "ogg"} | {
    name: name for name in ("amr", "flac", "m4a", "mp3", "mp4", "ogg", "wav", "webm")
}
"""What it reads, by suffix."""

MAX_DURATION_S: Final = 4 * 3600.0
MAX_BYTES: Final = 2 * 1024**3
"""Of one recording (Guidelines and quotas)."""


@dataclass(frozen=True)
class Order:
    """A job for a recording: its name, where its answer lies in the lake, what it costs in USD.

    `codes` are the languages to choose from, `vocabularies` names by code.
    """

    name: str
    recording: Recording
    form: str
    codes: tuple[str, ...]
    vocabularies: Mapping[str, str]
    duration_s: float

    @property
    def answer(self) -> str:
        """Key of the document that the service writes."""
        return f"{ANSWERS}{self.name}.json"

    @property
    def usd(self) -> float:
        """What it costs."""
        return OUTSIDE.call_usd(self.duration_s)

    @property
    def channels(self) -> int:
        """1 or 2."""
        return self.recording.channels or 1

    def request(self, lake_uri: str, usable: Collection[str]) -> dict[str, Any]:
        """As StartTranscriptionJob takes it, with those vocabularies that are `usable`."""
        bucket, _, prefix = lake_uri.removeprefix(S3).partition("/")
        hints = {code: name for code, name in self.vocabularies.items() if name in usable}
        settings: dict[str, Any] = {"ChannelIdentification": True} if self.channels > 1 else {}
        if len(self.codes) == 1:
            asked: dict[str, Any] = {"LanguageCode": self.codes[0]}
            if hints:
                settings["VocabularyName"] = hints[self.codes[0]]
        else:
            asked = {"IdentifyLanguage": True, "LanguageOptions": list(self.codes)}
            if hints:
                asked["LanguageIdSettings"] = {
                    code: {"VocabularyName": hints[code]} if code in hints else {}
                    for code in self.codes
                }
        if settings:
            asked["Settings"] = settings
        return asked | {
            "TranscriptionJobName": self.name,
            "MediaFormat": self.form,
            "Media": {"MediaFileUri": self.recording.recording_uri},
            "OutputBucketName": bucket,
            "OutputKey": f"{prefix}/{self.answer}" if prefix else self.answer,
        }


def make_order(
    recording: Recording | None,
    dialects: Mapping[str, str],
    vocabularies: Mapping[str, str],
    lake_uri: str,
) -> Order:
    """The order for a recording on S3; raises RefusedError for one that the service cannot take.

    The job's name is of the bytes, of what is wanted, and of the lake: the same in whichever run.
    """
    if recording is None or not recording.recording_uri.startswith(S3):
        raise RefusedError("it reads recordings on S3 alone")
    form = FORMATS.get(PurePosixPath(recording.key).suffix.lower().removeprefix("."))
    if form is None:
        raise RefusedError(f"it takes only files named {', '.join(sorted(FORMATS))}")
    if recording.duration_s is None:
        raise RefusedError("the length of the recording, and so its price, is not known")
    if recording.duration_s > MAX_DURATION_S or recording.size_bytes > MAX_BYTES:
        raise RefusedError("it takes at most 4 hours and 2 GB")
    codes = tuple(sorted(dialects.values()))
    channels = recording.channels or 1
    wanted = [lake_uri, recording.etag, channels, codes, sorted(vocabularies.values())]
    name = PREFIX + hashlib.sha256(json.dumps(wanted).encode()).hexdigest()[:40]
    return Order(name, recording, form, codes, vocabularies, recording.duration_s)
