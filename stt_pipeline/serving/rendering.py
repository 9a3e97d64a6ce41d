"""A transcription as the body of an answer. Decides no status."""

import json

from fastapi import Response

from stt_pipeline.domain.serving.options import Options
from stt_pipeline.domain.speech.exports import FORMATS, as_document
from stt_pipeline.domain.speech.transcription import Transcription
from stt_pipeline.serving.documents import MEDIA_TYPES


def rendered(transcription: Transcription, engine: str, options: Options) -> Response:
    """The transcription in the wanted format."""
    media_type = MEDIA_TYPES[options.form]
    if options.form == "json" and not options.words:
        document = as_document(transcription, engine)
        for segment in document["segments"]:
            del segment["words"]
        return Response(json.dumps(document, ensure_ascii=False) + "\n", media_type=media_type)
    return Response(FORMATS[options.form](transcription, engine), media_type=media_type)
