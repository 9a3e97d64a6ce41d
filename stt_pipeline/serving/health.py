"""`/healthz`, `/readyz`, `/metrics`: how the service is. Serves no caller."""

import time
from collections.abc import Mapping

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stt_pipeline import wiring
from stt_pipeline.serving.documents import Readiness
from stt_pipeline.serving.service import Service

HEARD_LATELY_S = 120.0
"""An engine that heard something so lately is alive; one with nothing to do is asked each 30 s."""

LEAST_FREE_BYTES = 200_000_000
"""Of memory: what a large batch takes more than an idle process."""

BUCKETS_S = (0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 8, 12, 20, 30, 60, 120, 300)


def checks(service: Service) -> dict[str, bool]:
    """Each condition of sending requests here."""
    heard_at_s = service.engine.heard_at_s
    return {
        "accepting": not service.draining,
        "engine": heard_at_s is not None and time.monotonic() - heard_at_s < HEARD_LATELY_S,
        "queue": service.engine.has_room(),
        "disk": service.has_disk(),
        "memory": wiring.free_memory_bytes() > LEAST_FREE_BYTES,
    }


def ready_status(found: Mapping[str, bool]) -> int:
    """200, 429 where nothing but the queue is full, else 503.

    Who replaces what is not ready must not replace a service for being busy.
    """
    failed = {name for name, is_well in found.items() if not is_well}
    if not failed:
        return 200
    return 429 if failed == {"queue"} else 503


class Figures:
    """What Prometheus collects; also the middleware that counts requests."""

    def __init__(self, service: Service) -> None:
        """Registers in a registry of its own."""
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        names = ("method", "path", "status")
        self.requests = Counter(
            "stt_requests", "Requests by path and status.", names, registry=self.registry
        )
        self.seconds = Histogram(
            "stt_request_seconds",
            "Seconds from a request's first byte to its answer's last.",
            ("path",),
            buckets=BUCKETS_S,
            registry=self.registry,
        )
        for name, text, value in (
            ("stt_waiting_audio_seconds", "Audio that waits.", lambda: service.engine.waiting_s),
            ("stt_recordings_at_work", "Waiting or read.", lambda: service.engine.at_work),
            ("stt_engine_processes", "Of the engine.", lambda: service.engine.processes),
            ("stt_engine_deaths", "Recordings that it died on.", lambda: service.engine.deaths),
            ("stt_ready", "1 where /readyz says so.", lambda: all(checks(service).values())),
        ):
            Gauge(name, text, registry=self.registry).set_function(value)

    def middleware(self, app: ASGIApp) -> ASGIApp:
        """The app, each request of which is counted by the path of its route."""

        async def count(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            began_s = time.monotonic()
            status = 500

            async def seen(message: Message) -> None:
                nonlocal status
                if message["type"] == "http.response.start":
                    status = message["status"]
                await send(message)

            try:
                await app(scope, receive, seen)
            finally:
                # A path that is no route may be anything: it would be a time series of its own.
                path = getattr(scope.get("route"), "path", "other")
                self.requests.labels(scope["method"], path, str(status)).inc()
                self.seconds.labels(path).observe(time.monotonic() - began_s)

        return count


def health_routes(service: Service, figures: Figures) -> APIRouter:
    """The routes that ask for no key: balancers and collectors have none."""
    router = APIRouter(tags=["health"])

    @router.get("/healthz", summary="Alive")
    async def healthz() -> dict[str, str]:
        """Answers while the process does."""
        return {"status": "alive"}

    @router.get(
        "/readyz",
        summary="Ready for requests",
        response_model=Readiness,
        responses={
            429: {"description": "The queue is full; all else is well.", "model": Readiness},
            503: {"description": "Not ready.", "model": Readiness},
        },
    )
    def readyz() -> Response:
        """Weights verified, something heard lately, room in queue, disk and memory."""
        found = checks(service)
        status = ready_status(found)
        later = {"Retry-After": str(service.engine.retry_after_s())} if status == 429 else None
        return JSONResponse({"ready": status == 200, "checks": found}, status, later)

    @router.get(
        "/metrics",
        summary="Figures for Prometheus",
        response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    )
    def metrics() -> Response:
        """In Prometheus's text format."""
        return Response(generate_latest(figures.registry), media_type=CONTENT_TYPE_LATEST)

    return router
