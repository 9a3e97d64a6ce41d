"""CPU seconds, memory and CPU affinity of processes, as Linux tells them. Knows no engine."""

import contextlib
import os
import resource
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from stt_pipeline_tests.benchmarks.job import Sample

POLL_S = 0.5
"""Between two looks at the memory of the processes; a peak is kept by the system in between."""


@contextlib.contextmanager
def confined_to(cpus: int) -> Iterator[None]:
    """Processes started within may use so many CPUs of those that this one may use."""
    mine = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(mine)[:cpus])
    try:
        yield
    finally:
        os.sched_setaffinity(0, mine)


def tree_cpu_s() -> float:
    """User and system seconds of this process and of all below it, ended ones among them."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    total = time.process_time() + ended.ru_utime + ended.ru_stime
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


def memory_mb(process: int | str) -> tuple[float, float]:
    """Resident memory of a process (a number, or `self`) and its peak, in MB (10**6 bytes).

    Raises OSError where it has ended.
    """
    found_mb = {}
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name in ("VmRSS", "VmHWM"):
            found_mb[name] = int(value.split()[0]) * 1024 / 1e6
    if not found_mb:
        raise ProcessLookupError(f"process {process} has ended")
    return found_mb["VmRSS"], found_mb["VmHWM"]


def machine_busy_s() -> float:
    """CPU seconds of user and system that all processes of the machine have used together."""
    times = psutil.cpu_times()
    return float(times.user + times.system + times.nice)


class MemoryWatch:
    """Looks at the memory of all processes below this one until it is left.

    `audio_s` is set by the watched work: the audio done so far, which samples carry.
    """

    def __init__(self) -> None:
        self.audio_s = 0.0
        self.peak_mb = 0.0
        self.samples: list[Sample] = []
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "MemoryWatch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._left.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._left.wait(POLL_S):
            self._look()

    def _look(self) -> None:
        seen = []
        for process in psutil.Process().children(recursive=True):
            with contextlib.suppress(OSError):
                seen.append(memory_mb(process.pid))
        if seen:
            self.samples.append(Sample(self.audio_s, sum(resident for resident, _ in seen)))
            self.peak_mb = max(self.peak_mb, sum(peak for _, peak in seen))
