"""`serve`: the service that transcribes single recordings on demand. Answers no request itself."""

from typing import Annotated

import typer

from stt_pipeline.cli.output import NOTES
from stt_pipeline.domain.errors import UserError
from stt_pipeline.settings import load_settings


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8080,
) -> None:
    """Transcribes recordings that are sent over HTTP, until it is told to end."""
    try:
        from stt_pipeline.serving import server
    except ModuleNotFoundError as error:
        raise UserError(
            f"The package {error.name} is missing: install stt-pipeline with its extra `serve`."
        ) from None
    settings = load_settings()
    words = f"Serving on http://{host}:{port}; try it on http://{host}:{port}/docs"
    server.serve(settings, host, port, lambda: NOTES.print(words, markup=False))
