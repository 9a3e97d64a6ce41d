"""When a date's tables were published, each time, and with what. Publishes nothing."""

import datetime as dt
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Publication:
    """A version of a date's tables: when readers first saw it (UTC without a zone), what it holds.

    `contents` is equal for the same recordings, whatever was made of them; `audio_s` is of the
    calls transcribed.
    """

    at: dt.datetime
    contents: str
    recordings: int
    audio_s: float


History = tuple[Publication, ...]
"""Every version of a date that readers saw, the oldest first."""


def contents_of(recordings: Iterable[tuple[str, str]]) -> str:
    """Digest of recordings, each as its URI and etag, in any order."""
    content = hashlib.sha256()
    for uri, etag in sorted(recordings):
        content.update(f"{uri}\0{etag}\n".encode())
    return content.hexdigest()


def with_publication(before: Sequence[Publication], newest: Publication) -> History:
    """The history with one more version; unchanged where the newest holds what the last one did."""
    if before and _held(before[-1]) == _held(newest):
        return tuple(before)
    return (*before, newest)


def _held(publication: Publication) -> tuple[str, int, float]:
    return publication.contents, publication.recordings, publication.audio_s


def complete_since(history: Sequence[Publication]) -> dt.datetime | None:
    """Since when the tables have held all the recordings that they hold now; None if unknown.

    To publish them again, as after a change of model, makes nothing late.
    """
    at = None
    for publication in reversed(history):
        if publication.contents != history[-1].contents:
            break
        at = publication.at
    return at


def published_hours(
    histories: Iterable[Sequence[Publication]],
) -> tuple[tuple[dt.datetime, float], ...]:
    """Hours of calls in the tables of several dates after each publication, in order of time."""
    added = sorted(
        (publication.at, publication.audio_s - before)
        for history in histories
        for publication, before in zip(
            history, [0.0, *(one.audio_s for one in history)], strict=False
        )
    )
    hours, steps = 0.0, dict[dt.datetime, float]()
    for at, audio_s in added:
        hours += audio_s / 3600
        steps[at] = hours
    return tuple(steps.items())
