"""Words with times and probabilities, of tokens that are placed. Knows no attention."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer

from stt_pipeline.domain.speech.transcription import Word

FRAMES_PER_S: Final = 100
"""Mel frames a second: 10 ms each."""

PREPENDED: Final = "\"'“¿([{-"
APPENDED: Final = "\"'.。,，!！?？:：”)]}、"
"""Punctuation that belongs to the word after or before it: the library's own defaults."""


@dataclass(frozen=True)
class Placed:
    """Tokens of a text in time: the start of each, then the end of the last, of so many states.

    The library's rules want the names of CTranslate2's results.
    """

    starts: tuple[int, ...]
    text_token_probs: tuple[float, ...]
    states: int

    @property
    def alignments(self) -> list[tuple[int, int]]:
        """Pairs of a token and its first state."""
        return list(enumerate(self.starts))


class WordRules(WhisperModel):  # type: ignore[misc]
    """faster-whisper's rules for words, without a model: for tokens that are placed already."""

    def __init__(self) -> None:
        """Loads nothing."""
        self.frames_per_second = FRAMES_PER_S
        self.model = self

    def align(self, placed: Placed, *_: Any, **__: Any) -> list[Placed]:
        """What the library asks of a model; the tokens are placed where it has the states."""
        return [placed]


def words_of(
    rules: WhisperModel,
    tokenizer: Tokenizer,
    tokens: Sequence[int],
    placed: Any,
    states_per_s: float,
    speech_s: float,
    frames: int = 0,
) -> list[Word]:
    """Words of one chunk, in seconds from its start.

    `rules` are a WordRules for tokens that are Placed, or a model that finds their places itself in
    states of the encoder, of which it looks at the first `frames / 2`.
    """
    # By this the library turns the place of a state into seconds.
    rules.tokens_per_second = states_per_s
    segment: dict[str, Any] = {"tokens": list(tokens), "seek": 0, "start": 0.0, "end": speech_s}
    rules.add_word_timestamps([[segment]], tokenizer, placed, [frames], PREPENDED, APPENDED, 0.0)
    return [
        Word(float(word["start"]), float(word["end"]), word["word"], float(word["probability"]))
        for word in segment["words"]
    ]
