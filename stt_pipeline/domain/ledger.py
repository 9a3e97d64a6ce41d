"""Keeps the ledger of a call date: every object ever found has a row. Lists and probes nothing."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from stt_pipeline.domain.errors import ObjectMissingError
from stt_pipeline.domain.keys import KeyMetadata, KeyPattern, KeyProblem
from stt_pipeline.domain.recording import (
    AudioInfo,
    FoundObject,
    Recording,
    Status,
    judge,
    settle_names,
)
from stt_pipeline.domain.transcription import Failure

GONE = "it went from the store while it was listed"
"""The reason of an object that was found, and could not be read a moment later."""


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
) -> list[Recording]:
    """The ledger after a listing: `known` rows by URI, new and changed objects judged afresh.

    An object whose bytes did not change keeps its row and is not probed again; one that is gone
    from the store keeps its row too. One that goes while it is listed (`etag` raises
    ObjectMissingError) keeps its row, or gets one that says so; it is judged when it is back.
    """
    rows = dict(known)
    present = set()
    for item in items:
        before = known.get(item.uri)
        try:
            found = replace(item.found, etag=etag(item.found))
        except ObjectMissingError:
            rows.setdefault(item.uri, judge(item.found, item.uri, item.named, GONE, now))
            continue
        present.add(item.uri)
        if before is not None and before.etag == found.etag and before.reason != GONE:
            continue
        discovered_at = before.discovered_at if before else now
        rows[item.uri] = judge(found, item.uri, item.named, probe(found), discovered_at)
    return settle_names(rows.values(), present)


def with_failures(ledger: Iterable[Recording], failures: Mapping[str, Failure]) -> list[Recording]:
    """The ledger as published: accepted recordings that failed (by etag) are quarantined."""
    return [
        row.quarantined(failures[row.etag].reason)
        if row.status is Status.ACCEPTED and row.etag in failures
        else row
        for row in ledger
    ]
