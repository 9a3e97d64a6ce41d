"""Lays out a week of sample recordings and writes them: dialogues, and files to be kept aside.

Knows keys, dates and files; what is said is in `dialogues`, how it sounds in `voice`.
"""

import datetime as dt
import random
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np

from stt_pipeline.demo.dialogues import CUT_OFF, DIALOGUES, VOICEMAIL, Dialogue, Speaker
from stt_pipeline.demo.voice import SAMPLE_RATE_HZ, Samples, TelephoneVoice, mu_law_wav
from stt_pipeline.domain.errors import UserError

_PITCH: Final[dict[Speaker, float]] = {"agent": 1.0, "customer": 1.2}
"""One voice, two speakers: the customer's is higher."""

_PAUSE_S: Final = (0.3, 0.8)
"""Shortest and longest pause between two turns."""

_OVERLAP_S: Final = 0.4
_MARGIN_S: Final = 0.5
_SILENT_CALL_S: Final = 20.0

_LINE_NOISE: Final = 0.0005
"""Root mean square of the noise of an open line: 66 dB below full scale."""

_NOT_AUDIO: Final = (
    b"Recorder 3 could not reach its storage and wrote this note in place of the call.\n"
    b"Ask the telephone team to send the recording again.\n"
)


class Kind(StrEnum):
    """What a sample file holds."""

    SPOKEN = "spoken"
    SILENT = "silent"
    TRUNCATED = "truncated"
    EMPTY = "empty"
    NOT_AUDIO = "not audio"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class SampleFile:
    """A recording to write: `key` below the recordings folder, and what it holds.

    `dialogue` says what is spoken, if anything; `original` is the key that a duplicate repeats.
    """

    key: str
    kind: Kind
    dialogue: Dialogue | None = None
    original: str = ""


def plan_week(week_start: dt.date) -> list[SampleFile]:
    """Every sample recording of the seven dates from the Monday `week_start`, in writing order.

    Raises ValueError when `week_start` is not a Monday.
    """
    if week_start.weekday() != 0:
        raise ValueError(f"{week_start} is not a Monday")

    def key_of(call: Dialogue) -> str:
        date = week_start + dt.timedelta(days=call.weekday)
        name = f"{call.call_id}_{call.agent_id}_{date:%Y%m%d}T{call.started.replace(':', '')}.wav"
        return f"call_date={date}/queue={call.queue}/customer_id={call.customer_id}/{name}"

    hotel = next(dialogue for dialogue in DIALOGUES if dialogue.call_id == "C2008")
    silent = Dialogue("C2014", "A18", "K3090", "appointments", "16:41:10", 4, ())
    empty = Dialogue("C2016", "A03", "K8215", "technical", "15:39:05", 3, ())
    note = Dialogue("C2017", "A21", "K2096", "insurance", "10:11:55", 1, ())
    twice = Dialogue(
        "C2018", hotel.agent_id, "K4470", hotel.queue, hotel.started, hotel.weekday, ()
    )
    return [
        *(SampleFile(key_of(dialogue), Kind.SPOKEN, dialogue) for dialogue in DIALOGUES),
        SampleFile(key_of(silent), Kind.SILENT),
        SampleFile(key_of(CUT_OFF), Kind.TRUNCATED, CUT_OFF),
        SampleFile(key_of(empty), Kind.EMPTY),
        SampleFile(key_of(note), Kind.NOT_AUDIO),
        SampleFile(key_of(twice), Kind.DUPLICATE, original=key_of(hotel)),
        SampleFile("incoming/voicemail.wav", Kind.SPOKEN, VOICEMAIL),
    ]


def make_calls(
    recordings: Path,
    references: Path,
    week_start: dt.date,
    on_progress: Callable[[int, int], None],
) -> list[Path]:
    """Writes the week's sample recordings and reference texts; returns the recordings' paths.

    A file that exists is left as it is and nothing is spoken for it, so an interrupted call can
    be repeated. `on_progress` is told the recordings done and the recordings in all.

    Raises:
        UserError: a folder cannot be written, or Piper is needed and not installed.
        ValueError: `week_start` is not a Monday.
    """
    return write_files(plan_week(week_start), recordings, references, on_progress)


def write_files(
    plan: Sequence[SampleFile],
    recordings: Path,
    references: Path,
    on_progress: Callable[[int, int], None],
) -> list[Path]:
    """Does the work of `make_calls` for any plan; a duplicate must come after its original."""
    voice = cache(TelephoneVoice)
    paths: list[Path] = []
    for done, file in enumerate(plan):
        on_progress(done, len(plan))
        for name, text in _reference_texts(file):
            if not (references / name).exists():
                _write(references / name, f"{text}\n".encode(), references)
        path = recordings / file.key
        if not path.exists():
            _write(path, _content(file, voice, recordings), recordings)
        paths.append(path)
    on_progress(len(plan), len(plan))
    return paths


def _reference_texts(file: SampleFile) -> Iterable[tuple[str, str]]:
    call = file.dialogue
    if call is None or not call.labelled:
        return
    if call.layout == "mono":
        yield f"{call.call_id}.txt", call.text_of()
    else:
        yield f"{call.call_id}.agent.txt", call.text_of("agent")
        yield f"{call.call_id}.customer.txt", call.text_of("customer")


def _content(file: SampleFile, voice: Callable[[], TelephoneVoice], recordings: Path) -> bytes:
    match file.kind:
        case Kind.EMPTY:
            return b""
        case Kind.NOT_AUDIO:
            return _NOT_AUDIO
        case Kind.DUPLICATE:
            return (recordings / file.original).read_bytes()
        case Kind.SILENT:
            length = round(_SILENT_CALL_S * SAMPLE_RATE_HZ)
            return mu_law_wav([_line_noise(length, f"{file.key} {side}") for side in "LR"])
    if file.dialogue is None:
        raise ValueError(f"nothing to say in {file.key}")
    wav = mu_law_wav(spoken(file.dialogue, voice()))
    return wav[: len(wav) * 2 // 3] if file.kind is Kind.TRUNCATED else wav


def spoken(call: Dialogue, voice: TelephoneVoice) -> list[Samples]:
    """The channels of a call at 8 kHz: agent and customer, or one channel that holds both."""
    pauses = random.Random(call.call_id)
    starts: list[int] = []
    speeches = [voice.speak(turn.text, _PITCH[turn.speaker]) for turn in call.turns]
    position = round(_MARGIN_S * SAMPLE_RATE_HZ)
    for index, speech in enumerate(speeches):
        pause_s = pauses.uniform(*_PAUSE_S) if index != call.overlap_turn else -_OVERLAP_S
        starts.append(position + (round(pause_s * SAMPLE_RATE_HZ) if index else 0))
        position = starts[-1] + len(speech)
    length = position + round(_MARGIN_S * SAMPLE_RATE_HZ)
    speakers: list[Speaker] = ["agent", "customer"]
    sides = {speaker: _line_noise(length, f"{call.call_id} {speaker}") for speaker in speakers}
    for turn, start, speech in zip(call.turns, starts, speeches, strict=True):
        sides[turn.speaker][start : start + len(speech)] += speech
    channels = [sides[speaker] for speaker in speakers]
    return channels if call.layout == "two_channel" else [channels[0] + channels[1]]


def _line_noise(length: int, seed: str) -> Samples:
    noise = np.random.default_rng(zlib.crc32(seed.encode())).standard_normal(length)
    return (_LINE_NOISE * noise).astype(np.float32)


def _write(path: Path, content: bytes, root: Path) -> None:
    """Writes beside `root` and renames, so nothing below `root` is ever half written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=root.parent, prefix=".sample-") as scratch:
            part = Path(scratch) / path.name
            part.write_bytes(content)
            part.replace(path)
    except OSError as error:
        raise UserError(
            f"The sample call {path} cannot be written ({error.strerror}): "
            "free the place, or choose another folder."
        ) from error
