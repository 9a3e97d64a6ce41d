"""What a stress run keeps, and its tables. Measures nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console

from stt_pipeline_tests.benchmarks.serve_figures import Level, Soak
from stt_pipeline_tests.benchmarks.serve_servers import OURS, PLAIN
from stt_pipeline_tests.benchmarks.show import QUIET_CPUS, new_table

COLUMNS = (
    *("server", "clients", "asked", "a second", "x real", "p50 s", "p95 s", "p99 s", "mean s"),
    *("errors", "429", "peak MB", "CPU-s/min", "others"),
)
"""`x real` is audio by time, `mean` trimmed by a tenth at each end, `others` as QUIET_CPUS."""

STEP = 5
"""Minutes of a row of the table of memory."""


@dataclass(frozen=True)
class Kept:
    """The file: the machine, a row for each server and number of clients, the soak."""

    machine: dict[str, str]
    levels: list[Level]
    soak: Soak | None

    def with_level(self, new: Level) -> "Kept":
        """The same with this row in place of an older one."""
        by_key = {(one.server, one.clients): one for one in (*self.levels, new)}
        return Kept(self.machine, list(by_key.values()), self.soak)

    @property
    def lost(self) -> int:
        """Requests to our service that got no transcript of their own."""
        levels = [one for one in self.levels if one.server == OURS]
        return sum(one.errors + one.swapped for one in levels) + (
            self.soak.lost if self.soak else 0
        )


def show(console: Console, kept: Kept, markdown: bool) -> None:
    """The levels, how many times ours is as good, and the soak."""
    console.print("\n".join(f"{name}: {what}" for name, what in kept.machine.items()), markup=False)
    if kept.levels:
        table = new_table("Clients that each send their next call when answered", COLUMNS, markdown)
        for one in sorted(kept.levels, key=lambda one: (one.clients, one.server != OURS)):
            table.add_row(*_cells(one))
        console.print(table)
        for line in (*ratios(kept.levels), *remarks(kept.levels)):
            console.print(line, markup=False)
    if kept.soak:
        _show_soak(console, kept.soak, markdown)


def _cells(one: Level) -> Iterator[str]:
    yield one.server
    yield str(one.clients)
    yield f"{one.requests:,}"
    yield f"{one.per_s:.2f}"
    yield f"{one.x_realtime:.1f}"
    waited = one.latency
    for seconds in (waited.p50_s, waited.p95_s, waited.p99_s, waited.trimmed_mean_s):
        yield f"{seconds:.2f}"
    yield str(one.errors + one.swapped)
    yield str(one.refused)
    yield f"{one.peak_mb:,.0f}"
    yield f"{one.cpu_s_per_audio_min:.2f}"
    yield f"{one.others_cpus:.1f}"


def ratios(levels: Sequence[Level]) -> Iterator[str]:
    """Ours against the plain server, at each number of clients."""
    plain = {one.clients: one for one in levels if one.server == PLAIN}
    for ours in sorted(levels, key=lambda one: one.clients):
        other = plain.get(ours.clients)
        if ours.server != OURS or not other or not (other.per_s and ours.latency.p95_s):
            continue
        clients = "1 client" if ours.clients == 1 else f"{ours.clients} clients"
        yield (
            f"{clients}: {ours.per_s / other.per_s:.2f} times the requests of "
            f"{PLAIN}, p50 {other.latency.p50_s / max(ours.latency.p50_s, 1e-9):.2f} and p95 "
            f"{other.latency.p95_s / ours.latency.p95_s:.2f} times as soon"
        )


def remarks(levels: Sequence[Level]) -> Iterator[str]:
    """Word errors of the same calls, what went wrong, and whether the machine was quiet."""
    for server in dict.fromkeys(one.server for one in levels):
        rows = [one for one in levels if one.server == server]
        largest = max(rows, key=lambda one: one.requests)
        rates = [f"{name} {rate:.1%}" for name, rate in largest.wer.items() if rate is not None]
        yield f"{server}: word errors of {largest.requests} requests {', '.join(rates)}"
        for reason in dict.fromkeys(reason for one in rows for reason in one.reasons):
            yield f"{server}: {reason}"
    if any(one.others_cpus > QUIET_CPUS for one in levels):
        yield "Others kept CPUs busy (last column): of such rows compare CPU seconds, not times."


def _show_soak(console: Console, found: Soak, markdown: bool) -> None:
    one = found.level
    table = new_table(f"{one.server} at saturation for {found.minutes:.1f} min", COLUMNS, markdown)
    table.add_row(*_cells(one))
    console.print(table)
    console.print(
        f"{one.requests:,} requests, {found.jobs:,} of them jobs ({found.acknowledged:,} "
        f"acknowledged by 202): {found.lost} lost.",
        markup=False,
    )
    columns = ("minutes", "MB, median of minutes", "highest")
    memory = new_table("Memory of its processes", columns, markdown)
    for begin in range(0, len(found.memory_mb), STEP):
        part = found.memory_mb[begin : begin + STEP]
        middle = sorted(part)[len(part) // 2]
        memory.add_row(f"{begin}-{begin + len(part)}", f"{middle:,.0f}", f"{max(part):,.0f}")
    console.print(memory)
    if found.slope_mb_per_hour is not None and found.grown_mb is not None:
        console.print(
            f"Slope after its first sixth: {found.slope_mb_per_hour:+.1f} MB an hour; "
            f"its last fifth against its first: {found.grown_mb:+.1f} MB.",
            markup=False,
        )
