"""`align`: the reference of a labelled call above what was heard, the errors marked."""

from dataclasses import asdict
from typing import Annotated

import typer
from rich.text import Text

from stt_pipeline.cli.output import OUT, print_json
from stt_pipeline.cli.runs import Json
from stt_pipeline.domain.call_dates import parse_call_date
from stt_pipeline.domain.quality.alignment import Alignment, Line, Mark, cells, in_words, lines
from stt_pipeline.domain.speech.exports import clock
from stt_pipeline.settings import load_settings

STYLES = {
    Mark.HIT: "",
    Mark.SUBSTITUTION: "bold yellow",
    Mark.DELETION: "bold red",
    Mark.INSERTION: "bold magenta",
}
ROWS = ("REF ", "HYP ", "    ")
MARGIN = 9
"""Characters before a row's name: the time."""

PLAIN_WIDTH = 100
"""Characters of a line where the output is no terminal."""


def align(
    call_id: Annotated[str, typer.Argument(help="A labelled call.")],
    date: Annotated[str | None, typer.Option(help="Its call date, where several have it.")] = None,
    errors: Annotated[bool, typer.Option("--errors", help="Only lines with an error.")] = False,
    as_json: Json = False,
) -> None:
    """Shows a labelled call word by word: the reference above what was heard, errors marked.

    S is a word substituted, D one missed, I one invented; words are compared normalised.
    """
    call_date = str(parse_call_date(date)) if date else None
    settings = load_settings()
    from stt_pipeline.defs.alignments import aligned_call
    from stt_pipeline.defs.resources import Pipeline

    call = aligned_call(Pipeline(settings), call_id, call_date)
    if as_json:
        print_json(
            {
                "call_id": call.call_id,
                "call_date": call.call_date,
                "engine": call.engine,
                "wer": call.counts.wer,
                **asdict(call.counts),
                "speakers": [_document(one) for one in call.alignments],
            }
        )
        return
    OUT.print(f"{call.call_id} of {call.call_date}: {in_words(call.counts)}", markup=False)
    OUT.print(f"engine {call.engine}", markup=False, soft_wrap=True)
    for one in call.alignments:
        if one.speaker:
            OUT.print(f"\n{one.speaker}: {in_words(one.counts)}", style="bold", markup=False)
        _show(one, errors)


def _document(one: Alignment) -> dict[str, object]:
    return {
        "speaker": one.speaker or None,
        **asdict(one.counts),
        "words": [asdict(pair) for pair in one.pairs],
    }


def _show(one: Alignment, errors: bool) -> None:
    width = (OUT.width if OUT.is_terminal else PLAIN_WIDTH) - MARGIN - len(ROWS[0])
    for line in lines(one.pairs, max(width, 1)):
        if line.has_errors or not errors:
            OUT.print()
            for row in _rows(line)[: 3 if line.has_errors else 2]:
                OUT.print(row, soft_wrap=True)


def _rows(line: Line) -> list[Text]:
    time = "" if line.start_s is None else clock(line.start_s)[:-4]
    rows = [
        Text(f"{margin:{MARGIN}}{name}") for margin, name in zip((time, "", ""), ROWS, strict=True)
    ]
    for pair in line.pairs:
        for row, cell in zip(rows, cells(pair), strict=True):
            row.append(cell, STYLES[pair.mark]).append(" ")
    for row in rows:
        row.rstrip()
    return rows
