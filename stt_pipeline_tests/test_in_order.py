"""Results in order from threads: as map gives them, several at once, and not all at once."""

import threading
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stt_pipeline.in_order import AHEAD, THREADS, in_order


@given(st.lists(st.integers(), max_size=2 * AHEAD + 3))
@settings(deadline=None, max_examples=30)
def test_results_are_those_of_map(items: list[int]) -> None:
    assert list(in_order(lambda item: item * 3, items)) == [item * 3 for item in items]


def test_several_are_under_way_at_once() -> None:
    together = threading.Barrier(THREADS)

    def meet(item: int) -> int:
        together.wait(30)
        return item

    assert list(in_order(meet, range(2 * THREADS))) == list(range(2 * THREADS))


def test_no_more_than_so_many_are_begun_before_they_are_wanted() -> None:
    taken = []

    def endless() -> Iterator[int]:
        number = 0
        while True:
            taken.append(number)
            yield number
            number += 1

    results = in_order(lambda item: item, endless())
    for wanted in range(3 * AHEAD):
        assert next(results) == wanted
        assert len(taken) == wanted + AHEAD


def test_an_error_comes_in_its_place_and_ends_the_work() -> None:
    def check(item: int) -> int:
        if item == 5:
            raise OSError("the store is gone")
        return item

    results = in_order(check, range(3 * AHEAD))
    assert [next(results) for _ in range(5)] == [0, 1, 2, 3, 4]
    with pytest.raises(OSError, match="the store is gone"):
        next(results)
    with pytest.raises(StopIteration):
        next(results)
