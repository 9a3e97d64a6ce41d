"""A task of ECS as a local process: starts, stops, kills it, says how it is. Knows no AWS."""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SPOT_NOTICE_S = 2.0
"""From SIGTERM to SIGKILL where Spot takes the task. AWS gives up to 120 s; the tests give 2."""

STOP_TIMEOUT_S = 30.0
"""The same for StopTask: the default of a container definition's stopTimeout."""


@dataclass
class LocalTask:
    """A process in a session of its own, and what RunTask asked for.

    When its first process ends, the others of the session are killed, as in a container.
    """

    arn: str
    command: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    cpu: str
    memory: str
    capacity: str
    started_by: str
    tags: Mapping[str, str]
    exit_code: int | None = None
    stop_code: str = ""
    stopped_reason: str = ""
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def id(self) -> str:
        """The last part of its ARN."""
        return self.arn.rpartition("/")[2]

    @property
    def status(self) -> str:
        """RUNNING, or STOPPED once it has ended."""
        return "RUNNING" if self.exit_code is None else "STOPPED"

    @property
    def log(self) -> Path:
        """What it printed."""
        return self.folder / f"{self.id}.log"

    def start(self) -> None:
        """Starts the process."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                env=self.environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        threading.Thread(target=self._wait, args=(self._process,), daemon=True).start()

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        code = process.wait()
        _signal_session(process.pid, signal.SIGKILL)
        if not self.stop_code:
            self.stop_code = "EssentialContainerExited"
            self.stopped_reason = "Essential container in task exited"
        self.exit_code = code if code >= 0 else 128 - code

    def stop(self, code: str, reason: str, timeout_s: float = STOP_TIMEOUT_S) -> None:
        """SIGTERM to the command, then SIGKILL to all that is left after `timeout_s`."""
        process = self._process
        if process is None or self.exit_code is not None:
            return
        self.stop_code, self.stopped_reason = code, reason
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGTERM)
        timer = threading.Timer(timeout_s, _signal_session, (process.pid, signal.SIGKILL))
        timer.daemon = True
        timer.start()

    def interrupt(self) -> None:
        """Ends it as Spot does."""
        self.stop("SpotInterruption", "Your Spot Task was interrupted.", SPOT_NOTICE_S)

    def kill(self) -> None:
        """SIGKILL to every process of it at once, as a machine that is lost."""
        if self._process is not None and self.exit_code is None:
            _signal_session(self._process.pid, signal.SIGKILL)

    def describe(self) -> dict[str, Any]:
        """What a test wants to know, for JSON."""
        return {
            "id": self.id,
            "arn": self.arn,
            "pid": self._process.pid if self._process else None,
            "command": list(self.command),
            "status": self.status,
            "exit_code": self.exit_code,
            "stop_code": self.stop_code,
            "cpu": self.cpu,
            "memory": self.memory,
            "capacity": self.capacity,
            "started_by": self.started_by,
            "tags": dict(self.tags),
            "environment": sorted(self.environment),
            "log": str(self.log),
        }


def _signal_session(leader: int, number: signal.Signals) -> None:
    """To the group that the leader of the session made; none of its processes leaves the group."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, number)
