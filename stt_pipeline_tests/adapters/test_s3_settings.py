"""Settings that name buckets: which store they give, and texts and models that lie there."""

import hashlib
import shutil
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from stt_pipeline import wiring
from stt_pipeline.adapters.s3_store import LeaseLostError, S3Store
from stt_pipeline.domain.errors import UserError
from stt_pipeline.domain.tables import ledger_rows, recordings_table
from stt_pipeline.settings import Settings
from stt_pipeline_tests.cloud.faulty_proxy import FaultyProxy
from stt_pipeline_tests.cloud.s3 import client_of
from stt_pipeline_tests.factories import make_recording

WEIGHTS: Final = b"not weights, but bytes whose hash is known"
SHA256: Final = hashlib.sha256(WEIGHTS).hexdigest()


@pytest.fixture
def store(aws: FaultyProxy, bucket: str) -> S3Store:
    """The whole bucket."""
    return S3Store(bucket, "", "STT_LAKE_URI")


def lake_settings(bucket: str, **rest: str) -> Settings:
    return Settings(
        recordings_uri=f"s3://{bucket}/calls",
        lake_uri=f"s3://{bucket}/lake",
        references_uri=f"s3://{bucket}/texts",
        **rest,  # type: ignore[arg-type]
    )


def test_stores_lie_where_the_settings_say(store: S3Store, bucket: str) -> None:
    settings = lake_settings(bucket)
    store.write("calls/a 1%.wav", b"call")
    store.write("texts/a.txt", b"text")
    (found,) = wiring.recordings_store(settings).walk("", lambda folder: False)
    assert found.key == "a 1%.wav"
    assert wiring.recordings_store(settings).uri(found.key) == f"s3://{bucket}/calls/a 1%.wav"
    with wiring.references_store(settings).open("a.txt") as file:
        assert file.read() == b"text"
    wiring.lake_store(settings).write("table/object", b"rows")
    assert store.read("lake/table/object") == b"rows"


@pytest.mark.parametrize("uri", ["s3://{}", "s3://{}/deep/er"])
def test_a_ledger_keeps_the_keys_of_a_bucket(bucket: str, uri: str) -> None:
    settings = Settings(recordings_uri=uri.format(bucket))
    recordings = wiring.recordings_store(settings)
    key = "call_date=2026-11-16/a.wav"
    row = replace(make_recording(key=key), recording_uri=recordings.uri(key))
    assert ledger_rows(recordings_table([row]), recordings.uri(""))[0].key == key


def test_a_lost_lock_stops_every_table_of_the_run(
    store: S3Store, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lake's tables, ledgers and checkpoints are written through one store of the lake."""
    monkeypatch.setattr(wiring.roots, "S3Store", partial(S3Store, lease_life_s=1.5))
    settings = lake_settings(bucket)
    lake = wiring.lake_store(settings)
    table = recordings_table([make_recording()])
    with lake.locked("d", on_wait=lambda: None):
        wiring.ledgers(settings).write("recordings", "2026-11-16", table)
        store.write("lake/_work/locks/d.lock", b'{"holder": "other", "turn": 1, "life_s": 60}')
        time.sleep(2)
        with pytest.raises(LeaseLostError):
            wiring.ledgers(settings).write("recordings", "2026-11-17", table)
    wiring.ledgers(settings).write("recordings", "2026-11-18", table)
    assert wiring.ledgers(settings).row_count("recordings", "2026-11-16") == 1
    assert wiring.ledgers(settings).row_count("recordings", "2026-11-17") == 0


@pytest.mark.parametrize("place", ["s3", "folder"])
def test_hotwords(store: S3Store, bucket: str, tmp_path: Path, place: str) -> None:
    store.write("words/names of people.txt", "Zoé\nDagster\n".encode())
    (tmp_path / "names of people.txt").write_text("Zoé\nDagster\n")
    uri = {
        "s3": f"s3://{bucket}/words/names of people.txt",
        "folder": (tmp_path / "names of people.txt").as_uri(),
    }[place]
    assert wiring.engine_spec(Settings(hotwords_uri=uri)).hotwords == "Zoé Dagster"
    with pytest.raises(UserError, match=r"STT_HOTWORDS_URI names .*gone, which is no text file"):
        wiring.engine_spec(Settings(hotwords_uri=uri.replace("people.txt", "gone")))


class TestModel:
    def test_it_is_fetched_once_and_verified(
        self, aws: FaultyProxy, store: S3Store, bucket: str, tmp_path: Path
    ) -> None:
        store.write("models/mine/model.bin", WEIGHTS)
        store.write("models/mine/config.json", b"{}")
        settings = Settings(
            model=f"s3://{bucket}/models/mine", model_sha256=SHA256, models_dir=tmp_path / "kept"
        )
        assert wiring.engine_spec(settings).label.split()[1].startswith("mine@")
        assert wiring.verified_models(settings) == {SHA256: tmp_path / "kept" / SHA256}
        aws.forget()
        (folder,) = wiring.verified_models(settings).values()
        assert not aws.counts
        assert (folder / "model.bin").read_bytes() == WEIGHTS
        assert (folder / "config.json").read_bytes() == b"{}"
        assert [path.name for path in (tmp_path / "kept").iterdir()] == [SHA256]

    def test_other_weights_are_not_kept(self, store: S3Store, bucket: str, tmp_path: Path) -> None:
        store.write("mine/model.bin", WEIGHTS + b"!")
        settings = Settings(
            model=f"s3://{bucket}/mine", model_sha256=SHA256, models_dir=tmp_path / "kept"
        )
        with pytest.raises(UserError, match=f"not {SHA256}"):
            wiring.verified_models(settings)
        assert list((tmp_path / "kept").iterdir()) == []

    def test_no_model_there(self, store: S3Store, bucket: str, tmp_path: Path) -> None:
        settings = Settings(
            model=f"s3://{bucket}/mine", model_sha256=SHA256, models_dir=tmp_path / "kept"
        )
        with pytest.raises(UserError, match=f"STT_MODEL names s3://{bucket}/mine, where there is"):
            wiring.verified_models(settings)


def test_work_lies_on_this_machines_disk(bucket: str, tmp_path: Path) -> None:
    assert shutil.disk_usage(wiring.work_folder(lake_settings(bucket))).free > 0
    assert wiring.work_folder(Settings(lake_uri=tmp_path.as_uri())) == tmp_path


def test_buckets_are_looked_at_before_a_run(store: S3Store, bucket: str, s3_endpoint: str) -> None:
    settings = lake_settings(bucket, catalog="glue")
    with pytest.raises(UserError, match="model fetch"):
        wiring.check_settings(settings.model_copy(update={"models_dir": Path("/nowhere")}))
    client_of(s3_endpoint).delete_bucket(Bucket=bucket)
    with pytest.raises(UserError, match="STT_RECORDINGS_URI names the bucket"):
        wiring.check_settings(settings)
