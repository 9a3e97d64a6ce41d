"""Prints a case's table, its remarks and the growth of memory. Measures nothing."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from rich.box import MARKDOWN, SIMPLE_HEAD, Box
from rich.console import Console
from rich.table import Table

from stt_pipeline_tests.benchmarks.cases import Case
from stt_pipeline_tests.benchmarks.contenders import OURS_1, OURS_2
from stt_pipeline_tests.benchmarks.job import Sample
from stt_pipeline_tests.benchmarks.measure import Measured

WIDTH = 132
MARKDOWN_WIDTH = 300
"""A row of Markdown is one line."""

QUIET_CPUS = 0.1
"""Above this many CPUs busy with other work, times are not to be trusted."""

COLUMNS = (
    *("contender", "CPU-s/min", "fewer than 1st", "x real time", "peak MB", "of one"),
    *("WER", "sub / del / ins", "word starts"),
)
"""`of one` is the memory of the largest process, `word starts` the median error of word times."""

STEP_S = 600.0
SETTLED_S = 3600.0
"""Audio after which memory should have stopped growing: buffers have seen every length by then."""


def new_table(title: str, columns: Sequence[str], markdown: bool) -> Table:
    """A table whose first column is text and the others numbers."""
    box: Box = MARKDOWN if markdown else SIMPLE_HEAD
    table = Table(title=title, title_justify="left", title_style="bold", box=box, pad_edge=markdown)
    for place, name in enumerate(columns):
        table.add_column(name, justify="right" if place else "left", no_wrap=not place)
    return table


def show_cases(
    console: Console, cases: Sequence[tuple[Case, Sequence[str]]], markdown: bool
) -> None:
    """What can be measured."""
    table = new_table("Cases", ("case", "set", "repeats", "contenders"), markdown)
    for case, names in cases:
        which = "long" if case.long else "standard"
        table.add_row(case.name, which, str(case.repeats), "; ".join(names))
    console.print(table)


def show_case(
    console: Console, rows: Sequence[Measured], failed: Mapping[str, str], markdown: bool
) -> None:
    """A case's contenders; `fewer` is CPU seconds of the first one by those of the row."""
    for name, reason in failed.items():
        console.print(f"{name} failed: {reason}", style="red", markup=False)
    if not rows:
        return
    first = rows[0]
    times = "once each" if first.repeats == 1 else f"medians of {first.repeats}"
    calls = "1 call" if first.calls == 1 else f"{first.calls} calls"
    audio = f"{calls}, {first.audio_min:.1f} min, {first.reference_words} words"
    table = new_table(f"{first.case} ({audio}; {times})", COLUMNS, markdown)
    for row in rows:
        table.add_row(*_cells(row, first))
    console.print(table)
    for remark in remarks(rows):
        console.print(remark, markup=False)
    for row in rows:
        if row.memory:
            _show_memory(console, row, markdown)
    console.print()


def _cells(row: Measured, first: Measured) -> Iterator[str]:
    yield row.contender
    yield f"{row.cpu_s_per_audio_min:.2f}"
    yield f"{first.cpu_s_per_audio_min / row.cpu_s_per_audio_min:.2f}x"
    yield f"{row.x_realtime:.1f}"
    yield f"{row.peak_rss_mb:,.0f}"
    yield f"{row.largest_rss_mb:,.0f}"
    yield "" if row.wer is None else f"{row.wer:.2%}"
    yield f"{row.substitutions} / {row.deletions} / {row.insertions}"
    yield "" if row.word_start_error_s is None else f"{row.word_start_error_s:.2f} s"


def remarks(rows: Sequence[Measured]) -> Iterator[str]:
    """What the figures alone do not say."""
    for row in rows:
        if row.others_cpus > QUIET_CPUS:
            others = f"other programs kept {row.others_cpus:.1f} CPUs busy meanwhile"
            yield f"  {row.contender}: {others}"
        if not row.same_text:
            yield f"  {row.contender}: the text differs from repeat to repeat"
        for name, reason in row.failures.items():
            yield f"  {row.contender}: {name} failed: {reason}"
    ours = {row.contender: row for row in rows if row.contender in (OURS_1, OURS_2)}
    if len(ours) == 2 and len({row.texts_sha256 for row in ours.values()}) == 2:
        yield "  ours: one worker and two did not hear the same text"


def memory_steps(samples: Sequence[Sample]) -> list[tuple[float, float, float]]:
    """(hours of audio done, median, highest resident MB) for each STEP_S of audio."""
    steps: dict[int, list[float]] = {}
    for sample in samples:
        steps.setdefault(int(sample.audio_s // STEP_S), []).append(sample.rss_mb)
    return [
        ((step + 1) * STEP_S / 3600, float(np.median(held)), max(held))
        for step, held in sorted(steps.items())
    ]


def slope_mb_per_hour(samples: Sequence[Sample]) -> float | None:
    """Least-squares slope of the steps' medians over hours of audio, once it had time to settle.

    None where fewer than three steps are left.
    """
    settled = [step for step in memory_steps(samples) if step[0] * 3600 > SETTLED_S]
    if len(settled) < 3:
        return None
    hours, middles, _ = zip(*settled, strict=True)
    return float(np.polyfit(hours, middles, 1)[0])


def _show_memory(console: Console, row: Measured, markdown: bool) -> None:
    columns = ("hours of audio", "resident MB, median", "highest")
    table = new_table(f"Memory of {row.contender}", columns, markdown)
    for hours, middle_mb, highest_mb in memory_steps(row.memory):
        table.add_row(f"{hours:.1f}", f"{middle_mb:,.0f}", f"{highest_mb:,.0f}")
    console.print(table)
    slope_mb = slope_mb_per_hour(row.memory)
    said = "too little audio to tell" if slope_mb is None else f"{slope_mb:+.2f} MB"
    console.print(f"Slope of the medians after the first hour, an hour of audio: {said}")
