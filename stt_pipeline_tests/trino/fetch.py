"""Fetches a Trino server from a Maven repository: `python -m stt_pipeline_tests.trino.fetch`.

Does nothing where it is there. `artifacts.txt` pins each file with its sha256: the jars of
`io.trino:trino-main` with all that they need, and the plugin for tables in Hive's or Glue's
catalog. 255 MB are downloaded and 280 MB kept; MAVEN_URL names another repository than Maven
Central. Exit status 0 when the server is there, 2 with one sentence when it cannot be.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

VERSION: Final = "435"
"""The last that runs on Java 17. Athena's engine version 3 follows Trino's releases."""

HOME: Final = Path(__file__).resolve().parents[2] / "var" / "trino" / VERSION
ARTIFACTS: Final = Path(__file__).with_name("artifacts.txt")
MAVEN_CENTRAL: Final = "https://repo1.maven.org/maven2"
JAVA_REMEDY: Final = (
    "a Java 17 development kit runs the Trino server of the tests "
    "(Debian, Ubuntu: apt install openjdk-17-jdk-headless)"
)

_TRIES: Final = 3
_TIMEOUT_S: Final = 120


class FetchError(Exception):
    """The server cannot be fetched or run; the message says why and what to do."""


def artifacts() -> Iterator[tuple[str, str]]:
    """Path in the repository and sha256 of every file."""
    for line in ARTIFACTS.read_text().splitlines():
        sha256, path = line.split()
        yield path, sha256


def check_java() -> None:
    """Raises FetchError unless `java` is 17 to 21 and can compile."""
    if shutil.which("java") is None:
        raise FetchError(f"There is no java here: {JAVA_REMEDY}.")
    said = subprocess.run(
        ["java", "--list-modules"], capture_output=True, text=True, check=False
    ).stdout
    version = said.partition("java.base@")[2].partition(".")[0].split("\n")[0]
    if not version.isdecimal() or not 17 <= int(version) <= 21:
        raise FetchError(f"java is version {version or 'unknown'}: {JAVA_REMEDY}.")
    if "jdk.compiler@" not in said:
        raise FetchError(f"java comes without its compiler: {JAVA_REMEDY}.")


def fetch(home: Path) -> None:
    """Downloads every file, checks it and puts the server into `home`, whole or not at all.

    Raises FetchError where the repository does not answer, or a file is not the one pinned.
    """
    home.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=home.parent, prefix="fetching-") as scratch:
        server = Path(scratch, "server")
        (server / "lib").mkdir(parents=True)
        with ThreadPoolExecutor(8) as pool:
            waiting = [
                pool.submit(_download, path, sha256, server / "lib" / Path(path).name)
                for path, sha256 in artifacts()
            ]
            for one in waiting:
                one.result()
        for archive in (server / "lib").glob("*.zip"):
            with zipfile.ZipFile(archive) as plugin:
                plugin.extractall(server / "plugin")
            archive.unlink()
        shutil.rmtree(home, ignore_errors=True)
        server.rename(home)


def main() -> int:
    """Makes sure that the server is there; returns the exit status."""
    try:
        check_java()
        if not HOME.is_dir():
            sys.stdout.write(f"Fetching the Trino server of the tests into {HOME}\n")
            sys.stdout.flush()
            fetch(HOME)
    except FetchError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def _download(path: str, sha256: str, target: Path) -> None:
    url = f"{os.environ.get('MAVEN_URL', MAVEN_CENTRAL).rstrip('/')}/{path}"
    for attempt in range(1, _TRIES + 1):
        try:
            with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as answer, target.open("wb") as to:
                shutil.copyfileobj(answer, to)
            break
        except (OSError, urllib.error.URLError) as error:
            if attempt == _TRIES:
                raise FetchError(
                    f"{Path(path).name} could not be fetched ({error}): try again, or name a Maven "
                    "repository that you reach in MAVEN_URL."
                ) from error
    with target.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        raise FetchError(
            f"{Path(path).name} has sha256 {found}, and {sha256} is pinned: name another Maven "
            "repository in MAVEN_URL."
        )


if __name__ == "__main__":
    sys.exit(main())
