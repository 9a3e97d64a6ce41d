"""Keeps the ledger of a call date: every object ever found has a row. Lists and probes nothing."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from stt_pipeline.domain.errors import ObjectMissingError
from stt_pipeline.domain.recordings.keys import KeyMetadata, KeyPattern, KeyProblem
from stt_pipeline.domain.recordings.recording import (
    AudioInfo,
    FoundObject,
    Recording,
    Status,
    judge,
    settle_names,
)
from stt_pipeline.domain.speech.transcription import Failure

GONE = "it went from the store while it was listed"
"""The reason of an object that was found, and could not be read a moment later."""

UNREAD = "it cannot be read"
"""How the reason of an object begins that the store did not give: it may the next time."""


@dataclass(frozen=True)
class Named:
    """An object with what its key says."""

    found: FoundObject
    uri: str
    named: KeyMetadata | KeyProblem


@dataclass(frozen=True)
class Listing:
    """A listing sorted out: objects of the date, and objects whose key gives no possible date."""

    dated: list[Named]
    undated: list[Named]


@dataclass(frozen=True)
class Look:
    """What the store says of an object: `found` is None where it went, `audio` where it is known.

    `audio` is the header of a new or changed object, or why there is none.
    """

    item: Named
    found: FoundObject | None
    audio: AudioInfo | str | None = None


def sort_out(
    listing: Iterable[FoundObject],
    pattern: KeyPattern,
    uri: Callable[[str], str],
    date: dt.date,
) -> Listing:
    """Reads every key; objects of other dates are theirs to list, and left out."""
    dated, undated = [], []
    for found in listing:
        named = pattern.read(found.key)
        item = Named(found, uri(found.key), named)
        if named.call_date == date:
            dated.append(item)
        elif named.call_date is None:
            undated.append(item)
    return Listing(dated, undated)


def refresh(
    items: Iterable[Named],
    known: Mapping[str, Recording],
    etag: Callable[[FoundObject], str],
    probe: Callable[[FoundObject], AudioInfo | str],
    now: dt.datetime,
    look_at: Callable[[Callable[[Named], Look], Iterable[Named]], Iterable[Look]] = map,
) -> list[Recording]:
    """The ledger after a listing: `known` rows by URI, new and changed objects judged afresh.

    An object whose bytes did not change keeps its row and is not probed again, unless the store
    failed to give them the last time; one that is gone from the store keeps its row too. One that
    goes while it is listed (`etag` raises ObjectMissingError) keeps its row, or gets one that says
    so; it is judged when it is back.
    `look_at` is `map`, or looks at several objects at once and answers in their order.
    """

    def look(item: Named) -> Look:
        try:
            found = replace(item.found, etag=etag(item.found))
        except ObjectMissingError:
            return Look(item, None)
        before = known.get(item.uri)
        if before is not None and before.etag == found.etag and _is_settled(before):
            return Look(item, found)
        return Look(item, found, probe(found))

    rows = dict(known)
    present = set()
    for seen in look_at(look, items):
        item = seen.item
        if seen.found is None:
            rows.setdefault(item.uri, judge(item.found, item.uri, item.named, GONE, now))
            continue
        present.add(item.uri)
        if seen.audio is not None:
            discovered_at = known[item.uri].discovered_at if item.uri in known else now
            rows[item.uri] = judge(seen.found, item.uri, item.named, seen.audio, discovered_at)
    return settle_names(rows.values(), present)


def _is_settled(row: Recording) -> bool:
    """Whether the row says something of the object's bytes, and not of the store's bad moment."""
    return row.reason is None or not row.reason.startswith((GONE, UNREAD))


def with_failures(ledger: Iterable[Recording], failures: Mapping[str, Failure]) -> list[Recording]:
    """The ledger as published: accepted recordings that failed (by etag) are quarantined."""
    return [
        row.quarantined(failures[row.etag].reason)
        if row.status is Status.ACCEPTED and row.etag in failures
        else row
        for row in ledger
    ]
