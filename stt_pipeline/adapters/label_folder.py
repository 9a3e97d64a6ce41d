"""A folder that a person labels calls in: sound, texts to correct, a page, a list. Draws nothing.

index.html      listen and correct in a browser, without network; saves corrected.json
audio/*.wav     each call, 16 kHz, 16 bits; left and right as recorded
texts/*.txt     what was heard, an utterance a line, to be corrected in any editor instead
sheet.csv       the calls, why each was drawn, and what it stands for
draw.json       what was asked for: leave it as it is
"""

import contextlib
import csv
import io
import json
import re
import shutil
import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from stt_pipeline.domain.errors import UserError
from stt_pipeline.domain.labelling.label_texts import AskedCall, Page
from stt_pipeline.domain.labelling.labelling import Draw

MANIFEST = "draw.json"
SAVED = "corrected.json"
RATE_HZ = 16_000

_UNSAFE = re.compile(r'[\x00-\x1f/\\:*?"<>|%]|^\.')
"""What some file system does not take in a name, or hides."""

_PAGES = Environment(
    loader=PackageLoader("stt_pipeline.adapters", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True)
class Utterance:
    """A line to correct; `speaker` is empty where none can be told."""

    speaker: str
    start_s: float
    end_s: float
    text: str


@dataclass(frozen=True)
class PageCall:
    """A call as the page shows it."""

    asked: AskedCall
    minutes: float
    why: str
    utterances: tuple[Utterance, ...]


@dataclass(frozen=True)
class Asked:
    """What draw.json says: the draw's name, and the calls asked for."""

    draw: str
    calls: tuple[AskedCall, ...]


_ASKED = TypeAdapter(Asked)


def file_name(call_id: str) -> str:
    """A name that every file system takes; different for different calls."""
    return _UNSAFE.sub(lambda sign: f"%{ord(sign[0]):02X}", call_id)


@contextlib.contextmanager
def new_folder(folder: Path) -> Iterator[None]:
    """Makes the folder, and takes it away again where the block ends in an error.

    Raises UserError where there is something in it, or it cannot be made.
    """
    existed = folder.is_dir()
    if existed and any(folder.iterdir()):
        raise UserError(f"--to {folder} is not empty: name a new folder.")
    try:
        for part in ("audio", "texts"):
            (folder / part).mkdir(parents=True)
    except OSError as error:
        raise UserError(f"--to {folder} cannot be made ({error.strerror}): correct it.") from None
    try:
        yield
    except BaseException:
        shutil.rmtree(folder)
        if existed:
            folder.mkdir()
        raise


def write_audio(path: Path, pieces: Iterator[NDArray[np.float32]]) -> None:
    """Samples of shape (channels, n), 16 kHz, -1 to 1, as a WAV file; one piece is in memory."""
    with wave.open(str(path), "wb") as file:
        for number, piece in enumerate(pieces):
            if number == 0:
                file.setnchannels(piece.shape[0])
                file.setsampwidth(2)
                file.setframerate(RATE_HZ)
            samples = np.clip(piece.T * 32767, -32768, 32767)
            file.writeframes(samples.astype("<i2").tobytes())


def write_texts(folder: Path, draw: Draw, calls: Sequence[PageCall]) -> None:
    """Everything but the sound."""
    for call in calls:
        for speaker, text in call.asked.heard.items():
            (folder / "texts" / call.asked.text_name(speaker)).write_text(text, encoding="utf-8")
    (folder / "sheet.csv").write_text(_sheet(draw, calls), encoding="utf-8-sig")
    page = _PAGES.get_template("label.html").render(draw=draw, calls=calls, saved=SAVED)
    (folder / "index.html").write_text(page, encoding="utf-8")
    asked = Asked(draw.name, tuple(call.asked for call in calls))
    (folder / MANIFEST).write_bytes(_ASKED.dump_json(asked, indent=1))


def _sheet(draw: Draw, calls: Sequence[PageCall]) -> str:
    by_call = {(one.call_date, one.call_id): one for one in draw.calls}
    text = io.StringIO(newline="")
    rows = csv.writer(text)
    rows.writerow(
        ["call_id", "call_date", "minutes", "language", "stratum", "stands_for", "audio", "texts"]
    )
    for call in calls:
        asked = call.asked
        drawn = by_call[asked.call_date, asked.call_id]
        rows.writerow(
            [
                asked.call_id,
                asked.call_date,
                f"{call.minutes:.2f}",
                asked.language or "",
                drawn.stratum,
                f"{drawn.stands_for:.2f}",
                f"audio/{asked.file}.wav",
                " ".join(f"texts/{asked.text_name(who)}" for who in asked.heard),
            ]
        )
    return text.getvalue()


def read_asked(folder: Path) -> Asked:
    """What the folder asks for; raises UserError where it is no such folder."""
    try:
        return _ASKED.validate_json((folder / MANIFEST).read_bytes())
    except (OSError, ValidationError):
        raise UserError(
            f"{folder} has no {MANIFEST} of 'stt-pipeline label export': name the folder that it "
            "wrote."
        ) from None


def read_texts(folder: Path) -> dict[str, bytes]:
    """The text files by name."""
    return {path.name: path.read_bytes() for path in sorted((folder / "texts").glob("*.txt"))}


def read_page(folder: Path) -> Page | None:
    """What the page saved, if it did; raises UserError where that cannot be read."""
    path = folder / SAVED
    if not path.exists():
        return None
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
        calls = {
            call_id: {speaker: "\n".join(lines) for speaker, lines in call["texts"].items()}
            for call_id, call in saved["calls"].items()
            if call["done"]
        }
        return Page(str(saved["draw"]), calls)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise UserError(f"{path} is not what the page saved: save it again.") from None
