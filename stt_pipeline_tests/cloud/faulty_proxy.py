"""A proxy before an emulator of AWS that counts requests and breaks some of them. Knows no test.

    with FaultyProxy(endpoint) as proxy:
        proxy.add(Rule(Fault.SLOW_DOWN, every=10))
        ...  # AWS_ENDPOINT_URL=proxy.endpoint
        assert proxy.count("LIST") == 60

Headers pass unchanged, `Host` too; emulators do not verify signatures.
"""

import http.client
import itertools
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit

from stt_pipeline_tests.cloud.faults import Exchange, Fault, Rule, kind_of

_HOP_BY_HOP: Final = {"connection", "keep-alive", "transfer-encoding", "content-length"}
_ERROR: Final = '<?xml version="1.0"?><Error><Code>{}</Code><Message>{}</Message>{}</Error>'


class FaultyProxy:
    """The proxy as a context manager; `on_request` is called before each request is passed on."""

    def __init__(self, endpoint: str, on_request: Callable[[str, str], None] | None = None) -> None:
        """`on_request` is given kind and path, in the proxy's thread for that connection."""
        self._upstream = urlsplit(endpoint)
        self._on_request = on_request
        self._lock = threading.Lock()
        self._rules: list[Rule] = []
        self._exchanges: list[Exchange] = []
        handler = type("Handler", (_Handler,), {"proxy": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def add(self, *rules: Rule) -> None:
        """Adds rules behind those there are."""
        with self._lock:
            self._rules.extend(rules)

    def heal(self) -> None:
        """Takes all rules away."""
        with self._lock:
            self._rules.clear()

    def forget(self) -> None:
        """Counts from nothing."""
        with self._lock:
            self._exchanges.clear()

    @property
    def exchanges(self) -> list[Exchange]:
        """Every request so far."""
        with self._lock:
            return list(self._exchanges)

    @property
    def counts(self) -> Counter[str]:
        """Requests by kind, the broken ones too."""
        return Counter(one.kind for one in self.exchanges)

    def count(self, kind: str) -> int:
        """Requests of one kind."""
        return self.counts[kind]

    def body_bytes(self, kind: str) -> int:
        """Bytes of the bodies of answers to requests of one kind."""
        return sum(one.body_bytes for one in self.exchanges if one.kind == kind)

    @property
    def broken(self) -> int:
        """Requests that a rule broke."""
        return sum(one.fault is not None for one in self.exchanges)

    def begin(self, kind: str, path: str) -> Rule | None:
        """The rule that breaks this request, if any."""
        if self._on_request:
            self._on_request(kind, path)
        with self._lock:
            return next((rule for rule in self._rules if rule.picks(kind, path)), None)

    def end(self, exchange: Exchange) -> None:
        """Notes the request."""
        with self._lock:
            self._exchanges.append(exchange)

    def connect(self) -> http.client.HTTPConnection:
        """A connection to the emulator."""
        assert self._upstream.hostname is not None
        return http.client.HTTPConnection(self._upstream.hostname, self._upstream.port, timeout=120)


class _Handler(BaseHTTPRequestHandler):
    """One connection of a client."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    proxy: FaultyProxy

    def setup(self) -> None:
        super().setup()
        self._upstream = self.proxy.connect()

    def finish(self) -> None:
        self._upstream.close()
        super().finish()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        pass

    def _serve(self) -> None:
        kind = kind_of(self.command, self.path, self.headers)
        body = self._body()
        rule = self.proxy.begin(kind, self.path)
        fault = rule.fault if rule else None
        status, sent = 0, 0
        try:
            status, sent = self._answer(rule, body)
        finally:
            self.proxy.end(Exchange(kind, self.path, status, sent, fault))

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _serve  # noqa: N815 - http.server's names

    def _answer(self, rule: Rule | None, body: bytes) -> tuple[int, int]:
        """Answers; returns the status, 0 for none, and the bytes of the body sent."""
        match rule.fault if rule else None:
            case Fault.INTERNAL_ERROR:
                return self._refuse(500, "InternalError")
            case Fault.SLOW_DOWN:
                return self._refuse(503, "SlowDown")
            case Fault.ANSWER if rule:
                return self._refuse(rule.status, rule.code, rule.headers, rule.detail)
            case Fault.DROP:
                return self._hang_up()
        status, headers, answer = self._forward(body)
        match rule.fault if rule else None:
            case Fault.LOSE_ANSWER:
                return self._hang_up()
            case Fault.DELAY if rule:
                time.sleep(rule.delay_s)
            case Fault.CUT if len(answer) > 1:
                self._send(status, headers, len(answer), answer[: len(answer) // 2])
                self._hang_up()
                return status, len(answer) // 2
        self._send(status, headers, len(answer), answer)
        return status, len(answer)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return b"".join(iter(self._chunk, b""))
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _chunk(self) -> bytes:
        size = int(self.rfile.readline().split(b";")[0], 16)
        data = self.rfile.read(size)
        self.rfile.readline()
        return data

    def _forward(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        for attempt in itertools.count():
            try:
                upstream = self._upstream
                upstream.putrequest(
                    self.command, self.path, skip_host=True, skip_accept_encoding=True
                )
                for name, value in self.headers.items():
                    if name.lower() not in _HOP_BY_HOP | {"expect"}:
                        upstream.putheader(name, value)
                upstream.putheader("Content-Length", str(len(body)))
                upstream.endheaders(body)
                answer = upstream.getresponse()
                headers = [one for one in answer.getheaders() if one[0].lower() not in _HOP_BY_HOP]
                if self.command == "HEAD":
                    headers.append(("Content-Length", answer.getheader("Content-Length", "0")))
                return answer.status, headers, answer.read()
            except http.client.RemoteDisconnected:
                # The emulator may close a connection that was idle; it has seen nothing of this.
                self._upstream.close()
                if attempt:
                    raise
        raise AssertionError("the loop returns or raises")

    def _send(self, status: int, headers: list[tuple[str, str]], length: int, body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        if self.command != "HEAD" and status not in (204, 304):
            self.send_header("Content-Length", str(length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _refuse(
        self, status: int, code: str, headers: dict[str, str] | None = None, detail: str = ""
    ) -> tuple[int, int]:
        body = b"" if self.command == "HEAD" else _ERROR.format(code, code, detail).encode()
        if "X-Amz-Target" in self.headers:
            body = json.dumps({"__type": code, "message": detail or code}).encode()
        form = [("Content-Type", "application/xml"), *(headers or {}).items()]
        self._send(status, form, len(body), body)
        return status, len(body)

    def _hang_up(self) -> tuple[int, int]:
        self.close_connection = True
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)
        return 0, 0
