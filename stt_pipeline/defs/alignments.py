"""Alignments of labelled calls, for the command line and the UI. Transcribes and judges nothing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import dagster as dg

from stt_pipeline.defs.reference_texts import read_reference, reference_names
from stt_pipeline.defs.resources import Pipeline
from stt_pipeline.domain.errors import UserError
from stt_pipeline.domain.quality.alignment import Alignment, align_call, in_words, lines, rows_of
from stt_pipeline.domain.quality.references import Reference
from stt_pipeline.domain.quality.wer import ErrorCounts, pool
from stt_pipeline.domain.recordings.recording import Recording, Status
from stt_pipeline.domain.speech.exports import clock
from stt_pipeline.domain.speech.transcription import Failure, Transcription
from stt_pipeline.in_order import in_order

WORST_CALLS = 5
"""Calls whose alignment the UI shows; `stt-pipeline align` shows any."""

LINES_A_CALL = 10
"""Lines with errors that the UI shows of a speaker."""

UI_WIDTH = 44
"""Characters of words in a line of the UI, which cuts off what is longer: a window of 1,500 pixels
shows 60 in all on an asset's overview (Dagster 1.13)."""

LEDGERS = "_work/ledger/recordings/"


@dataclass(frozen=True)
class AlignedCall:
    """A labelled call with its alignment; `call_date` as text."""

    call_date: str
    call_id: str
    engine: str
    alignments: tuple[Alignment, ...]

    @property
    def counts(self) -> ErrorCounts:
        """Its errors, the speakers together."""
        return pool(one.counts for one in self.alignments)


def aligned_call(pipeline: Pipeline, call_id: str, call_date: str | None) -> AlignedCall:
    """The alignment of a call of that date, or of any; raises UserError where there is none."""
    call_date, recording = find_call(pipeline, call_id, call_date)
    name = f"{call_id} of {call_date}"
    if recording.status is not Status.ACCEPTED:
        raise UserError(f"{name} has no text, it is {recording.status}: {recording.reason}.")
    result = pipeline.results(call_date).read(recording.etag)
    if result is None:
        raise UserError(
            f"{name} has no result of this engine ({pipeline.engine.label}): run the date first."
        )
    if isinstance(result.outcome, Failure):
        raise UserError(f"{name} has no text: {result.outcome.reason}.")
    reference = read_reference(pipeline, call_id, reference_names(pipeline, [recording]))
    if not reference.texts:
        raise UserError(
            f"{name} has no reference text: write {call_id}.txt into STT_REFERENCES_URI, or draw "
            "calls to label with 'stt-pipeline label export'."
        )
    return _aligned(call_date, call_id, result.engine, reference, result.outcome)


def _aligned(
    call_date: str, call_id: str, engine: str, reference: Reference, heard: Transcription
) -> AlignedCall:
    alignments = align_call(reference, heard)
    if not alignments:
        raise UserError(
            f"The engine could not tell the speakers of {call_id} apart, and its reference texts "
            f"are by speaker: write {call_id}.txt with the whole call."
        )
    return AlignedCall(call_date, call_id, engine, tuple(alignments))


def find_call(
    pipeline: Pipeline, call_id: str, call_date: str | None = None
) -> tuple[str, Recording]:
    """The date and ledger row of a call; raises UserError where no date has it, or several do."""
    dates = [call_date] if call_date else list(_ledger_dates(pipeline))
    found = [one for rows in in_order(partial(_rows_of, pipeline, call_id), dates) for one in rows]
    # A call that came twice has an accepted row and one kept aside.
    found = [one for one in found if one[1].status is Status.ACCEPTED] or found
    among = f"the ledger of {call_date}" if call_date else "any date's ledger"
    if not found:
        raise UserError(f"No call of {among} is named '{call_id}': correct it, or run its date.")
    if len({date for date, _ in found}) > 1:
        several = " and ".join(sorted({date for date, _ in found}))
        raise UserError(f"{call_id} is a call of {several}: say which with --date.")
    return found[0]


def _ledger_dates(pipeline: Pipeline) -> Iterator[str]:
    for found in pipeline.lake.walk(LEDGERS, skip=lambda folder: False):
        yield found.key.removeprefix(LEDGERS).partition("/")[0].removeprefix("call_date=")


def _rows_of(pipeline: Pipeline, call_id: str, call_date: str) -> list[tuple[str, Recording]]:
    named = pipeline.ledgers.read("recordings", call_date, ["call_id"])
    if named is None or call_id not in named["call_id"].to_pylist():
        return []
    return [(call_date, row) for row in pipeline.ledger(call_date) if row.call_id == call_id]


# --- In the UI -----------------------------------------------------------------------------------


def worst_calls(
    pipeline: Pipeline, call_date: str, quality: Sequence[Mapping[str, Any]]
) -> dg.MetadataValue | None:
    """The labelled calls with the most errors, aligned, as Markdown; None without any error.

    `quality` are the date's rows of `transcript_quality`.
    """

    def errors(row: Mapping[str, Any]) -> int:
        return int(row["substitutions"] + row["deletions"] + row["insertions"])

    wrong = [row for row in quality if row["reference_words"] and errors(row)]
    worst = sorted(wrong, key=lambda row: (-errors(row), row["call_id"]))[:WORST_CALLS]
    if not worst:
        return None
    by_call = {one.call_id: one for one in pipeline.accepted(call_date)}
    recordings = [by_call[row["call_id"]] for row in worst]
    known = reference_names(pipeline, recordings)
    parts = [
        f"{len(worst)} of {len(wrong)} labelled calls with errors, the most first.",
        "S: substituted, D: missed, I: invented.",
    ]
    for one in recordings:
        result = pipeline.results(call_date).read(one.etag)
        if result is None or isinstance(result.outcome, Failure):
            continue
        call_id = one.call_id or ""
        alignments = align_call(read_reference(pipeline, call_id, known), result.outcome)
        parts.append(as_markdown(AlignedCall(call_date, call_id, result.engine, tuple(alignments))))
    return dg.MetadataValue.md("\n\n".join(parts))


def as_markdown(call: AlignedCall) -> str:
    """The lines of a call that have errors, the first few of each speaker."""
    parts = [f"### {_escaped(call.call_id)}", _in_lines(call.counts)]
    for one in call.alignments:
        wrong = [line for line in lines(one.pairs, UI_WIDTH) if line.has_errors]
        text = []
        for line in wrong[:LINES_A_CALL]:
            time = "" if line.start_s is None else clock(line.start_s)[:-4]
            reference, hypothesis, marks = rows_of(line)
            text += [f"{time:8} REF {reference}", f"{'':8} HYP {hypothesis}", f"{'':12} {marks}"]
        left = len(wrong) - LINES_A_CALL
        more = f"\n\n{left} more lines: `stt-pipeline align`." if left > 0 else ""
        if text:
            speaker = f"**{one.speaker}**\n\n{_in_lines(one.counts)}\n\n" if one.speaker else ""
            # Words are normalised: no fence can be among them.
            parts.append(f"{speaker}```text\n" + "\n".join(text) + f"\n```{more}")
    return "\n\n".join(parts)


def _in_lines(counts: ErrorCounts) -> str:
    """The counts in two short lines; two spaces end one in Markdown."""
    return in_words(counts).replace(" (", "  \n(")


def _escaped(text: str) -> str:
    return "".join(f"\\{sign}" if sign in "\\`*_[]<>#|" else sign for sign in text)
