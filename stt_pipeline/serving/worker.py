"""The program of one process of the service's engine: reads groups of tasks, answers each.

What it reads comes from strangers: whatever a file does to it costs this process, and no other.
The protocol is that of `adapters/worker_processes`; it ends when its input ends, at once.
"""

import argparse
import io
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

from pydantic import TypeAdapter

from stt_pipeline import wiring
from stt_pipeline.domain.errors import AudioUnreadableError, ObjectMissingError, UserError
from stt_pipeline.domain.planning.sharding import BATCH
from stt_pipeline.domain.ports import Transcriber
from stt_pipeline.domain.recordings.recording import AudioInfo, Recording
from stt_pipeline.domain.speech.transcribing import read_together
from stt_pipeline.domain.speech.transcription import Result
from stt_pipeline.serving.followed import FollowedFile
from stt_pipeline.settings import Settings
from stt_pipeline.worker import lines_of_input, own_stdout, say

ENGINES = 3
"""Engines kept at once in a process: for every language, and for the two asked for last."""


@dataclass(frozen=True)
class Ask:
    """A recording to read: `settings` are those with another value, `stop_file` ends it midway.

    `name` is the request's or the job's.
    """

    name: str
    root: str
    recording: Recording
    settings: dict[str, tuple[str, ...]]
    stop_file: str = ""


@dataclass(frozen=True)
class ProbeAsk:
    """A header to read; `measure` counts the packets too, which reads the whole file."""

    name: str
    root: str
    key: str
    size_bytes: int
    measure: bool


@dataclass(frozen=True)
class Probed:
    """What the header says, or the problem with the file."""

    info: AudioInfo | None
    problem: str = ""


ASK = TypeAdapter(Ask)
ASKS = TypeAdapter(list[Ask])
PROBE_ASK = TypeAdapter(ProbeAsk)
PROBE_ASKS = TypeAdapter(list[ProbeAsk])
PROBED = TypeAdapter(Probed)
RESULT = TypeAdapter(Result)

Answer = Callable[[dict[str, Any]], None]


def main() -> int:
    """Serves tasks until the input ends; exit code 2 where the settings cannot work."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("transcribe", "probe"))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--batch", type=int, default=BATCH)
    parser.add_argument("--settings", type=Settings.model_validate_json, required=True)
    arguments = parser.parse_args()
    # Who presses Ctrl-C means the service, which ends its processes itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = own_stdout()
    serve = transcribe if arguments.what == "transcribe" else probe
    try:
        serve(arguments, lambda answer: say(answers, answer))
    except UserError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the service's log
        return 2
    return 0


def transcribe(arguments: argparse.Namespace, answer: Answer) -> None:
    """Reads the recordings of each group together, those of one language at a time."""
    settings: Settings = arguments.settings

    @lru_cache(maxsize=ENGINES)
    def engine(languages: tuple[str, ...], channels: tuple[str, ...]) -> Transcriber:
        changed = {"languages": languages, "channels": channels}
        return wiring.transcriber(
            settings.model_copy(update=changed), arguments.threads, batch=arguments.batch
        )

    for line in lines_of_input():
        by_engine: dict[tuple[tuple[str, ...], tuple[str, ...]], list[tuple[int, Ask]]] = {}
        for task, ask in enumerate(ASKS.validate_json(line)):
            languages = ask.settings.get("languages", settings.languages)
            channels = ask.settings.get("channels", settings.channels)
            by_engine.setdefault((languages, channels), []).append((task, ask))
        for names, asked in by_engine.items():
            _read(engine(*names), asked, answer)


def _read(engine: Transcriber, asked: Sequence[tuple[int, Ask]], answer: Answer) -> None:
    def opened(name: str) -> BinaryIO:
        place, _, key = name.partition("/")
        task, ask = asked[int(place)]
        followed = FollowedFile(
            wiring.store_of(ask.root).open(key),
            ask.recording.size_bytes,
            lambda share: answer({"task": task, "note": share}),
            lambda: bool(ask.stop_file) and Path(ask.stop_file).exists(),
        )
        return io.BufferedReader(followed)

    # Two callers may ask for one recording: its place makes the name its own.
    recordings = [
        replace(ask.recording, key=f"{place}/{ask.recording.key}")
        for place, (_, ask) in enumerate(asked)
    ]
    for place, result in read_together(recordings, opened, engine):
        answer({"task": asked[place][0], "result": RESULT.dump_python(result, mode="json")})


def probe(arguments: argparse.Namespace, answer: Answer) -> None:
    """Reads the header of each file."""
    for line in lines_of_input():
        for task, ask in enumerate(PROBE_ASKS.validate_json(line)):
            probed = _probed(arguments.settings, ask)
            answer({"task": task, "probed": PROBED.dump_python(probed, mode="json")})


def _probed(settings: Settings, ask: ProbeAsk) -> Probed:
    store = wiring.store_of(ask.root)
    try:
        with store.open(ask.key) as audio:
            info = wiring.prober(settings).probe(audio, ask.key, ask.size_bytes)
        if ask.measure or info.duration_s is None:
            with store.open(ask.key) as audio:
                info = replace(info, duration_s=wiring.packets_s(audio, ask.key) or info.duration_s)
    except AudioUnreadableError as error:
        return Probed(None, str(error))
    except ObjectMissingError:
        return Probed(None, "there is no such recording")
    return Probed(info)


if __name__ == "__main__":
    sys.exit(main())
