"""What waits: bounded, in turn, shared among processes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline.domain.serving.backlog import (
    GROUP_COUNT,
    GROUP_S,
    MAX_RETRY_S,
    Backlog,
    Waiting,
)

ONE = st.builds(
    Waiting,
    name=st.uuids().map(str),
    audio_s=st.floats(0.1, 500),
    came_s=st.floats(0, 1000),
    alone=st.booleans(),
    ready=st.booleans(),
)


def short(name: str, audio_s: float = 15.0, came_s: float = 0.0) -> Waiting:
    return Waiting(name, audio_s, came_s)


def job(name: str, audio_s: float = 3600.0, came_s: float = 0.0) -> Waiting:
    return Waiting(name, audio_s, came_s, alone=True)


def filled(*waiting: Waiting) -> Backlog:
    backlog = Backlog(3600)
    for one in waiting:
        backlog.add(one)
    return backlog


def names(taken: list[Waiting]) -> list[str]:
    return [one.name for one in taken]


@given(st.lists(ONE, unique_by=lambda one: one.name), st.integers(1, 8), st.booleans())
def test_what_is_ready_is_taken_once_in_groups_within_their_limits(
    waiting: list[Waiting], idle: int, alone_too: bool
) -> None:
    backlog = filled(*waiting)
    seen: list[str] = []
    while taken := backlog.take(idle, alone_too):
        seen += names(taken)
        assert len(taken) <= GROUP_COUNT
        assert len(taken) == 1 or sum(one.audio_s for one in taken) <= GROUP_S
        assert len(taken) == 1 or not any(one.alone for one in taken)
    assert sorted(seen) == sorted(
        one.name for one in waiting if one.ready and (alone_too or not one.alone)
    )
    assert backlog.waiting_s == pytest.approx(
        sum(one.audio_s for one in waiting if one.name not in seen)
    )


def test_what_waits_is_shared_among_those_that_have_nothing_to_do() -> None:
    backlog = filled(*(short(str(number), came_s=number) for number in range(4)))
    assert names(backlog.take(idle_workers=2)) == ["0", "1"]
    assert names(backlog.take(idle_workers=1)) == ["2", "3"]


def test_a_group_lasts_two_minutes_at_most() -> None:
    backlog = filled(*(short(str(number), audio_s=50, came_s=number) for number in range(4)))
    assert names(backlog.take(1)) == ["0", "1"]


def test_a_job_waits_for_requests_that_came_in_its_first_hour_and_no_longer() -> None:
    backlog = filled(job("hour", 3600, came_s=0), short("soon", came_s=3500))
    assert names(backlog.take(1)) == ["soon"]
    backlog.add(short("late", came_s=3700))
    assert names(backlog.take(1)) == ["hour"]


def test_who_reads_no_job_takes_what_stands_behind_it() -> None:
    backlog = filled(job("job", 60), short("request", came_s=100))
    assert names(backlog.take(1, alone_too=False)) == ["request"]
    assert backlog.take(1, alone_too=False) == []
    assert names(backlog.take(1)) == ["job"]


def test_there_is_room_up_to_the_bound_and_for_one_where_nothing_waits() -> None:
    backlog = Backlog(100)
    assert backlog.has_room(5000)
    backlog.add(short("a", 90))
    assert backlog.has_room(10)
    assert not backlog.has_room(11)
    assert backlog.remove("a")
    assert not backlog.remove("a")
    assert backlog.has_room(5000)


def test_a_place_that_is_kept_counts_and_is_not_taken() -> None:
    backlog = Backlog(100)
    backlog.add(Waiting("a", 90, 0, alone=True, ready=False))
    assert backlog.take(1) == []
    assert not backlog.has_room(20)
    backlog.add(Waiting("a", 90, 0, alone=True))
    assert names(backlog.take(1)) == ["a"]


@given(st.floats(0, 1e6), st.floats(0, 1000))
def test_who_is_told_to_come_again_waits_a_second_to_ten_minutes(
    audio_s: float, speed: float
) -> None:
    assert 1 <= filled(short("a", audio_s)).retry_after_s(speed) <= MAX_RETRY_S


def test_half_of_what_waits_is_read_before_somebody_comes_again() -> None:
    assert filled(short("a", 600)).retry_after_s(audio_s_per_s=20) == 15
