"""`POST /v1/audio/transcriptions`, as OpenAI's own clients ask for it. Hears nothing by itself."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from stt_pipeline.domain.errors import UserError
from stt_pipeline.domain.serving.openai_shape import (
    FORMS,
    GRANULARITIES,
    as_plain,
    as_usage,
    as_verbose_json,
)
from stt_pipeline.domain.serving.options import Options, parse_language
from stt_pipeline.serving.documents import (
    OpenaiProblem,
    OpenaiTranscription,
    openai_form_schema,
)
from stt_pipeline.serving.refusals import RefusedError
from stt_pipeline.serving.service import Service
from stt_pipeline.serving.transcribing import REFUSALS, heard, received_form
from stt_pipeline.serving.uploads import Form

PREFIX = "/v1/"

TYPES = {
    401: "authentication_error",
    429: "rate_limit_error",
    503: "server_error",
    504: "server_error",
}
"""What OpenAI calls an error of that status; others are the request's."""


def problem(refused: RefusedError) -> Response:
    """A refusal as OpenAI's clients read it."""
    kind = TYPES.get(refused.status, "invalid_request_error")
    error = {"message": refused.detail, "type": kind, "param": None, "code": None}
    return JSONResponse({"error": error}, status_code=refused.status, headers=refused.headers)


def openai_routes(service: Service) -> APIRouter:
    """The route, documented with the languages of this service."""
    router = APIRouter(tags=["openai"])
    schema = openai_form_schema(service.settings.languages, FORMS)

    @router.post(
        "/v1/audio/transcriptions",
        summary="The words of a recording, for OpenAI's clients",
        response_model=OpenaiTranscription,
        responses={
            200: {
                "description": "The words, as `response_format` wants them.",
                "content": {"text/plain": {"schema": {"type": "string"}}},
            },
            **{
                status: {"description": why, "model": OpenaiProblem}
                for status, why in REFUSALS.items()
            },
        },
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {"multipart/form-data": {"schema": schema}},
            }
        },
    )
    async def transcriptions(request: Request) -> Response:
        """`prompt`, `temperature` and `model` are taken and not used; `stream` is refused."""
        async with received_form(request, service) as (_, form):
            options, form_name, granularities = _wanted(form, service)
            received = await service.examine(form)
            transcription, _ = await heard(request, service, received, options)
        if form_name == "json":
            return JSONResponse({"text": transcription.text, "usage": as_usage(transcription)})
        if form_name == "verbose_json":
            return JSONResponse(as_verbose_json(transcription, granularities))
        return PlainTextResponse(as_plain(transcription, form_name))

    return router


def _wanted(form: Form, service: Service) -> tuple[Options, str, list[str]]:
    """Options, the name of the format, granularities; raises RefusedError."""
    if form.upload is None or "uri" in form.fields:
        raise RefusedError(422, "send a `file`.")
    if not form.fields.get("model"):
        raise RefusedError(422, "send a `model`; any name is taken, one model is served.")
    if form.fields.get("stream", "false").lower() not in ("", "false"):
        raise RefusedError(422, "stream=true is not served: leave it out.")
    form_name = form.fields.get("response_format", "json")
    if form_name not in FORMS:
        raise RefusedError(
            422, f"response_format={form_name[:40]!r} is none of {', '.join(FORMS)}."
        )
    granularities = form.lists.get("timestamp_granularities[]", ["segment"])
    if unknown := [one for one in granularities if one not in GRANULARITIES]:
        raise RefusedError(422, f"timestamp_granularities[]={unknown[0][:40]!r}: segment or word.")
    options = Options()
    if language := form.fields.get("language", "").strip():
        try:
            options = Options(language=parse_language(language, service.settings.languages))
        except UserError as error:
            raise RefusedError(422, str(error)) from None
    return options, form_name, granularities
