"""Figures of a call without a reference: each is what it says, whatever the call."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline.domain.quality.call_figures import (
    LONGEST_PHRASE,
    coverage,
    longest_repeat,
    measure,
    talk_s,
)
from stt_pipeline.domain.speech.loops import LOOP_REPEATS
from stt_pipeline.domain.speech.transcription import Span, Transcription, Word
from stt_pipeline_tests.factories import make_channel, make_segment, make_transcription


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
def test_a_phrase_is_found_at_its_length(phrase: list[str], times: int, around: list[str]) -> None:
    text = " ".join([*around, *phrase * times, *around])

    assert (longest_repeat(text) > 0) == (times >= LOOP_REPEATS)
    if LOOP_REPEATS <= times < 2 * LOOP_REPEATS:
        assert longest_repeat(text) == len(phrase)


def test_a_sentence_over_and_over_is_a_loop_and_a_paragraph_is_not() -> None:
    words = [f"word{number}" for number in range(LONGEST_PHRASE + 1)]

    assert longest_repeat(" ".join(words[:-1] * LOOP_REPEATS)) == LONGEST_PHRASE
    assert longest_repeat(" ".join(words * LOOP_REPEATS)) == 0


def test_speech_without_words_adds_up_over_its_pauses() -> None:
    """As a decoder leaves it that lost a sentence: many short stretches, none with a word."""
    speech = [(0.0, 4.0), (5.0, 8.0), (9.0, 11.0), (12.0, 16.0), (20.0, 23.0)]
    heard = make_transcription(
        [make_segment("well", 1.0, word_s=2.0), make_segment("yes", 13.0)],
        [make_channel("agent", speech)],
    )

    assert measure(heard).unsaid_s == pytest.approx(3.0 + 2.0 + 1.7)


def test_talk_time_is_the_speech_of_the_speakers_own_channel() -> None:
    heard = make_transcription(
        channels=[make_channel("agent", [(0.0, 2.5), (4.0, 5.0)]), make_channel("customer", ())]
    )

    assert talk_s(heard, "agent") == 3.5
    assert talk_s(heard, "customer") == 0.0
    assert heard.speech_s == 3.5


def test_talk_time_is_null_where_no_channel_is_that_speakers() -> None:
    assert talk_s(make_transcription(channels=[make_channel("unknown")]), "agent") is None


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


def test_the_worst_channel_counts() -> None:
    heard = make_transcription(
        [make_segment("all is well", 0.0, word_s=4.0), make_segment("no", 0.0, speaker="customer")],
        [
            make_channel("agent", [(0.0, 12.0)], rms=0.1),
            make_channel("customer", [(0.0, 12.0)], rms=0.01, clipped_share=0.2),
        ],
    )
    figures = measure(heard)

    assert figures.coverage == pytest.approx(1.3 / 12.0)
    assert figures.unsaid_s == pytest.approx(12.0 - 1.3)
    assert (figures.rms, figures.clipped_share) == (0.01, 0.2)
    assert figures.words_per_s == pytest.approx(3 / 12)


@pytest.mark.parametrize(("end_s", "share"), [(8.0, 0.0), (17.0, 0.4)])
def test_background_is_a_share_of_the_speech_where_there_is_enough_of_it(
    end_s: float, share: float
) -> None:
    channel = make_channel("agent", [(1.0, 5.0)], rms=0.05, background_rms=0.02)
    heard = replace(make_transcription(channels=[channel]), duration_s=end_s)
    assert measure(heard).background == pytest.approx(share)


def test_little_speech_of_a_channel_says_nothing_of_its_coverage() -> None:
    heard = make_transcription(
        [make_segment("all is well", 0.0, word_s=4.0)],
        [make_channel("agent", [(0.0, 12.0)]), make_channel("customer", [(0.0, 3.0)])],
    )

    assert measure(heard).coverage == 1.0


def test_confidence_is_the_mean_over_words() -> None:
    sure, unsure = (
        make_segment("one two three", avg_logprob=-0.1),
        make_segment("four", 5.0, avg_logprob=-0.9, no_speech_prob=0.4),
    )
    doubtful = replace(unsure, words=(replace(unsure.words[0], probability=0.3),))
    figures = measure(make_transcription([sure, doubtful]))

    assert figures.avg_logprob == pytest.approx(-0.3)
    assert figures.word_probability == pytest.approx((3 * 0.9 + 0.3) / 4)
    assert figures.doubtful_share == 0.25


AGENT, CUSTOMER = [(0.0, 10.0), (20.0, 30.0), (40.0, 70.0)], [(11.0, 19.0), (31.0, 39.0)]


@pytest.mark.parametrize(
    ("agent", "customer", "share"),
    [
        (AGENT, CUSTOMER, 0.6),
        (CUSTOMER, AGENT, 0.6),
        (AGENT[:2], CUSTOMER, 0.0),
        (AGENT, [], 1.0),
        ([], [(0.0, 9.9)], 0.0),
        ([(30.0, 31.0)], [(0.0, 25.0), (32.0, 33.0)], 25 / 26),
    ],
)
def test_a_channel_is_silent_before_or_after_all_that_the_other_says(
    agent: list[tuple[float, float]], customer: list[tuple[float, float]], share: float
) -> None:
    heard = make_transcription(
        channels=[make_channel("agent", agent), make_channel("customer", customer)]
    )

    assert measure(heard).silent_share == pytest.approx(share)


def test_a_word_on_both_channels_at_once_is_an_echo() -> None:
    said = make_segment("I am very glad", 0.0)
    echoed = make_segment("am very Glad indeed", 0.4, speaker="customer")

    assert measure(make_transcription([said, echoed])).echoed_share == 0.75
    assert (
        measure(
            make_transcription([said, make_segment("I am very glad", 9.0, speaker="customer")])
        ).echoed_share
        == 0.0
    )
    assert measure(make_transcription([said])).echoed_share == 0.0


def test_words_beyond_the_audio_are_measured_and_so_is_its_end() -> None:
    inside = measure(make_transcription([make_segment("so long", 1.0)], duration_s=10.0))
    beyond = measure(make_transcription([make_segment("so long", 9.8)], duration_s=10.0))

    assert inside.outside_s == 0.0
    assert inside.end_s == pytest.approx(8.4)
    assert beyond.outside_s == pytest.approx(0.4)
    assert beyond.end_s == pytest.approx(-0.4)


def test_a_last_word_stretched_to_the_end_is_not_cut_off() -> None:
    stretched = make_transcription([make_segment("of", 9.0, word_s=1.0)], duration_s=10.0)

    assert measure(stretched).end_s == pytest.approx(0.5)


def test_a_phrase_repeated_over_utterances_is_found() -> None:
    segments = [make_segment("thank you", float(start)) for start in range(4)]

    assert measure(make_transcription(segments)).repeated_words == 2
    assert measure(make_transcription(segments[:3])).repeated_words == 0


def test_a_call_without_a_word_has_figures() -> None:
    figures = measure(make_transcription(language=None, language_probability=None))

    assert (figures.coverage, figures.avg_logprob, figures.word_probability) == (None,) * 3
    assert (figures.unsaid_s, figures.words_per_s, figures.silent_share) == (0.0,) * 3
