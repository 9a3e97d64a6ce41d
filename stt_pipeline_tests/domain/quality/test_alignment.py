"""Reference above hypothesis: every word once, marked as it is counted, at the time it was said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline.domain.quality.alignment import (
    Mark,
    Pair,
    align,
    align_call,
    in_words,
    lines,
    rows_of,
)
from stt_pipeline.domain.quality.references import Reference
from stt_pipeline.domain.quality.wer import count_errors
from stt_pipeline_tests.factories import make_segment, make_transcription

TEXTS = st.lists(st.sampled_from(["un", "deux", "trois", "quatre"]), max_size=12).map(" ".join)
DIALOGUE = make_transcription(
    [
        make_segment("Good morning.", 0.0, speaker="agent"),
        make_segment("Hello, I owe twenty one pounds.", 2.0, speaker="customer"),
        make_segment("Which court?", 5.0, speaker="agent"),
    ]
)


def marks(pairs: list[Pair]) -> str:
    return "".join(pair.mark.letter for pair in pairs)


@given(TEXTS, TEXTS)
def test_each_side_reads_as_its_text_and_marks_are_the_errors_counted(
    reference: str, hypothesis: str
) -> None:
    pairs = align(reference, hypothesis)

    assert " ".join(pair.reference for pair in pairs if pair.reference) == reference
    assert " ".join(pair.hypothesis for pair in pairs if pair.hypothesis) == hypothesis
    counts = count_errors(reference, hypothesis, str)
    found = [pair.mark for pair in pairs]
    assert found.count(Mark.HIT) == counts.hits
    assert found.count(Mark.SUBSTITUTION) == counts.substitutions
    assert found.count(Mark.DELETION) == counts.deletions
    assert found.count(Mark.INSERTION) == counts.insertions


@given(TEXTS, TEXTS, st.integers(1, 40))
def test_lines_hold_every_pair_in_order_and_are_no_wider_than_asked(
    reference: str, hypothesis: str, width: int
) -> None:
    pairs = align(reference, hypothesis)

    shown = list(lines(pairs, width))

    assert [pair for line in shown for pair in line.pairs] == pairs
    for line in shown:
        assert len(line.pairs) == 1 or max(map(len, rows_of(line))) <= width


def test_words_stand_above_each_other_with_their_mark_below() -> None:
    [line] = lines(align("the card is blocked today", "the court is is today"), 60)

    assert rows_of(line) == (
        "the card  is blocked today",
        "the court is is      today",
        "    S        S",
    )


def test_a_gap_is_a_row_of_stars() -> None:
    [line] = lines(align("which card", "and which"), 60)

    assert rows_of(line) == ("*** which card", "and which ****", "I         D")


def test_each_speaker_is_aligned_alone_at_the_times_of_the_call() -> None:
    reference = Reference({"agent": "Good morning! Which card?", "customer": "I owe 21 pounds."})

    agent, customer = align_call(reference, DIALOGUE)

    assert (agent.speaker, marks(list(agent.pairs))) == ("agent", "   S")
    last = agent.pairs[-1]
    assert (last.reference, last.hypothesis, last.written) == ("card", "court", "court?")
    assert last.start_s == 5.3
    assert (customer.speaker, marks(list(customer.pairs))) == ("customer", "I   ")
    assert customer.counts.insertions == 1


def test_a_word_made_of_several_has_the_time_of_one_of_them() -> None:
    [_, customer] = align_call(Reference({"agent": "", "customer": "I owe 21 pounds"}), DIALOGUE)

    number = next(pair for pair in customer.pairs if "21" in pair.hypothesis)

    assert number.mark is Mark.HIT
    assert number.written in ("twenty", "one", "pounds.")
    [start_s] = [word.start_s for word in DIALOGUE.segments[1].words if word.word == number.written]
    assert number.start_s == start_s


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Mr. O'Brien, it's twenty five dollars at half past 9, isn't it?"),
        ("fr", "L'adresse, c'est le 21 bis; M. Lefèvre paie 3,50 € à 14 h 30, n'est-ce pas ?"),
        ("nl", "Goedemorgen, het is 'n test, nietwaar?"),
        (None, "Hello."),
    ],
)
def test_every_word_that_was_heard_has_its_time_and_is_written_as_the_engine_did(
    language: str | None, said: str
) -> None:
    heard = make_transcription([make_segment(said, 1.0, speaker="agent")], language=language)

    [agent] = align_call(Reference({"agent": said}), heard)

    assert agent.counts.errors == 0
    places = [said.split().index(pair.written or "") for pair in agent.pairs]
    assert places == sorted(places)
    assert len(set(places)) > len(said.split()) / 2
    starts = [1.0 + 0.3 * place for place in places]
    assert [pair.start_s for pair in agent.pairs] == pytest.approx(starts)


def test_a_text_of_the_whole_call_is_aligned_with_all_speakers() -> None:
    [whole] = align_call(Reference({"": "good morning hello"}), DIALOGUE)

    assert whole.speaker == ""
    assert marks(list(whole.pairs)).startswith("   I")


def test_a_speaker_who_says_nothing_has_every_word_inserted() -> None:
    [agent] = align_call(Reference({"agent": ""}), DIALOGUE)

    assert marks(list(agent.pairs)) == "IIII"
    [line] = lines(agent.pairs, 80)
    assert line.start_s == 0.0


def test_a_line_of_which_nothing_was_heard_has_no_time() -> None:
    [line] = lines(align("are you there", ""), 80)

    assert line.start_s is None
    assert line.has_errors


def test_texts_by_speaker_say_nothing_of_a_mono_call() -> None:
    mono = make_transcription([make_segment("good morning", speaker="unknown")])

    assert align_call(Reference({"agent": "good morning", "customer": ""}), mono) == []


def test_the_counts_in_words() -> None:
    said = in_words(count_errors("one two three four", "one too four five", str))

    assert said == "WER 75.0%, 3 errors in 4 words (3 substituted, 0 missed, 0 invented)"
    assert in_words(count_errors("", "one", str)).startswith("no reference words, 1 error in 0")
