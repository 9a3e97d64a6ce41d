"""Signals of a bad transcript that need no reference. Blocks nothing: gates decide."""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator

from stt_pipeline.domain.loops import LOOP_COMPRESSION_RATIO, LOOP_REPEATS
from stt_pipeline.domain.transcription import Channel, Span, Transcription

COVERAGE_MARGIN_S = 1.0
"""Words cover the speech this near to them: padding of 0.4 s, and word times good to 0.2 s."""

MIN_CALL_COVERAGE = 0.6
MIN_AVG_LOGPROB = -1.0
"""Whisper's own sign of a failed decode (Radford et al. 2022, section 4.5)."""

MAX_NO_SPEECH_PROB = 0.6
MIN_LANGUAGE_PROBABILITY = 0.8
DEAD_CHANNEL_OTHER_S = 10.0
"""A silent channel is suspect once the other has spoken this long."""

MAX_CLIPPED_SHARE = 0.01
MIN_SPEECH_RMS = 0.003
"""About 50 dB below full scale."""

MAX_WORDS_PER_S = 6.0
"""Fast telephone speech is 4 to 5 words a second."""

_PHRASE = re.compile(r"\w+")


def flags(heard: Transcription) -> tuple[str, ...]:
    """Names of the signals that a call shows, in a fixed order."""
    found = {
        "low_coverage": _is_below(coverage(heard), MIN_CALL_COVERAGE),
        "loop": has_loop(heard),
        "low_confidence": any(s.avg_logprob < MIN_AVG_LOGPROB for s in heard.segments),
        "no_speech_contradiction": any(
            s.no_speech_prob > MAX_NO_SPEECH_PROB for s in heard.segments
        ),
        "language_doubtful": _is_below(heard.language_probability, MIN_LANGUAGE_PROBABILITY),
        "languages_mixed": len({one for c in heard.channels for one in c.languages}) > 1,
        "dual_mono": heard.dual_mono,
        "dead_channel": _has_dead_channel(heard.channels),
        "clipping": any(c.clipped_share > MAX_CLIPPED_SHARE for c in heard.channels),
        "low_level": any(c.speech and c.rms < MIN_SPEECH_RMS for c in heard.channels),
        "text_outside_audio": any(s.end_s > heard.duration_s + 0.5 for s in heard.segments),
        "too_fast": _words_per_s(heard) > MAX_WORDS_PER_S,
    }
    return tuple(name for name, shown in found.items() if shown)


def coverage(heard: Transcription) -> float | None:
    """Share of the speech seconds, all channels, that lie within words; None without speech."""
    total_s = heard.speech_s
    if total_s == 0:
        return None
    covered_s = 0.0
    for channel in heard.channels:
        near = list(_near_words(heard, channel.index))
        covered_s += sum(_overlap_s(speech, near) for speech in channel.speech)
    return covered_s / total_s


def _near_words(heard: Transcription, channel: int) -> Iterator[Span]:
    """Stretches near the channel's words, joined where they touch, in order of time."""
    start_s = end_s = None
    for segment in heard.segments:
        if segment.channel != channel:
            continue
        for word in segment.words:
            first, last = word.start_s - COVERAGE_MARGIN_S, word.end_s + COVERAGE_MARGIN_S
            if start_s is None or end_s is None:
                start_s, end_s = first, last
            elif first <= end_s:
                end_s = max(end_s, last)
            else:
                yield Span(start_s, end_s)
                start_s, end_s = first, last
    if start_s is not None and end_s is not None:
        yield Span(start_s, end_s)


def _overlap_s(speech: Span, near: list[Span]) -> float:
    """Seconds of the speech within `near`, which is in order and apart: an hour has hundreds."""
    overlap_s = 0.0
    for index in range(bisect_right(near, speech.start_s, key=_end_s), len(near)):
        one = near[index]
        if one.start_s >= speech.end_s:
            break
        overlap_s += min(speech.end_s, one.end_s) - max(speech.start_s, one.start_s)
    return overlap_s


def _end_s(span: Span) -> float:
    return span.end_s


def has_loop(heard: Transcription) -> bool:
    """True where an utterance compresses like a loop, or a phrase repeats LOOP_REPEATS times."""
    return any(
        segment.compression_ratio > LOOP_COMPRESSION_RATIO or longest_repeat(segment.text) > 0
        for segment in heard.segments
    )


def longest_repeat(text: str) -> int:
    """Words of the longest phrase of 2 to 12 words said LOOP_REPEATS times in a row; 0 if none."""
    words = [word.lower() for word in _PHRASE.findall(text)]
    for size in range(12, 1, -1):
        for start in range(len(words) - size * LOOP_REPEATS + 1):
            phrase = words[start : start + size]
            following = words[start : start + size * LOOP_REPEATS]
            if following == phrase * LOOP_REPEATS:
                return size
    return 0


def talk_s(heard: Transcription, speaker: str) -> float | None:
    """Seconds that a speaker's channel holds speech; None where no channel is that speaker's."""
    seconds = [channel.speech_s for channel in heard.channels if channel.speaker == speaker]
    return sum(seconds) if seconds else None


def count_flags(flags_of_calls: Iterator[str]) -> dict[str, int]:
    """How many calls show each signal, from the comma-separated column `flags`."""
    return dict(Counter(flag for flags in flags_of_calls for flag in flags.split(",") if flag))


def _has_dead_channel(channels: tuple[Channel, ...]) -> bool:
    seconds = [channel.speech_s for channel in channels]
    return len(seconds) == 2 and min(seconds) == 0 and max(seconds) >= DEAD_CHANNEL_OTHER_S


def _words_per_s(heard: Transcription) -> float:
    return heard.word_count / heard.speech_s if heard.speech_s >= 2.0 else 0.0


def _is_below(value: float | None, limit: float) -> bool:
    return value is not None and value < limit
