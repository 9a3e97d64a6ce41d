"""`compare`: two engines on labelled calls, with a plain sentence whether the second is better."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from stt_pipeline.cli.output import OUT, Row, print_json, print_table
from stt_pipeline.cli.progress import AudioMinutesBar
from stt_pipeline.cli.runs import Json
from stt_pipeline.domain.call_dates import date_range, parse_call_date
from stt_pipeline.domain.errors import UserError
from stt_pipeline.domain.planning.prices import DEFAULT_PRICE
from stt_pipeline.domain.quality.comparison import ComparedCall, Comparison, cost_per_call_hour
from stt_pipeline.domain.quality.intervals import wer_interval
from stt_pipeline.domain.quality.wer import ErrorCounts
from stt_pipeline.domain.speech.engine_choice import EngineChoice, read_choice
from stt_pipeline.settings import load_settings

ENGINE = (
    "An engine, twice: A, then B. 'current' is that of the settings; else some of "
    "model, model_sha256, compute_type, languages, hotwords (a URI), beam, sure_logprob, threshold "
    "and other figures of domain/speech/engine.py, as model=base,beam=5; @FILE has them a line "
    "each."
)


def compare(
    engine: Annotated[list[str], typer.Option("--engine", help=ENGINE, show_default=False)],
    first: Annotated[str, typer.Option("--from", help="First call date.")],
    last: Annotated[str, typer.Option("--to", help="Last call date, included.")],
    as_json: Json = False,
) -> None:
    """Reads labelled calls with two engines, and says whether the second is better.

    Nothing published is touched; results are kept, so that asking again takes no time.
    """
    if len(engine) != 2:
        raise UserError("Say which two engines: --engine A --engine B, such as --engine current.")
    dates = date_range(parse_call_date(first), parse_call_date(last))
    choices = [_choice(text) for text in engine]
    settings = load_settings()
    from stt_pipeline.defs.comparing import compare_engines, contender
    from stt_pipeline.defs.resources import Pipeline

    a, b = (contender(name, one, settings) for name, one in zip("AB", choices, strict=True))
    if a.spec.fingerprint == b.spec.fingerprint:
        raise UserError(f"Both engines are {a.spec.label}: name two that differ.")
    with AudioMinutesBar() as bar:
        found = compare_engines(Pipeline(settings), a, b, dates, bar)
    engines = _engines(found.comparison, a.spec.label, b.spec.label)
    if as_json:
        print_json(_document(found.comparison, engines, found.left_out))
        return
    _show(found.comparison, engines)
    for name, why in found.left_out.items():
        OUT.print(f"Left out: {name}: {why}.", markup=False)
    OUT.print(f"\n{found.comparison.sentence}", style="bold", markup=False)


def _choice(text: str) -> EngineChoice:
    if text.startswith("@"):
        path = Path(text[1:])
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            raise UserError(f"--engine @{path} is no text file to be read: correct it.") from None
    return read_choice(text)


def _engines(found: Comparison, a: str, b: str) -> list[Row]:
    """What each engine did, as a row."""
    return [
        _engine("A", a, [call.a for call in found.calls], [c.a_cpu_s for c in found.calls], found),
        _engine("B", b, [call.b for call in found.calls], [c.b_cpu_s for c in found.calls], found),
    ]


def _engine(
    name: str, label: str, counts: list[ErrorCounts], cpu_s: list[float], found: Comparison
) -> Row:
    interval = wer_interval(counts)
    total = found.a if name == "A" else found.b
    spent_s = sum(cpu_s)
    return {
        "name": name,
        "engine": label,
        "wer": total.wer,
        "low": interval.low if interval else None,
        "high": interval.high if interval else None,
        "cer": total.cer,
        "reference_words": total.reference_words,
        "substitutions": total.substitutions,
        "deletions": total.deletions,
        "insertions": total.insertions,
        "cpu_s": round(spent_s, 3),
        "cost_usd": DEFAULT_PRICE.cpu_cost_usd(spent_s),
        "cost_usd_per_call_hour": cost_per_call_hour(spent_s, found.audio_s),
    }


def _show(found: Comparison, engines: list[Row]) -> None:
    for row in engines:
        OUT.print(f"{row['name']}: {row['engine']}", markup=False, soft_wrap=True)
    OUT.print()
    print_table(
        [*("", "WER", "95%", "words", "sub", "del", "ins"), *("CPU s", "USD", "USD a call-hour")],
        [
            {
                "": row["name"],
                "WER": _percent(row["wer"]),
                "95%": "" if row["low"] is None else f"{row['low']:.1%} to {row['high']:.1%}",
                "words": row["reference_words"],
                "sub": row["substitutions"],
                "del": row["deletions"],
                "ins": row["insertions"],
                "CPU s": row["cpu_s"],
                "USD": f"{row['cost_usd']:.5f}",
                "USD a call-hour": f"{row['cost_usd_per_call_hour'] or 0:.4f}",
            }
            for row in engines
        ],
        title=f"{len(found.calls)} labelled calls, {found.audio_s / 60:.1f} min",
    )
    if changed := found.most_changed():
        print_table(
            ["call_date", "call_id", "words", "errors A", "errors B", "WER A", "WER B"],
            [_shown(call) for call in changed],
            title="Calls that changed most",
        )


def _shown(call: ComparedCall) -> Row:
    return {
        "call_date": call.call_date,
        "call_id": call.call_id,
        "words": call.a.reference_words,
        "errors A": call.a.errors,
        "errors B": call.b.errors,
        "WER A": _percent(call.a.wer),
        "WER B": _percent(call.b.wer),
    }


def _percent(rate: float | None) -> str:
    return "" if rate is None else f"{rate:.1%}"


def _document(found: Comparison, engines: list[Row], left_out: dict[str, str]) -> Row:
    return {
        "engines": engines,
        "calls": len(found.calls),
        "audio_s": round(found.audio_s, 3),
        "difference": asdict(found.difference) if found.difference else None,
        "answer": found.answer,
        "sentence": found.sentence,
        "most_changed": [asdict(call) | {"change": call.change} for call in found.most_changed()],
        "left_out": left_out,
    }
