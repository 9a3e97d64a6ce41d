"""Fetches prompts and hold music, run as `python -m stt_pipeline_tests.speech.fetch`.

Does nothing where they are installed. Needs apt-get and dpkg, but no root: apt keeps its state in
a folder of its own and verifies what it downloads as always. Exit status 0 when all of them are
there, 2 with one sentence when they cannot be.
"""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from shutil import rmtree, which
from tempfile import TemporaryDirectory
from typing import Final

from stt_pipeline_tests.speech.prompts import (
    MUSIC_PACKAGES,
    SPEECH_PACKAGES,
    UNPACKED,
    find_root,
    holds_all,
)

PACKAGES: Final = SPEECH_PACKAGES | MUSIC_PACKAGES

_TIMEOUT_S: Final = 900


class FetchError(Exception):
    """The prompts cannot be fetched; the message says why and what to do."""


def fetch(target: Path) -> None:
    """Downloads the packages of `PACKAGES` and unpacks them below `target`, all of them or none.

    Raises FetchError without apt-get and dpkg, and when apt or dpkg fail.
    """
    if which("apt-get") is None or which("dpkg") is None:
        raise FetchError(
            "The tests take speech and music from Debian packages and this machine has no "
            f"apt-get and dpkg to fetch them: unpack {', '.join(PACKAGES)} below {target}."
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=target.parent, prefix="prompts-") as scratch:
        downloads, unpacked = Path(scratch, "archives"), Path(scratch, "unpacked")
        for folder in ("state/lists/partial", "cache/archives/partial", "archives", "unpacked"):
            Path(scratch, folder).mkdir(parents=True)
        apt_get = ["apt-get", "-q", *_private_state(Path(scratch))]
        _run([*apt_get, "update"], cwd=downloads)
        _run([*apt_get, "download", *PACKAGES], cwd=downloads)
        for archive in sorted(downloads.glob("*.deb")):
            _run(["dpkg", "-x", str(archive), str(unpacked)], cwd=downloads)
        if not holds_all(unpacked, PACKAGES):
            raise FetchError(f"The packages {', '.join(PACKAGES)} do not hold the files expected.")
        rmtree(target, ignore_errors=True)
        unpacked.rename(target)


def main() -> int:
    """Makes sure that the packages are there and says where; returns the exit status."""
    if all(find_root(packages) for packages in (SPEECH_PACKAGES, MUSIC_PACKAGES)):
        return 0
    sys.stdout.write(f"Fetching the speech and the music of the tests into {UNPACKED}\n")
    sys.stdout.flush()
    try:
        fetch(UNPACKED)
    except FetchError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def _private_state(scratch: Path) -> list[str]:
    options = {
        "Dir::State": f"{scratch}/state",
        "Dir::State::status": "/var/lib/dpkg/status",
        "Dir::Cache": f"{scratch}/cache",
        "Acquire::Retries": "3",
        # As root, apt would download as the user _apt, who may not write here.
        "APT::Sandbox::User": "root",
    }
    return [part for name, value in options.items() for part in ("-o", f"{name}={value}")]


def _run(command: Sequence[str], *, cwd: Path) -> None:
    try:
        done = subprocess.run(
            command, cwd=cwd, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise FetchError(
            f"{command[0]} gave no answer within {_TIMEOUT_S} s: try again."
        ) from error
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise FetchError(f"The speech of the tests could not be fetched, {command[0]} says: {last}")


if __name__ == "__main__":
    sys.exit(main())
