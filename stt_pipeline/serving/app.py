"""The ASGI application: routes, what refusals look like, what runs beside. Starts no server."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi_offline import FastAPIOffline
from starlette.requests import ClientDisconnect

from stt_pipeline import __version__, wiring
from stt_pipeline.domain.metrics import SERVE_QUEUE_S
from stt_pipeline.serving.health import Figures, health_routes
from stt_pipeline.serving.job_routes import job_routes
from stt_pipeline.serving.openai_routes import PREFIX, openai_routes, problem
from stt_pipeline.serving.refusals import RefusedError
from stt_pipeline.serving.service import Service
from stt_pipeline.serving.transcribing import transcribe_routes

LOG = logging.getLogger(__name__)

TEND_S = 2.0
"""Seconds between looks at jobs and at the engine."""

TEST_S = 30.0
"""An engine that heard nothing for so long, and has nothing to do, is asked to hear something."""

TELL_S = 60.0
"""Seconds between tellings of the metric that tasks are started and ended by."""

BEFORE_THE_BODY = frozenset({401, 408, 413, 415, 429, 503})
"""Refusals that may come while the body is still being sent: the connection is not used again."""

DISCARD_S = 2.0
"""Seconds in which what a refused client still sends is taken and thrown away."""

DESCRIPTION = """Words of single recordings, by the engine that fills the tables: the same field
names, the same text. `/v1/audio/transcriptions` answers OpenAI's own clients."""


def make_app(service: Service) -> FastAPI:
    """The application over a service; the service starts and stops with it."""

    @contextlib.asynccontextmanager
    async def living(app: FastAPI) -> AsyncIterator[None]:
        service.start()
        beside = [asyncio.create_task(work(service)) for work in (_tend, _tell)]
        try:
            yield
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
            await asyncio.to_thread(service.stop)

    app = FastAPIOffline(
        title="stt-pipeline",
        version=__version__,
        description=DESCRIPTION,
        redoc_url=None,
        lifespan=living,
    )
    figures = Figures(service)
    app.include_router(transcribe_routes(service))
    app.include_router(job_routes(service))
    app.include_router(openai_routes(service))
    app.include_router(health_routes(service, figures))
    app.add_middleware(figures.middleware)

    @app.exception_handler(RefusedError)
    async def refused(request: Request, error: RefusedError) -> Response:
        if error.status in BEFORE_THE_BODY:
            await _discard(request)
            error.headers["Connection"] = "close"
        if request.url.path.startswith(PREFIX):
            return problem(error)
        return JSONResponse({"detail": error.detail}, error.status, headers=error.headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        return JSONResponse({"detail": f"{first['loc'][-1]}: {first['msg']}."}, 422)

    return app


async def _discard(request: Request) -> None:
    """Takes what is still sent, for a while: a client that is cut off sees no answer.

    One that waits to be asked for its body (`Expect: 100-continue`) is not asked.
    """
    if "expect" in request.headers:
        return
    with contextlib.suppress(TimeoutError, RuntimeError, ClientDisconnect):
        async with asyncio.timeout(DISCARD_S):
            async for _ in request.stream():
                pass


async def _tend(service: Service) -> None:
    while True:
        try:
            await asyncio.to_thread(service.jobs.tend)
        except Exception:
            LOG.exception("Jobs cannot be looked after now.")
        heard_at_s = service.engine.heard_at_s or float("-inf")
        if time.monotonic() - heard_at_s > TEST_S and not service.engine.at_work:
            service.test_engine()
        await asyncio.sleep(TEND_S)


async def _tell(service: Service) -> None:
    metrics = wiring.metrics(service.settings)
    while True:
        metrics.emit({SERVE_QUEUE_S: [service.engine.most_held_s()]})
        await asyncio.sleep(TELL_S)
