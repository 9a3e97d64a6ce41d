"""Which texts of a call are compared with which words."""

from stt_pipeline.domain.quality.references import (
    Reference,
    judge_against,
    judge_speakers,
    reference_keys,
    spoken_by,
)
from stt_pipeline.domain.quality.wer import ErrorCounts
from stt_pipeline_tests.factories import make_channel, make_segment, make_transcription

DIALOGUE = make_transcription(
    [
        make_segment("good morning", 0.0, speaker="agent"),
        make_segment("hello I lost my card", 2.0, speaker="customer"),
        make_segment("which card", 5.0, speaker="agent"),
    ]
)
MONO = make_transcription([make_segment("good morning hello", speaker="unknown")])


def test_a_call_may_have_one_text_or_one_for_each_speaker() -> None:
    assert reference_keys("C1") == {
        "": "C1.txt",
        "agent": "C1.agent.txt",
        "customer": "C1.customer.txt",
    }


def test_each_speaker_is_judged_against_the_own_text() -> None:
    counts = judge_against(
        Reference({"agent": "Good morning. Which card?", "customer": "Hello, I lost a card."}),
        DIALOGUE,
    )

    assert (counts.hits, counts.substitutions, counts.errors) == (8, 1, 1)


def test_the_errors_of_each_speaker_make_those_of_the_call() -> None:
    reference = Reference(
        {"agent": "Good morning. Which card?", "customer": "Hello, I lost a card."}
    )

    by_speaker = judge_speakers(reference, DIALOGUE)

    assert {who: counts.errors for who, counts in by_speaker.items()} == {"agent": 0, "customer": 1}
    assert judge_against(reference, DIALOGUE) == by_speaker["agent"] + by_speaker["customer"]


def test_a_text_of_the_whole_is_of_no_speaker() -> None:
    whole = Reference({"": "good morning hello I lost my card which card"})

    assert judge_speakers(whole, DIALOGUE) == {"": judge_against(whole, DIALOGUE)}


def test_a_word_given_to_the_wrong_speaker_is_an_error() -> None:
    swapped = Reference({"agent": "hello I lost my card", "customer": "good morning which card"})

    assert judge_against(swapped, DIALOGUE).errors >= 8


def test_a_text_of_the_whole_call_is_judged_against_all_words_in_order_of_time() -> None:
    counts = judge_against(
        Reference({"": "Good morning! Hello, I lost my card. Which card?"}), DIALOGUE
    )

    assert (counts.reference_words, counts.errors) == (9, 0)


def test_texts_by_speaker_come_before_the_text_of_the_whole() -> None:
    reference = Reference(
        {"": "nothing of this was said", "agent": "good morning which card", "customer": "hello I"}
    )

    assert judge_against(reference, DIALOGUE).hits == 6


def test_a_single_labelled_speaker_is_judged_alone() -> None:
    counts = judge_against(Reference({"agent": "good morning which card"}), DIALOGUE)

    assert (counts.reference_words, counts.errors) == (4, 0)


def test_a_speaker_of_whom_nothing_was_heard_has_all_words_deleted() -> None:
    silent = make_transcription(
        [make_segment("good morning", speaker="agent")],
        [make_channel("agent"), make_channel("customer", ())],
    )

    reference = Reference({"agent": "good morning", "customer": "are you there"})

    counts = judge_against(reference, silent)

    assert (counts.hits, counts.deletions) == (2, 3)


def test_texts_by_speaker_say_nothing_of_a_mono_call() -> None:
    reference = Reference({"agent": "good morning", "customer": "hello"})

    assert judge_against(reference, MONO) == ErrorCounts()


def test_where_one_of_two_speakers_is_unknown_the_whole_is_judged_and_not_a_half() -> None:
    heard = make_transcription(
        [make_segment("good morning", 0.0), make_segment("hello", 2.0, speaker="unknown")]
    )
    by_speaker = {"agent": "good morning", "customer": "hello"}

    assert judge_against(Reference(by_speaker), heard) == ErrorCounts()
    assert judge_against(Reference({"": "good morning hello"} | by_speaker), heard).hits == 3


def test_a_mono_call_is_judged_against_the_text_of_the_whole() -> None:
    reference = Reference({"agent": "good morning", "": "good morning hello"})

    assert judge_against(reference, MONO).hits == 3


def test_an_empty_reference_counts_what_was_heard_as_inserted() -> None:
    counts = judge_against(Reference({"": ""}), MONO)

    assert (counts.insertions, counts.wer) == (3, None)


def test_a_call_is_normalised_in_its_own_language() -> None:
    heard = make_transcription([make_segment("vingt et un", speaker="unknown")], language="fr")

    assert judge_against(Reference({"": "21"}), heard).errors == 0


def test_the_words_of_a_speaker_are_in_order_of_time() -> None:
    assert spoken_by(DIALOGUE, "agent") == "good morning which card"
    assert spoken_by(DIALOGUE, None) == "good morning hello I lost my card which card"
    assert spoken_by(DIALOGUE, "unknown") == ""
