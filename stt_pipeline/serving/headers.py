"""Reads the headers of what callers send, in processes of their own. Judges nothing."""

import itertools
import logging
import queue
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path

from stt_pipeline import wiring
from stt_pipeline.adapters.worker_processes import Task
from stt_pipeline.serving.worker import PROBE_ASK, PROBED, ProbeAsk, Probed
from stt_pipeline.settings import Settings

LOG = logging.getLogger(__name__)

LIMIT_S = 10.0
"""Seconds that a header may take, and LIMIT_S_PER_GB more where its packets are counted."""

LIMIT_S_PER_GB = 60.0


class Headers:
    """Processes that read headers; a file that ends one is a file that cannot be read."""

    def __init__(self, settings: Settings) -> None:
        """Nothing is started."""
        self._workers = wiring.probers(settings, _limit_s)
        self._asked: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        self._futures: dict[str, Future[Probed]] = {}
        self._numbers = itertools.count()

    def start(self, first: Path) -> None:
        """Starts the threads, and the processes with them: each reads the header of `first`."""
        threading.Thread(target=self._run, name="headers", daemon=True).start()
        for _ in range(self._workers.workers):
            self.probe(first.parent.as_uri(), first.name, first.stat().st_size, measure=False)

    def stop(self) -> None:
        """Ends every process at once."""
        for _ in range(self._workers.workers):
            self._asked.put(None)
        self._workers.stop()

    def probe(self, root: str, key: str, size_bytes: int, measure: bool) -> "Future[Probed]":
        """What the header of a recording says, or what is wrong with it."""
        name = str(next(self._numbers))
        future: Future[Probed] = Future()
        self._futures[name] = future
        ask = ProbeAsk(name, root, key, size_bytes, measure)
        self._asked.put(PROBE_ASK.dump_python(ask, mode="json"))
        return future

    def _run(self) -> None:
        shards = [self._groups() for _ in range(self._workers.workers)]
        try:
            for finished in self._workers.run(shards):
                answer = finished.answer
                if answer is None:
                    LOG.error("Reading a header ended its process (%s).", finished.death)
                    probed = Probed(None, f"its header cannot be read ({finished.death})")
                else:
                    probed = PROBED.validate_python(answer["probed"])
                future = self._futures.pop(finished.task["name"])
                if future.set_running_or_notify_cancel():
                    future.set_result(probed)
        except Exception:
            LOG.exception("Headers can no longer be read.")

    def _groups(self) -> Iterator[Sequence[Task]]:
        while (task := self._asked.get()) is not None:
            yield [task]


def _limit_s(tasks: Sequence[Task]) -> float:
    return LIMIT_S + LIMIT_S_PER_GB * sum(float(task["size_bytes"]) for task in tasks) / 1e9
