"""Recordings and lake in a bucket: one is read where it lies, and a job outlives its process."""

import signal
from pathlib import Path

from stt_pipeline_tests.cloud.faulty_proxy import FaultyProxy
from stt_pipeline_tests.cloud.processes import wait_for
from stt_pipeline_tests.cloud.s3 import aws as aws
from stt_pipeline_tests.cloud.s3 import bucket as bucket
from stt_pipeline_tests.cloud.s3 import client_of
from stt_pipeline_tests.cloud.s3 import proxy as proxy
from stt_pipeline_tests.cloud.s3 import s3_endpoint as s3_endpoint
from stt_pipeline_tests.serving.conftest import Make
from stt_pipeline_tests.serving.running import Service


def keys(endpoint: str, bucket: str, prefix: str) -> list[str]:
    found = client_of(endpoint).list_objects_v2(Bucket=bucket, Prefix=prefix)
    return [one["Key"] for one in found.get("Contents", [])]


def test_a_service_on_s3_reads_keeps_and_hands_over(
    make_service: Make,
    service: Service,
    aws: FaultyProxy,
    bucket: str,
    s3_endpoint: str,
    brief_call: Path,
) -> None:
    key = "calls/call_date=2026-11-16/C1.wav"
    client_of(s3_endpoint).put_object(Bucket=bucket, Key=key, Body=brief_call.read_bytes())
    far = make_service(
        recordings_uri=f"s3://{bucket}/calls", lake_uri=f"s3://{bucket}/lake", serve_keep_h="1"
    )
    wanted = service.send(brief_call).json()["text"]

    told = far.client.post("/transcribe", data={"uri": f"s3://{bucket}/{key}"})
    assert told.status_code == 200, told.text
    assert told.json()["text"] == wanted
    for uri in (f"s3://{bucket}/other/C1.wav", f"s3://{bucket}/calls/none.wav"):
        assert far.client.post("/transcribe", data={"uri": uri}).status_code == 422

    job_id = far.send(brief_call, url="/transcribe?wait=false").json()["job_id"]
    assert keys(s3_endpoint, bucket, f"lake/_work/serving/jobs/{job_id}/")
    far.process.send_signal(signal.SIGTERM)
    far.process.wait(120)
    far.program.stop()
    far.start_again()
    ended = far.wait_for_job(job_id)
    assert ended["state"] == "done"
    assert far.client.get(ended["result"]).json()["text"] == wanted
    open_jobs = f"lake/_work/serving/open/{job_id}"
    wait_for(lambda: not keys(s3_endpoint, bucket, open_jobs), "the end of the job")
