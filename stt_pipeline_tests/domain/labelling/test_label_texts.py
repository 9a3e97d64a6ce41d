"""Texts that come back from labelling: each fault is a sentence, and nothing odd is let through."""

from collections.abc import Mapping

import pytest

from stt_pipeline.domain.labelling.label_texts import AskedCall, Checked, Page, check_texts

HEARD = {
    "agent": "good morning how can I help you\nwhich court is it\n",
    "customer": "hello I lost my court yesterday evening\n",
}
ASKED = AskedCall("2026-11-16", "C1", "C1", "en", HEARD)
WHOLE = AskedCall("2026-11-16", "C2", "C2", "en", {"": "nobody is there please call again later\n"})
RIGHT = {
    "C1.agent.txt": b"Good morning, how can I help you?\nWhich card is it?\n",
    "C1.customer.txt": b"Hello, I lost my card yesterday evening.\n",
    "C2.txt": b"Nobody is here. Please call again later.\n",
}


def check(changes: Mapping[str, bytes | None], page: Page | None = None, *sure: str) -> Checked:
    """The check of the right files but for these; None takes a file away."""
    files = {name: data for name, data in (RIGHT | dict(changes)).items() if data is not None}
    return check_texts([ASKED, WHOLE], files, page, sure)


def test_corrected_texts_become_references_by_speaker_or_as_a_whole() -> None:
    checked = check({})

    assert checked.problems == checked.unchanged == []
    assert checked.texts == {
        "C1": {
            "agent": "Good morning, how can I help you?\nWhich card is it?\n",
            "customer": "Hello, I lost my card yesterday evening.\n",
        },
        "C2": {"": "Nobody is here. Please call again later.\n"},
    }


def test_lines_are_tidied_and_a_hyphen_means_that_nobody_speaks() -> None:
    checked = check(
        {
            "C1.agent.txt": "\ufeffGood\tmorning, how can I help you? \r\n\r\nWhich card?".encode(),
            "C1.customer.txt": b"-\n",
        }
    )

    assert checked.problems == []
    agent = "Good morning, how can I help you?\nWhich card?\n"
    assert checked.texts["C1"] == {"agent": agent, "customer": ""}


def test_a_speaker_left_as_heard_is_no_fault_where_the_other_was_corrected() -> None:
    checked = check({"C1.customer.txt": HEARD["customer"].encode()})

    assert checked.problems == []
    assert checked.texts["C1"]["customer"] == HEARD["customer"]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"C1.agent.txt": None}, "C1.agent.txt is missing: put it back, or export again."),
        ({"C2.txt": "déjà".encode("latin-1")}, "C2.txt is not UTF-8: save it in that encoding."),
        ({"C2.txt": "hello".encode("utf-16")}, "C2.txt is not UTF-8: save it in that encoding."),
        ({"C2.txt": "hello".encode("utf-16-le")}, "C2.txt is not UTF-8: save it in that encoding."),
        ({"C2.txt": "hell\ufffd".encode()}, "C2.txt is not UTF-8: save it in that encoding."),
        (
            {"C2.txt": b" \n"},
            "the text of the whole in C2 is empty: write what is said, or '-' if nobody speaks.",
        ),
        (
            {"C1.customer.txt": b""},
            "the text of customer in C1 is empty: write what is said, or '-' if nobody speaks.",
        ),
        (
            {"C9.txt": b"hello"},
            "C9.txt: no call of this name was asked for: correct the name, or take it away.",
        ),
        (
            {"C1.agnet.txt": b"hello"},
            "C1.agnet.txt: C1 has C1.agent.txt and C1.customer.txt: correct the speaker's name.",
        ),
        (
            {"C1.txt": b"hello"},
            "C1.txt: C1 has C1.agent.txt and C1.customer.txt: correct the speaker's name.",
        ),
    ],
)
def test_each_fault_is_one_sentence(changes: Mapping[str, bytes | None], says: str) -> None:
    assert check(changes).problems == [says]


def test_speakers_the_wrong_way_round_are_noticed() -> None:
    checked = check(
        {"C1.agent.txt": RIGHT["C1.customer.txt"], "C1.customer.txt": RIGHT["C1.agent.txt"]}
    )

    assert [problem[:33] for problem in checked.problems] == [
        "the text of agent in C1 has next ",
        "the text of customer in C1 has ne",
    ]
    assert "add --sure C1." in checked.problems[0]
    assert "C1" not in checked.texts


def test_a_text_that_somebody_vouches_for_may_be_odd() -> None:
    checked = check({"C2.txt": b"What was said has nothing to do with it."}, None, "C2")

    assert checked.problems == []
    assert checked.texts["C2"] == {"": "What was said has nothing to do with it.\n"}


def test_a_short_text_may_be_wrong_in_every_word() -> None:
    short = AskedCall("2026-11-16", "C3", "C3", "en", {"": "thank you\n"})

    assert check_texts([short], {"C3.txt": b"Goodbye now."}).problems == []


def test_a_call_as_it_was_heard_is_unchanged_unless_somebody_vouches_for_it() -> None:
    as_heard: dict[str, bytes | None] = {"C2.txt": WHOLE.heard[""].encode()}

    assert check(as_heard).unchanged == ["C2"]
    assert "C2" not in check(as_heard).texts
    sure = check(as_heard, None, "C2")
    assert (sure.unchanged, sure.texts["C2"]) == ([], {"": WHOLE.heard[""]})


def test_a_call_id_that_is_none_of_the_draw_cannot_be_vouched_for() -> None:
    assert check({}, None, "C7").problems == ["--sure C7: no call of this name was asked for."]


def test_what_the_page_saved_counts_for_calls_left_as_heard_in_their_files() -> None:
    page = Page("d", {"C2": {"": "Nobody is here, please call later."}})

    checked = check({"C2.txt": WHOLE.heard[""].encode()}, page)

    assert checked.problems == checked.unchanged == []
    assert checked.texts["C2"] == {"": "Nobody is here, please call later.\n"}


def test_a_call_ticked_in_the_page_is_vouched_for() -> None:
    page = Page("d", {"C1": HEARD, "C2": {"": ""}})
    files = {"C1.agent.txt": HEARD["agent"], "C1.customer.txt": HEARD["customer"]}

    checked = check(
        {name: text.encode() for name, text in files.items()}
        | {"C2.txt": WHOLE.heard[""].encode()},
        page,
    )

    assert checked.problems == checked.unchanged == []
    assert checked.texts == {"C1": HEARD, "C2": {"": ""}}


def test_a_call_corrected_in_two_places_is_refused_unless_both_say_the_same() -> None:
    page = Page("d", {"C2": {"": "Nobody was there."}})

    assert check({}, page).problems == [
        "C2 was corrected in the page and in its text file: keep one."
    ]
    same = Page("d", {"C2": {"": RIGHT["C2.txt"].decode().strip()}})
    assert check({}, same).problems == []


def test_a_page_without_a_speaker_of_the_call_is_refused() -> None:
    page = Page("d", {"C1": {"agent": "Good morning."}})

    assert check({}, page).problems == [
        "the page's file has no text for each speaker of C1: save again."
    ]
