"""One request at a time, the way of `speaches`: faster-whisper alone behind FastAPI. A program.

The call that `speaches` makes: the caller's language, voice activity, one temperature, no word
times unless they are asked for. Its later versions put each request's own chunks in a batch, which
is `--batched`; neither puts requests together.
"""

import argparse
import threading
from collections.abc import Sequence
from typing import Annotated, Any

import uvicorn
from fastapi import FastAPI, Form, UploadFile
from faster_whisper import BatchedInferencePipeline, WhisperModel, decode_audio


def app_of(engine: Any) -> FastAPI:
    """The service around a WhisperModel, or a BatchedInferencePipeline on top of one."""
    app = FastAPI()
    lock = threading.Lock()

    @app.get("/readyz")
    async def ready() -> str:
        return "ready"

    @app.post("/v1/audio/transcriptions")
    def transcribe(
        file: UploadFile, language: Annotated[str | None, Form()] = None
    ) -> dict[str, str]:
        sound = decode_audio(file.file)
        with lock:
            segments, _ = engine.transcribe(
                sound, language=language, vad_filter=True, temperature=0.0
            )
            return {"text": "".join(segment.text for segment in segments).strip()}

    return app


def main(arguments: Sequence[str] | None = None) -> None:
    """Serves until it is ended."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--model", required=True, metavar="FOLDER")
    parser.add_argument("--compute-type", required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--batched", action="store_true")
    asked = parser.parse_args(arguments)
    engine: Any = WhisperModel(
        asked.model, device="cpu", compute_type=asked.compute_type, cpu_threads=asked.threads
    )
    if asked.batched:
        engine = BatchedInferencePipeline(engine)
    uvicorn.run(app_of(engine), host="127.0.0.1", port=asked.port, log_level="warning")


if __name__ == "__main__":
    main()
