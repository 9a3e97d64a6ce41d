"""What is measured of a call without a reference, as figures. Judges nothing: signals do."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from stt_pipeline.domain.speech.loops import LOOP_REPEATS
from stt_pipeline.domain.speech.transcription import Channel, Segment, Span, Transcription, Word

COVERAGE_MARGIN_S = 1.0
"""Words cover the speech this near to them: padding of 0.4 s, and word times good to 0.2 s."""

ENOUGH_SPEECH_S = 5.0
"""Speech of a channel, or sound beside it, below which a share of it says nothing."""

DOUBTFUL = 0.5
"""A word whose probability is below this is doubtful."""

LAST_WORD_S = 0.5
"""Of a longer last word the end is not believed: Whisper stretches it into the silence after it."""

LONGEST_PHRASE = 40
"""Words: about as many as are said in the 12 s that a decoder's loop may be long."""

UNSURE_LOGPROB = -1.0
"""Only below this does Whisper's doubt of speech count: its own rule (Radford et al. 2022, 4.5)."""

ECHO_S = 0.5
"""A word heard on both channels within this is one word."""

ALONE_S = 20.0
"""Seconds that one side may speak before the other begins, or after it ends: a greeting, a message,
the small print."""

DEAD_S = 10.0
"""The same beside a channel on which nobody speaks at all."""

_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Figures:
    """What is measured of a call without a reference; None where there is nothing to measure.

    Of several channels, the worst counts. `coverage` is the share of a channel's speech with words
    near, `unsaid_s` the longest speech without; `repeated_words` the length of a phrase said over
    and over; `avg_logprob` the mean over words, `word_probability` and `doubtful_share` the mean
    probability of words, and the share of those below DOUBTFUL; `no_speech_prob` is the highest of
    chunks read below UNSURE_LOGPROB. `silent_share` is how much of a channel's speech lies before
    or after all of the other's (0 below ALONE_S), `echoed_share` the share of words that the other
    channel has too. `rms` is the level of speech, `peak` the highest of all sound, `background` the
    level beside speech as a share of that of speech. `outside_s` is how far words lie beyond the
    audio, `end_s` how far the last word ends before it does. `role_odds` are those of RoleWords.
    `language` is the one that the call was read in.
    """

    coverage: float | None
    unsaid_s: float
    repeated_words: int
    compression_ratio: float
    avg_logprob: float | None
    word_probability: float | None
    doubtful_share: float | None
    no_speech_prob: float
    language_probability: float | None
    languages: int
    dual_mono: bool
    silent_share: float
    echoed_share: float
    clipped_share: float
    rms: float | None
    peak: float
    background: float
    outside_s: float
    words_per_s: float
    end_s: float
    role_odds: float | None
    language: str | None


def measure(heard: Transcription, role_odds: float | None = None) -> Figures:
    """The figures of a call; what other calls say of its roles is told."""
    words = [word for segment in heard.segments for word in segment.words]
    spoken = [channel for channel in heard.channels if channel.speech_s >= ENOUGH_SPEECH_S]
    by_channel = {channel.index: _words_of(heard, channel.index) for channel in heard.channels}
    return Figures(
        coverage=min((_coverage(heard, [one]) for one in spoken), default=coverage(heard)),
        unsaid_s=max((_unsaid_s(heard, one) for one in heard.channels), default=0.0),
        repeated_words=max(
            (longest_repeat(" ".join(word.word for word in said)) for said in by_channel.values()),
            default=0,
        ),
        compression_ratio=max((one.compression_ratio for one in heard.segments), default=0.0),
        avg_logprob=_mean([(one.avg_logprob, len(one.words)) for one in heard.segments]),
        word_probability=_mean([(word.probability, 1) for word in words]),
        doubtful_share=_mean([(float(word.probability < DOUBTFUL), 1) for word in words]),
        no_speech_prob=max(
            (one.no_speech_prob for one in heard.segments if one.avg_logprob < UNSURE_LOGPROB),
            default=0.0,
        ),
        language_probability=heard.language_probability,
        languages=len({one for channel in heard.channels for one in channel.languages}),
        dual_mono=heard.dual_mono,
        silent_share=_silent_share(heard.channels),
        echoed_share=_echoed_share(list(by_channel.values())),
        clipped_share=max((one.clipped_share for one in heard.channels), default=0.0),
        rms=min((one.rms for one in heard.channels if one.speech), default=None),
        peak=max((one.peak for one in heard.channels), default=0.0),
        background=max((_background(one, heard.duration_s) for one in heard.channels), default=0.0),
        outside_s=max((_outside_s(one, heard.duration_s) for one in heard.segments), default=0.0),
        words_per_s=max(
            (
                len(by_channel[one.index]) / one.speech_s
                for one in heard.channels
                if one.speech_s >= 2
            ),
            default=0.0,
        ),
        end_s=heard.duration_s - max(map(_end_of, words), default=0.0),
        role_odds=role_odds,
        language=heard.language,
    )


def coverage(heard: Transcription) -> float | None:
    """Share of the speech seconds, all channels, that lie near words; None without speech."""
    return _coverage(heard, heard.channels) if heard.speech_s else None


def _coverage(heard: Transcription, channels: Sequence[Channel]) -> float:
    covered_s = 0.0
    for channel in channels:
        near = list(_near_words(heard, channel.index))
        covered_s += sum(_overlap_s(speech, near) for speech in channel.speech)
    return covered_s / sum(channel.speech_s for channel in channels)


def _unsaid_s(heard: Transcription, channel: Channel) -> float:
    """Most seconds of the channel's speech, pauses left out, in a row without a word near."""
    near = list(_near_words(heard, channel.index))
    longest_s = run_s = 0.0
    for one in channel.speech:
        covered_s = _overlap_s(one, near)
        run_s += one.duration_s - covered_s
        longest_s = max(longest_s, run_s)
        if covered_s > 0:
            run_s = 0.0
    return longest_s


def _words_of(heard: Transcription, channel: int) -> list[Word]:
    said = (one.words for one in heard.segments if one.channel == channel)
    return sorted((word for words in said for word in words), key=lambda word: word.start_s)


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


def _silent_share(channels: Sequence[Channel]) -> float:
    """The larger share of a channel's speech that lies before, or after, all of the other's."""
    if len(channels) != 2:
        return 0.0
    shares = [0.0]
    for silent, speaking in (channels, channels[::-1]):
        if not silent.speech:
            shares.append(float(speaking.speech_s >= DEAD_S))
            continue
        first_s, last_s = silent.speech[0].start_s, silent.speech[-1].end_s
        before_s = sum(one.duration_s for one in speaking.speech if one.end_s <= first_s)
        after_s = sum(one.duration_s for one in speaking.speech if one.start_s >= last_s)
        if max(before_s, after_s) >= ALONE_S:
            shares.append(max(before_s, after_s) / speaking.speech_s)
    return max(shares)


def _echoed_share(by_channel: Sequence[Sequence[Word]]) -> float:
    """Share of the words of the channel with fewer that the other has at the same time."""
    if len(by_channel) != 2 or not all(by_channel):
        return 0.0
    few, many = sorted(by_channel, key=len)
    starts = [word.start_s for word in many]
    echoed = 0
    for word in few:
        near = many[
            bisect_left(starts, word.start_s - ECHO_S) : bisect_right(starts, word.start_s + ECHO_S)
        ]
        echoed += any(word.word.lower() == other.word.lower() for other in near)
    return echoed / len(few)


def _background(channel: Channel, duration_s: float) -> float:
    """Level beside speech over that of speech; 0 where there is too little of either."""
    if channel.rms == 0 or duration_s - channel.speech_s < ENOUGH_SPEECH_S:
        return 0.0
    return channel.background_rms / channel.rms


def _end_of(word: Word) -> float:
    return min(word.end_s, word.start_s + LAST_WORD_S)


def _outside_s(segment: Segment, duration_s: float) -> float:
    return max(segment.end_s - duration_s, -segment.start_s, 0.0)


def _mean(weighted: Sequence[tuple[float, int]]) -> float | None:
    weight = sum(count for _, count in weighted)
    return sum(value * count for value, count in weighted) / weight if weight else None


def longest_repeat(text: str) -> int:
    """Words, 2 to LONGEST_PHRASE, of the longest phrase said LOOP_REPEATS times in a row; or 0."""
    words = [word.lower() for word in _WORD.findall(text)]
    for size in range(LONGEST_PHRASE, 1, -1):
        same = 0
        for word, before in zip(words[size:], words, strict=False):
            same = same + 1 if word == before else 0
            if same == size * (LOOP_REPEATS - 1):
                return size
    return 0


def talk_s(heard: Transcription, speaker: str) -> float | None:
    """Seconds that a speaker's channel holds speech; None where no channel is that speaker's."""
    seconds = [channel.speech_s for channel in heard.channels if channel.speaker == speaker]
    return sum(seconds) if seconds else None
