"""The command `stt-pipeline` with its subcommands; a UserError ends it with one sentence and 2."""

import sys
from typing import Annotated

import typer

from stt_pipeline import __version__
from stt_pipeline.cli.align import align
from stt_pipeline.cli.compare import compare
from stt_pipeline.cli.demo import demo
from stt_pipeline.cli.doctor import doctor
from stt_pipeline.cli.files import transcribe
from stt_pipeline.cli.labels import label
from stt_pipeline.cli.models import model
from stt_pipeline.cli.output import NOTES, print_error
from stt_pipeline.cli.plan import plan
from stt_pipeline.cli.runs import run, status
from stt_pipeline.cli.serve import serve
from stt_pipeline.cli.sql import queries, query
from stt_pipeline.domain.errors import UserError

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
COMMANDS = (demo, run, status, plan, query, queries, transcribe, serve, align, compare, doctor)
for command in COMMANDS:
    app.command()(command)
app.add_typer(label, name="label")
app.add_typer(model, name="model")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def about(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="The version.")
    ] = False,
) -> None:
    """Turns recorded calls into published, checked, searchable transcript tables."""


def main() -> None:
    """Runs the command; exit code 0 done, 1 the work or a gate failed, 2 the request was wrong."""
    try:
        app()
    except UserError as error:
        print_error(f"Error: {error}")
        sys.exit(2)
    except KeyboardInterrupt:
        NOTES.print("Stopped. Finished recordings are kept: run the same command to go on.")
        sys.exit(130)


if __name__ == "__main__":
    main()
