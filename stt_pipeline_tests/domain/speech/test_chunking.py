"""Speech packed for the encoder and its words put back in the call's time."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline.domain.speech.chunking import WINDOW_S, Chunk, pack, split_long, unsaid
from stt_pipeline.domain.speech.transcription import Span, Word

TINY_S = 1e-6
"""Room for the rounding of sums of seconds."""


@st.composite
def speech(draw: st.DrawFn) -> list[Span]:
    """Stretches of one channel in order of time, apart from each other, some without a pause."""
    spans, end_s = [], 0.0
    lengths = st.floats(0.05, 12.0) | st.floats(20.0, 200.0)
    for pause_s, length_s in draw(
        st.lists(st.tuples(st.floats(0.5, 60.0), lengths), min_size=1, max_size=15)
    ):
        spans.append(Span(end_s + pause_s, end_s + pause_s + length_s))
        end_s = spans[-1].end_s
    return spans


def joined(spans: list[Span]) -> list[Span]:
    """The spans, those that touch made one."""
    whole: list[Span] = []
    for span in spans:
        if whole and abs(whole[-1].end_s - span.start_s) < TINY_S:
            whole[-1] = Span(whole[-1].start_s, span.end_s)
        else:
            whole.append(span)
    return whole


@given(speech())
def test_every_second_of_speech_is_in_one_chunk_once(spans: list[Span]) -> None:
    packed = [span for chunk in pack(1, spans) for span in chunk.spans]

    assert joined(packed) == spans


@given(speech())
def test_no_chunk_is_longer_than_the_encoder_hears_and_none_is_empty(spans: list[Span]) -> None:
    chunks = pack(1, spans)

    assert all(0 < chunk.duration_s <= WINDOW_S + TINY_S for chunk in chunks)
    assert {chunk.channel for chunk in chunks} == {1}


@given(speech())
def test_chunks_are_as_few_as_can_be_and_then_none_longer_than_that_takes(
    spans: list[Span],
) -> None:
    """Against every way to cut the first seven stretches."""
    parts = [part for span in spans for part in split_long(span)][:7]
    lengths = [part.duration_s for part in parts]
    ways = []
    for cuts in range(2 ** (len(parts) - 1)):
        edges = [0, *(at for at in range(1, len(parts)) if cuts >> (at - 1) & 1), len(parts)]
        sums = [sum(lengths[start:end]) for start, end in pairwise(edges)]
        if max(sums) <= WINDOW_S + TINY_S:
            ways.append((len(sums), max(sums)))
    chunks = pack(0, parts)

    fewest, longest_s = min(ways)
    assert len(chunks) == fewest
    assert max(chunk.duration_s for chunk in chunks) == pytest.approx(longest_s)


def test_speech_that_never_pauses_is_cut_in_equal_parts() -> None:
    assert split_long(Span(10.0, 100.0)) == [
        Span(10.0, 40.0),
        Span(40.0, 70.0),
        Span(70.0, 100.0),
    ]
    assert split_long(Span(0.0, 31.0)) == [Span(0.0, 15.5), Span(15.5, 31.0)]


def test_silence_alone_makes_no_chunk() -> None:
    assert pack(0, []) == []


@st.composite
def chunks_with_words(draw: st.DrawFn) -> tuple[Chunk, list[Word]]:
    """A chunk and words in order of time, some of them astray at its edges."""
    chunk = draw(st.sampled_from(pack(0, draw(speech()))))
    edge = st.floats(-1.0, chunk.duration_s + 1.0)
    times = sorted(draw(st.lists(edge, min_size=2, max_size=16)))
    return chunk, [Word(start, end, "word", 0.9) for start, end in pairwise(times)]


@given(chunks_with_words())
def test_a_word_is_placed_within_one_stretch_of_speech(case: tuple[Chunk, list[Word]]) -> None:
    chunk, words = case

    for word in words:
        placed = chunk.place(word)
        assert placed.start_s <= placed.end_s
        assert any(
            span.start_s <= placed.start_s and placed.end_s <= span.end_s for span in chunk.spans
        )


@given(chunks_with_words())
def test_words_keep_their_order_in_the_call(case: tuple[Chunk, list[Word]]) -> None:
    chunk, words = case

    placed = [chunk.place(word) for word in words]

    assert [word.start_s for word in placed] == sorted(word.start_s for word in placed)
    assert [word.end_s for word in placed] == sorted(word.end_s for word in placed)


@given(chunks_with_words(), st.data())
def test_a_word_within_a_stretch_is_placed_exactly(
    case: tuple[Chunk, list[Word]], data: st.DataObject
) -> None:
    chunk, _ = case
    index = data.draw(st.integers(0, len(chunk.spans) - 1))
    span = chunk.spans[index]
    offset_s = sum(before.duration_s for before in chunk.spans[:index])
    start_s, end_s = sorted(
        data.draw(st.tuples(*[st.floats(0.01, 0.99).map(lambda at: at * span.duration_s)] * 2))
    )

    placed = chunk.place(Word(offset_s + start_s, offset_s + end_s, "exact", 0.5))

    assert placed.start_s == pytest.approx(span.start_s + start_s, abs=TINY_S)
    assert placed.end_s == pytest.approx(span.start_s + end_s, abs=TINY_S)
    assert (placed.word, placed.probability) == ("exact", 0.5)


def test_a_word_over_a_pause_belongs_to_the_stretch_that_holds_its_middle() -> None:
    chunk = Chunk(0, [Span(10.0, 12.0), Span(20.0, 25.0)])

    before = chunk.place(Word(1.5, 2.1, "before", 0.9))
    after = chunk.place(Word(1.9, 2.5, "after", 0.9))

    assert (before.start_s, before.end_s) == (11.5, 12.0)
    assert (after.start_s, after.end_s) == (20.0, 20.5)


@given(speech(), st.floats(0.0, 40.0), st.floats(0.0, 40.0))
def test_a_part_of_a_chunk_is_that_much_of_its_speech(
    spans: list[Span], start_s: float, length_s: float
) -> None:
    for chunk in pack(0, spans):
        part = chunk.part(Span(start_s, start_s + length_s))

        left_s = max(0.0, chunk.duration_s - start_s)
        assert part.duration_s == pytest.approx(min(length_s, left_s), abs=TINY_S)
        assert all(
            any(span.start_s <= one.start_s < one.end_s <= span.end_s for span in chunk.spans)
            for one in part.spans
        )
        assert chunk.part(Span(0.0, chunk.duration_s + 1.0)).duration_s == chunk.duration_s


def test_speech_without_words_is_found_before_between_and_after_them() -> None:
    words = [Word(4.0, 5.0, "one", 1.0), Word(5.5, 6.0, "two", 1.0), Word(11.0, 12.0, "three", 1.0)]

    assert unsaid(words, 20.0, 3.0) == [Span(0.0, 4.0), Span(6.0, 11.0), Span(12.0, 20.0)]
    assert unsaid(words, 15.0, 4.5) == [Span(6.0, 11.0)]
    assert unsaid(words, 12.0, 5.0) == []


def test_a_chunk_that_was_found_to_say_nothing_is_not_read_again() -> None:
    assert unsaid([], 20.0, 3.0) == []
