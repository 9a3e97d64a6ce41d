"""Measures how good the text is, and how well bad text is found without a reference.

Calls are real telephone prompts, English and French, joined to calls of one and two channels. Our
engine hears each of them once, and faster-whisper as its README shows it (beam 5, voice activity
on, language given) hears those of the first table too. What was heard is kept below the output
folder, by engine and bytes of the file, so that a second run with other limits hears nothing.

- Word error rate, pooled, with the 95% interval over calls; the French one taken apart.
- Words given to the wrong speaker, languages told wrong, words invented where nobody speaks.
- Swapped channels: how many stand out by the words of the other calls, where sides have roles.
- Signals: how often each is shown by clean calls and by those spoiled on purpose. Limits were
  fitted on calls of one half of the prompts (--half fit); what is printed is of the other half.
- The expected rate of calls without a reference, fitted on one half and told of the other.
- A list of names hinted to the model (hotwords): what it helps on names, and harms elsewhere.
"""

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

from rich.console import Console

from stt_pipeline import wiring
from stt_pipeline.domain.errors import UserError
from stt_pipeline.domain.speech.transcription import Transcription
from stt_pipeline.settings import Settings, load_settings
from stt_pipeline_tests.benchmarks import machine
from stt_pipeline_tests.benchmarks import quality_calls as calls_of
from stt_pipeline_tests.benchmarks.job import Heard
from stt_pipeline_tests.benchmarks.quality_calls import CROSSTALK, HALVES, LANGUAGES, Call, Half
from stt_pipeline_tests.benchmarks.quality_engine import Ear, ours, plain, processes
from stt_pipeline_tests.benchmarks.quality_faults import spoiled_calls
from stt_pipeline_tests.benchmarks.quality_figures import (
    Judged,
    Row,
    errors_row,
    expected_row,
    judge,
    languages_row,
    signal_rows,
    speakers_row,
)
from stt_pipeline_tests.benchmarks.quality_french import french_rows
from stt_pipeline_tests.benchmarks.quality_hotwords import NAMES, named_calls, names_row
from stt_pipeline_tests.benchmarks.quality_roles import role_calls, roles_row
from stt_pipeline_tests.benchmarks.quality_show import show
from stt_pipeline_tests.benchmarks.quality_texts import spoiled_texts
from stt_pipeline_tests.benchmarks.show import MARKDOWN_WIDTH, WIDTH
from stt_pipeline_tests.speech.prompts import Language, PromptsMissingError

OUT = Path("var/bench")
HEARD = "quality-heard"


@dataclass(frozen=True)
class Extent:
    """How much is heard: at most `calls` of each kind, None for all."""

    languages: tuple[Language, ...] = LANGUAGES
    calls: int | None = None
    rounds: int = 2
    each: int = 2
    faults: tuple[str, ...] | None = None
    speech_s: float = calls_of.MONO_SPEECH_S

    @property
    def is_brief(self) -> bool:
        """Whether calls are as short as they can be."""
        return self.calls is not None


QUICK = Extent(
    languages=("en",),
    calls=1,
    rounds=1,
    each=1,
    faults=("clipped", "wrong_language", "channel_lost"),
    speech_s=8.0,
)


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m stt_pipeline_tests.benchmarks.quality",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--quick", action="store_true", help="a few short English calls: shows that it works")
    add("--half", choices=HALVES, default="report", help="whose signals are printed (report)")
    add("--out", type=Path, default=OUT, metavar="FOLDER", help=f"for quality.json ({OUT})")
    add("--markdown", action="store_true", help="tables in Markdown, for the docs")
    return parser.parse_args(arguments)


class Bench:
    """What is measured, how much of it, and who hears."""

    def __init__(self, settings: Settings, ear: Ear, extent: Extent) -> None:
        """`settings` are those of our engine."""
        self.settings = settings
        self.ear = ear
        self.extent = extent

    def ours(
        self, calls: Iterable[Call], settings: Settings | None = None
    ) -> dict[str, Transcription]:
        """What our engine heard, each call under the languages that it is allowed."""
        by_languages: dict[tuple[str, ...], list[Call]] = defaultdict(list)
        for call in calls:
            by_languages[call.languages].append(call)
        heard: dict[str, Transcription] = {}
        for languages, some in by_languages.items():
            allowed = (settings or self.settings).model_copy(update={"languages": languages})
            heard |= self.ear.hear(some, ours(allowed), "ours")
        return heard

    def plain(self, calls: Iterable[Call], language: Language) -> dict[str, Heard]:
        """What the library alone heard."""
        return self.ear.hear(calls, plain(self.settings, language), "plain")

    def first(self, calls: Iterable[Call]) -> list[Call]:
        """As many of them as are asked for."""
        return list(islice(calls, self.extent.calls))


def measure(bench: Bench, half: Half) -> Row:
    """Every figure, as it is kept in quality.json."""
    errors, french = _errors(bench)
    judged = list(_judged(bench))
    return {
        "wer": errors,
        "french": french,
        "speakers": _speakers(bench),
        "languages": languages_row(judged),
        "roles": _roles(bench),
        "invented": _invented(bench),
        "signals": signal_rows(judged, half),
        "expected_wer": expected_row(judged),
        "hotwords": _hotwords(bench),
        "heard": {name: asdict(told) for name, told in bench.ear.told.items()},
    }


def _errors(bench: Bench) -> tuple[Row, Row]:
    """By language, of our engine and of the library alone; and what the French errors are."""
    rows: Row = {}
    french: Row = {}
    for language in bench.extent.languages:
        calls = bench.first(calls_of.wer_calls(language, bench.extent.is_brief))
        heard, other = bench.ours(calls), bench.plain(calls, language)
        rows[language] = {"ours": errors_row(calls, heard), "plain": errors_row(calls, other)}
        if language == "fr":
            french = {"ours": french_rows(calls, heard), "plain": french_rows(calls, other)}
    return rows, french


def _judged(bench: Bench) -> Iterator[Judged]:
    """Clean and spoiled calls of both halves, with their figures and signals."""
    extent = bench.extent
    for half in HALVES:
        clean: list[Call] = []
        spoiled: list[Call] = []
        for language in extent.languages:
            once = list(calls_of.clean_calls(half, language, 1, extent.speech_s))
            if extent.is_brief:
                once = [next(one for one in once if len(one.turns) == sides) for sides in (1, 2)]
            elif half == "report":
                # Limits are fitted on fewer clean calls than they are reported on.
                more = calls_of.clean_calls(half, language, extent.rounds, extent.speech_s)
                clean += islice(more, len(once), None)
            clean += once
            spoiled += [
                call
                for call in spoiled_calls(once, extent.each)
                if extent.faults is None or call.fault in extent.faults
            ]
        heard = bench.ours([*clean, *spoiled])
        yield from (judge(call, heard[call.name]) for call in (*clean, *spoiled))
        texts = spoiled_texts([heard[call.name] for call in clean], 2 * extent.each)
        for place, fault, broken in texts:
            yield judge(clean[place], broken, fault)


def _speakers(bench: Bench) -> Row:
    calls = [
        call
        for language in bench.extent.languages
        for call in bench.first(calls_of.two_channel_calls(language, bench.extent.is_brief))
    ]
    heard = bench.ours(calls)
    apart = [call for call in calls if not call.name.endswith(CROSSTALK)]
    leaking = [call for call in calls if call.name.endswith(CROSSTALK)]
    return {**speakers_row(apart, heard), "crosstalk": speakers_row(leaking, heard)}


def _roles(bench: Bench) -> Row:
    rows: Row = {}
    for language in bench.extent.languages:
        calls = bench.first(role_calls(language, bench.extent.is_brief))
        rows[language] = roles_row(calls, bench.ours(calls))
    return rows


def _invented(bench: Bench) -> Row:
    calls = bench.first(calls_of.silent_calls())
    heard = bench.ours(calls)
    words = {name: one.word_count for name, one in heard.items() if one.word_count}
    return {
        "minutes": sum(call.duration_s for call in calls) / 60,
        "words": sum(words.values()),
        "calls": words,
    }


def _hotwords(bench: Bench) -> Row:
    """With a list of names and without: names heard on calls that hold them, errors on others."""
    path = bench.ear.folder / "names.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(NAMES))
    hinted = bench.settings.model_copy(update={"hotwords_uri": path.resolve().as_uri()})
    rows: Row = {"names": list(NAMES)}
    for language in bench.extent.languages:
        named = bench.first(named_calls(language, bench.extent.is_brief))
        others = bench.first(calls_of.clean_calls("report", language, 1, bench.extent.speech_s))
        rows[language] = {
            which: names_row(named, bench.ours(named, settings))
            | {"others": errors_row(others, bench.ours(others, settings))}
            for which, settings in (("without", None), ("with", hinted))
        }
    return rows


def run(chosen: argparse.Namespace) -> None:
    """Measures, keeps quality.json, prints. Raises UserError."""
    settings = load_settings()
    wiring.verified_models(settings)
    described = machine.describe(settings)
    with processes() as pool:
        ear = Ear(chosen.out / HEARD, pool, _say)
        bench = Bench(settings, ear, QUICK if chosen.quick else Extent())
        figures = {"machine": described, "quick": chosen.quick, **measure(bench, chosen.half)}
    path = chosen.out / "quality.json"
    path.write_text(json.dumps(figures, indent=1, ensure_ascii=False))
    console = Console(width=MARKDOWN_WIDTH if chosen.markdown else WIDTH, highlight=False)
    console.print("\n".join(f"{name}: {what}" for name, what in described.items()), markup=False)
    show(console, figures, chosen.markdown)
    console.print(f"Figures are in {path}", markup=False)


def _say(progress: str) -> None:
    sys.stderr.write(f"... {progress}\n")


def main() -> int:
    """Exit code 2 with one sentence where nothing can be measured."""
    try:
        run(parse())
    except (UserError, PromptsMissingError) as error:
        sys.stderr.write(f"Error: {error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("Stopped. What was heard is kept.\n")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
