"""Joins prompts into calls of known text; writes no file and finds no prompt."""

import wave
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from random import Random
from typing import Final

import numpy as np
import numpy.typing as npt

from stt_pipeline_tests.speech.prompts import Prompt

Samples = npt.NDArray[np.int16]
"""Sound as 16-bit samples: of shape (n,) for one channel, (n, 2) for two."""

RATE_HZ: Final = 8000
"""The rate of every prompt and of every call made of them."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What is said from `start_s` to `end_s` of a channel."""

    start_s: float
    end_s: float
    text: str


@dataclass(frozen=True, slots=True)
class JoinedCall:
    """One channel: `samples` are int16 at `RATE_HZ`, `turns` say where each prompt lies in them."""

    samples: Samples
    turns: tuple[Turn, ...]

    @property
    def text(self) -> str:
        """The reference text of the channel."""
        return " ".join(turn.text for turn in self.turns)

    @property
    def duration_s(self) -> float:
        """Length of the channel, pauses included."""
        return len(self.samples) / RATE_HZ


@dataclass(frozen=True, slots=True)
class TwoChannelCall:
    """Two channels of the same length; one is silent while the other speaks."""

    left: JoinedCall
    right: JoinedCall

    @property
    def samples(self) -> Samples:
        """Both channels as int16 of shape (samples, 2), left first."""
        return np.column_stack((self.left.samples, self.right.samples))


def choose_prompts(prompts: Sequence[Prompt], *, speech_s: float, seed: int) -> list[Prompt]:
    """Different prompts in an order drawn by `seed`, until they last `speech_s` together.

    Raises ValueError when all of them together are shorter.
    """
    chosen: list[Prompt] = []
    missing_s = speech_s
    for prompt in Random(seed).sample(prompts, len(prompts)):
        if missing_s <= 0:
            break
        chosen.append(prompt)
        missing_s -= prompt.duration_s
    if missing_s > 0:
        raise ValueError(f"{len(prompts)} prompts are {missing_s:.1f} s short of {speech_s} s")
    return chosen


def join_prompts(prompts: Sequence[Prompt], *, pause_s: float, seed: int) -> JoinedCall:
    """The prompts in their order, each followed by a silence of half to one and a half `pause_s`.

    The length of each silence is drawn by `seed`.
    """
    random = Random(seed)
    pieces: list[Samples] = []
    turns: list[Turn] = []
    position = 0
    for prompt in prompts:
        speech = read_prompt(prompt)
        pause = np.zeros(round(random.uniform(0.5, 1.5) * pause_s * RATE_HZ), dtype=np.int16)
        turns.append(Turn(position / RATE_HZ, (position + len(speech)) / RATE_HZ, prompt.text))
        pieces += [speech, pause]
        position += len(speech) + len(pause)
    return JoinedCall(np.concatenate(pieces), tuple(turns))


def short_call(prompts: Sequence[Prompt], number: int) -> JoinedCall:
    """The n-th call of three sentences of these prompts, about 15 s; always the same."""
    spoken = [prompt for prompt in prompts if 2.0 < prompt.duration_s < 6.0]
    chosen = [spoken[(number * 3 + offset) % len(spoken)] for offset in range(3)]
    return join_prompts(chosen, pause_s=0.8, seed=number)


def two_channel_call(left: JoinedCall, right: JoinedCall) -> TwoChannelCall:
    """The turns of both in alternation, left first, the rest of the longer one at the end.

    Every turn keeps the pause that follows it; the other channel is silent during both.
    """
    channels = (left, right)
    pieces: tuple[list[Samples], list[Samples]] = ([], [])
    turns: tuple[list[Turn], list[Turn]] = ([], [])
    position = 0
    for spoken in zip_longest(_turns_with_pauses(left), _turns_with_pauses(right)):
        for speaker, piece in enumerate(spoken):
            if piece is None:
                continue
            turn, start, end = piece
            shift_s = (position - start) / RATE_HZ
            turns[speaker].append(
                replace(turn, start_s=turn.start_s + shift_s, end_s=turn.end_s + shift_s)
            )
            pieces[speaker].append(channels[speaker].samples[start:end])
            pieces[1 - speaker].append(np.zeros(end - start, dtype=np.int16))
            position += end - start
    return TwoChannelCall(
        JoinedCall(np.concatenate(pieces[0]), tuple(turns[0])),
        JoinedCall(np.concatenate(pieces[1]), tuple(turns[1])),
    )


def read_prompt(prompt: Prompt) -> Samples:
    """The samples of a prompt: int16, mono, `RATE_HZ`. Raises ValueError for any other format."""
    with wave.open(str(prompt.path)) as recording:
        form = (recording.getnchannels(), recording.getsampwidth(), recording.getframerate())
        if form != (1, 2, RATE_HZ):
            raise ValueError(f"{prompt.path} is not mono, 16 bits, {RATE_HZ} Hz but {form}")
        return np.frombuffer(recording.readframes(recording.getnframes()), dtype="<i2")


def _turns_with_pauses(call: JoinedCall) -> list[tuple[Turn, int, int]]:
    starts = [round(turn.start_s * RATE_HZ) for turn in call.turns]
    ends = [*starts[1:], len(call.samples)]
    return list(zip(call.turns, starts, ends, strict=True))
