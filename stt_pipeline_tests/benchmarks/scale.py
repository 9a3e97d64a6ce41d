"""Takes a date of 60,000 recordings and 50 million words through the flow, engine left out.

The engine is replaced by one that answers from a table, in the same worker processes. All else is
the pipeline's own: a Dagster run lists, fingerprints and probes tiny WAV files, plans, writes
checkpoints, lays out tables, checks and publishes them, on the disk of this machine. One recording
in a hundred is not audio, and one is a copy of another. The same is done with a tenth of the
recordings, each size in a process of its own; growth is time over time, by ten.

What transcription would take is the measured 3.4 CPU seconds a minute of calls of 5 minutes.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console

from stt_pipeline import wiring
from stt_pipeline.domain.errors import UserError
from stt_pipeline.settings import load_settings
from stt_pipeline_tests.benchmarks import machine
from stt_pipeline_tests.benchmarks.scale_engine import ENGINE_CPU_S, WORDS_VARIABLE
from stt_pipeline_tests.benchmarks.scale_run import RAN, Ran
from stt_pipeline_tests.benchmarks.scale_site import make_site, transcribed
from stt_pipeline_tests.benchmarks.show import MARKDOWN_WIDTH, WIDTH, new_table

OUT = Path("var/bench/scale.json")
CALLS = 60_000
WORDS = 860
STEPS = 10
"""The smaller date has a tenth of the calls."""

BYTES_A_WORD = 120
"""Disk for a word: its checkpoint and three copies of it in tables."""

MAX_GROWTH, MAX_PEAK_MB, MAX_SHARE = 1.2, 1500.0, 0.03
"""What issue 4 asks for."""

SAID = "Engine replaced by one that answers from a table; everything else is the pipeline's own."


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m stt_pipeline_tests.benchmarks.scale",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--calls", type=int, default=CALLS, metavar="N", help=f"recordings of the date ({CALLS})")
    add("--words", type=int, default=WORDS, metavar="N", help=f"words of a call ({WORDS})")
    add("--out", type=Path, default=OUT, metavar="FILE", help=f"where figures are kept ({OUT})")
    add("--json", action="store_true", help="print what is kept, instead of a table")
    add("--markdown", action="store_true", help="the table in Markdown, for the docs")
    chosen = parser.parse_args(arguments)
    if chosen.calls < STEPS * 10 or chosen.words < 1:
        parser.error(f"--calls is {STEPS * 10} at least, --words 1")
    return chosen


def measure(folder: Path, calls: int, words: int) -> Ran:
    """Makes a site below `folder`, runs its date in a process, and removes it."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="scale-", dir=folder) as name:
        root = Path(name)
        _say(f"{calls:,} recordings, {words} words each: making the audio")
        make_site(root, calls, words)
        ended = subprocess.run(
            [sys.executable, "-m", "stt_pipeline_tests.benchmarks.scale_run"],
            env=_environment(root, words),
            stdout=subprocess.PIPE,
            check=False,
        )
    if ended.returncode:
        raise UserError(f"The run over {calls} recordings failed: see above.")
    ran = RAN.validate_json(ended.stdout)
    took = f"{ran.whole.cpu_s:,.0f} CPU seconds, {ran.whole.peak_mb:,.0f} MB at most"
    _say(f"  done after {time.monotonic() - began:,.0f} s: {took}")
    return ran


def _environment(root: Path, words: int) -> dict[str, str]:
    models = load_settings().models_dir
    ours = {name: value for name, value in os.environ.items() if not name.startswith("STT_")}
    return ours | {
        "STT_RECORDINGS_URI": (root / "recordings").as_uri(),
        "STT_REFERENCES_URI": (root / "references").as_uri(),
        "STT_LAKE_URI": (root / "lake").as_uri(),
        "STT_MODELS_DIR": str(models.absolute()),
        "DAGSTER_HOME": str(root / "dagster"),
        WORDS_VARIABLE: str(words),
    }


def _say(progress: str) -> None:
    print(progress, file=sys.stderr, flush=True)  # noqa: T201


def summary(chosen: argparse.Namespace, small: Ran, large: Ran) -> dict[str, Any]:
    """What is kept: both runs, growth by stage, and what was asked for."""
    expected = transcribed(chosen.calls)
    for ran, calls in ((small, chosen.calls // STEPS), (large, chosen.calls)):
        assert ran.rows["recordings"] == calls
        assert ran.rows["transcripts"] == ran.rows["transcript_quality"] == transcribed(calls)
        assert ran.rows["words"] == transcribed(calls) * chosen.words
    engine_cpu_s = ENGINE_CPU_S * expected
    return {
        "calls": chosen.calls,
        "words": large.rows["words"],
        "engine": SAID,
        "small": asdict(small),
        "large": asdict(large),
        "growth": {
            name: growth(small.stages[name].wall_s, large.stages[name].wall_s)
            for name in large.stages
        }
        | {"whole": growth(small.whole.wall_s, large.whole.wall_s)},
        "growth_cpu": growth(small.whole.cpu_s, large.whole.cpu_s),
        "peak_mb": large.whole.peak_mb,
        "engine_cpu_s": engine_cpu_s,
        "share_of_transcription": large.whole.cpu_s / engine_cpu_s,
        "asked": {"growth": MAX_GROWTH, "peak_mb": MAX_PEAK_MB, "share": MAX_SHARE},
    }


def growth(small_s: float, large_s: float) -> float:
    """Times linear: 1 where ten times the calls take ten times as long."""
    return large_s / small_s / STEPS if small_s else 0.0


def show(console: Console, kept: dict[str, Any], markdown: bool) -> None:
    """The table by stage, and the figures asked for."""
    small, large = kept["small"], kept["large"]
    sizes = (f"{small['rows']['recordings']:,}", f"{large['rows']['recordings']:,}")
    columns = [
        "stage",
        *(f"{what}, {size}" for what in ("wall s", "CPU s", "peak MB") for size in sizes),
        "growth",
    ]
    table = new_table(f"A date of {sizes[0]} and of {sizes[1]} recordings", columns, markdown)
    rows = [*large["stages"], "whole"]
    for name in rows:
        pair = [ran["whole"] if name == "whole" else ran["stages"][name] for ran in (small, large)]
        cells = [f"{one[key]:,.1f}" for key in ("wall_s", "cpu_s") for one in pair]
        peaks = [f"{one['peak_mb']:,.0f}" for one in pair]
        table.add_row(name, *cells, *peaks, f"{kept['growth'][name]:.2f}x")
    console.print(table)
    for line in told(kept):
        console.print(line, markup=False)


def told(kept: dict[str, Any]) -> list[str]:
    """What the table does not say."""
    large, asked = kept["large"], kept["asked"]
    return [
        kept["engine"],
        f"{kept['words']:,} words published in {large['published_bytes'] / 1e6:,.0f} MB, "
        f"from {large['checkpoint_bytes'] / 1e9:.1f} GB of checkpoints.",
        f"Growth {kept['growth']['whole']:.2f}x linear in wall time and {kept['growth_cpu']:.2f}x "
        f"in CPU (asked: {asked['growth']}x at most).",
        f"Peak memory {kept['peak_mb']:,.0f} MB (asked: under {asked['peak_mb']:,.0f}).",
        f"CPU {large['whole']['cpu_s']:,.0f} s, {kept['share_of_transcription']:.2%} of the "
        f"{kept['engine_cpu_s']:,.0f} s that transcription takes (asked: under "
        f"{asked['share']:.0%}).",
    ]


def main() -> int:
    """Exit code 2 where it cannot be measured."""
    chosen = parse()
    console = Console(width=MARKDOWN_WIDTH if chosen.markdown else WIDTH, highlight=False)
    try:
        settings = load_settings()
        wiring.verified_models(settings)
        folder = chosen.out.parent.absolute()
        folder.mkdir(parents=True, exist_ok=True)
        needed = chosen.calls * (chosen.words * BYTES_A_WORD + 20_000)
        if shutil.disk_usage(folder).free < needed:
            raise UserError(f"{needed / 1e9:.0f} GB must be free in {folder}: use --calls.")
        small = measure(folder, chosen.calls // STEPS, chosen.words)
        large = measure(folder, chosen.calls, chosen.words)
        kept = {"machine": machine.describe(settings), **summary(chosen, small, large)}
    except UserError as error:
        _say(str(error))
        return 2
    chosen.out.write_text(json.dumps(kept, indent=1, ensure_ascii=False))
    if chosen.json:
        console.print_json(json.dumps(kept))
    else:
        show(console, kept, chosen.markdown)
    return 0


if __name__ == "__main__":
    sys.exit(main())
