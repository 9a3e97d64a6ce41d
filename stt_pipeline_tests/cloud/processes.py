"""Programs that a test bed starts: waiting for them, ending them. Knows none of them."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

GUARD = Path(__file__).with_name("guard.py")

END_S = 20.0
"""Seconds that a program has to end by itself before it is killed."""


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def wait_for(condition: Callable[[], bool], what: str, timeout_s: float = 300.0) -> None:
    """Waits until the condition holds; raises TimeoutError with `what` never came."""
    end = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"{what} did not come within {timeout_s:g} s")
        time.sleep(0.2)


@contextlib.contextmanager
def serving(
    module: str,
    *arguments: str,
    environment: Mapping[str, str] | None = None,
    log: Path | None = None,
) -> Iterator[str]:
    """The address at which a module of ours serves within the block: its first line of output.

    It ends where its input does, and is killed where it does not. `environment` is added to this
    process's own; `log` takes its standard error. Raises RuntimeError where it ends before.
    """
    with contextlib.ExitStack() as opened:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            env=os.environ | (environment or {}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=opened.enter_context(log.open("wb")) if log else None,
            text=True,
        )
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        try:
            address = process.stdout.readline().strip()
            if not address:
                said = f":\n{log.read_text()}" if log else ""
                raise RuntimeError(f"{module} ended before it answered{said}")
            yield address
        finally:
            process.stdin.close()
            try:
                process.wait(END_S)
            except subprocess.TimeoutExpired:
                process.kill()


class Program:
    """A process in a session of its own, its output in a file; it does not outlive this process."""

    def __init__(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], folder: Path
    ) -> None:
        """Nothing is started yet. The output goes to `folder`/`name`.log."""
        self.name = name
        self.log = folder / f"{name}.log"
        self._command = command
        self._environment = environment
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        """Whether it was started, and has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The number of its process; it was started."""
        assert self._process
        return self._process.pid

    def start(self) -> None:
        """Starts it."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, str(GUARD), *self._command],
                env=self._environment,
                cwd=self._folder,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def run_beside(self, *command: str) -> None:
        """Runs a command to its end, with this program's environment and folder.

        Raises RuntimeError with its output where it fails.
        """
        ended = subprocess.run(
            command,
            env=self._environment,
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if ended.returncode != 0:
            raise RuntimeError(f"{' '.join(command)} failed:\n{ended.stdout}{ended.stderr}")

    def check(self) -> None:
        """Raises RuntimeError with the end of its output where it has ended."""
        if not self.is_running:
            raise RuntimeError(f"{self.name} ended:\n{self.log.read_text()[-4000:]}")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Sends the signal, waits, and kills what is left of its session."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(END_S)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if self._process.stdin:
            self._process.stdin.close()
