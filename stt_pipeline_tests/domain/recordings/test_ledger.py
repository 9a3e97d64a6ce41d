"""The ledger of a date: nothing that was ever found is lost, nothing is judged twice."""

import datetime as dt
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from stt_pipeline.domain.recordings.keys import DEFAULT_PATTERN, KeyPattern
from stt_pipeline.domain.recordings.ledger import (
    GONE,
    UNREAD,
    Listing,
    refresh,
    sort_out,
    with_failures,
)
from stt_pipeline.domain.recordings.recording import AudioInfo, FoundObject, Recording, Status
from stt_pipeline.domain.speech.transcription import Failure
from stt_pipeline.in_order import in_order
from stt_pipeline_tests.factories import CALL_DATE, NOW, TELEPHONE, make_recording, uris
from stt_pipeline_tests.fakes import MemoryStore

PATTERN = KeyPattern(DEFAULT_PATTERN, "Europe/Paris")
FOLDER = f"call_date={CALL_DATE}"
TOMORROW = NOW + dt.timedelta(days=1)

Change = tuple[str, bytes | None]
"""A name in the date's folder and its new bytes, None to delete it."""


class Site:
    """A store of recordings and the date's ledger, refreshed as the pipeline does.

    An object whose bytes are `junk` has no readable header.
    """

    def __init__(self, objects: dict[str, bytes]) -> None:
        self.store = MemoryStore(objects)
        self.ledger: dict[str, Recording] = {}
        self.probed: Counter[str] = Counter()

    def listing(self, date: dt.date = CALL_DATE) -> Listing:
        found = self.store.walk("", skip=lambda folder: PATTERN.is_other_date(folder, date))
        return sort_out(found, PATTERN, self.store.uri, date)

    def refresh(self, now: dt.datetime = NOW, listing: Listing | None = None) -> list[Recording]:
        items = (listing or self.listing()).dated
        rows = refresh(items, self.ledger, self.store.etag, self.probe, now)
        self.ledger = dict(uris(rows))
        return rows

    def probe(self, found: FoundObject) -> AudioInfo | str:
        self.probed[found.key] += 1
        return "not an audio file" if self.store.objects[found.key] == b"junk" else TELEPHONE

    def change(self, changes: list[Change]) -> None:
        for name, content in changes:
            if content is None:
                self.store.delete(f"{FOLDER}/{name}")
            else:
                self.store.write(f"{FOLDER}/{name}", content)

    def row(self, key: str) -> Recording:
        return self.ledger[self.store.uri(key)]


def test_a_listing_is_sorted_into_the_date_and_the_undated() -> None:
    site = Site(
        {
            f"{FOLDER}/C1.wav": b"1",
            "call_date=2026-11-15/C2.wav": b"2",
            "C3_agent7_20261116T093000.wav": b"3",
            "C4.wav": b"4",
            "call_date=2026-02-30/C5.wav": b"5",
            f"{FOLDER}/C6_agent7_20261115T093000.wav": b"6",
        }
    )

    listing = site.listing()

    assert [item.found.key for item in listing.dated] == [
        "C3_agent7_20261116T093000.wav",
        f"{FOLDER}/C1.wav",
        f"{FOLDER}/C6_agent7_20261115T093000.wav",
    ]
    assert [item.found.key for item in listing.undated] == ["C4.wav", "call_date=2026-02-30/C5.wav"]
    assert listing.dated[0].uri == site.store.uri("C3_agent7_20261116T093000.wav")


def test_folders_of_other_dates_are_not_even_entered() -> None:
    site = Site({"call_date=2026-11-15/C2.wav": b"2", f"{FOLDER}/C1.wav": b"1"})

    site.listing()

    assert site.store.entered == [f"{FOLDER}/"]


def test_an_unchanged_object_is_probed_once_and_keeps_its_row() -> None:
    site = Site({f"{FOLDER}/C1.wav": b"1"})
    first = site.refresh(NOW)

    again = site.refresh(TOMORROW)

    assert again == first
    assert site.probed == {f"{FOLDER}/C1.wav": 1}


def test_changed_bytes_are_judged_afresh_and_keep_their_day_of_discovery() -> None:
    site = Site({f"{FOLDER}/C1.wav": b"junk"})
    site.refresh(NOW)
    broken = site.row(f"{FOLDER}/C1.wav")
    site.store.write(f"{FOLDER}/C1.wav", b"whole")

    site.refresh(TOMORROW)
    mended = site.row(f"{FOLDER}/C1.wav")

    assert (broken.status, broken.reason) == (Status.QUARANTINED, "not an audio file")
    assert (mended.status, mended.reason) == (Status.ACCEPTED, None)
    assert mended.etag != broken.etag
    assert mended.discovered_at == NOW


def test_an_object_that_is_gone_keeps_its_row() -> None:
    site = Site({f"{FOLDER}/C1.wav": b"1"})
    before = site.refresh(NOW)
    site.store.delete(f"{FOLDER}/C1.wav")

    assert site.refresh(TOMORROW) == before


def test_an_object_that_goes_while_it_is_listed_fails_no_other() -> None:
    site = Site({f"{FOLDER}/C1.wav": b"1", f"{FOLDER}/C2.wav": b"2"})
    listing = site.listing()
    site.store.delete(f"{FOLDER}/C1.wav")

    site.refresh(listing=listing)

    assert (site.row(f"{FOLDER}/C1.wav").status, site.row(f"{FOLDER}/C1.wav").reason) == (
        Status.QUARANTINED,
        GONE,
    )
    assert site.row(f"{FOLDER}/C2.wav").status is Status.ACCEPTED


def test_an_object_that_went_while_it_was_listed_is_judged_when_it_is_back() -> None:
    site = Site({f"{FOLDER}/C1.wav": b"1"})
    listing = site.listing()
    site.store.delete(f"{FOLDER}/C1.wav")
    site.refresh(listing=listing)
    site.store.write(f"{FOLDER}/C1.wav", b"1")

    site.refresh()

    assert site.row(f"{FOLDER}/C1.wav").status is Status.ACCEPTED


def test_an_object_that_went_between_hash_and_probe_is_probed_again() -> None:
    site = Site({f"{FOLDER}/C1.wav": b"1"})
    went = refresh(site.listing().dated, {}, site.store.etag, lambda found: GONE, NOW)
    site.ledger = dict(uris(went))

    site.refresh()

    assert went[0].reason == GONE
    assert site.row(f"{FOLDER}/C1.wav").status is Status.ACCEPTED


def test_an_object_that_the_store_did_not_give_is_probed_again() -> None:
    site = Site({f"{FOLDER}/call1.wav": b"sound"})
    unread = f"{UNREAD} (S3 answers 503 SlowDown)"
    rows = refresh(site.listing().dated, {}, site.store.etag, lambda found: unread, NOW)
    assert [(row.status, row.reason) for row in rows] == [(Status.QUARANTINED, unread)]

    [row] = refresh(site.listing().dated, dict(uris(rows)), site.store.etag, site.probe, TOMORROW)
    assert (row.status, row.reason, row.discovered_at) == (Status.ACCEPTED, None, NOW)


def test_a_known_recording_that_goes_while_it_is_listed_keeps_its_row() -> None:
    site = Site({f"{FOLDER}/C1.wav": b"1"})
    before = site.refresh(NOW)
    listing = site.listing()
    site.store.delete(f"{FOLDER}/C1.wav")

    assert site.refresh(TOMORROW, listing) == before


CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["C1.wav", "C2.wav", "C2_a_20261116T090000.wav", "more/C1.wav", "\t.wav"]),
        st.sampled_from([b"one", b"two", b"three", b"junk", None]),
    ),
    max_size=12,
)


@given(days=st.lists(CHANGES, max_size=4))
def test_every_object_ever_found_has_one_row_and_a_reason_where_it_is_not_accepted(
    days: list[list[Change]],
) -> None:
    site = Site({})
    ever: set[str] = set()
    for number, changes in enumerate(days):
        site.change(changes)
        listing = site.listing()
        ever |= {item.uri for item in listing.dated}

        rows = site.refresh(NOW + dt.timedelta(days=number), listing)

        assert Counter(row.recording_uri for row in rows) == Counter(ever)
        assert all((row.reason is None) == (row.status is Status.ACCEPTED) for row in rows)


@given(days=st.lists(CHANGES, min_size=1, max_size=3))
def test_a_refresh_without_changes_changes_nothing_and_probes_nothing(
    days: list[list[Change]],
) -> None:
    site = Site({})
    for changes in days:
        site.change(changes)
        once = site.refresh(NOW)
    probed = site.probed.copy()

    assert site.refresh(TOMORROW) == once
    assert site.probed == probed


@given(days=st.lists(CHANGES, min_size=1, max_size=3))
@settings(deadline=None)
def test_objects_looked_at_together_give_the_same_ledger(days: list[list[Change]]) -> None:
    one, many = Site({}), Site({})
    for changes in days:
        one.change(changes)
        many.change(changes)
        listing = many.listing()
        together = refresh(
            listing.dated, many.ledger, many.store.etag, many.probe, NOW, look_at=in_order
        )
        many.ledger = dict(uris(together))
        assert together == one.refresh()
    assert many.probed == one.probed


@given(days=st.lists(CHANGES, max_size=3))
def test_each_content_and_each_call_of_a_date_is_accepted_exactly_once(
    days: list[list[Change]],
) -> None:
    site = Site({})
    for changes in days:
        site.change(changes)
        rows = site.refresh()
        accepted = [row for row in rows if row.status is Status.ACCEPTED]

        assert max(Counter(row.etag for row in accepted).values(), default=1) == 1
        assert max(Counter(row.call_id for row in accepted).values(), default=1) == 1
        playable = {
            key
            for key, content in site.store.objects.items()
            if content != b"junk" and key.isprintable()
        }
        for key in playable:
            row = site.row(key)
            assert any(row.etag == one.etag or row.call_id == one.call_id for one in accepted)


def test_a_failed_recording_is_published_as_quarantined_with_the_failure() -> None:
    ledger = [
        make_recording("C1", etag="e1"),
        make_recording("C2", etag="e2"),
        make_recording("C3", etag="e1", status=Status.DUPLICATE, reason="same bytes as C1.wav"),
    ]

    rows = with_failures(ledger, {"e1": Failure("truncated")})

    assert [(row.call_id, row.status, row.reason) for row in rows] == [
        ("C1", Status.QUARANTINED, "truncated"),
        ("C2", Status.ACCEPTED, None),
        ("C3", Status.DUPLICATE, "same bytes as C1.wav"),
    ]
