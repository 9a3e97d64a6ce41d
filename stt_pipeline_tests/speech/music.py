"""Finds real hold music for telephones: five pieces without words; downloads nothing.

The music is Debian's package `asterisk-moh-opsound-wav` (CC-BY-SA; Macroform, Manolo Camp, Reno
Project), beside the prompts.
"""

import wave
from typing import Final

import numpy as np

from stt_pipeline_tests.speech.calls import RATE_HZ, Samples
from stt_pipeline_tests.speech.prompts import (
    MUSIC,
    MUSIC_PACKAGES,
    PromptsMissingError,
    find_root,
)

PIECES: Final = (
    "macroform-cold_day",
    "macroform-robot_dity",
    "macroform-the_simplicity",
    "manolo_camp-morning_coffee",
    "reno_project-system",
)


def load_music(name: str, duration_s: float) -> Samples:
    """The first `duration_s` of one of `PIECES`: int16, mono, `RATE_HZ`.

    Raises PromptsMissingError when the package is not on the machine.
    """
    root = find_root(MUSIC_PACKAGES)
    if root is None:
        raise PromptsMissingError(
            "The hold music of the tests is missing: run 'make test', which fetches it."
        )
    with wave.open(str(root / MUSIC / f"{name}.wav")) as recording:
        return np.frombuffer(recording.readframes(round(duration_s * RATE_HZ)), dtype="<i2")
