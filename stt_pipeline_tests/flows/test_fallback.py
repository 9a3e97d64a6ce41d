"""A recording that ends every worker, and an engine that is paid for it: whole runs on S3."""

import contextlib
import datetime as dt
import logging
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import psutil
import pytest

from stt_pipeline import wiring
from stt_pipeline.defs.fallback import fall_back
from stt_pipeline.defs.resources import Pipeline
from stt_pipeline.defs.running import Runner
from stt_pipeline.defs.weekly_readiness import judge_week, week_report
from stt_pipeline.domain.call_dates import week_of
from stt_pipeline.domain.planning.fallback import ENGINE
from stt_pipeline.settings import Settings
from stt_pipeline.wiring.engine import WORKER_PROGRAM
from stt_pipeline_tests.cloud.faulty_proxy import FaultyProxy
from stt_pipeline_tests.cloud.s3 import ENVIRONMENT, client_of
from stt_pipeline_tests.cloud.s3 import bucket as bucket
from stt_pipeline_tests.cloud.s3 import s3_endpoint as s3_endpoint
from stt_pipeline_tests.cloud.transcribe import ANSWERS
from stt_pipeline_tests.flows.conftest import MONDAY, Make, Row
from stt_pipeline_tests.speech.encode import write_wav

DOCUMENTS = Path(__file__).parents[1] / "adapters" / "transcribe_documents"
DIED = "the engine died on this recording, and again on it alone (signal SIGSEGV)"


def _end_workers_that_open_poison(kind: str, path: str) -> None:
    """Sends SIGSEGV to this run's workers as one of them asks S3 for the recording."""
    if kind == "GET" and "poison" in path:
        for child in psutil.Process().children():
            with contextlib.suppress(psutil.NoSuchProcess):
                if WORKER_PROGRAM in child.cmdline():
                    os.kill(child.pid, signal.SIGSEGV)


@pytest.fixture
def proxy(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyProxy]:
    """AWS, whose S3 gives no worker the recording called poison and lets it live."""
    with FaultyProxy(s3_endpoint, _end_workers_that_open_poison) as proxy:
        for name, value in {**ENVIRONMENT, "AWS_ENDPOINT_URL": proxy.endpoint}.items():
            monkeypatch.setenv(name, value)
        yield proxy


class Site:
    """A call centre on S3: two calls, and one that ends every worker."""

    def __init__(self, bucket: str, models: Path, instance: dg.DagsterInstance) -> None:
        self._bucket = bucket
        self._models = models
        self._instance = instance

    def pipeline(self, **settings: Any) -> Pipeline:
        given: dict[str, Any] = {
            "recordings_uri": f"s3://{self._bucket}/calls",
            "lake_uri": f"s3://{self._bucket}/lake",
            "references_uri": f"s3://{self._bucket}/references",
            "catalog": "glue",
            "models_dir": self._models,
            "languages": ("en",),
            "max_shards": 1,
            "fallback": "amazon-transcribe",
        }
        return Pipeline(Settings(**given | settings))

    def rows(self, **settings: Any) -> tuple[dict[str, Row], dict[str, Row], Pipeline]:
        """Takes the date through the flow; the published recordings and transcripts by call."""
        pipeline = self.pipeline(**settings)
        wiring.check_settings(pipeline.settings)
        outcome = Runner(pipeline, self._instance).run_date(dt.date.fromisoformat(MONDAY))
        assert outcome.success, outcome.failures
        tables = []
        for name in ("recordings", "transcripts"):
            found = pipeline.published.read(name, MONDAY)
            assert found is not None
            tables.append({row["call_id"]: row for row in found.to_pylist()})
        return tables[0], tables[1], pipeline


@pytest.fixture
def site(
    proxy: FaultyProxy,
    bucket: str,
    tmp_path: Path,
    model_dir: Path,
    short_call: Make,
    instance: dg.DagsterInstance,
) -> Site:
    """The site, with an answer of the paid engine for the call that ends workers."""
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "base").symlink_to(model_dir)
    s3 = client_of(proxy.endpoint)
    for number, name in enumerate(("C1", "C2", f"poison-{bucket}")):
        call = write_wav(tmp_path / "call.wav", short_call(number).samples, 8_000, "pcm_mulaw")
        key = f"calls/call_date={MONDAY}/{name}.wav"
        s3.put_object(Bucket=bucket, Key=key, Body=call.read_bytes())
    document = (DOCUMENTS / "one_channel.json").read_bytes()
    s3.put_object(Bucket=ANSWERS, Key=f"poison-{bucket}.wav", Body=document)
    return Site(bucket, tmp_path / "models", instance)


def test_a_call_that_ends_every_worker_is_read_by_the_paid_engine_within_the_budget(
    site: Site, bucket: str, proxy: FaultyProxy
) -> None:
    poison = f"poison-{bucket}"
    recordings, transcripts, _ = site.rows()
    assert set(transcripts) == {"C1", "C2"}
    assert recordings[poison]["status"] == "quarantined"
    assert recordings[poison]["reason"].startswith(f"{DIED}; amazon-transcribe: it costs 0.00")
    assert proxy.count("StartTranscriptionJob") == 0

    recordings, transcripts, pipeline = site.rows(fallback_budget_usd=1.0)
    assert {row["status"] for row in recordings.values()} == {"accepted"}
    assert transcripts[poison]["engine"] == ENGINE
    assert transcripts[poison]["text"] == "I've been on hold for an hour. Sorry about that."
    assert transcripts["C1"]["engine"] == transcripts["C2"]["engine"] == pipeline.engine.label
    quality = pipeline.published.read("transcript_quality", MONDAY)
    assert quality is not None
    judged = {row["call_id"]: row["engine"] for row in quality.to_pylist()}
    assert judged == {name: row["engine"] for name, row in transcripts.items()}

    week = week_of(dt.date.fromisoformat(MONDAY))
    report = week_report(pipeline, week, judge_week(pipeline, week))
    (paid,) = [cost for cost in report.costs if cost.what.startswith("Of which")]
    assert paid.what == "Of which Amazon Transcribe batch, 1 call"
    assert paid.usd == pytest.approx(wiring.weekly_budget(pipeline.settings).spent_usd())
    assert report.cost_usd > paid.usd > 0

    # What was paid for counts, and is not paid for again, whatever is left or allowed by now.
    again = fall_back(logging.getLogger(), site.pipeline(), MONDAY, pipeline.accepted(MONDAY))
    assert (again.transcribed, again.refused) == ([], 0)
    turned_off = site.pipeline(fallback="none").results(MONDAY)
    found = turned_off.read(recordings[poison]["etag"])
    assert found is not None
    assert found.engine == ENGINE
    assert proxy.count("StartTranscriptionJob") == 1
    # Another local engine tries the call itself first.
    assert site.pipeline(compute_type="float32").results(MONDAY).finished() == set()
