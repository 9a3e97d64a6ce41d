"""Signals of a bad transcript that need no reference. Blocks nothing: gates decide.

A signal is a figure beyond its limit. How often each is shown by calls spoiled on purpose, and by
clean ones, is printed by `make bench-quality`.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from stt_pipeline.domain.quality.call_figures import Figures, measure
from stt_pipeline.domain.speech.transcription import Transcription


@dataclass(frozen=True)
class Limits:
    """Where a figure becomes a signal: fitted on calls of half the prompts, reported on the others.

    QUALITY.md has the rates. `avg_logprob`, `compression_ratio` and `no_speech_prob` are
    Whisper's own (Radford et al. 2022, section 4.5). People speak up to 5 words a second.
    """

    coverage: float = 0.85
    unsaid_s: float = 5.0
    compression_ratio: float = 2.4
    avg_logprob: float = -1.0
    word_probability: float = 0.785
    english_word_probability: float = 0.87
    no_speech_prob: float = 0.6
    language_probability: float = 0.8
    silent_share: float = 0.5
    echoed_share: float = 0.3
    role_odds: float = -12.0
    clipped_share: float = 0.01
    rms: float = 0.003
    peak: float = 0.002
    background: float = 0.3
    outside_s: float = 0.5
    words_per_s: float = 5.0
    end_s: float = 0.25


LIMITS = Limits()


def flags(heard: Transcription, role_odds: float | None = None) -> tuple[str, ...]:
    """Names of the signals that a call shows, in a fixed order; `role_odds` are of RoleWords."""
    return shown(measure(heard, role_odds))


def shown(figures: Figures, limits: Limits = LIMITS) -> tuple[str, ...]:
    """Names of the signals that these figures show, in a fixed order."""
    return tuple(name for name, is_shown in SIGNALS.items() if is_shown(figures, limits))


def _is_below(value: float | None, limit: float) -> bool:
    return value is not None and value < limit


def _sure_of_words(call: Figures, limits: Limits) -> float:
    """The model is surer of clear English (0.90 and more) than of clear French (0.82 and more)."""
    return limits.english_word_probability if call.language == "en" else limits.word_probability


SIGNALS: Final[Mapping[str, Callable[[Figures, Limits], bool]]] = {
    "low_coverage": lambda call, limits: (
        _is_below(call.coverage, limits.coverage) or call.unsaid_s > limits.unsaid_s
    ),
    "loop": lambda call, limits: (
        call.repeated_words > 0 or call.compression_ratio > limits.compression_ratio
    ),
    "low_confidence": lambda call, limits: (
        _is_below(call.avg_logprob, limits.avg_logprob)
        or _is_below(call.word_probability, _sure_of_words(call, limits))
    ),
    "no_speech_contradiction": lambda call, limits: call.no_speech_prob > limits.no_speech_prob,
    "language_doubtful": lambda call, limits: _is_below(
        call.language_probability, limits.language_probability
    ),
    "languages_mixed": lambda call, _: call.languages > 1,
    "dual_mono": lambda call, _: call.dual_mono,
    "channels_leak": lambda call, limits: call.echoed_share > limits.echoed_share,
    "channels_swapped": lambda call, limits: _is_below(call.role_odds, limits.role_odds),
    "dead_channel": lambda call, limits: call.silent_share > limits.silent_share,
    "clipping": lambda call, limits: call.clipped_share > limits.clipped_share,
    "low_level": lambda call, limits: (
        _is_below(call.rms, limits.rms) or (call.rms is None and 0 < call.peak < limits.peak)
    ),
    "loud_pauses": lambda call, limits: call.background > limits.background,
    "text_outside_audio": lambda call, limits: call.outside_s > limits.outside_s,
    "too_fast": lambda call, limits: call.words_per_s > limits.words_per_s,
    "cut_off": lambda call, limits: -limits.outside_s <= call.end_s < limits.end_s,
}
"""Every signal by name, in the order of the columns `flags` and `review_reasons`."""


def count_flags(flags_of_calls: Iterator[str]) -> dict[str, int]:
    """How many calls show each signal, from the comma-separated column `flags`."""
    return dict(Counter(flag for flags in flags_of_calls for flag in flags.split(",") if flag))
