"""Records of a date in a real folder: verdicts, as any."""

from pathlib import Path

import pytest
from pydantic import TypeAdapter

from stt_pipeline.adapters.dated_records import DatedRecords
from stt_pipeline.adapters.local_store import LocalStore
from stt_pipeline.domain.quality.gates import CheckResult, Verdict

PASSED = CheckResult("wer", True, "1.2% of 900 reference words are wrong.", {"wer": 0.012})
FAILED = CheckResult("coverage", False, "été: 12.0%", {"coverage": None, "speech_s": 3, "x": 0.5})


@pytest.fixture
def store(tmp_lake: Path) -> DatedRecords[Verdict]:
    lake = LocalStore(tmp_lake, "STT_LAKE_URI")
    return DatedRecords(lake, "verdicts", TypeAdapter(Verdict))


def test_none_was_given_at_first(store: DatedRecords[Verdict]) -> None:
    assert store.read("2026-11-16") is None


@pytest.mark.parametrize("checks", [(), (PASSED,), (PASSED, FAILED)])
def test_is_read_back_equal(store: DatedRecords[Verdict], checks: tuple[CheckResult, ...]) -> None:
    verdict = Verdict("digest", "engine #1", checks)
    store.write("2026-11-16", verdict)
    read = store.read("2026-11-16")
    assert read == verdict
    assert read is not None
    assert read.passed == all(check.passed for check in checks)
    assert store.read("2026-11-17") is None


def test_the_newest_replaces_the_one_before(store: DatedRecords[Verdict]) -> None:
    store.write("2026-11-16", Verdict("a", "engine", (FAILED,)))
    store.write("2026-11-16", Verdict("b", "engine", (PASSED,)))
    assert store.read("2026-11-16") == Verdict("b", "engine", (PASSED,))
