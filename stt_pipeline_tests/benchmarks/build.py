"""Calls of each kind out of real prompts, written as 8 kHz mu-law. Chooses no contender."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from random import Random

import numpy as np

from stt_pipeline_tests.speech import sounds
from stt_pipeline_tests.speech.calls import (
    RATE_HZ,
    JoinedCall,
    Samples,
    Turn,
    choose_prompts,
    join_prompts,
    two_channel_call,
)
from stt_pipeline_tests.speech.encode import write_wav
from stt_pipeline_tests.speech.music import PIECES, load_music
from stt_pipeline_tests.speech.prompts import Language, Prompt, load_prompts

PAUSE_S = 0.6
LONG_SHARES = (3.0, 2.1, 4.8, 2.4, 3.4, 2.2, 3.9, 2.6)
"""How the prompts of a language are dealt out to calls: minutes, of 24 in all."""

DEALS = 3
"""How often every prompt is dealt out where words are counted, each time between others."""

SHORT_PROMPT_S = 12.0
"""A call of half a minute is made of prompts up to this long; the longest of all has 73 s."""

SPEECH_SHARE = 0.425
"""Of a two-channel call, speech of each side; pauses are the rest."""

ONSET_SHARE = 0.03
"""A prompt's first word begins where 10 ms of it reach this share (-30 dB) of its loudest 10 ms."""


@dataclass(frozen=True)
class Built:
    """A call before it is written: samples, and by speaker what is said when."""

    samples: Samples
    turns: Mapping[str, tuple[Turn, ...]]


def long_calls(language: Language, deal: int = 0) -> Iterator[Built]:
    """Every prompt of the language once, in eight calls of 2 to 5 minutes: some 2,900 words.

    Another `deal` puts them in other company.
    """
    prompts = load_prompts(language)
    shuffled = Random(3 + deal).sample(prompts, len(prompts))
    place = {prompt.name: number for number, prompt in enumerate(shuffled)}
    # Dealt longest first, each to the call that lacks most, then put back in their order.
    calls: list[list[Prompt]] = [[] for _ in LONG_SHARES]
    for prompt in sorted(shuffled, key=lambda one: one.duration_s, reverse=True):
        loads = [
            sum(one.duration_s for one in call) / share
            for call, share in zip(calls, LONG_SHARES, strict=True)
        ]
        calls[loads.index(min(loads))].append(prompt)
    for number, call in enumerate(calls):
        in_turn = sorted(call, key=lambda one: place[one.name])
        yield mono(in_turn, seed=deal * len(calls) + number)


def dealt_calls(language: Language) -> Iterator[Built]:
    """Every prompt in three different calls: some 8,900 words.

    The errors of a call move with where its chunks begin, and even with how a sum is rounded: on
    one deal plain faster-whisper makes 86 errors with two threads and 81 with one, 0.17 points
    apart. So a tenth of a point is looked for in three.
    """
    for deal in range(DEALS):
        yield from long_calls(language, deal)


def short_calls(
    language: Language, calls: int, shortest_s: float = 15.0, longest_s: float = 40.0
) -> Iterator[Built]:
    """Calls of `shortest_s` to `longest_s`, their lengths spread evenly."""
    prompts = [one for one in load_prompts(language) if one.duration_s <= SHORT_PROMPT_S]
    seeds = count(1)
    for number in range(calls):
        wanted_s = shortest_s + (number + 0.5) / calls * (longest_s - shortest_s)
        while True:
            seed = next(seeds)
            # A fifth of a call is pauses, and the last prompt goes a little beyond.
            chosen = choose_prompts(prompts, speech_s=0.7 * wanted_s, seed=seed)
            built = mono(chosen, seed)
            if abs(len(built.samples) / RATE_HZ - wanted_s) < (longest_s - shortest_s) / calls:
                yield built
                break


def two_channel_calls(language: Language, durations_s: Sequence[float]) -> Iterator[Built]:
    """Calls of about these lengths; agent and customer speak in turns, half the time each."""
    prompts = load_prompts(language)
    for number, duration_s in enumerate(durations_s):
        pool = prompts
        if duration_s < 60:
            pool = [one for one in prompts if one.duration_s <= SHORT_PROMPT_S / 2]
        sides = []
        for side in (0, 1):
            seed = 1000 + 2 * number + side
            chosen = _repeated(pool, SPEECH_SHARE * duration_s - 1.0, seed)
            sides.append(join_prompts(chosen, pause_s=PAUSE_S, seed=seed))
        call = two_channel_call(*sides)
        yield Built(call.samples, {"agent": spoken(call.left), "customer": spoken(call.right)})


def mixed(calls: Iterable[Built]) -> Iterator[Built]:
    """The same calls with both channels added up to one."""
    for call in calls:
        both = sorted((turn for side in call.turns.values() for turn in side), key=_start_s)
        samples = call.samples.sum(axis=1, dtype=np.int32).clip(-32768, 32767).astype(np.int16)
        yield Built(samples, {"": tuple(both)})


def hours_of_calls(language: Language, hours: int) -> Iterator[Built]:
    """Calls as a centre has them, hour by hour: 60 of 20 s, six of 3 min, one of 20 min in two."""
    prompts = load_prompts(language)
    # Two at least in every call: one alone would be the same call twice.
    short = [one for one in prompts if one.duration_s <= SHORT_PROMPT_S]
    for hour in range(hours):
        for number in range(60):
            seed = 10_000 * (hour + 1) + number
            yield mono(_repeated(short, 16.0, seed), seed)
            if number % 10 == 5:
                yield mono(_repeated(prompts, 150.0, seed + 100), seed)
        seed = 10_000 * (hour + 1) + 500
        sides = (
            join_prompts(_repeated(prompts, 480.0, seed + side), pause_s=PAUSE_S, seed=seed)
            for side in (0, 1)
        )
        call = two_channel_call(*sides)
        yield Built(call.samples, {"agent": spoken(call.left), "customer": spoken(call.right)})


def non_speech() -> Iterator[Built]:
    """Half an hour without a word: silence, noises, tones, music; one call in two channels."""
    one_channel = [
        sounds.silence(180),
        sounds.white_noise(180, seed=1),
        sounds.pink_noise(180, seed=2),
        sounds.brown_noise(120, seed=3),
        sounds.breath(180, seed=4),
        sounds.line_hum(120),
        sounds.tone(120),
        sounds.ringback(120),
        sounds.dtmf("0123456789*#" * 17)[: 60 * RATE_HZ],
        sounds.hold_music(120),
        *(load_music(name, 60) for name in PIECES),
    ]
    for samples in one_channel:
        yield Built(samples, {"": ()})
    both = np.column_stack((load_music(PIECES[0], 120), sounds.breath(120, seed=5)))
    yield Built(both, {"agent": (), "customer": ()})


def mono(prompts: Sequence[Prompt], seed: int) -> Built:
    """The prompts as one channel."""
    call = join_prompts(prompts, pause_s=PAUSE_S, seed=seed)
    return Built(call.samples, {"": spoken(call)})


def spoken(call: JoinedCall) -> tuple[Turn, ...]:
    """The turns of a channel from their first sound; a prompt's file begins a little earlier."""
    return tuple(replace(turn, start_s=turn.start_s + _onset_s(call, turn)) for turn in call.turns)


def _onset_s(call: JoinedCall, turn: Turn) -> float:
    samples = call.samples[round(turn.start_s * RATE_HZ) : round(turn.end_s * RATE_HZ)]
    frame = RATE_HZ // 100
    frames = samples[: len(samples) // frame * frame].reshape(-1, frame).astype(float)
    level = np.sqrt(np.mean(frames**2, axis=1))
    return float(np.argmax(level >= ONSET_SHARE * level.max())) / 100


def _start_s(turn: Turn) -> float:
    return turn.start_s


def _repeated(prompts: Sequence[Prompt], speech_s: float, seed: int) -> list[Prompt]:
    """Prompts of so many seconds, all of them again, in another order, where one round is short."""
    round_s = sum(prompt.duration_s for prompt in prompts)
    chosen: list[Prompt] = []
    for number in count():
        missing_s = speech_s - sum(prompt.duration_s for prompt in chosen)
        if missing_s <= 0:
            return chosen
        wanted_s = min(missing_s, round_s - 1.0)
        chosen += choose_prompts(prompts, speech_s=wanted_s, seed=1_000_000 * number + seed)
    raise AssertionError


def write(call: Built, path: Path) -> Path:
    """The call as a WAV file of 8 kHz mu-law."""
    return write_wav(path, call.samples, RATE_HZ, "pcm_mulaw")
