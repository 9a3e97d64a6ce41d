"""Feeds what waits to the engine's processes, and gives each caller what came of it.

One thread a process asks the backlog for its next group, and one more takes the answers. Knows no
HTTP. A recording that ends its process costs the others of its group a second try, and no more
(`adapters/worker_processes`).
"""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass, field, replace
from typing import Any

from stt_pipeline import wiring
from stt_pipeline.adapters.worker_processes import Finished, Task
from stt_pipeline.domain.serving.backlog import Backlog, Waiting
from stt_pipeline.domain.speech.poison import death_failure
from stt_pipeline.domain.speech.transcription import Result, Transcription
from stt_pipeline.serving.worker import ASK, RESULT, Ask
from stt_pipeline.settings import Settings

LOG = logging.getLogger(__name__)

LIMIT_S = 40.0
"""Seconds without a word after which a process is stuck, however short its group."""

LIMIT_S_PER_AUDIO_S = 1.0
"""And so many for each second of its group: twelve times what the slowest engine measured takes
(plain faster-whisper, 12 times real time on two threads)."""

MOST_SILENT_S = 900.0
"""Audio seconds that count: a long recording is read in pieces, with a word between them."""

FIRST_SPEED = 10.0
"""Audio seconds read a second and process, before any were seen to be."""


@dataclass
class Work:
    """A recording on its way through the engine; `future` ends with its Result.

    `may_begin` is asked in a thread of the engine when its turn comes: false, and it is dropped.
    """

    waiting: Waiting
    ask: Ask
    may_begin: Callable[[], bool] = lambda: True
    future: "Future[Result]" = field(default_factory=Future)
    share: float = 0.0
    began_s: float | None = None
    mates_s: float = 0.0


class Engine:
    """The processes, and what waits for them."""

    def __init__(self, settings: Settings, most_s: float, first: Ask) -> None:
        """`most_s`: audio seconds that may wait. Each process reads `first` before all else.

        Nothing is started.
        """
        self._first = first
        self._workers = wiring.engine_workers(settings, _limit_s, self._heed)
        self._changed = threading.Condition()
        self._backlog = Backlog(most_s)
        self._works: dict[str, Work] = {}
        self._idle = 0
        self._stopping = False
        self._speed = FIRST_SPEED * self._workers.workers
        self._most_held_s = 0.0
        self.heard_at_s: float | None = None
        self.deaths = 0

    @property
    def processes(self) -> int:
        """How many recordings, or groups, are read at once."""
        return self._workers.workers

    @property
    def waiting_s(self) -> float:
        """Audio seconds that wait."""
        with self._changed:
            return self._backlog.waiting_s

    @property
    def at_work(self) -> int:
        """Recordings that wait or are read."""
        with self._changed:
            return len(self._works)

    def most_held_s(self) -> float:
        """Most audio seconds that waited or were read at once since this was asked before."""
        with self._changed:
            most_s, self._most_held_s = self._most_held_s, self._held_s()
            return max(most_s, self._most_held_s)

    def start(self) -> None:
        """Starts the threads; a process starts with its first group."""
        threading.Thread(target=self._run, name="engine", daemon=True).start()

    def stop(self) -> None:
        """Ends every process at once; what they had is not answered."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._workers.stop()

    def has_room(self, audio_s: float = 0.0) -> bool:
        """Whether so much more may wait."""
        with self._changed:
            return self._backlog.has_room(audio_s)

    def retry_after_s(self) -> int:
        """When a caller that found no room may try again."""
        with self._changed:
            return self._backlog.retry_after_s(self._speed)

    def submit(self, work: Work, bounded: bool = True) -> bool:
        """Lets it wait for its turn; false where there is no room, and `bounded`."""
        with self._changed:
            if bounded and not self._backlog.has_room(work.waiting.audio_s):
                return False
            self._works[work.waiting.name] = work
            self._backlog.add(work.waiting)
            self._most_held_s = max(self._most_held_s, self._held_s())
            self._changed.notify_all()
        return True

    def make_ready(self, name: str) -> None:
        """What kept its place may be read now."""
        with self._changed:
            work = self._works[name]
            work.waiting = replace(work.waiting, ready=True)
            self._backlog.add(work.waiting)
            self._changed.notify_all()

    def withdraw(self, name: str) -> bool:
        """Takes back what still waits; false where it is being read, or is not there."""
        with self._changed:
            if not self._backlog.remove(name):
                return False
            del self._works[name]
        return True

    def work(self, name: str) -> Work | None:
        """What waits or is read under that name."""
        with self._changed:
            return self._works.get(name)

    def _run(self) -> None:
        shards = [self._groups(number) for number in range(self._workers.workers)]
        try:
            for finished in self._workers.run(shards):
                self._settle(finished)
        except Exception:
            LOG.exception("The engine ended: the service is not ready any more.")
            self.heard_at_s = None

    def _groups(self, number: int) -> Iterator[Sequence[Task]]:
        """The groups of one process, as they come. The first of several reads no job."""
        yield [self._task(self._first)]
        while True:
            works = self._next(alone_too=number > 0 or self._workers.workers == 1)
            if works is None:
                return
            begun = [work for work in works if self._begins(work)]
            for work in begun:
                work.mates_s = sum(mate.waiting.audio_s for mate in begun)
            if begun:
                yield [self._task(work.ask) for work in begun]

    def _task(self, ask: Ask) -> Task:
        task: Task = ASK.dump_python(ask, mode="json")
        return task

    def _next(self, alone_too: bool) -> list[Work] | None:
        with self._changed:
            self._idle += 1
            try:
                while not self._stopping:
                    if taken := self._backlog.take(self._idle, alone_too):
                        return [self._works[one.name] for one in taken]
                    self._changed.wait()
            finally:
                self._idle -= 1
        return None

    def _begins(self, work: Work) -> bool:
        try:
            if work.may_begin():
                work.began_s = time.monotonic()
                return True
        except Exception as error:
            LOG.warning("%s cannot begin: %s", work.waiting.name, error)
        with self._changed:
            del self._works[work.waiting.name]
        work.future.cancel()
        return False

    def _held_s(self) -> float:
        return sum(work.waiting.audio_s for work in self._works.values())

    def _heed(self, task: Task, share: Any) -> None:
        self.heard_at_s = time.monotonic()
        work = self.work(task["name"])
        if work is not None:
            work.share = max(work.share, float(share))

    def _settle(self, finished: Finished) -> None:
        name = finished.task["name"]
        work = self.work(name)
        if finished.answer is None:
            self.deaths += 1
            LOG.error("The engine died on %s (%s).", name, finished.death)
            # A process that crashed or fell silent twice over one recording: the reason is there.
            failure = death_failure(finished.death, finished.crashed, is_rare=True)
            result = Result(finished.task["recording"]["etag"], "", failure)
        else:
            result = RESULT.validate_python(finished.answer["result"])
            if isinstance(result.outcome, Transcription) and result.outcome.speech_s:
                self.heard_at_s = time.monotonic()
        if work is None:
            return
        self._learn_speed(work)
        with self._changed:
            del self._works[name]
        with contextlib.suppress(InvalidStateError):
            work.future.set_result(result)

    def _learn_speed(self, work: Work) -> None:
        """A tenth of each observation: what a group took, times the processes."""
        took_s = time.monotonic() - (work.began_s or 0.0)
        seen = work.mates_s / max(took_s, 0.01) * self._workers.workers
        self._speed += 0.1 * (seen - self._speed)


def _limit_s(tasks: Sequence[Task]) -> float:
    audio_s = sum(ASK.validate_python(task).recording.audio_s for task in tasks)
    return LIMIT_S + LIMIT_S_PER_AUDIO_S * min(audio_s, MOST_SILENT_S)
