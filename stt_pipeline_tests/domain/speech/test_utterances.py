"""Words cut into utterances, and the utterances of all channels in one order."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline.domain.speech.transcription import Word
from stt_pipeline.domain.speech.utterances import (
    LONG_UTTERANCE_S,
    PAUSE_S,
    SENTENCE_END,
    compression_ratio,
    cut,
    in_order,
)
from stt_pipeline_tests.factories import make_segment, make_words


@st.composite
def spoken_words(draw: st.DrawFn) -> list[Word]:
    """Words of one channel in order of time, some with an end of sentence."""
    words, end_ms = [], 0
    for pause_ms, length_ms, text in draw(
        st.lists(
            st.tuples(
                st.sampled_from([0, 0, 0, 100, 590, 600, 1500]),
                st.integers(20, 4000),
                st.sampled_from(["yes", "no,", "well.", "really?"]),
            ),
            max_size=40,
        )
    ):
        start_ms = end_ms + pause_ms
        end_ms = start_ms + length_ms
        words.append(Word(start_ms / 1000, end_ms / 1000, text, 0.9))
    return words


@given(spoken_words())
def test_every_word_is_in_one_utterance_in_order(words: list[Word]) -> None:
    assert [word for utterance in cut(words) for word in utterance] == words


@given(spoken_words())
def test_no_utterance_holds_a_pause_and_none_is_empty(words: list[Word]) -> None:
    for utterance in cut(words):
        assert utterance
        for word, following in pairwise(utterance):
            assert following.start_s - word.end_s < PAUSE_S


@given(spoken_words())
def test_an_utterance_ends_at_a_pause_or_when_long_at_the_end_of_a_sentence(
    words: list[Word],
) -> None:
    utterances = cut(words)
    for utterance, following in pairwise(utterances):
        paused = following[0].start_s - utterance[-1].end_s >= PAUSE_S
        is_long = utterance[-1].end_s - utterance[0].start_s >= LONG_UTTERANCE_S
        assert paused or (is_long and utterance[-1].word.endswith(SENTENCE_END))


def test_a_short_sentence_does_not_end_an_utterance_and_a_pause_does() -> None:
    words = [*make_words("Hello. How are you?"), *make_words("Fine.", start_s=3.0)]

    assert [" ".join(word.word for word in one) for one in cut(words)] == [
        "Hello. How are you?",
        "Fine.",
    ]


def test_a_long_speech_is_cut_where_a_sentence_ends() -> None:
    words = make_words("one two. three four. five", word_s=8.0)

    assert [len(utterance) for utterance in cut(words)] == [2, 2, 1]


def test_the_utterances_of_two_channels_alternate_as_they_were_spoken() -> None:
    agent = [make_segment("hello", 0.0), make_segment("yes", 5.0)]
    customer = [make_segment("hello you", 5.0, speaker="customer"), make_segment("hi", 2.0)]

    ordered = in_order([*customer, *agent])

    assert [(one.start_s, one.channel) for one in ordered] == [(0, 0), (2, 0), (5, 0), (5, 1)]


def test_a_loop_compresses_above_whispers_limit_and_speech_does_not() -> None:
    speech = "Good morning, you are through to the billing department, how can I help you today?"

    assert compression_ratio("thank you very much " * 20) > 2.4
    assert compression_ratio(speech) < 2.4
