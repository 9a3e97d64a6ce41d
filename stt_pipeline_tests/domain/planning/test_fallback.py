"""Which failures are paid for, what a week may spend, what counts, and what is handed over."""

from collections.abc import Iterable, Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline.domain.planning.fallback import (
    ENGINE,
    ResultsWithFallback,
    Spending,
    is_paid_for,
    kept,
    least_to_hand_over,
    price_usd,
)
from stt_pipeline.domain.planning.prices import OUTSIDE
from stt_pipeline.domain.recordings.recording import Recording
from stt_pipeline.domain.speech.poison import death_failure
from stt_pipeline.domain.speech.transcription import Failure, Result
from stt_pipeline_tests.factories import make_recording, make_result

LOCAL = "faster-whisper"


@pytest.mark.parametrize(
    ("failure", "is_paid"),
    [
        (death_failure("signal SIGSEGV", crashed=True, is_rare=True), True),
        (Failure("cannot be decoded (Invalid data found when processing input)"), True),
        (death_failure("signal SIGKILL", crashed=False, is_rare=True), False),
        (death_failure("signal SIGSEGV", crashed=True, is_rare=False), False),
        (Failure("the recording is no longer in the store", transient=True), False),
        (Failure("truncated: the header says 60.0 s, 20.0 s can be decoded"), False),
        (Failure("damaged: 40% of it cannot be decoded"), False),
        (Failure("no audio behind the header"), False),
    ],
)
def test_only_a_failure_of_this_engine_that_stays_is_paid_for(
    failure: Failure, is_paid: bool
) -> None:
    assert is_paid_for(failure) is is_paid


@pytest.mark.parametrize(
    ("duration_s", "usd"), [(0.5, 0.0015), (15.0, 0.0015), (60.0, 0.006), (60.2, 0.0061)]
)
def test_a_call_is_billed_by_the_second_and_at_least_fifteen(duration_s: float, usd: float) -> None:
    assert OUTSIDE.call_usd(duration_s) == pytest.approx(usd)
    calls = [make_recording("A", duration_s=duration_s), make_recording("B", duration_s=60.0)]
    assert price_usd(calls) == pytest.approx(usd + 0.006)


@given(
    budget_usd=st.floats(0, 1),
    asked=st.lists(st.tuples(st.sampled_from("abcdefgh"), st.floats(0, 0.5)), max_size=20),
)
def test_a_week_never_spends_more_than_its_budget_and_pays_no_job_twice(
    budget_usd: float, asked: list[tuple[str, float]]
) -> None:
    spending, first = Spending(), dict[str, float]()
    for job, usd in asked:
        after = spending.with_job(job, usd, budget_usd)
        if after is None:
            assert round(spending.usd + usd, 6) > budget_usd
            continue
        first.setdefault(job, usd)
        assert after.usd_by_job == first
        spending = after
    assert round(spending.usd, 6) <= budget_usd or not first


class Kept:
    """Implements ResultStore in memory, as checkpoints keep it."""

    def __init__(self, *results: Result) -> None:
        self.by_etag = {one.etag: one for one in results}

    def finished(self) -> set[str]:
        return {
            etag
            for etag, one in self.by_etag.items()
            if not (isinstance(one.outcome, Failure) and one.outcome.transient)
        }

    def read(self, etag: str) -> Result | None:
        return self.by_etag.get(etag)

    def read_all(self, etags: Iterable[str]) -> Iterator[Result | None]:
        return map(self.read, etags)

    def write(self, result: Result) -> None:
        self.by_etag[result.etag] = result


POISON = Result("poison", LOCAL, death_failure("signal SIGSEGV", crashed=True, is_rare=True))


def test_what_was_paid_for_stands_in_for_a_failure_and_never_for_a_transcription() -> None:
    local = Kept(make_result("fine", engine=LOCAL), POISON)
    paid = Kept(make_result("fine", engine=ENGINE), make_result("poison", engine=ENGINE))
    results = ResultsWithFallback(local, paid, set)
    assert [one and one.engine for one in results.read_all(["fine", "poison", "none"])] == [
        LOCAL,
        ENGINE,
        None,
    ]
    assert results.read("poison") == paid.read("poison")
    assert results.finished() == {"fine", "poison"}


def test_a_refusal_is_a_reason_beside_the_first_and_asked_again() -> None:
    refused = Result("poison", ENGINE, kept(Failure("it costs 0.0060 USD, and 0 may be spent")))
    results = ResultsWithFallback(Kept(POISON), Kept(refused), set)
    found = results.read("poison")
    assert found is not None
    assert isinstance(found.outcome, Failure)
    assert isinstance(POISON.outcome, Failure)
    assert found.outcome.reason == (
        f"{POISON.outcome.reason}; amazon-transcribe: it costs 0.0060 USD, and 0 may be spent"
    )
    assert not found.outcome.transient
    assert Kept(refused).finished() == set()


def test_what_is_handed_over_needs_no_work_here_and_has_no_result_yet() -> None:
    results = ResultsWithFallback(Kept(), Kept(), lambda: {"late"})
    assert results.finished() == {"late"}
    assert results.read("late") is None


recordings = st.lists(
    st.tuples(st.integers(1, 2), st.integers(10, 4000)), min_size=1, max_size=12
).map(
    lambda made: [
        make_recording(f"C{number}", channels=channels, duration_s=float(seconds))
        for number, (channels, seconds) in enumerate(made)
    ]
)


@given(missing=recordings, most_s=st.floats(0, 30_000), budget_usd=st.floats(0, 1))
def test_the_fewest_are_handed_over_that_make_the_rest_in_time(
    missing: list[Recording], most_s: float, budget_usd: float
) -> None:
    def is_in_time(rest: Sequence[Recording]) -> bool:
        return sum(one.audio_s for one in rest) <= most_s

    def without(taken: Sequence[Recording]) -> list[Recording]:
        return [one for one in missing if one not in taken]

    chosen = least_to_hand_over(missing, is_in_time, budget_usd, left_s=3000.0)
    assert round(price_usd(chosen), 6) <= budget_usd
    assert all(one.duration_s is not None and one.duration_s < 3000 for one in chosen)
    if is_in_time(missing):
        assert chosen == []
    if chosen:
        assert not is_in_time(without(chosen[:-1]))
    dear = [one for one in missing if one not in chosen and (one.duration_s or 0) < 3000]
    if not is_in_time(without(chosen)) and dear:
        cheapest = min(price_usd([one]) for one in dear)
        longest = max(price_usd([one]) for one in dear)
        assert price_usd(chosen) + longest > budget_usd - 1e-6 or cheapest > budget_usd
