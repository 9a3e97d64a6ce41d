"""Objects of S3 are read in ranges, of one version, and rightly over broken connections."""

import errno
import io
import tracemalloc
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stt_pipeline.adapters.audio import PyavProber, decode
from stt_pipeline.adapters.s3_store import S3Store
from stt_pipeline.adapters.s3_store.reading import ATTEMPTS, FIRST_BLOCK_BYTES, MAX_BLOCK_BYTES
from stt_pipeline.domain.errors import ObjectMissingError
from stt_pipeline_tests.cloud.faults import Fault, Rule
from stt_pipeline_tests.cloud.faulty_proxy import FaultyProxy
from stt_pipeline_tests.cloud.s3 import client_of
from stt_pipeline_tests.speech.calls import RATE_HZ, Samples, choose_prompts, join_prompts
from stt_pipeline_tests.speech.encode import Codec, encode
from stt_pipeline_tests.speech.prompts import Prompt

CONTENT: Final = np.random.default_rng(4).bytes(9_000_000)

FORMATS: Final[dict[str, Codec]] = {
    "wav": "pcm_mulaw",
    "mp3": "libmp3lame",
    "ogg": "libopus",
    "flac": "flac",
    "m4a": "aac",
}


@pytest.fixture
def store(aws: FaultyProxy, bucket: str) -> S3Store:
    """A store of its own, with the retries of production."""
    return S3Store(bucket, "calls", "STT_RECORDINGS_URI")


@pytest.fixture
def impatient(proxy: FaultyProxy, bucket: str) -> S3Store:
    """The same, whose client asks only twice."""
    return S3Store(bucket, "calls", "STT_RECORDINGS_URI", client_of(proxy.endpoint, attempts=2))


@pytest.fixture(scope="module")
def ten_minutes(english_prompts: list[Prompt]) -> Samples:
    """Speech in two channels."""
    side = join_prompts(choose_prompts(english_prompts, speech_s=50, seed=3), pause_s=0.5, seed=3)
    mono = np.resize(side.samples, RATE_HZ * 600)
    return np.stack([mono, np.roll(mono, RATE_HZ)], axis=1)


class TestRanges:
    @pytest.mark.parametrize("suffix", FORMATS)
    def test_a_header_costs_little(
        self, aws: FaultyProxy, store: S3Store, ten_minutes: Samples, tmp_path: Path, suffix: str
    ) -> None:
        """64 kB, and twice as much where a format keeps its length at its end."""
        path = encode(
            tmp_path / f"call.{suffix}",
            ten_minutes,
            RATE_HZ,
            codec=FORMATS[suffix],
            container="ipod" if suffix == "m4a" else None,
        )
        size_bytes = path.stat().st_size
        store.write(path.name, path.read_bytes())
        aws.forget()
        with store.open(path.name) as audio:
            info = PyavProber().probe(audio, path.name, size_bytes)
        assert info.duration_s == pytest.approx(600, abs=1)
        assert aws.count("HEAD") == 0
        assert size_bytes > 1_500_000
        assert aws.body_bytes("GET") < (200_000 if suffix in ("ogg", "m4a") else 100_000)
        assert aws.count("GET") <= 3

    def test_a_long_object_is_read_in_few_requests(self, aws: FaultyProxy, store: S3Store) -> None:
        store.write("long", bytes(40_000_000))
        with store.open("long") as file:
            total = sum(len(block) for block in iter(lambda: file.read(32_768), b""))
        assert total == 40_000_000
        assert aws.count("GET") <= 14

    def test_memory_holds_a_block(self, store: S3Store) -> None:
        store.write("long", bytes(60_000_000))
        tracemalloc.start()
        try:
            with store.open("long") as file:
                while file.read(32_768):
                    pass
            _, peak_bytes = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak_bytes < 4 * MAX_BLOCK_BYTES

    def test_memory_holds_a_block_of_a_file_that_is_written(
        self, s3_endpoint: str, bucket: str, tmp_path: Path
    ) -> None:
        # The proxy would hold the body in this process.
        store = S3Store(bucket, "calls", "STT_LAKE_URI", client_of(s3_endpoint))
        path = tmp_path / "table"
        path.write_bytes(bytes(60_000_000))
        store.write("warm", b"")
        tracemalloc.start()
        try:
            with path.open("rb") as file:
                store.write_file("long", file)
            _, peak_bytes = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak_bytes < 4 * MAX_BLOCK_BYTES
        assert [found.size_bytes for found in store.walk("", lambda _: False)] == [60_000_000, 0]

    @settings(
        max_examples=30,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(
        steps=st.lists(
            st.tuples(st.integers(0, len(CONTENT) + 10), st.integers(0, 3 * FIRST_BLOCK_BYTES)),
            max_size=8,
        )
    )
    def test_it_reads_as_the_bytes_do(self, store: S3Store, steps: list[tuple[int, int]]) -> None:
        if store.fingerprint("object") is None:
            store.write("object", CONTENT)
        with store.open("object") as file:
            twin = io.BytesIO(CONTENT)
            for place, size in steps:
                assert file.seek(place) == twin.seek(place)
                assert file.read(size) == twin.read(size)
                assert file.tell() == twin.tell()


class TestBrokenConnections:
    @pytest.mark.parametrize(
        "fault",
        [Fault.INTERNAL_ERROR, Fault.SLOW_DOWN, Fault.DROP, Fault.LOSE_ANSWER, Fault.CUT],
        ids=lambda fault: fault.name,
    )
    def test_one_request_in_ten_fails_and_all_content_is_right(
        self, aws: FaultyProxy, store: S3Store, fault: Fault
    ) -> None:
        aws.add(Rule(fault, every=10))
        content = {f"{n:02}": CONTENT[: n * 40_000] for n in range(20)}
        for key, data in content.items():
            store.write(key, data)
        for key in content:
            store.copy(key, f"copies/{key}")
        found = {one.key: one.size_bytes for one in store.walk("", lambda folder: False)}
        assert found == {
            key: len(data) for name, data in content.items() for key in (name, f"copies/{name}")
        }
        for name, data in content.items():
            assert store.read(name) == data
            with store.open(f"copies/{name}") as file:
                assert file.read() == data
        for name in content:
            store.delete(name)
        assert len(list(store.walk("", lambda folder: False))) == len(content)
        assert aws.broken >= 10

    def test_bodies_that_break_in_their_middle(self, aws: FaultyProxy, store: S3Store) -> None:
        store.write("object", CONTENT)
        aws.add(Rule(Fault.CUT, every=2, kinds=frozenset({"GET"})))
        with store.open("object") as file:
            assert file.read() == CONTENT
        assert store.read("object") == CONTENT
        assert aws.broken >= 3

    def test_what_lasts_is_an_error_of_the_store(
        self, aws: FaultyProxy, impatient: S3Store
    ) -> None:
        impatient.write("object", CONTENT)
        file = impatient.open("object")
        aws.add(Rule(Fault.SLOW_DOWN))
        for ask in (
            lambda: impatient.read("object"),
            lambda: impatient.open("object"),
            lambda: impatient.write("object", b""),
            lambda: impatient.copy("object", "other"),
            lambda: impatient.delete("object"),
            lambda: impatient.fingerprint("object"),
            lambda: list(impatient.walk("", lambda folder: False)),
            file.read,
        ):
            with pytest.raises(OSError, match="503") as caught:
                ask()
            assert caught.value.errno == errno.EIO
            assert caught.value.strerror

    def test_a_body_that_never_comes_whole(
        self, aws: FaultyProxy, impatient: S3Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("stt_pipeline.adapters.s3_store.reading.MAX_PAUSE_S", 0.01)
        impatient.write("object", CONTENT)
        aws.add(Rule(Fault.CUT))
        aws.forget()
        with pytest.raises(OSError, match="cannot be reached") as caught:
            impatient.read("object")
        assert caught.value.strerror
        assert aws.count("GET") == ATTEMPTS


class TestVersions:
    @pytest.mark.parametrize(
        ("change", "says"), [("replace", "replaced while"), ("delete", "deleted while")]
    )
    def test_an_object_that_changes_while_it_is_read(
        self, store: S3Store, change: str, says: str
    ) -> None:
        store.write("object", CONTENT)
        with store.open("object") as file:
            first = file.read(1000)
            if change == "replace":
                store.write("object", CONTENT[::-1])
            else:
                store.delete("object")
            with pytest.raises(OSError, match=says) as caught:
                file.read()
        assert first == CONTENT[:1000]
        assert caught.value.errno == errno.ESTALE

    def test_decoding_it_ends_in_that_error_and_not_early(
        self, store: S3Store, ten_minutes: Samples, tmp_path: Path
    ) -> None:
        for suffix in ("wav", "mp3", "ogg"):
            path = encode(
                tmp_path / f"call.{suffix}",
                ten_minutes[: 120 * RATE_HZ],
                RATE_HZ,
                codec=FORMATS[suffix],
            )
            store.write(path.name, path.read_bytes())
            with store.open(path.name) as audio:
                pieces = decode(audio, path.name, piece_s=5.0)
                next(pieces)
                store.write(path.name, path.read_bytes()[::-1])
                with pytest.raises(OSError, match="replaced while"):
                    list(pieces)

    def test_a_missing_object(self, store: S3Store) -> None:
        with pytest.raises(ObjectMissingError, match="gone"):
            store.open("gone")
