"""`POST /transcribe` and what both APIs share of it. Reads no form and keeps no job itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Query, Request, Response
from starlette.requests import ClientDisconnect

from stt_pipeline.domain.errors import UserError
from stt_pipeline.domain.serving.options import Options, parse_options
from stt_pipeline.domain.speech.transcription import Result, Transcription
from stt_pipeline.serving.documents import (
    MEDIA_TYPES,
    JobStatus,
    Problem,
    Transcript,
    form_schema,
)
from stt_pipeline.serving.job_routes import status_of
from stt_pipeline.serving.refusals import RefusedError, stopping
from stt_pipeline.serving.rendering import rendered
from stt_pipeline.serving.service import Received, Service, heard_in
from stt_pipeline.serving.uploads import Form, receive_form
from stt_pipeline.settings import Settings

REFUSALS = {
    401: "The key or token is missing or not known.",
    408: "The upload took too long.",
    413: "The upload, or the recording, is too large.",
    415: "The body is no form.",
    422: "The recording cannot be read, is too long, or an option cannot be met.",
    429: "Too much waits, or this client asks too often; Retry-After says when to ask again.",
    503: "This process is about to end; another may answer.",
    504: "The answer took too long.",
}


@asynccontextmanager
async def received_form(request: Request, service: Service) -> AsyncIterator[tuple[str, Form]]:
    """The client's name and the form that it sent; the upload is removed in the end."""
    client = await service.access.client(request)
    service.admit(client)
    service.requests += 1
    try:
        form = await _received(request, service)
        try:
            yield client, form
        finally:
            if form.upload is not None:
                form.upload.unlink(missing_ok=True)
    finally:
        service.requests -= 1


async def _received(request: Request, service: Service) -> Form:
    settings = service.settings
    max_bytes = round(settings.serve_max_mb * 1e6)
    claimed = request.headers.get("content-length", "")
    if claimed.isdecimal() and int(claimed) > max_bytes + 1_000_000:
        raise RefusedError(413, f"more than {settings.serve_max_mb:g} MB, which is the most.")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise RefusedError(415, "send the form as it is, without Content-Encoding.")
    content_type = request.headers.get("content-type", "")
    try:
        async with asyncio.timeout(settings.serve_timeout_s):
            return await receive_form(
                content_type, request.stream(), service.folder, uuid4().hex, max_bytes
            )
    except TimeoutError:
        raise RefusedError(408, "the upload took too long.") from None
    except ClientDisconnect:
        raise RefusedError(422, "the upload was cut off.") from None


async def heard(
    request: Request, service: Service, received: Received, options: Options
) -> tuple[Transcription, Result]:
    """What the engine hears, waited for; raises RefusedError."""
    with service.reading(received, options) as work:
        future = asyncio.wrap_future(work.future)
        others = [asyncio.create_task(_gone(request)), asyncio.create_task(service.ending.wait())]
        any_of: set[asyncio.Future[Any]] = {future, *others}
        timeout_s = service.settings.serve_timeout_s
        try:
            await asyncio.wait(any_of, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for other in others:
                other.cancel()
        if not future.done():
            if service.ending.is_set():
                raise stopping()
            raise RefusedError(504, "the recording could not be read in time.")
        result = future.result()
    return heard_in(result), result


async def _gone(request: Request) -> None:
    """Returns when the client hangs up."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def options_of(form: Form, settings: Settings) -> Options:
    """The options of a form; raises RefusedError."""
    try:
        return parse_options(form.fields, settings.languages)
    except UserError as error:
        raise RefusedError(422, str(error)) from None


def transcribe_routes(service: Service) -> APIRouter:
    """The route, documented with the languages of this service."""
    router = APIRouter(tags=["transcribe"])
    schema = form_schema(service.settings.languages)
    texts = {kind: {"schema": {"type": "string"}} for kind in sorted({*MEDIA_TYPES.values()})[1:]}

    @router.post(
        "/transcribe",
        summary="The words of a recording",
        response_model=Transcript,
        responses={
            200: {"description": "The words, in the wanted format.", "content": texts},
            202: {
                "description": "The recording is long, or `wait` is false: a job.",
                "model": JobStatus,
                "headers": {
                    "Location": {"schema": {"type": "string"}, "description": "The job's address."}
                },
            },
            **{status: {"description": why, "model": Problem} for status, why in REFUSALS.items()},
        },
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {
                    "multipart/form-data": {"schema": schema},
                    "application/x-www-form-urlencoded": {"schema": schema},
                },
            }
        },
    )
    async def transcribe(
        request: Request,
        wait: Annotated[bool, Query(description="False: answer 202 with a job at once.")] = True,
    ) -> Response:
        """Sends a file, or the address of one; short ones are answered at once."""
        async with received_form(request, service) as (client, form):
            options = options_of(form, service.settings)
            received = await service.examine(form)
            if wait and not service.is_long(received):
                transcription, result = await heard(request, service, received, options)
                return rendered(transcription, result.engine, options)
            standing = await service.submit(client, received, options)
        return Response(
            status_of(standing).model_dump_json(),
            status_code=202,
            media_type="application/json",
            headers={"Location": f"/jobs/{standing.job.job_id}"},
        )

    return router
