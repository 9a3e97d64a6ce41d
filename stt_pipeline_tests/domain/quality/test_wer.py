"""Errors as counts: what one text gives, and what many give together."""

import jiwer
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from stt_pipeline.domain.quality.normalise import english
from stt_pipeline.domain.quality.wer import ErrorCounts, count_errors, pool

WORDS = ["call", "back", "later", "please", "bill", "paid"]
TEXTS = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)
SPOKEN = TEXTS.filter(bool)
PAIRS = st.lists(st.tuples(SPOKEN, TEXTS), min_size=1, max_size=6)
COUNTS = st.builds(ErrorCounts, *[st.integers(0, 1000)] * 6)


def as_it_is(text: str) -> str:
    return text


@given(SPOKEN, TEXTS)
def test_hits_substitutions_and_deletions_are_the_words_of_the_reference(
    reference: str, hypothesis: str
) -> None:
    counts = count_errors(reference, hypothesis, as_it_is)

    assert counts.hits + counts.substitutions + counts.deletions == len(reference.split())
    assert counts.hits + counts.substitutions + counts.insertions == len(hypothesis.split())
    assert counts.reference_words == len(reference.split())
    assert counts.reference_characters == len(reference)


@given(SPOKEN, TEXTS)
def test_errors_are_the_fewest_edits_between_the_words(reference: str, hypothesis: str) -> None:
    counts = count_errors(reference, hypothesis, as_it_is)

    assert counts.errors == edits(reference.split(), hypothesis.split())
    assert counts.character_errors == edits(list(reference), list(hypothesis))


def edits(truth: list[str], heard: list[str]) -> int:
    """Levenshtein's distance, row by row."""
    row = list(range(len(heard) + 1))
    for position, word in enumerate(truth, start=1):
        previous, row = row, [position]
        for column, other in enumerate(heard, start=1):
            row.append(
                min(previous[column] + 1, row[-1] + 1, previous[column - 1] + (word != other))
            )
    return row[-1]


@given(SPOKEN)
def test_a_text_against_itself_has_no_error(text: str) -> None:
    counts = count_errors(text, text, as_it_is)

    assert (counts.errors, counts.character_errors, counts.wer, counts.cer) == (0, 0, 0.0, 0.0)


@given(SPOKEN)
def test_a_call_of_which_nothing_was_heard_is_all_deletions(text: str) -> None:
    counts = count_errors(text, "", as_it_is)

    assert counts.deletions == len(text.split())
    assert (counts.wer, counts.cer) == (1.0, 1.0)


@given(TEXTS)
def test_words_without_a_reference_are_insertions_and_no_rate(text: str) -> None:
    counts = count_errors("", text, as_it_is)

    assert counts == ErrorCounts(insertions=len(text.split()), character_errors=len(text))
    assert (counts.wer, counts.cer) == (None, None)


def test_both_texts_are_normalised_first() -> None:
    counts = count_errors("It's 21 pounds.", "it is twenty one pounds", english)

    assert (counts.errors, counts.character_errors) == (0, 0)
    assert counts.reference_words == len(english("It's 21 pounds.").split())


def test_a_reference_of_punctuation_alone_has_no_words() -> None:
    assert count_errors("… ?!", "hello", english) == ErrorCounts(insertions=1, character_errors=5)


def test_a_rate_may_exceed_one() -> None:
    assert count_errors("hello", "well hello there you", as_it_is).wer == 3.0


@given(PAIRS)
def test_pooled_counts_are_those_of_the_texts_one_after_the_other(
    pairs: list[tuple[str, str]],
) -> None:
    counts = pool(count_errors(truth, heard, as_it_is) for truth, heard in pairs)

    together = jiwer.process_words([truth for truth, _ in pairs], [heard for _, heard in pairs])
    assert counts.errors == together.substitutions + together.deletions + together.insertions
    assert counts.reference_words == sum(len(truth.split()) for truth, _ in pairs)
    assert counts.wer == pytest.approx(together.wer)


@given(PAIRS)
def test_pooled_counts_are_those_of_one_text_whose_parts_cannot_be_mixed_up(
    pairs: list[tuple[str, str]],
) -> None:
    """Long words said right stand between the parts, so that no alignment crosses them."""
    walls = [" ".join(f"wall{number}" for number in range(40))] * len(pairs)
    truth = " ".join(f"{part} {wall}" for (part, _), wall in zip(pairs, walls, strict=True))
    heard = " ".join(f"{part} {wall}" for (_, part), wall in zip(pairs, walls, strict=True))

    pooled = pool(count_errors(reference, said, as_it_is) for reference, said in pairs)

    assert count_errors(truth, heard, as_it_is).errors == pooled.errors


@given(st.lists(COUNTS, max_size=6))
def test_the_pooled_rate_is_of_the_sums_and_null_without_reference_words(
    many: list[ErrorCounts],
) -> None:
    pooled = pool(many)
    words = sum(counts.reference_words for counts in many)
    errors = sum(counts.errors for counts in many)

    assert pooled.reference_words == words
    assert pooled.wer == (errors / words if words else None)


def test_a_long_call_weighs_more_than_a_short_one() -> None:
    short = ErrorCounts(hits=0, substitutions=10)
    long = ErrorCounts(hits=990)

    assert pool([short, long]).wer == 0.01


@given(st.lists(COUNTS, max_size=6), st.integers(0, 6))
def test_pooling_in_two_steps_is_pooling_in_one(many: list[ErrorCounts], cut: int) -> None:
    assert pool([pool(many[:cut]), pool(many[cut:])]) == pool(many)


@given(COUNTS)
def test_a_perfect_rate_is_not_a_missing_rate(counts: ErrorCounts) -> None:
    assume(counts.reference_words)

    assert counts.wer is not None
    assert (counts.wer == 0) == (counts.errors == 0)
