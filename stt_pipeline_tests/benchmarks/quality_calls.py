"""Calls to measure quality on, as people speak and nobody spoils them. Hears and judges nothing.

Prompts are dealt to two halves: thresholds are fitted on calls of one and reported on the other.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice, pairwise
from random import Random
from typing import Final, Literal

import numpy as np

from stt_pipeline_tests.benchmarks import build
from stt_pipeline_tests.benchmarks.build import Built
from stt_pipeline_tests.speech import sounds
from stt_pipeline_tests.speech.calls import (
    RATE_HZ,
    JoinedCall,
    Samples,
    Turn,
    join_prompts,
    two_channel_call,
)
from stt_pipeline_tests.speech.prompts import Language, Prompt, load_prompts

Half = Literal["fit", "report"]
HALVES: Final[tuple[Half, ...]] = ("fit", "report")
LANGUAGES: Final[tuple[Language, ...]] = ("en", "fr")
OTHER: Final[dict[Language, Language]] = {"en": "fr", "fr": "en"}

LONGEST_PROMPT_S = 20.0
MONO_SPEECH_S = 40.0
LINE_NOISE_DBFS = -55.0
"""Every other clean call has it: a telephone line is never digitally silent."""

CROSSTALK = "-crosstalk"
"""Ends the names of such calls."""

CROSSTALK_DB = -30.0
"""What each channel hears of the other in every other call that speakers are told apart in."""


@dataclass(frozen=True)
class Call:
    """A call before it is written.

    `fault` names what was done to it, empty for a clean one, and `twin` the call that it was done
    to. `languages` are those that the engine
    is allowed, `rate_hz` what the file says of its rate. `turns` are what was said when, before it
    was spoiled, by speaker; a mono call's speaker is ``.
    """

    name: str
    language: Language
    samples: Samples
    turns: Mapping[str, tuple[Turn, ...]]
    half: Half = "report"
    fault: str = ""
    twin: str = ""
    languages: tuple[str, ...] = ("fr", "en")
    rate_hz: int = RATE_HZ
    texts: dict[str, str] = field(init=False)
    """The reference text of each speaker."""

    def __post_init__(self) -> None:
        texts = {who: " ".join(turn.text for turn in side) for who, side in self.turns.items()}
        object.__setattr__(self, "texts", texts)

    @property
    def duration_s(self) -> float:
        """Seconds of the file."""
        return len(self.samples) / self.rate_hz


def halves(language: Language) -> dict[Half, list[Prompt]]:
    """The prompts of the language that are no longer than LONGEST_PROMPT_S, every other one."""
    prompts = [one for one in load_prompts(language) if one.duration_s <= LONGEST_PROMPT_S]
    return {"fit": prompts[::2], "report": prompts[1::2]}


def clean_calls(
    half: Half, language: Language, rounds: int = 2, speech_s: float = MONO_SPEECH_S
) -> Iterator[Call]:
    """Every prompt of the half `rounds` times, in other company: calls of about a minute.

    Two thirds of mono calls, and one of two channels for every three of them.
    """
    for number in range(rounds):
        prompts = halves(language)[half]
        groups = _groups(prompts, speech_s, seed=10 * number + HALVES.index(half))
        for place, group in enumerate(groups):
            name = f"{half}-{language}-{number}-{place}"
            built = build.mono(group, seed=place)
            samples = with_noise(built.samples, seed=place) if place % 2 else built.samples
            yield Call(f"{name}-mono", language, samples, built.turns, half)
        for place, (left, right) in enumerate(zip(groups[::3], groups[1::3], strict=False)):
            built = _two(left, right, seed=place)
            yield Call(f"{half}-{language}-{number}-{place}-two", language, *_parts(built), half)


def _groups(prompts: Sequence[Prompt], speech_s: float, seed: int) -> list[list[Prompt]]:
    groups: list[list[Prompt]] = [[]]
    for prompt in Random(seed).sample(prompts, len(prompts)):
        if sum(one.duration_s for one in groups[-1]) >= speech_s:
            groups.append([])
        groups[-1].append(prompt)
    if sum(one.duration_s for one in groups[-1]) < speech_s / 2:
        groups.pop()
    return groups


def _two(left: Sequence[Prompt], right: Sequence[Prompt], seed: int) -> Built:
    """Both speak in turns to the end, whatever the number of their prompts."""
    sides = [join_prompts(side, pause_s=build.PAUSE_S, seed=seed) for side in (left, right)]
    turns = min(len(side.turns) for side in sides)
    call = two_channel_call(*(_in_turns(side, turns) for side in sides))
    spoken = {"agent": build.spoken(call.left), "customer": build.spoken(call.right)}
    return Built(call.samples, spoken)


def _in_turns(call: JoinedCall, turns: int) -> JoinedCall:
    """The call with so many turns, of several prompts each where there are more."""
    edges = [round(number * len(call.turns) / turns) for number in range(turns + 1)]
    groups = (call.turns[start:end] for start, end in pairwise(edges))
    merged = (
        Turn(group[0].start_s, group[-1].end_s, " ".join(turn.text for turn in group))
        for group in groups
    )
    return replace(call, turns=tuple(merged))


def _parts(built: Built) -> tuple[Samples, Mapping[str, tuple[Turn, ...]]]:
    return built.samples, built.turns


def with_noise(samples: Samples, seed: int, level_dbfs: float = LINE_NOISE_DBFS) -> Samples:
    """With pink noise all along."""
    noise = sounds.pink_noise(len(samples) / RATE_HZ, seed=seed, level_dbfs=level_dbfs)
    return to_int16(samples.astype(float) + noise[: len(samples)])


def to_int16(samples: np.ndarray) -> Samples:
    """Rounded, and clipped at full scale."""
    return np.clip(np.round(samples), -32768, 32767).astype(np.int16)


def wer_calls(language: Language, brief: bool = False) -> Iterator[Call]:
    """Every prompt in three calls of 2 to 5 minutes, as of `make bench`; or a call of 15 s."""
    brief_one = build.short_calls(language, 1, 12.0, 18.0)
    for number, built in enumerate(brief_one if brief else build.dealt_calls(language)):
        yield Call(f"wer-{language}-{number}", language, *_parts(built))


def two_channel_calls(language: Language, brief: bool = False) -> Iterator[Call]:
    """Calls of two channels of 2 to 4 minutes, every other one with crosstalk; or one of 20 s."""
    durations_s = [20.0] if brief else [120.0, 150.0, 180.0, 210.0]
    for number, built in enumerate(build.two_channel_calls(language, durations_s)):
        samples = built.samples
        if number % 2:
            leak = 10 ** (CROSSTALK_DB / 20)
            samples = to_int16(samples.astype(float) @ np.array([[1.0, leak], [leak, 1.0]]))
        name = f"two-{language}-{number}" + (CROSSTALK if number % 2 else "")
        yield Call(name, language, samples, built.turns)


def silent_calls(calls: int | None = None) -> Iterator[Call]:
    """Half an hour without a word: silence, noise, tones, keys, music, hold music."""
    for number, built in enumerate(islice(build.non_speech(), calls)):
        yield Call(f"silent-{number}", "en", *_parts(built))
