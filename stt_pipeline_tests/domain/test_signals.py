"""Signals of a bad transcript: each shows where it should, and not on an ordinary call."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline.domain.loops import LOOP_REPEATS
from stt_pipeline.domain.signals import (
    count_flags,
    coverage,
    flags,
    longest_repeat,
    talk_s,
)
from stt_pipeline.domain.transcription import Span, Transcription, Word
from stt_pipeline_tests.factories import make_channel, make_segment, make_transcription

SENTENCE = "I would like to know when my new card will come please tell me"
GOOD = make_transcription(
    [make_segment(SENTENCE, 0.0), make_segment(SENTENCE, 6.0, speaker="customer")]
)


def test_an_ordinary_call_shows_no_signal() -> None:
    assert flags(GOOD) == ()


def test_a_silent_call_shows_no_signal() -> None:
    assert flags(make_transcription(language=None, language_probability=None)) == ()


AGENT, CUSTOMER = GOOD.channels
FIRST, SECOND = GOOD.segments
CASES = {
    "low_coverage": replace(GOOD, channels=(AGENT, make_channel("customer", [(6.0, 30.0)]))),
    "loop": replace(GOOD, segments=(FIRST, replace(SECOND, compression_ratio=2.5))),
    "low_confidence": replace(GOOD, segments=(FIRST, replace(SECOND, avg_logprob=-1.1))),
    "no_speech_contradiction": replace(GOOD, segments=(FIRST, replace(SECOND, no_speech_prob=0.7))),
    "language_doubtful": replace(GOOD, language_probability=0.79),
    "dual_mono": replace(GOOD, dual_mono=True),
    "dead_channel": make_transcription(
        [make_segment(SENTENCE, word_s=0.8)],
        [make_channel("agent", [(0.0, 11.2)]), make_channel("customer", ())],
    ),
    "clipping": replace(GOOD, channels=(AGENT, replace(CUSTOMER, clipped_share=0.02))),
    "low_level": replace(GOOD, channels=(AGENT, replace(CUSTOMER, rms=0.002))),
    "text_outside_audio": replace(GOOD, duration_s=9.6),
    "too_fast": make_transcription(
        [make_segment(SENTENCE, word_s=0.15), make_segment(SENTENCE, 2.1, word_s=0.15)]
    ),
}


@pytest.mark.parametrize("signal", CASES)
def test_each_signal_shows_alone_where_its_fault_is(signal: str) -> None:
    assert flags(CASES[signal]) == (signal,)


def test_every_fault_at_once_shows_every_signal_in_one_order() -> None:
    worst = replace(
        CASES["dead_channel"],
        duration_s=1.0,
        language_probability=0.1,
        dual_mono=True,
        channels=(
            make_channel("agent", [(0.0, 5.0), (50.0, 100.0)], rms=0.001, clipped_share=0.5),
            make_channel("customer", ()),
        ),
        segments=(
            make_segment(
                "no no " * 400, avg_logprob=-2.0, no_speech_prob=0.9, compression_ratio=9, word_s=0
            ),
            make_segment("late", 2.0),
        ),
    )

    assert flags(worst) == tuple(CASES)


def test_speech_within_a_second_of_words_is_covered() -> None:
    heard = make_transcription(
        [make_segment("hello", 10.0, word_s=1.0)], [make_channel("agent", [(5.0, 25.0)])]
    )

    assert coverage(heard) == pytest.approx(3.0 / 20.0)


def test_the_words_of_one_channel_do_not_cover_the_speech_of_another() -> None:
    heard = make_transcription(
        [make_segment("hello", 0.0, word_s=10.0)],
        [make_channel("agent", [(0.0, 10.0)]), make_channel("customer", [(0.0, 10.0)])],
    )

    assert coverage(heard) == 0.5


def test_coverage_is_null_without_speech() -> None:
    assert coverage(make_transcription()) is None


@st.composite
def calls(draw: st.DrawFn) -> Transcription:
    """A call whose speech and words lie anywhere, in order of time within a channel."""
    edges = sorted(draw(st.lists(st.integers(0, 600), min_size=2, max_size=10, unique=True)))
    speech = [(a / 10, b / 10) for a, b in zip(edges[::2], edges[1::2], strict=False)]
    starts = sorted(draw(st.lists(st.integers(0, 600), max_size=10)))
    segments = [make_segment("word", start / 10) for start in starts]
    return make_transcription(segments, [make_channel("agent", speech)])


@given(calls())
def test_coverage_is_the_share_of_speech_near_a_word(heard: Transcription) -> None:
    """Against a count of hundredths of seconds."""
    words = [word for segment in heard.segments for word in segment.words]
    speech = heard.channels[0].speech
    ticks = [
        tick / 100 + 0.005
        for span in speech
        for tick in range(round(span.start_s * 100), round(span.end_s * 100))
    ]
    near = sum(any(is_near(tick, word) for word in words) for tick in ticks)

    assert coverage(heard) == pytest.approx(near / len(ticks), abs=1e-6)


def is_near(at_s: float, word: Word) -> bool:
    return word.start_s - 1.0 <= at_s <= word.end_s + 1.0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("thank you " * 4, 2),
        ("Thank you. thank you, THANK YOU! thank you", 2),
        ("so I said thank you " + "very much indeed " * 5 + "bye", 3),
        ("thank you thank you thank you", 0),
        ("no no no no no no no", 0),
        ("no no no no no no no no", 2),
        ("one two three four five six seven eight nine ten", 0),
        ("", 0),
    ],
)
def test_a_phrase_said_four_times_in_a_row_is_a_loop(text: str, words: int) -> None:
    assert longest_repeat(text) == words


@given(
    st.lists(st.sampled_from("abcdefghijkl"), min_size=2, max_size=12, unique=True),
    st.integers(1, 8),
    st.lists(st.sampled_from("uvwxyz"), max_size=5, unique=True),
)
def test_a_phrase_of_up_to_twelve_words_is_found_at_its_length(
    phrase: list[str], times: int, around: list[str]
) -> None:
    text = " ".join([*around, *phrase * times, *around])

    assert (longest_repeat(text) > 0) == (times >= LOOP_REPEATS)
    if LOOP_REPEATS <= times < 2 * LOOP_REPEATS:
        assert longest_repeat(text) == len(phrase)


def test_talk_time_is_the_speech_of_the_speakers_own_channel() -> None:
    heard = make_transcription(
        channels=[make_channel("agent", [(0.0, 2.5), (4.0, 5.0)]), make_channel("customer", ())]
    )

    assert talk_s(heard, "agent") == 3.5
    assert talk_s(heard, "customer") == 0.0
    assert heard.speech_s == 3.5


def test_talk_time_is_null_where_no_channel_is_that_speakers() -> None:
    assert talk_s(make_transcription(channels=[make_channel("unknown")]), "agent") is None


def test_signals_are_counted_over_calls() -> None:
    assert count_flags(iter(["loop,clipping", "", "loop"])) == {"loop": 2, "clipping": 1}


def test_a_span_knows_its_length() -> None:
    assert Span(1.5, 4.0).duration_s == 2.5


STRETCHES = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 10)).map(lambda one: (one[0], one[0] + one[1])),
    max_size=6,
)


@given(speech=STRETCHES, spoken=STRETCHES.map(sorted))
def test_coverage_is_the_share_of_speech_seconds_that_lie_near_a_word(
    speech: list[tuple[int, int]], spoken: list[tuple[int, int]]
) -> None:
    words = tuple(Word(float(start), float(end), "word", 0.9) for start, end in spoken)
    segments = [replace(make_segment(), words=words)] if words else []
    heard = make_transcription(segments, [make_channel("agent", speech)])
    # Whole seconds: a second of speech is covered where a word is at most a second away.
    seconds = [second for start, end in speech for second in range(start, end)]
    near = [
        second
        for second in seconds
        if any(start - 1 <= second and second + 1 <= end + 1 for start, end in spoken)
    ]
    expected = len(near) / len(seconds) if seconds else None
    assert coverage(heard) == (None if expected is None else pytest.approx(expected))
