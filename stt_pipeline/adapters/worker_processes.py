"""Worker processes that take one task at a time over pipes. Knows nothing of what a task is.

Each worker is a program of its own: a crash or a kill costs the task at hand, never the others.
"""

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any

LAST_WORDS_BYTES = 4096
"""How much of what workers wrote to standard error is looked at when one dies."""

Task = dict[str, Any]
Answer = dict[str, Any]


@dataclass(frozen=True)
class Finished:
    """A task's answer; `answer` is None where the worker died, and `death` says how."""

    shard: int
    task: Task
    answer: Answer | None
    death: str = ""


class WorkerProcesses:
    """Runs shards of tasks on a fixed number of worker processes."""

    def __init__(self, arguments: Sequence[str], workers: int) -> None:
        """`arguments` follow the Python interpreter on each worker's command line."""
        self._command = [sys.executable, *arguments]
        self._workers = workers
        self._shards: queue.SimpleQueue[tuple[int, Sequence[Task]]] = queue.SimpleQueue()
        self._finished: queue.SimpleQueue[Finished | Exception | None] = queue.SimpleQueue()
        self._processes: set[subprocess.Popen[str]] = set()
        self._stopping = False

    def run(self, shards: Sequence[Sequence[Task]]) -> Iterator[Finished]:
        """Yields each task as it ends, in any order; every task is yielded exactly once.

        A task whose worker dies is tried once more in a fresh worker. Closing the iterator, or an
        error in the loop that reads it, stops the workers.
        """
        for index, shard in enumerate(shards):
            self._shards.put((index, shard))
        threads = [
            threading.Thread(target=self._serve, daemon=True)
            for _ in range(min(self._workers, len(shards)))
        ]
        for thread in threads:
            thread.start()
        running = len(threads)
        try:
            while running:
                item = self._finished.get()
                if item is None:
                    running -= 1
                elif isinstance(item, Exception):
                    raise item
                else:
                    yield item
        finally:
            self._stopping = True
            for process in list(self._processes):
                process.kill()

    def _serve(self) -> None:
        worker: _Worker | None = None
        try:
            while not self._stopping:
                try:
                    index, shard = self._shards.get_nowait()
                except queue.Empty:
                    break
                for task in shard:
                    if self._stopping:
                        break
                    worker = self._finish(worker, index, task)
        except Exception as error:
            self._finished.put(error)
        finally:
            if worker is not None:
                self._end(worker)
            self._finished.put(None)

    def _finish(self, worker: "_Worker | None", shard: int, task: Task) -> "_Worker | None":
        for last_try in (False, True):
            worker = worker or self._start()
            answer = _ask(worker.process, task)
            if answer is not None:
                self._finished.put(Finished(shard, task, answer))
                return worker
            death = self._end(worker)
            worker = None
            if last_try or self._stopping:
                self._finished.put(Finished(shard, task, None, death))
                break
        return None

    def _start(self) -> "_Worker":
        words = tempfile.TemporaryFile("a+b")  # noqa: SIM115 - closed when the worker ended
        process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=words, text=True
        )
        self._processes.add(process)
        if self._stopping:
            process.kill()
        return _Worker(process, words)

    def _end(self, worker: "_Worker") -> str:
        """Closes the worker's input, at which it stops, and returns how it ended."""
        assert worker.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            worker.process.stdin.close()
        code = worker.process.wait()
        self._processes.discard(worker.process)
        with worker.words:
            return _death(code) + _last_line(worker.words)


@dataclass(frozen=True)
class _Worker:
    """A process, and the file that it writes standard error to."""

    process: subprocess.Popen[str]
    words: IO[bytes]


def _last_line(words: IO[bytes]) -> str:
    """The last line that a worker wrote to standard error, as the end of a sentence."""
    size = words.seek(0, os.SEEK_END)
    words.seek(max(0, size - LAST_WORDS_BYTES))
    lines = words.read().decode(errors="replace").split("\n")
    said = [line.strip() for line in lines if line.strip()]
    return f": {said[-1]}" if said else ""


def _ask(worker: subprocess.Popen[str], task: Task) -> Answer | None:
    """The worker's answer, or None where it died before one."""
    assert worker.stdin is not None
    assert worker.stdout is not None
    try:
        worker.stdin.write(json.dumps(task) + "\n")
        worker.stdin.flush()
    except BrokenPipeError:
        return None
    line = worker.stdout.readline()
    if not line.endswith("\n"):
        return None
    answer: Answer = json.loads(line)
    return answer


def _death(code: int) -> str:
    if code < 0:
        return f"signal {signal.Signals(-code).name}"
    return f"exit code {code}"
