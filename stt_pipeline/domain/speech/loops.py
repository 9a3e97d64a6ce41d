"""Finds and cuts what a decoder says over and over. Knows no model: tokens are numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

LOOP_COMPRESSION_RATIO = 2.4
"""Whisper's own sign of a loop (Radford et al. 2022, section 4.5)."""

LOOP_REPEATS = 4
"""A phrase said this often in a row is a loop, not a speaker."""

MIN_TOKENS = 16
"""Shorter repetitions are speech: «non, non, non, non», a number with four equal digits."""

MAX_PERIOD = 60
"""Tokens of the longest phrase looked for: about a sentence of twelve seconds."""


@dataclass(frozen=True)
class Loop:
    """`period` tokens from `start` that are repeated up to `end`."""

    start: int
    period: int
    end: int


def find_loop(tokens: Sequence[int]) -> Loop | None:
    """The first phrase that is said LOOP_REPEATS times in a row, over MIN_TOKENS at least."""
    found: Loop | None = None
    for period in range(1, min(MAX_PERIOD, len(tokens) // LOOP_REPEATS) + 1):
        same = 0
        for index in range(period, len(tokens)):
            same = same + 1 if tokens[index] == tokens[index - period] else 0
            if same >= max(MIN_TOKENS, LOOP_REPEATS * period) - period:
                start = index - same - period + 1
                if found is None or start < found.start:
                    found = Loop(start, period, _end(tokens, index + 1, period))
                break
    return found


def cut_loops(tokens: Sequence[int]) -> list[int]:
    """The tokens with every loop's phrase said once."""
    left = list(tokens)
    while loop := find_loop(left):
        left = left[: loop.start + loop.period] + left[loop.end :]
    return left


def _end(tokens: Sequence[int], index: int, period: int) -> int:
    while index < len(tokens) and tokens[index] == tokens[index - period]:
        index += 1
    return index
