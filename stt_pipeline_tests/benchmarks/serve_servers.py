"""The servers that are compared, as processes of their own, and what these use. Sends no call."""

import contextlib
import os
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx2
import psutil

from stt_pipeline import wiring
from stt_pipeline.settings import Settings
from stt_pipeline_tests.benchmarks.processes import POLL_S, machine_busy_s, memory_mb
from stt_pipeline_tests.benchmarks.serve_figures import Watched
from stt_pipeline_tests.cloud.processes import Program, free_port, wait_for

OURS: Final = "ours"
PLAIN: Final = "plain"
BATCHED: Final = "plain batched"
SERVERS: Final = (OURS, PLAIN, BATCHED)

READY_S = 180.0

UNLIMITED: Final = {"STT_SERVE_RATE_PER_MINUTE": "1000000"}
"""All clients of the benchmark are one address to the service; the other limits are its own."""


@dataclass(frozen=True)
class Server:
    """A server that answers at `url`."""

    name: str
    url: str
    program: Program

    def processes(self) -> list[psutil.Process]:
        """Its processes; the one that only guards them is not counted."""
        return psutil.Process(self.program.pid).children(recursive=True)


@contextlib.contextmanager
def started(name: str, settings: Settings, folder: Path) -> Iterator[Server]:
    """Starts a server, waits until it says that it is ready, and ends it when left.

    Raises RuntimeError with its last words where it ends before.
    """
    port = free_port()
    command = _ours(port) if name == OURS else _plain(port, settings, name == BATCHED)
    home = folder / name.replace(" ", "-")
    home.mkdir()
    program = Program("server", command, _environment(settings, home), home)
    server = Server(name, f"http://127.0.0.1:{port}", program)
    program.start()
    try:
        wait_for(lambda: _is_ready(server), f"{name}: its answer that it is ready", READY_S)
        yield server
    finally:
        program.stop()


def _is_ready(server: Server) -> bool:
    server.program.check()
    try:
        answer = httpx2.get(f"{server.url}/readyz", timeout=30.0, trust_env=False)
    except httpx2.HTTPError:
        return False
    return answer.status_code == httpx2.codes.OK


def _ours(port: int) -> list[str]:
    command = str(Path(sys.executable).with_name("stt-pipeline"))
    return [command, "serve", "--host", "127.0.0.1", "--port", str(port)]


def _plain(port: int, settings: Settings, batched: bool) -> list[str]:
    folders = wiring.model_folders(settings)
    model = folders.get("en") or folders[wiring.ANY_LANGUAGE]
    module = "stt_pipeline_tests.benchmarks.serve_plain"
    options = {
        "--port": port,
        "--model": model.folder,
        "--compute-type": settings.compute_type,
        "--threads": len(os.sched_getaffinity(0)),
    }
    words = [str(word) for pair in options.items() for word in pair]
    return [sys.executable, "-m", module, *words, *(["--batched"] if batched else [])]


def _environment(settings: Settings, home: Path) -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("STT_")}
    return ours | {
        "STT_RECORDINGS_URI": (home / "recordings").as_uri(),
        "STT_LAKE_URI": (home / "lake").as_uri(),
        "STT_MODELS_DIR": str(settings.models_dir.absolute()),
        **UNLIMITED,
    }


class TreeWatch:
    """Looks at the memory and CPU of a server's processes until it is left."""

    def __init__(self, server: Server) -> None:
        self.samples: list[tuple[float, float]] = []
        """(seconds since it was entered, MB of 10**6 bytes of all processes)."""
        self._server = server
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "TreeWatch":
        self._began = time.monotonic()
        self._cpu_s, self._own_s, self._busy_s = self._used()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._left.set()
        self._thread.join()
        self._wall_s = time.monotonic() - self._began
        cpu_s, own_s, busy_s = self._used()
        self._cpu_s, self._own_s = cpu_s - self._cpu_s, own_s - self._own_s
        self._busy_s = busy_s - self._busy_s

    def watched(self) -> Watched:
        """What was used in all, once it was left."""
        others_s = self._busy_s - self._cpu_s - self._own_s
        return Watched(
            cpu_s=self._cpu_s,
            peak_mb=max((held for _, held in self.samples), default=0.0),
            others_cpus=max(0.0, others_s / self._wall_s),
        )

    def _used(self) -> tuple[float, float, float]:
        """CPU seconds so far: of the server, of this process, of the machine."""
        cpu_s = 0.0
        for process in self._server.processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                cpu_s += times.user + times.system + times.children_user + times.children_system
        return cpu_s, time.process_time(), machine_busy_s()

    def _watch(self) -> None:
        while not self._left.wait(POLL_S):
            held_mb = 0.0
            with contextlib.suppress(psutil.NoSuchProcess):
                for process in self._server.processes():
                    with contextlib.suppress(OSError):
                        held_mb += memory_mb(process.pid)[0]
            if held_mb:
                self.samples.append((time.monotonic() - self._began, held_mb))
