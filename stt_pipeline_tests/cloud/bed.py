"""A whole site of the cloud on this machine: AWS, Postgres, Dagster, buckets and settings.

Runs go the way of production: web server, daemon, `EcsRunLauncher`, a task each, S3, Glue.
"""

import io
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from stt_pipeline_tests.cloud.account import LOGS_BUCKET, Account, account
from stt_pipeline_tests.cloud.dagster import (
    Dagster,
    dagster,
    environment_of_all,
    environment_of_site,
)
from stt_pipeline_tests.cloud.postgres import Postgres, postgres
from stt_pipeline_tests.cloud.s3 import create_bucket
from stt_pipeline_tests.speech.calls import JoinedCall
from stt_pipeline_tests.speech.encode import write_wav

CALLS_BUCKET, LAKE_BUCKET = "stt-calls", "stt-lake"
LAKE = "lake/"
ASSETS = (
    "recordings",
    "transcript_shards",
    "transcripts",
    "transcript_quality",
    "published_tables",
)
"""What a backfill of dates makes where each shard is a run."""

TABLES = ("recordings", "transcripts", "segments", "words", "transcript_quality")

Row = dict[str, Any]


@dataclass(frozen=True)
class Bed:
    """A site that runs."""

    folder: Path
    account: Account
    database: Postgres
    dagster: Dagster
    settings: Mapping[str, str]

    def put_call(self, date: str, call_id: str, call: JoinedCall) -> None:
        """Drops a recording in its bucket, mu-law telephone audio, with its reference."""
        file = self.folder / f"{date}-{call_id}.wav"
        write_wav(file, call.samples, 8_000, "pcm_mulaw")
        s3 = self.account.client("s3")
        s3.upload_file(str(file), CALLS_BUCKET, f"calls/call_date={date}/{call_id}.wav")
        file.unlink()
        key = f"references/{call_id}.txt"
        s3.put_object(Bucket=CALLS_BUCKET, Key=key, Body=call.text.encode())

    def rows(self, table: str, date: str) -> list[Row]:
        """The rows of a published table of a date."""
        key = f"{LAKE}{table}/call_date={date}/{table}.parquet"
        data = self.account.client("s3").get_object(Bucket=LAKE_BUCKET, Key=key)["Body"].read()
        rows: list[Row] = pq.ParquetFile(io.BytesIO(data)).read().to_pylist()
        return rows

    def keys(self, prefix: str) -> list[str]:
        """Keys of the lake below a prefix."""
        pages = self.account.client("s3").get_paginator("list_objects_v2")
        found = pages.paginate(Bucket=LAKE_BUCKET, Prefix=LAKE + prefix)
        return [one["Key"].removeprefix(LAKE) for page in found for one in page.get("Contents", ())]

    def checkpoints(self, date: str) -> Counter[str]:
        """How often each finished result of a date was written: S3 keeps every version."""
        pages = self.account.client("s3").get_paginator("list_object_versions")
        found = pages.paginate(Bucket=LAKE_BUCKET, Prefix=f"{LAKE}_work/results/call_date={date}/")
        return Counter(one["Key"] for page in found for one in page.get("Versions", ()))


@contextmanager
def bed(folder: Path, models: Path, **settings: str) -> Iterator[Bed]:
    """Runs a site with empty buckets; `models` holds the weights by name.

    `settings` are more of the pipeline's, by their whole names. Raises PostgresMissingError.
    """
    with postgres() as database, account(folder / "aws") as aws:
        for name in (CALLS_BUCKET, LAKE_BUCKET, LOGS_BUCKET):
            create_bucket(aws.endpoint, name)
        aws.client("s3").put_bucket_versioning(
            Bucket=LAKE_BUCKET, VersioningConfiguration={"Status": "Enabled"}
        )
        aws.create_cluster()
        pipeline = {
            "STT_RECORDINGS_URI": f"s3://{CALLS_BUCKET}/calls",
            "STT_REFERENCES_URI": f"s3://{CALLS_BUCKET}/references",
            "STT_LAKE_URI": f"s3://{LAKE_BUCKET}/{LAKE}",
            "STT_CATALOG": "glue",
            "STT_MODELS_DIR": str(models),
            "STT_SHARD_RUNS": "true",
        } | settings
        password = aws.create_secret("stt-postgres", database.password)
        aws.register_run(
            aws.environment | environment_of_all() | environment_of_site(database) | pipeline,
            {"DAGSTER_POSTGRES_PASSWORD": password},
        )
        with dagster(folder, aws, database, pipeline) as running:
            yield Bed(folder, aws, database, running, pipeline)
