"""When a week was ready, from what was published when."""

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline.domain.recordings.publications import (
    Publication,
    complete_since,
    contents_of,
    published_hours,
    with_publication,
)
from stt_pipeline_tests.factories import NOW

HOUR_S = 3600.0


def published(hours_later: float, contents: str, hours: float) -> Publication:
    at = NOW + dt.timedelta(hours=hours_later)
    return Publication(at, contents, recordings=1, audio_s=hours * HOUR_S)


def test_a_date_published_again_as_it_was_has_no_new_version() -> None:
    first = published(0, "a", 5)

    assert with_publication((), first) == (first,)
    assert with_publication((first,), published(2, "a", 5)) == (first,)
    assert len(with_publication((first,), published(2, "b", 5))) == 2
    assert len(with_publication((first,), published(2, "a", 6))) == 2


def test_late_recordings_make_a_date_late_and_a_backfill_does_not() -> None:
    first, late, backfill = published(0, "a", 5), published(3, "b", 6), published(90, "b", 5.9)

    assert complete_since(()) is None
    assert complete_since((first,)) == first.at
    assert complete_since((first, late)) == late.at
    assert complete_since((first, late, backfill)) == late.at


def test_the_hours_of_several_dates_add_up_in_order_of_time() -> None:
    friday = (published(0, "a", 5), published(6, "b", 7))
    saturday = (published(2, "c", 3),)

    assert published_hours([friday, saturday, ()]) == (
        (NOW, 5.0),
        (NOW + dt.timedelta(hours=2), 8.0),
        (NOW + dt.timedelta(hours=6), 10.0),
    )


HISTORIES = st.lists(
    st.lists(st.tuples(st.integers(0, 99), st.floats(0, 50)), max_size=4), max_size=4
)


@given(HISTORIES)
def test_the_last_hours_are_those_of_the_newest_versions(
    drawn: list[list[tuple[int, float]]],
) -> None:
    histories = [[published(at, "a", hours) for at, hours in sorted(one)] for one in drawn]

    hours = published_hours(histories)

    newest = sum(one[-1].audio_s for one in histories if one) / HOUR_S
    assert abs((hours[-1][1] if hours else 0.0) - newest) < 1e-6
    assert [at for at, _ in hours] == sorted({at for at, _ in hours})


@given(st.sets(st.tuples(st.text(max_size=3), st.text(max_size=3)), max_size=4), st.randoms())
def test_contents_are_the_same_in_any_order_and_for_no_other_recordings(
    recordings: set[tuple[str, str]], draw: object
) -> None:
    listed = sorted(recordings)

    assert contents_of(listed) == contents_of(listed[::-1])
    assert contents_of(listed) != contents_of([*listed, ("one more", "etag")])
    if listed:
        uri, etag = listed[0]
        assert contents_of(listed) != contents_of([(uri, f"{etag}2"), *listed[1:]])
