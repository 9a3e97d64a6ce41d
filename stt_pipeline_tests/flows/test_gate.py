"""The gate: what fails is not published, and what was published stays as it was."""

import subprocess
import sys
from pathlib import Path

import pytest

from stt_pipeline_tests.flows.conftest import MONDAY, TUESDAY, Make, Site


@pytest.fixture
def labelled(site: Site, short_call: Make) -> Site:
    """A date with two labelled calls, published."""
    for number in (1, 2):
        call = short_call(number)
        site.put_call(MONDAY, f"call{number}", call.samples, call.text)
    assert site.run(MONDAY).code == 0
    return site


def beside(site: Site) -> dict[str, bytes]:
    """What is private and belongs to the published tables."""
    kept = [site.lake / "_work" / name for name in ("published", "publications")]
    found = {str(path): path.read_bytes() for one in kept for path in one.rglob("*.*")}
    assert {"error_counts.parquet", f"call_date={MONDAY}.json"} <= {Path(one).name for one in found}
    return found


def test_a_date_over_the_limit_keeps_its_published_bytes(labelled: Site) -> None:
    before = {k: v for k, v in labelled.published().items() if f"call_date={MONDAY}" in k}
    assert len(before) == 5
    private = beside(labelled)
    (labelled.references / "call1.txt").write_text("nobody said any of these words at all")

    ended = labelled.run(MONDAY, STT_MAX_WER="0.01")

    assert ended.code == 1
    [failure] = ended.rows[0]["failures"]
    assert failure.startswith("check wer failed: word error rate ")
    assert "limit 1.0%" in failure
    assert "call1" in failure
    after = {k: v for k, v in labelled.published().items() if f"call_date={MONDAY}" in k}
    assert after == before
    assert beside(labelled) == private
    assert "failed the gate" in ended.rows[0]["reason"]


def test_a_failed_date_that_was_never_published_stays_unpublished(
    site: Site, short_call: Make
) -> None:
    site.put_call(TUESDAY, "wrong", short_call(3).samples, "quite another conversation")
    ended = site.run(TUESDAY)
    assert ended.code == 1
    assert not any(f"call_date={TUESDAY}" in key for key in site.published())
    [row] = ended.rows
    assert not row["ready"]


def test_without_references_the_rate_is_unknown_and_the_date_published(
    site: Site, short_call: Make
) -> None:
    site.put_call(TUESDAY, "unlabelled", short_call(4).samples)
    ended = site.run(TUESDAY, STT_MAX_WER="0.01")
    assert ended.code == 0, ended.err
    [row] = ended.rows
    assert row["wer"] is None
    assert row["reference_words"] == 0
    verdict = (site.lake / "_work" / "verdicts" / f"call_date={TUESDAY}.json").read_text()
    assert "no labelled calls" in verdict


def test_publishing_alone_in_another_run_does_not_get_round_the_gate(labelled: Site) -> None:
    (labelled.references / "call1.txt").write_text("nobody said any of these words at all")
    assert labelled.run(MONDAY).code == 1
    before = labelled.published()

    alone = subprocess.run(
        [
            *(sys.executable, "-m", "dagster", "asset", "materialize"),
            *("-m", "stt_pipeline.definitions"),
            *("--select", "published_tables", "--partition", MONDAY),
        ],
        cwd=labelled.root,
        env=labelled.env,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )

    assert alone.returncode != 0
    assert "failed its gate and keeps its published version" in alone.stderr
    assert labelled.published() == before
