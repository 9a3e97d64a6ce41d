"""A recording as found, probed and judged: one row of the ledger. Knows no store and no file."""

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from stt_pipeline.domain.recordings.keys import KeyMetadata, KeyProblem


class Status(StrEnum):
    """What the pipeline does with a recording."""

    ACCEPTED = "accepted"
    QUARANTINED = "quarantined"
    DUPLICATE = "duplicate"


@dataclass(frozen=True)
class FoundObject:
    """An object of the recordings store; `etag` is empty where it must still be asked for."""

    key: str
    size_bytes: int
    etag: str = ""


@dataclass(frozen=True)
class AudioInfo:
    """What an audio header says; `duration_s` in seconds, null where it does not say."""

    codec: str
    sample_rate_hz: int
    channels: int
    duration_s: float | None


@dataclass(frozen=True)
class Recording:
    """A row of the table `recordings`; `key` is its name in the store."""

    key: str
    recording_uri: str
    etag: str
    size_bytes: int
    status: Status
    discovered_at: dt.datetime
    reason: str | None = None
    call_id: str | None = None
    duration_s: float | None = None
    sample_rate_hz: int | None = None
    channels: int | None = None
    codec: str | None = None
    agent_id: str | None = None
    customer_id: str | None = None
    queue: str | None = None
    started_at: dt.datetime | None = None

    @property
    def audio_s(self) -> float:
        """Seconds of audio in all channels: what transcribing it is worth."""
        return (self.duration_s or 0.0) * (self.channels or 1)

    def quarantined(self, reason: str) -> "Recording":
        """The same recording, kept aside with a reason."""
        return replace(self, status=Status.QUARANTINED, reason=reason)


MAX_CHANNELS = 2
"""STT_CHANNELS maps left and right; a further channel has no speaker."""

MAX_DURATION_S = 12 * 3600.0
"""Longer than any call: such a header is wrong, or the file is no call."""


_TAKEN = "call_id is taken by"


def judge(
    found: FoundObject,
    uri: str,
    named: KeyMetadata | KeyProblem,
    audio: AudioInfo | str,
    now: dt.datetime,
) -> Recording:
    """The ledger row of an object: `named` from its key, `audio` its header, or why not."""
    recording = Recording(
        key=found.key,
        recording_uri=uri,
        etag=found.etag,
        size_bytes=found.size_bytes,
        status=Status.ACCEPTED,
        discovered_at=now,
    )
    if isinstance(named, KeyMetadata):
        recording = replace(
            recording,
            call_id=named.call_id,
            agent_id=named.agent_id,
            customer_id=named.customer_id,
            queue=named.queue,
            started_at=named.started_at,
        )
    if isinstance(audio, AudioInfo):
        recording = replace(
            recording,
            duration_s=audio.duration_s,
            sample_rate_hz=audio.sample_rate_hz,
            channels=audio.channels,
            codec=audio.codec,
        )
    if isinstance(named, KeyProblem):
        return recording.quarantined(named.reason)
    if isinstance(audio, str):
        return recording.quarantined(audio)
    if problem := _audio_problem(audio):
        return recording.quarantined(problem)
    return recording


def _audio_problem(audio: AudioInfo) -> str | None:
    if audio.channels < 1:
        return "the header says 0 channels"
    if audio.channels > MAX_CHANNELS:
        return f"{audio.channels} channels, where STT_CHANNELS names {MAX_CHANNELS}"
    if audio.sample_rate_hz < 1:
        return "the header says 0 Hz"
    if audio.duration_s is not None and audio.duration_s > MAX_DURATION_S:
        return f"the header says {audio.duration_s / 3600:.0f} hours, more than 12"
    if audio.duration_s is not None and audio.duration_s <= 0:
        return "no audio behind the header"
    return None


def settle_names(recordings: Iterable[Recording], present: Collection[str]) -> list[Recording]:
    """The date's ledger, each content and each call_id accepted once.

    A recording whose bytes are already accepted under another key is a duplicate; one whose bytes
    differ but whose call_id is taken is quarantined, because one call has one transcript. Those
    still `present` (URIs) come first, then the first discovered, then the one whose key says when
    the call began, then the first by key.
    """
    by_etag: dict[str, Recording] = {}
    by_call: dict[str | None, Recording] = {}
    settled = []
    for recording in sorted(
        recordings,
        key=lambda row: (
            row.recording_uri not in present,
            row.discovered_at,
            row.started_at is None,
            row.key,
        ),
    ):
        row = _settle(recording, by_etag, by_call)
        if row.status is Status.ACCEPTED:
            by_etag[row.etag] = row
            by_call[row.call_id] = row
        settled.append(row)
    return settled


def _settle(
    recording: Recording,
    by_etag: dict[str, Recording],
    by_call: dict[str | None, Recording],
) -> Recording:
    if recording.status is Status.QUARANTINED and not (recording.reason or "").startswith(_TAKEN):
        return recording
    fresh = replace(recording, status=Status.ACCEPTED, reason=None)
    if original := by_etag.get(recording.etag):
        return replace(fresh, status=Status.DUPLICATE, reason=f"same bytes as {original.key}")
    if taken := by_call.get(recording.call_id):
        return fresh.quarantined(f"{_TAKEN} {taken.key}: {recording.call_id}")
    return fresh
