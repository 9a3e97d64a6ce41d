"""`transcribe`: single audio files to text or subtitles, with the pipeline's own engine."""

from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from stt_pipeline import wiring
from stt_pipeline.cli.output import NOTES, OUT, print_error
from stt_pipeline.domain.errors import UserError
from stt_pipeline.domain.ports import Heard, Source
from stt_pipeline.domain.speech.exports import FORMATS
from stt_pipeline.domain.speech.transcription import Transcription
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
    sources = [Source(path.name, partial(_open, path)) for path in files]
    ended: dict[int, Heard] = {}
    unreadable = printed = 0
    with NOTES.status(f"Transcribing {', '.join(path.name for path in files)}"):
        for index, heard in engine.transcribe_all(sources):
            ended[index] = heard
            # They are read together and end in any order; each is printed in its turn.
            while printed in ended:
                path, done = files[printed], ended.pop(printed)
                unreadable += not _print_one(path, done, engine.engine, form, len(files) > 1)
                printed += 1
    if unreadable:
        raise typer.Exit(2)


def _open(path: Path) -> BinaryIO:
    return path.open("rb")


def _print_one(path: Path, heard: Heard, engine: str, form: Format, named: bool) -> bool:
    if not isinstance(heard, Transcription):
        print_error(f"Error: {path}: {heard}.")
        return False
    if named and form is Format.TXT:
        OUT.print(f"# {path}", markup=False)
    OUT.file.write(FORMATS[form](heard, engine))
    if heard.word_count == 0:
        NOTES.print(f"{path}: no speech in {heard.duration_s:.1f} s of audio.", markup=False)
    return True
