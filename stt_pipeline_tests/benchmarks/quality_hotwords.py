"""Whether a list of names helps on calls with names and does no harm on others. Hears nothing."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from stt_pipeline.domain.quality.normalise import normaliser
from stt_pipeline.domain.speech.transcription import Transcription
from stt_pipeline_tests.benchmarks import build
from stt_pipeline_tests.benchmarks.quality_calls import LONGEST_PROMPT_S, Call
from stt_pipeline_tests.benchmarks.quality_figures import Row, errors_row, texts_of
from stt_pipeline_tests.speech.prompts import Language, Prompt, load_prompts

NAMES: Final = ("Asterisk", "Digium", "Bluetooth", "Dahdi", "Skinny", "Unistim")
"""Names that the scripts hold, as a call centre would list its products and partners."""

_NAME: Final = re.compile(rf"\b(?:{'|'.join(NAMES)})\b", re.IGNORECASE)


def named_calls(language: Language, brief: bool = False) -> Iterator[Call]:
    """Every prompt that says one of NAMES, each between two that do not, in calls of a minute.

    The brief one is the first call, of a single such prompt.
    """
    together = 1 if brief else 4
    prompts = [one for one in load_prompts(language) if one.duration_s <= LONGEST_PROMPT_S * 2]
    named = [one for one in prompts if _NAME.search(one.text)]
    others = [one for one in prompts if not _NAME.search(one.text) and 2 < one.duration_s < 8]
    for number, start in enumerate(range(0, len(named), together)):
        group: list[Prompt] = []
        for place, prompt in enumerate(named[start : start + together]):
            at = 2 * (start + place)
            group += [others[at % len(others)], prompt, others[(at + 1) % len(others)]]
        built = build.mono(group, seed=number)
        yield Call(f"named-{language}-{number}", language, built.samples, built.turns)
        if brief:
            return


def names_row(calls: Sequence[Call], heard: Mapping[str, Transcription]) -> Row:
    """Names said, how many of them were heard, how many nobody said; and the calls' errors."""
    said = found = invented = 0
    for call in calls:
        _, rule = normaliser(call.language)
        there = rule(" ".join(call.texts.values())).split()
        words = rule(" ".join(texts_of(heard[call.name], call).values())).split()
        for name in map(str.lower, NAMES):
            wanted, got = there.count(name), words.count(name)
            said, found = said + wanted, found + min(wanted, got)
            invented += max(0, got - wanted)
    return {"said": said, "found": found, "invented": invented, "named": errors_row(calls, heard)}
