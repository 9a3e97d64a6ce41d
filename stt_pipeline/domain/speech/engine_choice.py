"""Reads which engine somebody asks for: settings and figures by name, in one line or a file.

`model=base,beam=5,hotwords=file:///names.txt`; what is not named is as the settings in force say.
Loads nothing.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

from stt_pipeline.domain.errors import UserError
from stt_pipeline.domain.speech.engine import (
    WHISPER_LANGUAGES,
    Decoding,
    EngineSpec,
    SpeechDetection,
)

IN_FORCE: Final = "current"
"""The name of the engine that the settings in force make."""

SETTINGS: Final = {
    "model": "model",
    "model_sha256": "model_sha256",
    "compute_type": "compute_type",
    "languages": "languages",
    "hotwords": "hotwords_uri",
}
"""Name of the setting, in small letters and without STT_, by how it is written."""


def _numbers(of: Decoding | SpeechDetection) -> dict[str, float]:
    return {name: value for name, value in asdict(of).items() if isinstance(value, int | float)}


_DECODING: Final = _numbers(Decoding())
_DETECTION: Final = _numbers(SpeechDetection())
FIGURES: Final = {**_DECODING, **_DETECTION}
"""Defaults of the figures by name; domain/speech/engine.py says what each is."""

BEAM: Final = "beam"
"""Every chunk is read with so many beams; again only where it repeats itself, is too short, or may
say a word that its call says elsewhere."""

_BEAMS: Final = ("first_beam", "second_beam", "unsure_beam")

_ALWAYS_SURE: Final = -100.0
"""A mean log probability that no text falls below."""

MAX_BEAM: Final = 32
NAMES: Final = (*SETTINGS, BEAM, *FIGURES)

_NAMED = re.compile(rf"[,\n]\s*(?=(?:{'|'.join(NAMES)})\s*=)|\n")
_ANY_NAME = re.compile(r",\s*(\w+)\s*=")


@dataclass(frozen=True)
class EngineChoice:
    """What is asked for: values of settings, and figures, by the names of their fields."""

    settings: Mapping[str, str] = field(default_factory=dict)
    figures: Mapping[str, float] = field(default_factory=dict)


def read_choice(text: str) -> EngineChoice:
    """The choice that a line, or the lines of a file, write; raises UserError.

    Parts are apart by commas or lines; a part of a value may hold a comma (`model=fr=…,en=…`). A
    line that begins with `#` is a remark.
    """
    settings: dict[str, str] = {}
    figures: dict[str, float] = {}
    seen = set()
    for name, value in _parts(text):
        if name in seen:
            raise UserError(f"--engine names {name} twice: leave one.")
        seen.add(name)
        if name in SETTINGS:
            settings[SETTINGS[name]] = value
        elif name == BEAM:
            beams = _figure(name, value, 1)
            figures |= {**dict.fromkeys(_BEAMS, beams), "sure_logprob": _ALWAYS_SURE}
        else:
            figures[name] = _figure(name, value, FIGURES[name])
    if BEAM in seen and {*_BEAMS, "sure_logprob"} & seen:
        raise UserError("--engine names beam, which is every pass: leave it, or the passes' own.")
    return EngineChoice(settings, figures)


def _parts(text: str) -> Iterator[tuple[str, str]]:
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    for part in _NAMED.split("\n".join(lines)):
        if not part.strip() or part.strip() == IN_FORCE:
            continue
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if name not in NAMES or not equals:
            raise UserError(
                f"--engine {part.strip()}: write {IN_FORCE}, or NAME=VALUE with some of "
                f"{', '.join(NAMES)}."
            )
        for inner in _ANY_NAME.findall(value):
            if name != "model" or inner not in WHISPER_LANGUAGES:
                raise UserError(f"--engine names {inner}: use some of {', '.join(NAMES)}.")
        yield name, value


def _figure(name: str, value: str, default: float) -> float:
    """The value as a number of the default's kind; raises UserError."""
    whole = isinstance(default, int)
    try:
        number = int(value) if whole else float(value)
    except ValueError:
        kind = "a whole number" if whole else "a number"
        raise UserError(f"--engine {name}={value}: write {kind}.") from None
    if name.endswith(BEAM) and not 1 <= number <= MAX_BEAM:
        raise UserError(f"--engine {name}={value}: write 1 to {MAX_BEAM}.")
    if not math.isfinite(number) or (whole and number < 0):
        raise UserError(f"--engine {name}={value}: write a number that can be.")
    return number


def tuned(spec: EngineSpec, figures: Mapping[str, float]) -> EngineSpec:
    """The engine with these figures in place of its own."""
    return replace(
        spec,
        decoding=replace(spec.decoding, **_only(figures, _DECODING)),
        detection=replace(spec.detection, **_only(figures, _DETECTION)),
    )


def _only(figures: Mapping[str, float], names: Mapping[str, float]) -> dict[str, Any]:
    return {name: value for name, value in figures.items() if name in names}
