"""Amazon Transcribe as a Transcriber: one job a recording, many at once, each paid for once."""

import datetime as dt
import hashlib
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from stt_pipeline.adapters.amazon_transcribe.document import DocumentError, read_document
from stt_pipeline.adapters.amazon_transcribe.jobs import POLL_S, Jobs, RefusedError, State
from stt_pipeline.adapters.amazon_transcribe.order import PREFIX, Order, make_order
from stt_pipeline.domain.errors import AudioUnreadableError
from stt_pipeline.domain.planning.fallback import ENGINE
from stt_pipeline.domain.ports import Budget, Heard, Source, Store
from stt_pipeline.domain.speech.transcription import Transcription

AT_ONCE: Final = 50
"""Jobs: half of what an account may have at work; at POLL_S half of what it may ask a second."""

SPARE_S: Final = 1800.0
"""A job is waited for as long as its call lasts, and this; the next run looks again."""

MONO: Final = ("unknown",)
"""Who speaks on the one channel of a recording."""


@dataclass(frozen=True)
class Request:
    """What is asked for every recording: codes of its languages, names to hint, who speaks where.

    `vocabularies` are tables of domain/speech/vocabulary.py by code.
    """

    dialects: Mapping[str, str]
    vocabularies: Mapping[str, str]
    speakers: tuple[str, ...]


@dataclass(frozen=True)
class _Begun:
    """An order at work since a moment of the machine's own clock."""

    index: int
    order: Order
    since: float


class AmazonTranscriber:
    """Implements DistantTranscriber over the batch API, which reads the recordings itself.

    A recording that it does not transcribe is an AudioUnreadableError with its words: nothing that
    goes wrong there is an error of the run.
    """

    def __init__(
        self,
        request: Request,
        jobs: Jobs,
        lake: Store,
        budget: Budget,
        poll_s: float = POLL_S,
        spare_s: float = SPARE_S,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """`lake` is on S3: the service writes its documents there; `budget` is asked before."""
        self._request = request
        self._jobs = jobs
        self._lake = lake
        self._budget = budget
        self._poll_s = poll_s
        self._spare_s = spare_s
        self._pause = pause
        self._wanted = {code: _name(code, table) for code, table in request.vocabularies.items()}
        self._usable: frozenset[str] | None = None

    @property
    def engine(self) -> str:
        """See Transcriber."""
        return ENGINE

    def begin_all(self, sources: Iterable[Source]) -> None:
        """See DistantTranscriber; AT_ONCE of them, or what the account has room for."""
        at_work = 0
        for source in sources:
            try:
                state = self._begin(self._order(source))
            except RefusedError:
                continue
            at_work += state is State.AT_WORK
            if state is State.CROWDED or at_work >= AT_ONCE:
                return

    def transcribe_all(self, sources: Iterable[Source]) -> Iterator[tuple[int, Heard]]:
        """See Transcriber."""
        waiting: deque[tuple[int, Source]] = deque(enumerate(sources))
        at_work: list[_Begun] = []
        patience = time.monotonic() + self._spare_s
        while waiting or at_work:
            while waiting and len(at_work) < AT_ONCE:
                index, source = waiting[0]
                try:
                    order = self._order(source)
                    state = self._begin(order)
                except RefusedError as error:
                    yield index, AudioUnreadableError(str(error))
                else:
                    if state is State.CROWDED:
                        break
                    at_work.append(_Begun(index, order, time.monotonic()))
                    patience = time.monotonic() + self._spare_s
                waiting.popleft()
            ended = [(one, heard) for one in at_work if (heard := self._heard(one)) is not None]
            for one, heard in ended:
                at_work.remove(one)
                patience = time.monotonic() + self._spare_s
                yield one.index, heard
            if not at_work and waiting and time.monotonic() > patience:
                for index, _ in waiting:
                    yield index, AudioUnreadableError("it has no room for another job now")
                return
            if at_work or waiting:
                self._pause(self._poll_s)

    def _order(self, source: Source) -> Order:
        return make_order(
            source.recording, self._request.dialects, self._wanted, self._lake.uri("")
        )

    def _vocabularies(self) -> frozenset[str]:
        """Names of those that can be used; asked once."""
        if self._usable is None:
            self._usable = frozenset(
                name
                for code, name in self._wanted.items()
                if self._jobs.vocabulary(name, code, partial(self._put, code))
            )
        return self._usable

    def _put(self, code: str) -> str:
        key = f"_work/fallback/vocabularies/{self._wanted[code]}.txt"
        self._lake.write(key, self._request.vocabularies[code].encode())
        return self._lake.uri(key)

    def _begin(self, order: Order) -> State:
        """Has the order at work, or done, and pays where no run paid before."""
        if self._lake.read(order.answer) is not None:
            return State.DONE
        job = self._jobs.find(order.name)
        if job is not None:
            return job.state
        if refusal := self._budget.take(order.name, order.usd):
            raise RefusedError(refusal)
        return self._jobs.begin(order.request(self._lake.uri(""), self._vocabularies()))

    def _heard(self, begun: _Begun) -> Heard | None:
        """What came of an order; None while it is at work."""
        order = begun.order
        waited_s = time.monotonic() - begun.since
        try:
            job = self._jobs.find(order.name)
            if job is not None and job.state is State.AT_WORK:
                if waited_s > self._spare_s + order.duration_s:
                    raise RefusedError(f"no answer within {waited_s:.0f} s (job {order.name})")
                return None
            if job is not None and job.state is State.FAILED:
                raise RefusedError(f"{job.reason.rstrip('.')} (job {order.name})")
            data = self._lake.read(order.answer)
            if data is None:
                raise RefusedError(f"its answer {self._lake.uri(order.answer)} is not there")
            return self._read(order, data)
        except RefusedError as error:
            return AudioUnreadableError(str(error))

    def _read(self, order: Order, data: bytes) -> Transcription:
        now = dt.datetime.now(dt.UTC).replace(tzinfo=None, microsecond=0)
        speakers = self._request.speakers if order.channels > 1 else MONO
        try:
            return read_document(data, speakers, self._request.dialects, order.duration_s, now)
        except DocumentError as error:
            raise RefusedError(
                f"its answer {self._lake.uri(order.answer)} cannot be read ({error}): delete it, "
                f"and the job {order.name}, to pay for another"
            ) from None


def _name(code: str, table: str) -> str:
    return f"{PREFIX}{code}-{hashlib.sha256(table.encode()).hexdigest()[:16]}"
