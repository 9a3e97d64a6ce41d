"""Swapped channels stand out among calls of the same roles; a call is no evidence of its own."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline.domain.quality.channel_roles import LEARNT_CALLS, MIN_CALLS, RoleWords
from stt_pipeline.domain.speech.transcription import Transcription
from stt_pipeline_tests.factories import make_segment, make_transcription

GREETINGS = ("welcome how may i help you", "good morning what can i do for you")
ASKED = ("my line is dead since monday", "i want to pay the bill of march", "the parcel is late")


def call(agent: str, customer: str) -> Transcription:
    return make_transcription(
        [make_segment(agent), make_segment(customer, 20.0, speaker="customer")]
    )


def ordinary(number: int) -> Transcription:
    return call(GREETINGS[number % 2], ASKED[number % 3])


def swapped(heard: Transcription) -> Transcription:
    other = {"agent": "customer", "customer": "agent"}
    return replace(
        heard, segments=tuple(replace(one, speaker=other[one.speaker]) for one in heard.segments)
    )


def day(calls: int) -> dict[str, Transcription]:
    return {str(number): ordinary(number) for number in range(calls)}


def test_a_swapped_call_stands_out_among_those_of_its_date() -> None:
    calls = day(40)
    calls["7"] = swapped(calls["7"])
    roles = RoleWords(calls.items())
    odds = {name: roles.odds(name, heard) or 0.0 for name, heard in calls.items()}
    assert [name for name, value in odds.items() if value < 0] == ["7"]
    assert odds["7"] < -12


@given(
    st.lists(
        st.tuples(*(st.lists(st.sampled_from("abcdefgh"), min_size=1).map(" ".join),) * 2),
        min_size=MIN_CALLS + 1,
        max_size=MIN_CALLS + 5,
    )
)
def test_odds_of_a_swapped_call_are_those_of_the_call_turned_round(
    said: list[tuple[str, str]],
) -> None:
    """Whatever the call itself says: its own words are no evidence."""
    calls = {str(number): call(*texts) for number, texts in enumerate(said)}
    turned = calls | {"0": swapped(calls["0"])}
    odds = RoleWords(calls.items()).odds("0", calls["0"])
    assert odds is not None
    assert RoleWords(turned.items()).odds("0", turned["0"]) == pytest.approx(-odds)


def test_a_call_that_was_not_learnt_from_is_told_by_all_that_were() -> None:
    roles = RoleWords(day(MIN_CALLS).items())
    assert (roles.odds("another", ordinary(0)) or 0) > 0
    assert roles.odds("0", ordinary(0)) is None, "29 others are too few"


def test_words_of_both_sides_and_unheard_words_say_nothing() -> None:
    roles = RoleWords(day(40).items())
    assert roles.odds("x", call("welcome unheard", "welcome unknown")) == pytest.approx(0.0)


def test_a_side_that_says_nothing_has_no_role() -> None:
    roles = RoleWords(day(40).items())
    assert roles.odds("x", make_transcription([make_segment(GREETINGS[0])])) is None
    assert roles.odds("x", make_transcription([make_segment("hi", speaker="unknown")])) is None


def test_only_so_many_calls_are_read() -> None:
    taken = []

    def calls() -> Iterator[tuple[str, Transcription]]:
        for name, heard in day(LEARNT_CALLS + 50).items():
            taken.append(name)
            yield name, heard

    RoleWords(calls())
    assert len(taken) == LEARNT_CALLS
