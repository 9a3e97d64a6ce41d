"""Faults of requests to AWS, and which requests they befall. Breaks nothing by itself."""

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import Any
from urllib.parse import parse_qs, urlsplit


class Fault(Enum):
    """What becomes of a request that a rule picks; the first three never reach the emulator."""

    INTERNAL_ERROR = "500 InternalError"
    SLOW_DOWN = "503 SlowDown"
    DROP = "the connection is closed without an answer"
    ANSWER = "the rule's own status, code and headers are the answer"
    LOSE_ANSWER = "the request is carried out, and the connection closed without an answer"
    CUT = "the answer's body ends in its middle, and the connection with it"
    DELAY = "the answer comes `delay_s` later"


@dataclass
class Rule:
    """Breaks one in `every` of the requests it is about, at most `times` of them.

    `kinds` are those of `kind_of`, all where empty; `path` is searched for in the decoded path and
    query. Where several rules are about a request, the first that picks it has it.
    """

    fault: Fault
    every: int = 1
    kinds: frozenset[str] = frozenset()
    path: str = ""
    times: int | None = None
    delay_s: float = 0.0
    status: int = 400
    code: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    detail: str = ""
    seen: int = 0
    broken: int = 0

    def picks(self, kind: str, path: str) -> bool:
        """Whether this request is broken; counts it."""
        if (self.kinds and kind not in self.kinds) or not re.search(self.path, path):
            return False
        self.seen += 1
        if self.seen % self.every or (self.times is not None and self.broken >= self.times):
            return False
        self.broken += 1
        return True


def kind_of(method: str, path: str, headers: Any) -> str:
    """LIST, COPY, else the method; or the name of another API's request, such as RunTask."""
    if target := headers.get("X-Amz-Target"):
        return str(target).rpartition(".")[2]
    if method == "GET" and "list-type" in parse_qs(urlsplit(path).query):
        return "LIST"
    return "COPY" if method == "PUT" and headers.get("x-amz-copy-source") else method


@dataclass(frozen=True)
class Exchange:
    """A request that the proxy saw; `body_bytes` are those of the answer that it passed on."""

    kind: str
    path: str
    status: int
    body_bytes: int
    fault: Fault | None
