"""Verdicts in a real folder, and the digest of what they judged."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline.adapters.local_store import LocalStore
from stt_pipeline.adapters.verdicts import VerdictStore, digest
from stt_pipeline.domain.gates import CheckResult, Verdict

PASSED = CheckResult("wer", True, "1.2% of 900 reference words are wrong.", {"wer": 0.012})
FAILED = CheckResult("coverage", False, "été: 12.0%", {"coverage": None, "speech_s": 3, "x": 0.5})


@pytest.fixture
def store(tmp_lake: Path) -> VerdictStore:
    return VerdictStore(LocalStore(tmp_lake, "STT_LAKE_URI"))


def test_none_was_given_at_first(store: VerdictStore) -> None:
    assert store.read("2026-11-16") is None


@pytest.mark.parametrize("checks", [(), (PASSED,), (PASSED, FAILED)])
def test_is_read_back_equal(store: VerdictStore, checks: tuple[CheckResult, ...]) -> None:
    verdict = Verdict("digest", "engine #1", checks)
    store.write("2026-11-16", verdict)
    read = store.read("2026-11-16")
    assert read == verdict
    assert read is not None
    assert read.passed == all(check.passed for check in checks)
    assert store.read("2026-11-17") is None


def test_the_newest_replaces_the_one_before(store: VerdictStore) -> None:
    store.write("2026-11-16", Verdict("a", "engine", (FAILED,)))
    store.write("2026-11-16", Verdict("b", "engine", (PASSED,)))
    assert store.read("2026-11-16") == Verdict("b", "engine", (PASSED,))


fingerprints = st.lists(st.none() | st.text(max_size=8), max_size=4)


@given(fingerprints, fingerprints)
def test_digests_are_equal_for_equal_objects_alone(
    one: list[str | None], two: list[str | None]
) -> None:
    assert (digest(one) == digest(two)) == (one == two)


@given(st.lists(st.text(max_size=8), min_size=2, max_size=4))
def test_a_digest_knows_where_fingerprints_end(parts: list[str]) -> None:
    assert digest(parts) != digest(["".join(parts)])


def test_a_missing_object_is_no_object_of_that_name() -> None:
    assert digest([None]) != digest(["null"]) != digest([""])
