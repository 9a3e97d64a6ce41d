"""The table of what was to be reached, with what was measured. Measures nothing."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console

from stt_pipeline_tests.benchmarks import cases
from stt_pipeline_tests.benchmarks.contenders import (
    BATCHED_2,
    OURS_1,
    OURS_2,
    PLAIN_1,
    PLAIN_2,
    PLAIN_WITHOUT_VAD,
)
from stt_pipeline_tests.benchmarks.measure import Measured
from stt_pipeline_tests.benchmarks.show import new_table, slope_mb_per_hour

LANGUAGES = ("en", "fr")
OURS = (OURS_1, OURS_2)

FEWER = (
    ("CPU seconds, mono calls of 2-5 min, against plain on 2 threads", cases.LONG_MONO, PLAIN_2, 3),
    ("the same, against plain on 1 thread", cases.LONG_MONO, PLAIN_1, 2),
    (
        "CPU seconds, mono calls of 15-40 s, against plain on 2 threads",
        cases.SHORT_MONO,
        PLAIN_2,
        3.5,
    ),
    ("CPU seconds, two channels, 2-5 min, against plain on each", cases.LONG_TWO, PLAIN_2, 4),
    ("CPU seconds, two channels, 40 s, against plain on each", cases.SHORT_TWO, PLAIN_2, 4),
)
"""What is compared, on which calls, with whom, and how many times fewer is wanted."""

MAX_WER_POINTS = 0.1
MIN_X_REALTIME = 42
MAX_TWO_CHANNEL_RATIO = 1.25
MAX_WORKER_MB = 1300
MAX_SLOPE_MB = 2.0
"""MB an hour of audio: a day of it would be 4% of a worker's memory."""

MAX_WORD_START_S = 0.2


@dataclass(frozen=True)
class Target:
    """A row: what is wanted, what came of it, and whether it is reached (None: not measured)."""

    row: str
    wanted: str
    measured: str
    reached: bool | None


class Rows:
    """What was measured, by language, kind of calls and contender."""

    def __init__(self, rows: Sequence[Measured]) -> None:
        self.all = rows
        self._by_key = {(row.case, row.contender): row for row in rows}

    def get(self, language: str, kind: str, contender: str) -> Measured | None:
        """The row of a contender on a kind of calls."""
        return self._by_key.get((f"{language} {kind}", contender))

    def ours(self, language: str, kind: str) -> list[Measured]:
        """The rows of one worker and of two."""
        return [row for name in OURS if (row := self.get(language, kind, name))]

    def without_speech(self, contender: str) -> Measured | None:
        """The row of a contender on sounds that are no speech, with voice activity or without."""
        found = (row for row in self.all if row.case.startswith(cases.NON_SPEECH))
        return next((row for row in found if row.contender == contender), None)


def targets(measured: Sequence[Measured]) -> Iterator[Target]:
    """Every row of the target table."""
    rows = Rows(measured)
    for comparison in FEWER:
        yield _fewer(rows, *comparison)
    yield _wer(rows)
    yield _speed(rows)
    yield _two_channels(rows)
    yield _memory(rows)
    yield _growth(rows)
    yield _invented(rows)
    yield _word_starts(rows)


def _target(
    row: str,
    wanted: str,
    said: Sequence[str],
    figures: Sequence[float],
    is_good: Callable[[float], bool],
) -> Target:
    """Reached where every figure is good."""
    reached = all(map(is_good, figures)) if figures else None
    return Target(row, wanted, "; ".join(said) or "not measured", reached)


def _fewer(rows: Rows, row: str, kind: str, than: str, wanted: float) -> Target:
    said: list[str] = []
    ratios: list[float] = []
    for language in LANGUAGES:
        other, ours = rows.get(language, kind, than), rows.ours(language, kind)
        if other and ours:
            found = [other.cpu_s_per_audio_min / one.cpu_s_per_audio_min for one in ours]
            said.append(f"{language} {' / '.join(f'{ratio:.2f}x' for ratio in found)}")
            ratios += found
    return _target(row, f"{wanted:g} times fewer", said, ratios, lambda ratio: ratio >= wanted)


def _wer(rows: Rows) -> Target:
    said: list[str] = []
    worse: list[float] = []
    for language in LANGUAGES:
        plain, ours = (
            rows.get(language, cases.DEALT_MONO, PLAIN_2),
            rows.ours(language, cases.DEALT_MONO),
        )
        rates = [row.wer for row in ours if row.wer is not None]
        if plain and plain.wer is not None and rates:
            said.append(
                f"{language} {' / '.join(f'{rate:.2%}' for rate in rates)}, {plain.wer:.2%}"
            )
            worse += [100 * (rate - plain.wer) for rate in rates]
    row = "WER of mono calls of 2-5 min, each prompt in three; plain on 2 threads"
    wanted = f"at most {MAX_WER_POINTS} points more"
    return _target(row, wanted, said, worse, lambda points: points <= MAX_WER_POINTS)


def _speed(rows: Rows) -> Target:
    said: list[str] = []
    speeds: list[float] = []
    for language in LANGUAGES:
        if ours := rows.get(language, cases.LONG_MONO, OURS_2):
            speeds.append(ours.x_realtime)
            said.append(f"{language} {ours.x_realtime:.0f}x")
            if plain := rows.get(language, cases.LONG_MONO, PLAIN_2):
                said[-1] += f", {ours.x_realtime / plain.x_realtime:.1f} times plain's"
    row = "audio that 2 workers work off, mono calls of 2-5 min; plain on 2 threads"
    wanted = f"{MIN_X_REALTIME}x real time"
    return _target(row, wanted, said, speeds, lambda one: one >= MIN_X_REALTIME)


def _two_channels(rows: Rows) -> Target:
    ratios: dict[str, float] = {}
    for language in LANGUAGES:
        two = rows.get(language, cases.LONG_TWO, OURS_1)
        mixed = rows.get(language, cases.MIXED, OURS_1)
        if two and mixed:
            ratios[language] = two.cpu_s_per_audio_min / mixed.cpu_s_per_audio_min
    return _target(
        "CPU seconds of two channels, against both mixed to one",
        f"at most {MAX_TWO_CHANNEL_RATIO} times",
        [f"{language} {ratio:.2f} times" for language, ratio in ratios.items()],
        list(ratios.values()),
        lambda ratio: ratio <= MAX_TWO_CHANNEL_RATIO,
    )


def _memory(rows: Rows) -> Target:
    peaks: dict[str, float] = {}
    for row in rows.all:
        if row.contender in OURS:
            peaks[row.case] = max(peaks.get(row.case, 0.0), row.largest_rss_mb)
    worst = max(peaks, key=lambda case: peaks[case], default="")
    shown = [worst, f"en {cases.THREE_HOURS}", f"en {cases.SHORT_HOUR}"]
    return _target(
        "peak memory of a worker, any length",
        f"{MAX_WORKER_MB / 1000:g} GB",
        [f"{peaks[case] / 1000:.2f} GB {case}" for case in dict.fromkeys(shown) if case in peaks],
        list(peaks.values()),
        lambda peak_mb: peak_mb <= MAX_WORKER_MB,
    )


def _growth(rows: Rows) -> Target:
    row = rows.get("en", cases.TEN_HOURS, OURS_1)
    slope_mb = slope_mb_per_hour(row.memory) if row else None
    figures = [] if slope_mb is None else [slope_mb]
    return _target(
        "growth of a worker's memory over 10 h of audio",
        f"under {MAX_SLOPE_MB:g} MB an hour",
        [f"{slope:+.2f} MB an hour of audio" for slope in figures],
        figures,
        lambda slope: slope < MAX_SLOPE_MB,
    )


def _invented(rows: Rows) -> Target:
    ours = rows.without_speech(OURS_1)
    said = [
        f"{contender.rpartition(',')[0]} {found.insertions}"
        for contender in (OURS_1, PLAIN_2, BATCHED_2, PLAIN_WITHOUT_VAD)
        if (found := rows.without_speech(contender))
    ]
    figures = [float(ours.insertions)] if ours else []
    row = "words invented in 30 min without speech"
    return _target(row, "0", said, figures, lambda words: words == 0)


def _word_starts(rows: Rows) -> Target:
    errors = {
        f"{language} {kind}": row.word_start_error_s
        for language in LANGUAGES
        for kind in (cases.LONG_MONO, cases.LONG_TWO)
        if (row := rows.get(language, kind, OURS_1)) and row.word_start_error_s is not None
    }
    return _target(
        "first word of a turn, against its first sound (median)",
        f"within {MAX_WORD_START_S} s",
        [f"{name} {error_s:.2f} s" for name, error_s in errors.items()],
        list(errors.values()),
        lambda error_s: error_s <= MAX_WORD_START_S,
    )


def show_summary(console: Console, measured: Sequence[Measured], markdown: bool) -> None:
    """Prints the table."""
    title = "What was to be reached (a / b: one worker and two)"
    table = new_table(title, ("", "wanted", "measured", "reached"), markdown)
    for column in table.columns:
        column.justify, column.no_wrap = "left", False
    for one in targets(measured):
        reached = {True: "yes", False: "NO", None: ""}[one.reached]
        table.add_row(one.row, one.wanted, one.measured, reached)
    console.print(table)
    if all(row.case != f"en {cases.TEN_HOURS}" for row in measured):
        console.print("Hours of audio are measured by 'make bench-long'.")
