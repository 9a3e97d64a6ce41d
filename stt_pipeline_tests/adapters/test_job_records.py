"""Jobs in a folder and in a bucket: acknowledged, claimed by one, gone once they are removed."""

import datetime as dt
import io
import subprocess
import sys
from pathlib import Path

import pytest

from stt_pipeline.adapters.job_records import JobRecords
from stt_pipeline.adapters.local_store import LocalStore
from stt_pipeline.adapters.s3_store import S3Store
from stt_pipeline.domain.ports import Store
from stt_pipeline.domain.recordings.recording import Recording, Status
from stt_pipeline.domain.serving.jobs import Job, Progress, State, new_job_id
from stt_pipeline.domain.serving.options import Options
from stt_pipeline.domain.speech.transcription import Failure, Result
from stt_pipeline_tests.cloud.processes import wait_for

NOW = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)


@pytest.fixture(params=["local", "s3"])
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "local":
        return LocalStore(tmp_path, "STT_LAKE_URI")
    bucket: str = request.getfixturevalue("bucket")
    request.getfixturevalue("aws")
    return S3Store(bucket, "some/lake", "STT_LAKE_URI", lease_life_s=3)


def acknowledged(records: JobRecords, now: dt.datetime = NOW) -> Job:
    job_id = new_job_id(now)
    key = records.upload_key(job_id, ".wav")
    records.keep_upload(key, io.BytesIO(b"sound"))
    recording = Recording(key, "", "e", 5, Status.ACCEPTED, NOW, duration_s=1.0, channels=1)
    options = Options("fr", ("customer", "agent"), words=False, form="srt")
    job = Job(job_id, "key:shop", NOW, "s3://lake", recording, options)
    records.acknowledge(job)
    return job


def keys(lake: Store) -> list[str]:
    return [found.key for found in lake.walk("", lambda folder: False)]


def test_a_job_is_read_as_it_was_written_and_stands_where_it_was_told(lake: Store) -> None:
    records = JobRecords(lake)
    job = acknowledged(records)
    assert records.open_ids() == [job.job_id]
    standing = records.read(job.job_id)
    assert standing is not None
    assert standing.job == job
    assert standing.state is State.QUEUED

    records.tell(job.job_id, Progress(1, 0.5, running=True))
    assert (told := records.read(job.job_id))
    assert told.state is State.RUNNING
    result = Result("e", "engine", Failure("damaged"))
    records.finish(job.job_id, result)
    assert (told := records.read(job.job_id))
    assert told.result == result
    assert records.open_ids() == []
    for name in ("", "x", "../open", f"{job.job_id}/job.json", new_job_id(NOW)):
        assert records.read(name) is None


def test_one_at_a_time_claims_a_job(lake: Store) -> None:
    records, others = JobRecords(lake), JobRecords(lake)
    job = acknowledged(records)
    held = records.claim(job.job_id)
    assert held is not None
    assert others.claim(job.job_id) is None
    other_job = acknowledged(records)
    other_held = others.claim(other_job.job_id)
    assert other_held is not None
    other_held.close()
    held.close()
    again = others.claim(job.job_id)
    assert again is not None
    again.close()


HOLDER = """
import sys, time
from pathlib import Path
from stt_pipeline.adapters.job_records import JobRecords
from stt_pipeline.adapters.local_store import LocalStore

held = JobRecords(LocalStore(Path(sys.argv[1]), "STT_LAKE_URI")).claim(sys.argv[2])
print("held" if held else "refused", flush=True)
time.sleep(600)
"""


def test_the_death_of_its_holder_frees_a_job(tmp_path: Path) -> None:
    records = JobRecords(LocalStore(tmp_path, "STT_LAKE_URI"))
    job = acknowledged(records)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path), job.job_id],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        assert records.claim(job.job_id) is None
    finally:
        holder.kill()
        holder.communicate()
    wait_for(lambda: records.claim(job.job_id) is not None, "the job")


def test_nothing_is_left_of_a_job_that_is_removed(lake: Store) -> None:
    records = JobRecords(lake)
    kept = acknowledged(records, NOW)
    before = keys(lake)
    job = acknowledged(records, NOW + dt.timedelta(seconds=1))
    assert records.all_ids() == [kept.job_id, job.job_id]
    held = records.claim(job.job_id)
    assert held is not None
    held.close()
    records.tell(job.job_id, Progress(1))
    records.cancel(job.job_id)
    records.remove(job.job_id)
    assert keys(lake) == before
    assert records.all_ids() == [kept.job_id]


def test_the_sound_of_a_job_goes_and_a_recording_elsewhere_stays(lake: Store) -> None:
    records = JobRecords(lake)
    job = acknowledged(records)
    lake.write("elsewhere.wav", b"sound")
    records.forget_upload(job)
    assert job.recording.key not in keys(lake)
    far = Recording("elsewhere.wav", "", "e", 5, Status.ACCEPTED, NOW)
    records.forget_upload(Job(job.job_id, "", NOW, "", far, Options()))
    assert "elsewhere.wav" in keys(lake)
