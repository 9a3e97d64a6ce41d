"""Runs the service as a process: listens, and ends in order. Knows no route."""

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Callable, Iterator

import uvicorn

from stt_pipeline.domain.errors import UserError
from stt_pipeline.serving.access import Access, check_host
from stt_pipeline.serving.app import make_app
from stt_pipeline.serving.service import Service
from stt_pipeline.settings import Settings

DRAIN_S = 30.0
"""Seconds for what is being read when the process is told to end."""

GOODBYE_S = 5
"""Seconds for the last answers, once nobody is waited for any more."""

KEEP_ALIVE_S = 75
"""Longer than a balancer keeps an idle connection (60 s), or it would send into a closed one."""


def serve(settings: Settings, host: str, port: int, on_start: Callable[[], None]) -> None:
    """Serves until SIGTERM or SIGINT, finishes what is held or hands it back; raises UserError.

    `on_start` is called once it listens.
    """
    access = Access(settings)
    check_host(host, access)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    with _door(host, port) as door:
        service = Service(settings, access)
        config = uvicorn.Config(
            make_app(service),
            log_level="warning",
            access_log=False,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=GOODBYE_S,
            server_header=False,
        )
        _Server(config, service, on_start).run(sockets=[door])


def _door(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        raise UserError(
            f"--host {host} --port {port} cannot be listened on ({error.strerror}): name others."
        ) from None


class _Server(uvicorn.Server):
    """Goes on answering while what is held is finished; uvicorn itself closes its door at once."""

    def __init__(
        self, config: uvicorn.Config, service: Service, on_start: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._service = service
        self._on_start = on_start
        self._draining: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """SIGTERM and SIGINT begin the end; a second one hurries it. The exit code is 0."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._told_to_end)
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Opens the door, and says so."""
        await super().startup(sockets)
        self._on_start()

    def _told_to_end(self) -> None:
        if self._draining is not None:
            self._service.let_go()
            self.should_exit = True
            return
        self._service.drain()
        self._draining = asyncio.get_running_loop().create_task(self._drain())

    async def _drain(self) -> None:
        deadline = asyncio.get_running_loop().time() + DRAIN_S
        while self._service.held and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.1)
        self._service.let_go()
        self.should_exit = True
