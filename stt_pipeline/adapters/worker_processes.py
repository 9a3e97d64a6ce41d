"""Worker processes that take groups of tasks over pipes. Knows nothing of what a task is.

Each worker is a program of its own. It reads a group as a line of JSON, a list of tasks, and writes
a line of JSON for every task of it, in any order: `{"task": index in the group, …}`. Before it,
it may write notes of how far it is: `{"task": …, "note": …}`.
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
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

START_S = 120.0
"""Seconds that a fresh worker has for its start (imports, weights) before its first answer."""

END_S = 10.0
"""Seconds that a worker has to end once its input has ended; then it is killed."""

LAST_WORDS_BYTES = 4096
"""How much of what workers wrote to standard error is looked at when one dies."""

CRASHES = frozenset({"SIGABRT", "SIGBUS", "SIGFPE", "SIGILL", "SIGSEGV"})
"""Signals that a program brings on itself; the others come from outside."""

Task = dict[str, Any]
Answer = dict[str, Any]


@dataclass(frozen=True)
class Finished:
    """A task's answer; `answer` is None where the task was given up, and `death` says how.

    `crashed` is true where the worker crashed or fell silent over it, false where it was killed
    from outside or left with an exit code.
    """

    shard: int
    task: Task
    answer: Answer | None
    death: str = ""
    crashed: bool = False


def _heed_no_note(task: Task, note: Any) -> None:
    """Nobody asked how far the workers are."""


class WorkerProcesses:
    """Runs shards of groups of tasks on a fixed number of worker processes; good for one run."""

    def __init__(
        self,
        arguments: Sequence[str],
        workers: int,
        limit_s: Callable[[Sequence[Task]], float],
        environment: Mapping[str, str],
        start_s: float = START_S,
        on_note: Callable[[Task, Any], None] = _heed_no_note,
    ) -> None:
        """`arguments` follow the Python interpreter on each worker's command line.

        `limit_s` says how many seconds may pass without an answer or a note while these tasks are
        unanswered. `environment` is for the processes, where this one's own does not say
        otherwise. `on_note` takes a task and the note on it, in a thread of its worker.
        """
        self._command = [sys.executable, *arguments]
        self.workers = workers
        self._limit_s = limit_s
        self._environment = {**environment, **os.environ}
        self._start_s = start_s
        self._on_note = on_note
        self._shards: queue.SimpleQueue[tuple[int, Iterable[Sequence[Task]]]] = queue.SimpleQueue()
        self._finished: queue.SimpleQueue[Finished | Exception | None] = queue.SimpleQueue()
        self._alive: set[_Worker] = set()
        self._stopping = False

    def run(self, shards: Sequence[Iterable[Sequence[Task]]]) -> Iterator[Finished]:
        """Yields each task as it ends, in any order; every task is yielded exactly once.

        A shard may make its groups while it is read, and wait in doing so, in its worker's thread.
        Where a worker dies, or gives no answer in time and is killed, the tasks of its group that
        it did not answer are tried once more, each alone in a fresh worker; one that ends this
        worker too is given up. Closing the iterator, or an error in the loop that reads it, stops
        the workers.
        """
        for index, shard in enumerate(shards):
            self._shards.put((index, shard))
        threads = [
            threading.Thread(target=self._serve, daemon=True)
            for _ in range(min(self.workers, len(shards)))
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
            self.stop()

    def stop(self) -> None:
        """Kills the workers; what they did not answer is not yielded. For any thread."""
        self._stopping = True
        for worker in list(self._alive):
            worker.kill()

    def _serve(self) -> None:
        worker: _Worker | None = None
        try:
            while not self._stopping:
                try:
                    index, shard = self._shards.get_nowait()
                except queue.Empty:
                    break
                for group in shard:
                    if self._stopping:
                        break
                    worker = self._finish(worker, index, group)
        except Exception as error:
            self._finished.put(error)
        finally:
            if worker is not None:
                self._end(worker)
            self._finished.put(None)

    def _finish(
        self, worker: "_Worker | None", shard: int, group: Sequence[Task]
    ) -> "_Worker | None":
        """Ends every task of the group; returns a worker that lives, if there is one."""
        if worker is not None and not worker.is_alive:
            self._end(worker)
            worker = None
        worker = worker or self._start()
        unanswered = self._ask(worker, shard, group)
        for task in unanswered:
            self._end(worker)
            if self._stopping:
                return None
            worker = self._start()
            if self._ask(worker, shard, [task]):
                death = self._end(worker)
                self._finished.put(Finished(shard, task, None, death.words, death.crashed))
        return worker

    def _ask(self, worker: "_Worker", shard: int, group: Sequence[Task]) -> list[Task]:
        """Reports every task that the worker answers; returns the others where it dies."""
        unanswered = dict(enumerate(group))
        worker.give(group)
        while unanswered:
            limit_s = self._limit_s([*unanswered.values()])
            answer = worker.answer(limit_s if worker.has_answered else limit_s + self._start_s)
            if answer is None:
                break
            if "note" in answer:
                self._on_note(unanswered[answer["task"]], answer["note"])
                continue
            task = unanswered.pop(answer.pop("task"))
            self._finished.put(Finished(shard, task, answer))
        return [*unanswered.values()]

    def _start(self) -> "_Worker":
        worker = _Worker(self._command, self._environment)
        self._alive.add(worker)
        if self._stopping:
            worker.kill()
        return worker

    def _end(self, worker: "_Worker") -> "_Death":
        death = worker.end()
        self._alive.discard(worker)
        return death


@dataclass(frozen=True)
class _Death:
    """How a worker ended, as the end of a sentence."""

    words: str
    crashed: bool


class _Worker:
    """A process with a thread for each of its pipes, so that nobody waits for it without limit."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self.has_answered = False
        self._silent_s: float | None = None
        self._death: _Death | None = None
        self._groups: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._errors = tempfile.TemporaryFile("a+b")  # noqa: SIM115 - closed by end()
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=environment,
        )
        threading.Thread(target=self._write, daemon=True).start()
        threading.Thread(target=self._read, daemon=True).start()

    @property
    def is_alive(self) -> bool:
        """False where it died with nothing to do, too: this costs no task a try."""
        return self._silent_s is None and self._process.poll() is None

    def give(self, group: Sequence[Task]) -> None:
        self._groups.put(json.dumps(group) + "\n")

    def answer(self, limit_s: float) -> Answer | None:
        """The next answer, or None where it died before one; killed where none comes in time.

        What it wrote before it was killed still counts.
        """
        try:
            line = self._answers.get(timeout=limit_s)
        except queue.Empty:
            self._silent_s = limit_s
            self.kill()
            line = self._answers.get()
        if line is None:
            return None
        self.has_answered = True
        answer: Answer = json.loads(line)
        return answer

    def kill(self) -> None:
        self._process.kill()

    def end(self) -> _Death:
        """Ends its input, at which it stops, and says how it ended; the same when asked again."""
        if self._death is None:
            self._groups.put(None)
            try:
                code = self._process.wait(END_S)
            except subprocess.TimeoutExpired:
                self.kill()
                code = self._process.wait()
            with self._errors:
                self._death = _death(code, self._silent_s, self._last_line())
        return self._death

    def _write(self) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError), self._process.stdin as pipe:
            while (line := self._groups.get()) is not None:
                pipe.write(line)
                pipe.flush()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as pipe:
            for line in pipe:
                if line.endswith("\n"):
                    self._answers.put(line)
        self._answers.put(None)

    def _last_line(self) -> str:
        """The last line that it wrote to standard error, as the end of a sentence."""
        size = self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, size - LAST_WORDS_BYTES))
        lines = self._errors.read().decode(errors="replace").split("\n")
        said = [line.strip() for line in lines if line.strip()]
        return f": {said[-1]}" if said else ""


def _death(code: int, silent_s: float | None, last_line: str) -> _Death:
    if silent_s is not None:
        return _Death(f"no answer within {silent_s:g} s{last_line}", crashed=True)
    if code >= 0:
        return _Death(f"exit code {code}{last_line}", crashed=False)
    name = signal.Signals(-code).name
    meaning = " (out of memory, or killed by hand)" if name == "SIGKILL" else ""
    return _Death(f"signal {name}{meaning}{last_line}", crashed=name in CRASHES)
