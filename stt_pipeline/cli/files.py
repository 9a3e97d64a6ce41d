"""`transcribe`: single audio files to text or subtitles, with the pipeline's own engine."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from stt_pipeline import wiring
from stt_pipeline.cli.output import NOTES, OUT, print_error
from stt_pipeline.domain.errors import AudioUnreadableError, UserError
from stt_pipeline.domain.exports import FORMATS
from stt_pipeline.domain.ports import Transcriber
from stt_pipeline.settings import load_settings


class Format(StrEnum):
    """The formats of `domain.exports`."""

    TXT = "txt"
    JSON = "json"
    SRT = "srt"
    VTT = "vtt"


def transcribe(
    files: Annotated[list[Path], typer.Argument(help="Audio files of any kind FFmpeg reads.")],
    form: Annotated[Format, typer.Option("--format", help="What to print.")] = Format.TXT,
) -> None:
    """Prints the transcript of each file; two-channel files by speaker."""
    for path in files:
        if not path.is_file():
            raise UserError(f"{path} is not a file: correct the name.")
    settings = load_settings()
    engine = wiring.transcriber(settings, cpu_threads=wiring.available_cpus())
    unreadable = 0
    for path in files:
        unreadable += not _print_one(engine, path, form, named=len(files) > 1)
    if unreadable:
        raise typer.Exit(2)


def _print_one(engine: Transcriber, path: Path, form: Format, named: bool) -> bool:
    try:
        with path.open("rb") as audio, NOTES.status(f"Transcribing {path.name}"):
            heard = engine.transcribe(audio, path.name)
    except AudioUnreadableError as error:
        print_error(f"Error: {path}: {error}.")
        return False
    if named and form is Format.TXT:
        OUT.print(f"# {path}", markup=False)
    OUT.file.write(FORMATS[form](heard, engine.engine))
    if heard.word_count == 0:
        NOTES.print(f"{path}: no speech in {heard.duration_s:.1f} s of audio.", markup=False)
    return True
