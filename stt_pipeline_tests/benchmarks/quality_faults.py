"""Calls spoiled on purpose, from the telephone to the recorder. Hears and judges nothing."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from random import Random
from typing import Final

import numpy as np

from stt_pipeline_tests.benchmarks.quality_calls import (
    OTHER,
    Call,
    to_int16,
    with_noise,
)
from stt_pipeline_tests.speech import sounds
from stt_pipeline_tests.speech.calls import RATE_HZ, Samples, Turn
from stt_pipeline_tests.speech.music import PIECES, load_music

Spoil = Callable[[Call, int], Call]


def noise_in_pauses(call: Call, seed: int) -> Call:
    """Silence becomes noise at -20 dBFS, and each fourth pause lasts twelve seconds more."""

    def fill(duration_s: float, number: int) -> Samples:
        return sounds.white_noise(duration_s, seed=seed + number, level_dbfs=-20)

    return _with_pauses(call, fill)


def music_in_pauses(call: Call, seed: int) -> Call:
    """The same with hold music."""

    def fill(duration_s: float, number: int) -> Samples:
        return load_music(PIECES[(seed + number) % len(PIECES)], duration_s)

    return _with_pauses(call, fill)


def _with_pauses(call: Call, fill: Callable[[float, int], Samples]) -> Call:
    pieces: list[Samples] = []
    turns: list[Turn] = []
    position = 0
    [side] = call.turns.values()
    edges = [round(turn.start_s * RATE_HZ) for turn in side] + [len(call.samples)]
    for number, (turn, start, following) in enumerate(zip(side, edges, edges[1:], strict=False)):
        end = min(round(turn.end_s * RATE_HZ), following)
        pause_s = (following - end) / RATE_HZ + (12.0 if number % 4 == 1 else 0.0)
        filled = fill(max(pause_s, 0.05), number)
        shift_s = (position - start) / RATE_HZ
        turns.append(replace(turn, start_s=turn.start_s + shift_s, end_s=turn.end_s + shift_s))
        pieces += [call.samples[start:end], filled]
        position += end - start + len(filled)
    return replace(call, samples=np.concatenate(pieces), turns={"": tuple(turns)})


def noisy_line(call: Call, seed: int) -> Call:
    """Noise as loud as the speech, all along."""
    level = float(np.sqrt(np.mean(call.samples.astype(float) ** 2))) / 32768
    level_dbfs = 20 * float(np.log10(level)) + 2
    return replace(call, samples=with_noise(call.samples, seed, level_dbfs))


def dropouts(call: Call, seed: int) -> Call:
    """A third of all quarters of a second are lost, as packets are."""
    samples, random = call.samples.copy(), Random(seed)
    step = RATE_HZ // 4
    for start in range(0, len(samples), step):
        if random.random() < 1 / 3:
            samples[start : start + step] = 0
    return replace(call, samples=samples)


def clipped(call: Call, _: int) -> Call:
    """Thirty times too loud, cut off at full scale."""
    return replace(call, samples=to_int16(call.samples.astype(float) * 30))


def too_quiet(call: Call, _: int) -> Call:
    """60 dB too quiet: a few steps of the coding are left."""
    return replace(call, samples=to_int16(call.samples.astype(float) / 1000))


def wrong_rate(call: Call, seed: int) -> Call:
    """The file says twice the rate that it has, or half of it."""
    return replace(call, rate_hz=RATE_HZ * 2 if seed % 2 else RATE_HZ // 2)


def cut_off(call: Call, seed: int) -> Call:
    """The recording ends within its last long turn, in the middle of a word."""
    [side] = call.turns.values()
    turn = [one for one in side if one.end_s - one.start_s > 2.0][-1]
    heard = call.samples[: round(turn.end_s * RATE_HZ)]
    frame = RATE_HZ // 50
    first = round((turn.start_s + 1.0 + 0.1 * (seed % 5)) * RATE_HZ) // frame
    level = np.abs(heard[: len(heard) // frame * frame].astype(float)).reshape(-1, frame).mean(1)
    loud = np.flatnonzero(level[first:] > level[first:].max() / 4)
    return replace(call, samples=heard[: (first + int(loud[0]) + 2) * frame])


def wrong_language(call: Call, _: int) -> Call:
    """The engine is told a language that nobody speaks in the call."""
    return replace(call, languages=(OTHER[call.language],))


def channel_lost(call: Call, seed: int) -> Call:
    """One channel of two is silent from the beginning."""
    samples = call.samples.copy()
    samples[:, seed % 2] = 0
    return replace(call, samples=samples)


def channel_lost_midway(call: Call, seed: int) -> Call:
    """One channel of two is silent from the first third of the call on."""
    samples = call.samples.copy()
    samples[len(samples) // 3 :, seed % 2] = 0
    return replace(call, samples=samples)


def channels_alike(call: Call, _: int) -> Call:
    """Both channels carry both speakers."""
    both = to_int16(call.samples.astype(float).sum(axis=1))
    return replace(call, samples=np.column_stack((both, both)))


def channels_leak(call: Call, _: int) -> Call:
    """Each channel carries the other at half its level."""
    mixed = call.samples.astype(float) @ np.array([[1.0, 0.5], [0.5, 1.0]])
    return replace(call, samples=to_int16(mixed))


MONO_FAULTS: Final[tuple[Spoil, ...]] = (
    noise_in_pauses,
    music_in_pauses,
    noisy_line,
    dropouts,
    clipped,
    too_quiet,
    wrong_rate,
    cut_off,
    wrong_language,
)
TWO_CHANNEL_FAULTS: Final[tuple[Spoil, ...]] = (
    channel_lost,
    channel_lost_midway,
    channels_alike,
    channels_leak,
)


def spoiled_calls(clean: Sequence[Call], each: int = 2) -> Iterator[Call]:
    """`each` of the clean calls with each fault that calls of so many channels may have."""
    mono = [call for call in clean if len(call.turns) == 1]
    two = [call for call in clean if len(call.turns) == 2]
    for faults, calls in ((MONO_FAULTS, mono), (TWO_CHANNEL_FAULTS, two)):
        for place, spoil in enumerate(faults):
            for number in range(each):
                call = calls[(place + number * 3) % len(calls)]
                name = f"{call.name}-{spoil.__name__}-{number}"
                spoiled = spoil(call, number)
                yield replace(spoiled, name=name, fault=spoil.__name__, twin=call.name)
