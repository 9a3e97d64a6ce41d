"""Clients that send calls to a server, each its next one when the last is answered. Judges none."""

import asyncio
import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import httpx2

ANSWER_S = 900.0
"""A client that has waited so long for an answer gives the request up: it counts as an error."""

POLL_S = 1.0
"""Between two looks at a job."""

ERROR_PAUSE_S = 1.0
"""A server that is gone is not asked a thousand times a second."""

SAME_TIME_S = 30.0
"""A server that refuses says when to come again; nobody waits longer than this."""


@dataclass(frozen=True)
class Call:
    """A call as it is sent, with the text that is said in it."""

    name: str
    language: str
    text: str
    duration_s: float
    sound: bytes


@dataclass(frozen=True)
class Outcome:
    """One request: how long its client waited, how often it was refused (429), and the answer.

    Times are seconds since the load began. `text` is None where there was no answer; `error` then
    says why. `is_acknowledged` is of a job: a 202 came.
    """

    call: str
    is_job: bool
    sent_s: float
    answered_s: float
    refused: int
    text: str | None
    error: str | None
    is_acknowledged: bool = False

    @property
    def latency_s(self) -> float:
        """From the first try to the answer."""
        return self.answered_s - self.sent_s


class NoAnswerError(Exception):
    """What came is no transcript; the message says what it is."""


class Load:
    """So many clients on one server; every `job_every`-th request of a client is a job."""

    def __init__(self, url: str, calls: Sequence[Call], clients: int, job_every: int = 0) -> None:
        """`job_every` 0: no request is a job."""
        self._url = url
        self._calls = calls
        self._clients = clients
        self._job_every = job_every
        self._began = 0.0

    def run(self, seconds: float) -> list[Outcome]:
        """Begins requests for so long, and waits for the answer of each that was begun."""
        return asyncio.run(self._run(seconds))

    async def _run(self, seconds: float) -> list[Outcome]:
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=None)
        async with httpx2.AsyncClient(
            base_url=self._url, limits=limits, timeout=ANSWER_S, trust_env=False
        ) as http:
            self._began = time.monotonic()
            done = await asyncio.gather(
                *(self._client(http, number, seconds) for number in range(self._clients))
            )
        return [one for outcomes in done for one in outcomes]

    def _now_s(self) -> float:
        return time.monotonic() - self._began

    async def _client(self, http: httpx2.AsyncClient, number: int, seconds: float) -> list[Outcome]:
        outcomes: list[Outcome] = []
        # Its own order: else all would send the longest call at once.
        own = Random(number).sample(self._calls, len(self._calls))
        for place, call in enumerate(itertools.cycle(own)):
            if self._now_s() >= seconds:
                return outcomes
            is_job = bool(self._job_every) and (place + number) % self._job_every == 0
            outcomes.append(await self._ask(http, call, is_job))
            if outcomes[-1].error:
                await asyncio.sleep(ERROR_PAUSE_S)
        raise AssertionError

    async def _ask(self, http: httpx2.AsyncClient, call: Call, is_job: bool) -> Outcome:
        sent_s, refused = self._now_s(), 0
        text = error = None
        is_acknowledged = False
        try:
            while True:
                answer = await self._post(http, call, is_job)
                if answer.status_code != httpx2.codes.TOO_MANY_REQUESTS:
                    break
                refused += 1
                if self._now_s() - sent_s > ANSWER_S:
                    break
                await asyncio.sleep(min(SAME_TIME_S, float(answer.headers["Retry-After"])))
            is_acknowledged = answer.status_code == httpx2.codes.ACCEPTED
            if is_acknowledged:
                answer = await self._result(http, answer.headers["Location"], sent_s)
            text = text_of(answer)
        except (httpx2.HTTPError, NoAnswerError, KeyError, ValueError) as caught:
            error = f"{type(caught).__name__}: {caught}"
        return Outcome(
            call.name, is_job, sent_s, self._now_s(), refused, text, error, is_acknowledged
        )

    async def _post(self, http: httpx2.AsyncClient, call: Call, is_job: bool) -> httpx2.Response:
        path = "/transcribe?wait=false" if is_job else "/v1/audio/transcriptions"
        asked = {"language": call.language} | ({} if is_job else {"model": "base"})
        return await http.post(path, files={"file": (call.name, call.sound)}, data=asked)

    async def _result(
        self, http: httpx2.AsyncClient, location: str, sent_s: float
    ) -> httpx2.Response:
        """The answer of a job that was acknowledged, once it is there."""
        while True:
            answer = await http.get(f"{location}/result")
            if answer.status_code != httpx2.codes.CONFLICT or self._now_s() - sent_s > ANSWER_S:
                return answer
            await asyncio.sleep(POLL_S)


def text_of(answer: httpx2.Response) -> str:
    """The transcript in an answer. Raises NoAnswerError where there is none."""
    if answer.status_code != httpx2.codes.OK:
        raise NoAnswerError(f"{answer.status_code} {answer.text[:200]}")
    text = answer.json()["text"]
    if not isinstance(text, str):
        raise NoAnswerError(f"no text: {answer.text[:200]}")
    return text
