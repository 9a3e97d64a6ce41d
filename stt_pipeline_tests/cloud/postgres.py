"""A Postgres of its own: in a new folder, on a free port, ended and removed at the end.

The server is Debian's package `postgresql`; it refuses to run as root, so root starts it as the
package's user `postgres`.
"""

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg2

from stt_pipeline_tests.cloud.processes import Program, free_port, wait_for

USER, DATABASE = "dagster", "dagster"
INSTALLED = Path("/usr/lib/postgresql")


class PostgresMissingError(Exception):
    """There is no Postgres server on this machine; the message names the remedy."""


@dataclass(frozen=True)
class Postgres:
    """A server that answers; `restart` ends it and its connections first."""

    port: int
    password: str
    program: Program

    def is_up(self) -> bool:
        """Whether it takes connections."""
        try:
            psycopg2.connect(
                host="127.0.0.1",
                port=self.port,
                user=USER,
                password=self.password,
                dbname="postgres",
            ).close()
        except psycopg2.OperationalError:
            self.program.check()
            return False
        return True

    def start(self) -> None:
        """Starts it, and waits until it answers."""
        self.program.start()
        wait_for(self.is_up, "an answer of Postgres", 60)

    def restart(self) -> None:
        """Ends it as an administrator does (`fast` drops open connections), and starts it."""
        self.program.stop(signal.SIGINT)
        self.start()


@contextmanager
def postgres() -> Iterator[Postgres]:
    """Runs a server with an empty database; raises PostgresMissingError."""
    binaries = _binaries()
    # Not in pytest's folder, which no other user may enter.
    with tempfile.TemporaryDirectory(prefix="stt-postgres-") as name:
        folder, password = Path(name), secrets.token_hex(16)
        as_owner = _as_owner(folder)
        secret = folder / "password"
        secret.write_text(password)
        if as_owner:
            shutil.chown(secret, "postgres")
        data = folder / "data"
        command = [*as_owner, str(binaries / "initdb"), "--pgdata", str(data), "--username", USER]
        command += ["--pwfile", str(secret), "--auth", "scram-sha-256", "--encoding", "UTF8"]
        subprocess.run([*command, "--no-sync"], check=True, capture_output=True, cwd=folder)
        server = _server(folder, data, binaries, as_owner, password)
        try:
            server.start()
            _create_database(server)
            yield server
        finally:
            server.program.stop(signal.SIGINT)


def _server(
    folder: Path, data: Path, binaries: Path, as_owner: list[str], password: str
) -> Postgres:
    port = free_port()
    options = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": "",
        "fsync": "off",
        "max_connections": 200,
    }
    command = [*as_owner, str(binaries / "postgres"), "-D", str(data)]
    command += [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    return Postgres(port, password, Program("postgres", command, os.environ, folder))


def _create_database(server: Postgres) -> None:
    connection = psycopg2.connect(
        host="127.0.0.1", port=server.port, user=USER, password=server.password, dbname="postgres"
    )
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {DATABASE}")
    connection.close()


def _binaries() -> Path:
    """The folder of initdb and postgres: of PATH, or Debian's newest."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    versions = sorted(INSTALLED.glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if not versions:
        raise PostgresMissingError(
            "The tests of the cloud need a Postgres server: install it "
            "(Debian, Ubuntu: apt install postgresql)."
        )
    return versions[-1].parent


def _as_owner(folder: Path) -> list[str]:
    """What comes before a command so that it does not run as root; the folder goes to that user."""
    if os.getuid() != 0:
        return []
    shutil.chown(folder, "postgres")
    # setpriv becomes the command: signals reach it, which runuser and su keep to themselves.
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
