"""What is in the image, and its main job on real speech: from S3 to published tables."""

import io
import json
import subprocess
import uuid
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from stt_pipeline_tests.cloud.s3 import ENVIRONMENT, client_of, create_bucket
from stt_pipeline_tests.flows.conftest import MONDAY, TUESDAY
from stt_pipeline_tests.speech.calls import join_prompts
from stt_pipeline_tests.speech.encode import write_wav
from stt_pipeline_tests.speech.prompts import Prompt

LOOK = """
set -e
echo "user=$(id -u)"
for tool in gcc cc make uv; do if command -v $tool; then echo "tool=$tool"; fi; done
echo "caches=$(find / -xdev \\( -path '*/.cache/*' -o -path '*/apt/lists/*' -o -name '*.deb' \\) \
  2>/dev/null | wc -l)"
touch /opt/stt/models/x 2>/dev/null && echo "weights=writable" || echo "weights=read-only"
stt-pipeline model verify
stt-pipeline --version
"""


def test_it_holds_verified_weights_and_no_tool_to_build_with(in_image: list[str]) -> None:
    ended = subprocess.run(
        [*in_image, "sh", "-c", LOOK], capture_output=True, text=True, timeout=300, check=False
    )
    assert ended.returncode == 0, ended.stderr
    said = ended.stdout.splitlines()
    assert "user=10001" in said
    assert "caches=0" in said
    assert "weights=read-only" in said
    assert not [line for line in said if line.startswith("tool=")]


@pytest.fixture
def bucket(s3_endpoint: str, tmp_path: Path, english_prompts: list[Prompt]) -> str:
    """A bucket with a real call on each of two dates."""
    name = create_bucket(s3_endpoint, f"image-{uuid.uuid4()}")
    client = client_of(s3_endpoint)
    spoken = [prompt for prompt in english_prompts if 2.0 < prompt.duration_s < 6.0]
    for number, date in enumerate((MONDAY, TUESDAY)):
        call = join_prompts(spoken[number * 4 : number * 4 + 4], pause_s=0.8, seed=number)
        path = tmp_path / f"C{number}.wav"
        write_wav(path, call.samples, 8_000, "pcm_mulaw")
        client.upload_file(str(path), name, f"recordings/call_date={date}/{path.name}")
        client.put_object(Bucket=name, Key=f"references/C{number}.txt", Body=call.text.encode())
    return name


def test_the_main_job_runs_inside_it_from_s3_to_published_tables(
    in_image: list[str], bucket: str, s3_endpoint: str
) -> None:
    environment = {
        **ENVIRONMENT,
        "AWS_ENDPOINT_URL": s3_endpoint,
        "STT_RECORDINGS_URI": f"s3://{bucket}/recordings",
        "STT_REFERENCES_URI": f"s3://{bucket}/references",
        "STT_LAKE_URI": f"s3://{bucket}/lake",
        "STT_CATALOG": "glue",
    }
    given = [f"{name}={value}" for name, value in environment.items()]
    command = ["stt-pipeline", "run", "--from", MONDAY, "--to", TUESDAY, "--json"]
    ended = subprocess.run(
        [*in_image, "env", *given, *command],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    rows = json.loads(ended.stdout)
    assert [(row["call_date"], row["transcribed"], row["ready"]) for row in rows] == [
        (MONDAY, 1, True),
        (TUESDAY, 1, True),
    ]
    assert all(row["wer"] < 0.2 for row in rows)
    client = client_of(s3_endpoint)
    key = f"lake/words/call_date={MONDAY}/words.parquet"
    words = pq.read_table(io.BytesIO(client.get_object(Bucket=bucket, Key=key)["Body"].read()))
    assert words.num_rows > 20
