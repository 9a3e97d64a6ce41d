"""Runs the service as a process: listens, and ends in order. Knows no route."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Iterator

import uvicorn

from stt_pipeline.serving.access import check_host
from stt_pipeline.serving.app import make_app
from stt_pipeline.serving.service import Service
from stt_pipeline.settings import Settings

DRAIN_S = 30.0
"""Seconds for what is being read when the process is told to end."""

KEEP_ALIVE_S = 75
"""Longer than a balancer keeps an idle connection (60 s), or it would send into a closed one."""


def serve(settings: Settings, host: str, port: int) -> None:
    """Serves until SIGTERM or SIGINT, finishes what is held or hands it back; raises UserError."""
    service = Service(settings)
    try:
        check_host(host, service.access)
    except BaseException:
        service.stop()
        raise
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    config = uvicorn.Config(
        make_app(service),
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=5,
        server_header=False,
    )
    _Server(config, service).run()


class _Server(uvicorn.Server):
    """Goes on answering while what is held is finished; uvicorn itself closes its door at once."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service
        self._draining: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """SIGTERM and SIGINT begin the end; a second one hurries it. The exit code is 0."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._told_to_end)
        yield

    def _told_to_end(self) -> None:
        if self._draining is not None:
            self.should_exit = True
            return
        self._service.draining = True
        self._draining = asyncio.get_running_loop().create_task(self._drain())

    async def _drain(self) -> None:
        deadline = asyncio.get_running_loop().time() + DRAIN_S
        while self._service.held and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.1)
        self.should_exit = True
