"""Which calls are drawn to be labelled: at random where they lie, as many as they are worth."""

import datetime as dt
import math
from collections import Counter
from itertools import product
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline.domain.labelling.label_allocation import StratumSize, allocate, spread
from stt_pipeline.domain.labelling.label_strata import (
    ALL,
    CALLS_A_STRATUM,
    LEAST_CALLS,
    OTHER,
    LabelledCall,
    WeekCall,
    choose_strata,
)
from stt_pipeline.domain.labelling.labelling import Draw, draw_calls
from stt_pipeline_tests.factories import NOW

WEEK = "2026-W47"


def make_call(
    number: int,
    *,
    minutes: float = 5.0,
    language: str = "fr",
    queue: str | None = None,
    needs_review: bool = False,
) -> WeekCall:
    return WeekCall(
        call_date=f"2026-11-{16 + number % 7}",
        call_id=f"C{number}",
        etag=f"etag-{number}",
        minutes=minutes,
        words=round(150 * minutes),
        language=language,
        queue=queue,
        agent_id=f"A{number % 3}",
        needs_review=needs_review,
    )


def make_week(count: int, seed: int = 7) -> list[WeekCall]:
    """Calls of two languages and all lengths, one in ten to review."""
    random = Random(seed)
    return [
        make_call(
            number,
            minutes=random.uniform(0.5, 12.0),
            language=random.choice(["fr", "fr", "en"]),
            needs_review=random.random() < 0.1,
        )
        for number in range(count)
    ]


def draw(calls: list[WeekCall], minutes: float, *before: Draw, **more: object) -> Draw:
    options: dict[str, object] = {"seed": 1, "now": NOW, "before": before} | more
    return draw_calls(WEEK, calls, minutes, **options)  # type: ignore[arg-type]


# --- Strata --------------------------------------------------------------------------------------


def test_few_minutes_pay_for_few_strata_and_many_for_more() -> None:
    calls = make_week(400)

    sizes = [len(choose_strata(calls, minutes).names) for minutes in (30.0, 90.0, 300.0, 900.0)]

    assert sizes == sorted(set(sizes))
    assert choose_strata(calls, 30.0).names == (ALL,)
    assert choose_strata(calls, 90.0).names == ("clean", "to review")
    fine = choose_strata(calls, 900.0).names
    assert all(name.startswith(("clean, ", "to review, ")) for name in fine)


@given(st.integers(0, 9), st.floats(5.0, 3000.0))
def test_every_call_lies_in_a_stratum_that_the_minutes_can_pay(seed: int, minutes: float) -> None:
    calls = make_week(120, seed)

    strata = choose_strata(calls, minutes)

    short = [call for call in calls if call.minutes <= strata.longest_min]
    sizes = Counter(strata.of(call) for call in short)
    assert set(sizes) == set(strata.names) or not short
    mean_min = sum(call.minutes for call in short) / max(1, len(short))
    assert len(sizes) <= max(1.0, minutes / max(mean_min, 1e-9) / CALLS_A_STRATUM)


def test_values_of_few_calls_stay_together_and_with_their_kind() -> None:
    few = LEAST_CALLS - 1
    calls = [make_call(n, language="en" if n < few else "fr", queue="orders") for n in range(40)]
    calls += [
        make_call(100 + n, language="en" if n < 10 else "fr", queue="orders", needs_review=True)
        for n in range(30)
    ]

    strata = choose_strata(calls, 600.0)

    rest = "2 to 8, orders"
    assert strata.names == (
        *("clean, other", f"clean, fr, {rest}"),
        *(f"to review, en, {rest}", f"to review, fr, {rest}"),
    )
    assert strata.of(calls[0]) == "clean, other"
    assert strata.of(calls[-1]) == f"to review, fr, {rest}"


def test_calls_to_review_are_apart_however_fine_the_rest_is_split() -> None:
    calls = [make_call(n, queue=f"q{n % 30}", needs_review=n % 20 == 0) for n in range(900)]

    names = {choose_strata(calls, 3000.0).of(call) for call in calls if call.needs_review}

    assert all(name.startswith("to review") for name in names)


def test_a_call_of_a_kind_that_the_first_draw_did_not_know_is_another() -> None:
    strata = choose_strata([make_call(n, language="fr" if n % 2 else "en") for n in range(80)], 400)

    assert strata.of(make_call(1, needs_review=True, language="de")) == OTHER


def test_a_variable_that_tells_no_calls_apart_splits_nothing_and_hinders_none() -> None:
    alike = [make_call(n, queue="orders") for n in range(50)]
    assert len(choose_strata(alike, 1000.0).names) == 1

    queues = [make_call(n, queue=f"q{n % 2}") for n in range(50)]
    assert choose_strata(queues, 1000.0).names == ("clean, fr, 2 to 8, q0", "clean, fr, 2 to 8, q1")
    agents = choose_strata([make_call(n) for n in range(50)], 1000.0)
    assert [name.split(", ")[-1] for name in agents.names] == ["agent A0", "agent A1", "agent A2"]


# --- How many of each ----------------------------------------------------------------------------

SIZES = st.lists(
    st.builds(
        StratumSize,
        name=st.just("s"),
        calls=st.integers(1, 40),
        mean_min=st.floats(0.5, 12.0),
        spread=st.floats(0.1, 30.0),
    ),
    min_size=1,
    max_size=5,
)


@given(SIZES, st.floats(1.0, 300.0))
def test_the_minutes_are_kept_to_and_no_stratum_gives_more_than_it_has(
    sizes: list[StratumSize], minutes: float
) -> None:
    counts = allocate(sizes, minutes)

    used = sum(count * size.mean_min for count, size in zip(counts, sizes, strict=True))
    assert used <= minutes + 1e-6
    assert all(0 <= count <= size.calls for count, size in zip(counts, sizes, strict=True))
    left = [size.mean_min for count, size in zip(counts, sizes, strict=True) if count < size.calls]
    assert not left or minutes - used < max(left) + 1e-6


@given(
    st.lists(st.tuples(st.integers(8, 40), st.floats(1.0, 20.0)), min_size=2, max_size=3),
    st.integers(8, 12),
)
def test_no_other_share_of_as_many_calls_leaves_less_variance(
    strata: list[tuple[int, float]], total: int
) -> None:
    sizes = [StratumSize("s", calls, 1.0, spread) for calls, spread in strata]

    def variance(counts: tuple[int, ...]) -> float:
        return sum((s.calls * s.spread) ** 2 / n for s, n in zip(sizes, counts, strict=True))

    counts = tuple(allocate(sizes, total))

    others = [
        shares
        for shares in product(*(range(2, size.calls + 1) for size in sizes))
        if sum(shares) == total
    ]
    assert sum(counts) == total
    assert math.isclose(variance(counts), min(map(variance, others)))


def test_calls_that_differ_more_are_drawn_more_and_long_ones_less() -> None:
    even = StratumSize("even", 100, 5.0, 3.0)

    assert allocate([even, StratumSize("odd", 100, 5.0, 12.0)], 250.0) == [10, 40]
    assert allocate([even, StratumSize("long", 100, 20.0, 3.0)], 300.0) == [20, 10]


def test_without_labels_every_stratum_gets_its_share_of_calls() -> None:
    sizes = [
        StratumSize("short", 300, 2.0, spread(300.0, [], [])),
        StratumSize("long", 100, 8.0, spread(1200.0, [], [])),
    ]

    assert allocate(sizes, 140.0) == [30, 10]


def test_the_errors_of_past_calls_say_how_a_stratum_spreads() -> None:
    def labelled(number: int, errors: int) -> LabelledCall:
        return LabelledCall(make_call(number), errors, 100)

    steady = [labelled(n, 10) for n in range(40)]
    wild = [labelled(n, 0 if n % 2 else 20) for n in range(40)]
    past = [*steady, *wild]

    assert spread(100.0, wild, past) > 1.5 * spread(100.0, steady, past)
    none_yet = spread(100.0, [], past)
    assert spread(100.0, steady, past) < none_yet < spread(100.0, wild, past)
    assert spread(100.0, [], [labelled(1, 0)]) == 10.0


# --- Which ones ----------------------------------------------------------------------------------


@pytest.mark.parametrize("minutes", [20.0, 60.0, 240.0])
def test_a_draw_takes_about_the_minutes_asked_for_and_says_why_each(minutes: float) -> None:
    drawn = draw(make_week(500), minutes)

    assert drawn.drawn_min == pytest.approx(minutes, rel=0.35)
    assert drawn.name == "2026-W47-1"
    assert all(call.minutes <= minutes / 2 for call in drawn.calls)
    by_stratum = Counter(call.stratum for call in drawn.calls)
    for one in drawn.allocation:
        assert by_stratum[one.name] == one.drawn == one.drawn_now
        stands_for = [call.stands_for for call in drawn.calls if call.stratum == one.name]
        assert sum(stands_for) == pytest.approx(one.calls)
    assert drawn.calls[0].why == (
        f"{drawn.calls[0].stratum}: drawn at random, stands for "
        f"{drawn.calls[0].stands_for:.1f} calls"
    )


def test_equal_calls_and_seed_give_an_equal_draw_and_another_seed_another() -> None:
    calls = make_week(300)
    shuffled = Random(3).sample(calls, len(calls))

    assert draw(calls, 60.0) == draw(shuffled, 60.0)
    assert draw(calls, 60.0).calls != draw(calls, 60.0, seed=2).calls


@given(st.integers(1, 60), st.integers(0, 5), st.floats(2.0, 80.0))
def test_no_call_is_drawn_twice_whatever_is_asked(count: int, seed: int, minutes: float) -> None:
    calls = make_week(count, seed)
    known = {call.etag for call in calls[::5]}

    draws: list[Draw] = []
    for number in range(4):
        draws.append(draw(calls, minutes, *draws, seed=number, known=known))

    drawn = [call.etag for one in draws for call in one.calls]
    assert len(drawn) == len(set(drawn))
    assert not known & set(drawn)
    assert [one.number for one in draws] == [1, 2, 3, 4]
    assert {one.strata for one in draws} == {draws[0].strata}


def test_a_content_drawn_in_another_week_is_not_asked_for_again() -> None:
    calls = make_week(3)
    other = draw_calls("2026-W46", calls, 100.0, seed=1, now=NOW)

    assert len(other.calls) == 3
    again = draw(calls, 100.0, other)
    assert (again.calls, again.number) == ((), 1)


def test_a_second_draw_goes_on_where_the_first_ended() -> None:
    calls = make_week(300)
    first = draw(calls, 60.0)

    second = draw(calls, 300.0, first)

    assert second.strata == first.strata != choose_strata(calls, 300.0)
    both = {one.name: one for one in second.allocation}
    for one in first.allocation:
        assert both[one.name].drawn >= one.drawn
        assert both[one.name].drawn - both[one.name].drawn_now == one.drawn


def test_every_call_of_a_stratum_is_as_likely_as_another() -> None:
    calls = [make_call(number) for number in range(10)]
    times = Counter(
        call.call_id for seed in range(600) for call in draw(calls, 20.0, seed=seed).calls
    )

    # 4 of 10 calls of 5 minutes: each 240 times of 600, with a deviation of 12.
    assert sum(times.values()) == 2400
    assert all(190 < times[call.call_id] < 290 for call in calls)


def test_nothing_to_draw_is_an_empty_draw() -> None:
    assert draw([], 60.0).calls == ()
    assert draw([make_call(1, minutes=50.0)], 60.0).calls == ()
    assert draw([make_call(1)], 60.0, now=dt.datetime(2026, 11, 23)).calls != ()  # noqa: DTZ001
