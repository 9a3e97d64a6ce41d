"""`label export`, `label import`, `label status`: the calls of a week that people listen to."""

import datetime as dt
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stt_pipeline.cli.output import OUT, print_error, print_json, print_table
from stt_pipeline.cli.progress import counted
from stt_pipeline.cli.runs import Json
from stt_pipeline.domain.call_dates import last_full_week, monday_of
from stt_pipeline.domain.errors import UserError
from stt_pipeline.domain.labelling.labelling import Draw
from stt_pipeline.settings import Settings, load_settings

if TYPE_CHECKING:
    from stt_pipeline.defs.labels import LabelState

label = typer.Typer(
    help="Draws calls to listen to, takes the corrected texts back, and says what they show.",
    no_args_is_help=True,
)

Week = Annotated[
    str | None, typer.Option(help="An ISO week, such as 2026-W47; the last full one if left out.")
]


@label.command()
def export(
    to: Annotated[Path, typer.Option(help="A new folder: sound, texts, a page to correct them.")],
    week: Week = None,
    minutes: Annotated[
        float, typer.Option(min=1, max=10_000, help="About so many minutes of calls.")
    ] = 60.0,
    seed: Annotated[int, typer.Option(help="Another seed draws other calls.")] = 1,
    as_json: Json = False,
) -> None:
    """Draws calls of a week so that its word error rate takes the fewest minutes to know.

    The folder holds recordings of people: give it only to who may hear them.
    """
    settings = load_settings()
    week = _week(week, settings)
    from stt_pipeline.defs.label_export import export as export_labels
    from stt_pipeline.defs.resources import Pipeline

    with counted("Copying calls") as count:
        draw = export_labels(Pipeline(settings), week, minutes, seed, to, count)
    if as_json:
        print_json(asdict(draw) | {"name": draw.name, "folder": str(to)})
        return
    _show_draw(draw)
    OUT.print(
        f"\nOpen {to / 'index.html'} in a browser, or correct the files of {to / 'texts'}; then "
        f"run: stt-pipeline label import {to}",
        markup=False,
        soft_wrap=True,
    )


def _show_draw(draw: Draw) -> None:
    print_table(
        ["stratum", "calls", "mean min", "drawn", "in all", "spread", "from labels"],
        [
            {
                "stratum": one.name,
                "calls": one.calls,
                "mean min": round(one.mean_min, 2),
                "drawn": one.drawn_now,
                "in all": one.drawn,
                "spread": f"{one.spread:.1f}",
                "from labels": one.past_calls,
            }
            for one in draw.allocation
        ],
        title=f"Draw {draw.name}: {len(draw.calls)} calls, {draw.drawn_min:.1f} min to listen to",
    )
    OUT.print(
        "Calls are drawn at random within each stratum; a stratum has the more of them, the more "
        "calls it holds, the more its calls differ in errors (spread), and the shorter they are. "
        f"Calls over {draw.strata.longest_min:g} min are not drawn."
    )


@label.command(name="import")
def import_(
    folder: Annotated[Path, typer.Argument(help="The folder that export wrote.")],
    sure: Annotated[
        list[str] | None,
        typer.Option(metavar="CALL_ID", help="Its text is right, odd as it looks; repeatable."),
    ] = None,
    part: Annotated[bool, typer.Option("--part", help="Leave calls not corrected yet.")] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Overwrite reference texts that differ.")
    ] = False,
) -> None:
    """Checks the corrected texts, and stores them as reference texts: all, or none.

    The next run of their dates measures them, and transcribes nothing again.
    """
    settings = load_settings()
    from stt_pipeline.defs.label_import import import_labels
    from stt_pipeline.defs.resources import Pipeline

    done = import_labels(Pipeline(settings), folder, sure or (), part, replace)
    for problem in done.problems:
        print_error(f"Error: {problem}")
    if done.problems:
        raise typer.Exit(2)
    already = f", {len(done.there)} there already" if done.there else ""
    later = f", {len(done.unchanged)} left for later" if done.unchanged else ""
    OUT.print(f"Reference texts stored: {len(done.stored)} calls{already}{later}.")
    if dates := sorted({call.call_date for call in done.stored}):
        OUT.print(
            f"Measure them: stt-pipeline run --from {dates[0]} --to {dates[-1]}", markup=False
        )


@label.command()
def status(week: Week = None, as_json: Json = False) -> None:
    """Says which calls of a week were drawn and labelled, and the whole week's word error rate."""
    settings = load_settings()
    week = _week(week, settings)
    from stt_pipeline.defs.labels import label_state
    from stt_pipeline.defs.resources import Pipeline

    state = label_state(Pipeline(settings), week)
    if as_json:
        print_json(_document(week, state))
        return
    if not state.draws:
        raise UserError(
            f"No call of {week} was drawn yet: use 'stt-pipeline label export --week {week}'."
        )
    print_table(
        ["call_date", "call_id", "min", "stratum", "stands for", "labelled"],
        [
            {
                "call_date": call.call_date,
                "call_id": call.call_id,
                "min": round(call.minutes, 2),
                "stratum": call.stratum,
                "stands for": round(call.stands_for, 2),
                "labelled": call.etag in state.labelled,
            }
            for draw in state.draws
            for call in draw.calls
        ],
        title=f"Week {week}",
    )
    OUT.print(_rate(week, state))


def _rate(week: str, state: "LabelState") -> str:
    found = state.estimate
    if found is None:
        return f"No drawn call of {week} is measured yet: import its texts, and run its dates."
    interval = (
        "without an interval: too few calls"
        if found.low is None or found.high is None
        else f"95% interval {found.low:.1%} to {found.high:.1%}"
    )
    part = "" if found.covered > 0.9995 else f" It speaks for {found.covered:.0%} of the calls."
    return (
        f"Word error rate of the whole week, each call with its weight: {found.wer:.1%} "
        f"({interval}), from {found.labelled} labelled calls with {found.reference_words} "
        f"words.{part}"
    )


def _document(week: str, state: "LabelState") -> dict[str, object]:
    return {
        "week": week,
        "draws": [asdict(draw) | {"name": draw.name} for draw in state.draws],
        "labelled": sorted(state.labelled),
        "estimate": asdict(state.estimate) if state.estimate else None,
    }


def _week(week: str | None, settings: Settings) -> str:
    """The week asked for, or the last full one; raises UserError where there is no such week."""
    week = week or last_full_week(dt.datetime.now(settings.zone).date())
    monday_of(week)
    return week
