"""Requests a minute, each client by itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline.domain.serving import rate_limit
from stt_pipeline.domain.serving.rate_limit import RateLimit


@given(st.integers(1, 50), st.lists(st.floats(0, 30), min_size=1, max_size=200))
def test_no_client_makes_more_than_its_rate_and_one_burst(
    per_minute: int, pauses_s: list[float]
) -> None:
    limit = RateLimit(per_minute)
    now_s, let_in = 0.0, 0
    for pause_s in pauses_s:
        now_s += pause_s
        let_in += limit.wait_s("a", now_s) == 0
    assert let_in <= per_minute * (1 + now_s / 60) + 1e-6


def test_who_waits_as_long_as_it_is_told_is_let_in() -> None:
    limit = RateLimit(per_minute=2)
    assert [limit.wait_s("a", 0.0) for _ in range(2)] == [0.0, 0.0]
    wait_s = limit.wait_s("a", 0.0)
    assert wait_s == pytest.approx(30)
    assert limit.wait_s("a", wait_s - 0.1) > 0
    assert limit.wait_s("a", wait_s + 0.1) == 0


def test_one_client_costs_no_other() -> None:
    limit = RateLimit(per_minute=1)
    assert limit.wait_s("a", 0.0) == 0
    assert limit.wait_s("a", 0.0) > 0
    assert limit.wait_s("b", 0.0) == 0


def test_clients_without_number_take_no_memory_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rate_limit, "MAX_CLIENTS", 10)
    limit = RateLimit(per_minute=1)
    limit.wait_s("first", 0.0)
    for number in range(9):
        limit.wait_s(str(number), 0.0)
    assert limit.wait_s("first", 0.0) > 0, "ten are kept"
    for number in range(9, 20):
        limit.wait_s(str(number), 0.0)
    assert limit.wait_s("first", 0.0) == 0, "the one used the longest ago was forgotten"
