"""Measures engines on the same calls, side by side: CPU seconds, speed, memory, word errors.

Cases are real telephone prompts joined to calls, in English and French. Contenders take a case's
calls in turn, once a repeat, so that all see the same machine; tables show medians. Each runs as
processes of its own, confined to as many CPUs as it has threads or workers. CPU seconds are user
and system of the whole process tree, from the end of a warm-up call that every process hears to the
last answer: starting Python and loading the model is not in them. Peak memory is the system's own
high-water mark, start included, summed over the processes of a contender.

`plain` is faster-whisper a file at a time, or a channel at a time for calls of two channels: beam
5, voice activity on, word times, language given. `ours` is `stt_pipeline.worker` as the step
`transcripts` starts it, over a folder and a lake of its own; it finds the language by itself.

The standard set (`make bench`) takes about two hours on two quiet CPUs, most of it the library's:
calls of 15-40 s and of 2-5 min, of one and two channels, every prompt in three calls to count word
errors on, and half an hour without speech. The long set (`make bench-long`) takes as long again:
calls of 1 and 3 h, an hour of calls of 20 s, the library without voice activity, and ten hours of
calls for one worker, whose memory is followed.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from stt_pipeline import wiring
from stt_pipeline.domain.errors import UserError
from stt_pipeline.settings import load_settings
from stt_pipeline_tests.benchmarks import machine, results
from stt_pipeline_tests.benchmarks.cases import CASES, Case
from stt_pipeline_tests.benchmarks.measure import measure
from stt_pipeline_tests.benchmarks.show import MARKDOWN_WIDTH, WIDTH, show_case, show_cases
from stt_pipeline_tests.benchmarks.summary import show_summary
from stt_pipeline_tests.speech.prompts import PromptsMissingError

OUT = Path("var/bench")


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m stt_pipeline_tests.benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--long", action="store_true", help="the long cases in place of the standard ones")
    add("--quick", action="store_true", help="as --calls 1 --repeats 1: shows that it works")
    add("--calls", type=_count, metavar="N", help="at most N calls a case; such rows are not kept")
    add("--repeats", type=_count, metavar="N", help="instead of 2 for short calls, 1 for others")
    add(
        "--case",
        action="append",
        metavar="TEXT",
        help="cases with TEXT in their name, standard and long; may be repeated",
    )
    add("--contender", action="append", metavar="TEXT", help="contenders likewise")
    add("--out", type=Path, metavar="FOLDER", help=f"for engine.json and session.json ({OUT})")
    add("--markdown", action="store_true", help="tables in Markdown, for the docs")
    add("--list", action="store_true", help="list cases and contenders, and measure nothing")
    add("--summary", action="store_true", help="the last table from what was kept, nothing else")
    chosen = parser.parse_args(arguments)
    if chosen.quick:
        chosen.calls, chosen.repeats = chosen.calls or 1, chosen.repeats or 1
    return chosen


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is no number above 0")
    return int(text)


def chosen_cases(chosen: argparse.Namespace) -> list[tuple[Case, list[str]]]:
    """The cases with their contenders, as the command line says. Raises UserError for none."""
    pairs = []
    for case in CASES:
        if (chosen.case is None and case.long != chosen.long) or not _named(case.name, chosen.case):
            continue
        if names := [name for name in case.contenders if _named(name, chosen.contender)]:
            pairs.append((case, names))
    if not pairs:
        raise UserError("No case or contender has such a name: --list shows them.")
    return pairs


def _named(name: str, texts: Sequence[str] | None) -> bool:
    return texts is None or any(text.lower() in name.lower() for text in texts)


def run(chosen: argparse.Namespace) -> bool:
    """Measures case by case, prints each table at once and keeps its rows. Raises UserError.

    False where a contender failed.
    """
    console = Console(width=MARKDOWN_WIDTH if chosen.markdown else WIDTH, highlight=False)
    pairs = [] if chosen.summary else chosen_cases(chosen)
    if chosen.list:
        show_cases(console, pairs, chosen.markdown)
        return True
    settings = load_settings()
    wiring.verified_models(settings)
    described = machine.describe(settings)
    console.print("\n".join(f"{name}: {what}" for name, what in described.items()), markup=False)
    folder = chosen.out or (None if chosen.calls else OUT)
    # A whole standard session starts anew; anything else is put beside what is there.
    anew = not (chosen.long or chosen.case or chosen.contender or chosen.summary)
    rows = [] if anew or folder is None else results.load(folder, described)
    if chosen.summary and not rows:
        raise UserError("Nothing is kept of this machine and engine: run 'make bench'.")
    all_well = True
    for case, names in pairs:
        repeats = chosen.repeats or case.repeats
        new, failed = measure(case, settings, names, repeats, chosen.calls, _say)
        show_case(console, new, failed, chosen.markdown)
        all_well = all_well and not failed
        rows = results.merge(rows, new)
        if folder is not None:
            results.save(folder, described, rows)
    show_summary(console, rows, chosen.markdown)
    if folder is not None:
        console.print(f"Rows are in {folder / 'engine.json'}")
    return all_well


def _say(progress: str) -> None:
    sys.stderr.write(f"... {progress}\n")


def main() -> int:
    """Exit code 1 where a contender failed, 2 with one sentence where nothing can be measured."""
    try:
        return 0 if run(parse()) else 1
    except (UserError, PromptsMissingError) as error:
        sys.stderr.write(f"Error: {error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("Stopped. The rows of finished cases are kept.\n")
        return 130


if __name__ == "__main__":
    sys.exit(main())
