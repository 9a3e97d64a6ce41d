"""`/jobs/{id}`: how a job stands, its result, its end. Reads no recording."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from stt_pipeline.domain.errors import UserError
from stt_pipeline.domain.serving.jobs import JOB_ID, Standing, State
from stt_pipeline.domain.serving.options import Options, parse_form
from stt_pipeline.domain.speech.transcription import Failure
from stt_pipeline.serving.documents import MEDIA_TYPES, JobStatus, Problem, Transcript
from stt_pipeline.serving.refusals import RefusedError
from stt_pipeline.serving.rendering import rendered
from stt_pipeline.serving.service import Service, heard_in

JobId = Annotated[
    str,
    Path(
        description="From the answer that acknowledged the job.",
        json_schema_extra={"pattern": JOB_ID},
        examples=["20261123T120000Z-0123456789abcdef0123456789abcdef"],
    ),
]

MISSING = {404: "There is no such job of this client, or it was kept long enough."}


def status_of(standing: Standing) -> JobStatus:
    """How it stands, as callers read it."""
    failed = standing.result.outcome if standing.result else None
    done = standing.state is State.DONE
    return JobStatus(
        job_id=standing.job.job_id,
        state=standing.state,
        duration_s=standing.job.duration_s,
        heard_s=round(standing.heard_s, 1),
        submitted_at=standing.job.submitted_at.isoformat(timespec="milliseconds"),
        result=f"/jobs/{standing.job.job_id}/result" if done else None,
        reason=failed.reason if isinstance(failed, Failure) else None,
    )


def _documented(refusals: Mapping[int, str]) -> dict[int | str, dict[str, Any]]:
    said = {401: "The key or token is missing or not known."} | dict(refusals)
    return {status: {"description": why, "model": Problem} for status, why in said.items()}


def _in_form(options: Options, form: str) -> Options:
    try:
        return replace(options, form=parse_form(form))
    except UserError as error:
        raise RefusedError(422, str(error)) from None


def job_routes(service: Service) -> APIRouter:
    """The routes of jobs."""
    router = APIRouter(tags=["jobs"])

    async def found(request: Request, job_id: str) -> Standing:
        client = await service.access.client(request)
        standing = await asyncio.to_thread(service.jobs.standing, job_id, client)
        if standing is None:
            raise RefusedError(404, "there is no such job.")
        return standing

    @router.get("/jobs/{job_id}", summary="How a job stands", responses=_documented(MISSING))
    async def job(request: Request, job_id: JobId) -> JobStatus:
        """The state, and how many seconds of the recording were listened to."""
        return status_of(await found(request, job_id))

    texts = {kind: {"schema": {"type": "string"}} for kind in sorted({*MEDIA_TYPES.values()})[1:]}

    @router.get(
        "/jobs/{job_id}/result",
        summary="The words of a job",
        response_model=Transcript,
        responses={
            200: {"description": "The words, in the wanted format.", "content": texts},
            **_documented(
                {
                    **MISSING,
                    409: "The job is not done yet.",
                    410: "The job was cancelled.",
                    422: "The recording could not be read, or there is no such format.",
                    503: "The recording could not be read, and may be read if sent again.",
                }
            ),
        },
    )
    async def result(
        request: Request,
        job_id: JobId,
        form: Annotated[
            str | None,
            Query(alias="format", description="json, srt, txt or vtt; left out, as was asked for."),
        ] = None,
    ) -> Response:
        """The transcript of a job that is done."""
        standing = await found(request, job_id)
        options = standing.job.options if form is None else _in_form(standing.job.options, form)
        if standing.state is State.CANCELLED:
            raise RefusedError(410, "the job was cancelled.")
        if standing.result is None:
            raise RefusedError(409, f"the job is {standing.state}.", {"Retry-After": "2"})
        return rendered(heard_in(standing.result), standing.result.engine, options)

    @router.delete(
        "/jobs/{job_id}",
        summary="Cancel a job",
        responses=_documented({**MISSING, 409: "The job is done already."}),
    )
    async def cancel(request: Request, job_id: JobId) -> JobStatus:
        """What waits is dropped at once; what is being read ends in its next five minutes."""
        standing = await found(request, job_id)
        standing = await asyncio.to_thread(service.jobs.cancel, standing)
        if standing.state is not State.CANCELLED:
            raise RefusedError(409, f"the job is {standing.state}.")
        return status_of(standing)

    return router
