"""Puts the service under load: requests a second, latencies, errors, memory, at 1 to 64 clients.

Clients send real calls of 15 to 40 s in English and French, as OpenAI's client would
(POST /v1/audio/transcriptions), each its next one when the last is answered; a client that is
refused (429) comes again when it was told to, and its time goes on. At each number of clients the
servers take their turn: `ours` is `stt-pipeline serve` as it comes, without a rate limit; `plain`
is faster-whisper on all CPUs, a request at a time, as `speaches` has it. Requests begin for so many
seconds, and every one that began is waited for: rates are answers by the time to the last of them.

Then `ours` alone is kept at saturation for half an hour, one request in ten a job that is asked for
until it is there. A request is lost that gets no transcript, or one of another call: that an answer
is nearer to its own call's text than to any other is checked for every one.

Each part is kept in a file as it ends, beside parts of the same machine measured before.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from pydantic import TypeAdapter, ValidationError
from rich.console import Console

from stt_pipeline import wiring
from stt_pipeline.domain.errors import UserError
from stt_pipeline.settings import load_settings
from stt_pipeline_tests.benchmarks import build, machine
from stt_pipeline_tests.benchmarks.serve_figures import Level, Soak, Texts, level, soak
from stt_pipeline_tests.benchmarks.serve_load import Call, Load
from stt_pipeline_tests.benchmarks.serve_servers import (
    OURS,
    SERVERS,
    Server,
    TreeWatch,
    started,
)
from stt_pipeline_tests.benchmarks.serve_show import Kept, show
from stt_pipeline_tests.benchmarks.show import MARKDOWN_WIDTH, WIDTH
from stt_pipeline_tests.speech.calls import RATE_HZ
from stt_pipeline_tests.speech.prompts import Language, PromptsMissingError

OUT = Path("var/bench/serve.json")
CLIENTS = (1, 2, 4, 8, 16, 32, 64)
SECONDS, MINUTES = 60.0, 30.0
SOAK_CLIENTS = 32
JOB_EVERY = 10
CALLS = 12
"""Of each language."""

KEPT = TypeAdapter(Kept)


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m stt_pipeline_tests.benchmarks.serve",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--quick", action="store_true", help="1 and 2 clients for seconds: shows that it works")
    add("--clients", type=_counts, metavar="N,N", help="numbers of clients (1,2,4,…,64); 0: none")
    add("--seconds", type=float, metavar="S", help=f"that requests begin for ({SECONDS:g})")
    add("--minutes", type=float, metavar="M", help=f"at saturation ({MINUTES:g}); 0: none")
    add("--soak-clients", type=int, metavar="N", help=f"clients at saturation ({SOAK_CLIENTS})")
    add("--server", action="append", choices=SERVERS, help="only these; may be repeated")
    add("--out", type=Path, default=OUT, metavar="FILE", help=f"where figures are kept ({OUT})")
    add("--markdown", action="store_true", help="tables in Markdown, for the docs")
    add("--summary", action="store_true", help="the tables from what was kept, nothing else")
    chosen = parser.parse_args(arguments)
    quick = chosen.quick
    for name, value in {
        "clients": (1, 2) if quick else CLIENTS,
        "seconds": 5.0 if quick else SECONDS,
        "minutes": 0.2 if quick else MINUTES,
        "soak_clients": 2 if quick else SOAK_CLIENTS,
    }.items():
        if getattr(chosen, name) is None:
            setattr(chosen, name, value)
    chosen.calls = 3 if quick else CALLS
    chosen.servers = chosen.server or SERVERS
    return chosen


def _counts(text: str) -> tuple[int, ...]:
    words = text.split(",")
    if not all(word.isdecimal() for word in words):
        raise argparse.ArgumentTypeError(f"{text} is no list of numbers")
    return tuple(int(word) for word in words if int(word))


def make_calls(folder: Path, count: int) -> list[Call]:
    """So many calls of each language."""
    languages: tuple[Language, ...] = ("en", "fr")
    calls = []
    for language in languages:
        for number, built in enumerate(build.short_calls(language, count)):
            path = build.write(built, folder / f"{language}-{number:02}.wav")
            text = " ".join(turn.text for turn in built.turns[""])
            duration_s = len(built.samples) / RATE_HZ
            calls.append(Call(path.name, language, text, duration_s, path.read_bytes()))
    return calls


class Bench:
    """The servers under load, one number of clients after the other."""

    def __init__(self, calls: Sequence[Call]) -> None:
        """`calls` are what all clients send."""
        self._calls = calls
        self._texts = Texts(calls)

    def level(self, server: Server, clients: int, seconds: float) -> Level:
        """One row."""
        _say(f"{server.name}, {clients} clients")
        with TreeWatch(server) as watch:
            outcomes = Load(server.url, self._calls, clients).run(seconds)
        return level(server.name, clients, outcomes, self._texts, watch.watched())

    def soak(self, server: Server, clients: int, minutes: float) -> Soak:
        """Saturation, with jobs among the requests."""
        _say(f"{server.name}, {clients} clients for {minutes:g} min")
        with TreeWatch(server) as watch:
            outcomes = Load(server.url, self._calls, clients, JOB_EVERY).run(60 * minutes)
        found = level(server.name, clients, outcomes, self._texts, watch.watched())
        return soak(found, outcomes, watch.samples)

    def warm_up(self, server: Server) -> None:
        """A few calls before any clock starts. Raises UserError where they have no transcript."""
        for one in Load(server.url, self._calls[:: len(self._calls) // 2], 2).run(0.5):
            if one.error:
                raise UserError(f"{server.name} transcribes no call: {one.error}")


def load(path: Path, described: dict[str, str]) -> Kept:
    """What is kept there of the same machine and versions; else nothing."""
    try:
        kept = KEPT.validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):  # or of another version of this program
        return Kept(described, [], None)
    return kept if kept.machine == described else Kept(described, [], None)


def save(path: Path, kept: Kept) -> None:
    """Writes the file anew."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".writing")
    temporary.write_text(
        json.dumps(KEPT.dump_python(kept, mode="json"), indent=1, ensure_ascii=False)
    )
    temporary.replace(path)


def run(chosen: argparse.Namespace, console: Console) -> bool:
    """Measures, keeps and prints; False where a request was lost. Raises UserError."""
    settings = load_settings()
    wiring.verified_models(settings)
    kept = load(chosen.out, machine.describe(settings))
    if not chosen.summary:
        with tempfile.TemporaryDirectory(prefix="stt-serve-") as name, ExitStack() as stack:
            folder = Path(name)
            _say("building the calls")
            bench = Bench(make_calls(folder, chosen.calls))
            names = chosen.servers if chosen.clients else (OURS,)
            servers = [stack.enter_context(started(one, settings, folder)) for one in names]
            for server in servers:
                bench.warm_up(server)
            for clients in chosen.clients:
                for server in servers:
                    kept = kept.with_level(bench.level(server, clients, chosen.seconds))
                    save(chosen.out, kept)
            if chosen.minutes and servers[0].name == OURS:
                found = bench.soak(servers[0], chosen.soak_clients, chosen.minutes)
                kept = Kept(kept.machine, kept.levels, found)
                save(chosen.out, kept)
    show(console, kept, chosen.markdown)
    return not kept.lost


def _say(progress: str) -> None:
    sys.stderr.write(f"... {progress}\n")
    sys.stderr.flush()


def main() -> int:
    """Exit code 1 where a request was lost, 2 with one sentence where nothing can be measured."""
    chosen = parse()
    console = Console(width=MARKDOWN_WIDTH if chosen.markdown else WIDTH, highlight=False)
    try:
        return 0 if run(chosen, console) else 1
    except (UserError, PromptsMissingError, RuntimeError, TimeoutError) as error:
        sys.stderr.write(f"Error: {error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("Stopped. What was measured is kept.\n")
        return 130


if __name__ == "__main__":
    sys.exit(main())
