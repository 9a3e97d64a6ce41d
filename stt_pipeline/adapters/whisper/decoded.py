"""One reading of a chunk as the decoder gives it, its tokens in time. Knows no model."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from stt_pipeline.adapters.whisper.alignment import likeness, path, starts
from stt_pipeline.adapters.whisper.batch import Text
from stt_pipeline.adapters.whisper.encoded import Encoded
from stt_pipeline.adapters.whisper.model_file import Floats
from stt_pipeline.adapters.whisper.word_times import Placed
from stt_pipeline.domain.speech.own_words import Choice


@dataclass(frozen=True)
class Decoded:
    """One reading of a chunk: text tokens, their mean log probability, and Whisper's doubt.

    Where the decoder told them, `placed` has the tokens in time, and `choices` what each was chosen
    from.
    """

    tokens: tuple[int, ...]
    avg_logprob: float
    no_speech_prob: float
    placed: Placed | None = None
    choices: tuple[Choice, ...] = ()

    def only(self, tokens: Sequence[int]) -> "Decoded":
        """The same reading with other tokens, which nobody has placed."""
        return replace(self, tokens=tuple(tokens), placed=None, choices=())


def placed(text: Text, looks: Floats, chunk: Encoded) -> Decoded:
    """The text with its tokens in time; `looks` are at equal times of the window."""
    hypothesis, states = text.hypothesis, looks.shape[2]
    looks = looks[..., : chunk.heard(states)]
    looks = looks / looks.sum(axis=2, keepdims=True)
    begun = starts(path(likeness(looks)))
    if not hypothesis.has_ended:
        begun.append(looks.shape[2] - 1)
    return Decoded(
        tokens=hypothesis.tokens,
        avg_logprob=hypothesis.logprob / (len(hypothesis.tokens) + 1),
        no_speech_prob=text.no_speech_prob,
        placed=Placed(tuple(begun), tuple(map(math.exp, hypothesis.logprobs)), states),
        choices=tuple(
            Choice(token, logprob, tuple((one.token, one.logprob) for one in told))
            for token, logprob, told in zip(
                hypothesis.tokens, hypothesis.logprobs, hypothesis.told, strict=False
            )
        ),
    )
