"""A transcription as files that people and players read."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline.domain.speech.exports import FORMATS, as_json, as_srt, as_txt, as_vtt, clock
from stt_pipeline.domain.speech.transcription import Transcription
from stt_pipeline_tests.factories import make_segment, make_transcription

DIALOGUE = make_transcription(
    [
        make_segment("Good morning.", 0.0, speaker="agent"),
        make_segment("Is <that> R&D?", 3725.25, speaker="customer"),
    ],
    duration_s=3730.0,
)
MONO = make_transcription([make_segment("hello", 1.0, speaker="unknown")])


def seconds(time: str) -> float:
    """The inverse of `clock`."""
    hours, minutes, rest = time.replace(",", ".").split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(rest)


@given(st.floats(0, 100 * 3600), st.sampled_from([".", ","]))
def test_a_time_reads_back_to_the_millisecond(at_s: float, decimal: str) -> None:
    text = clock(at_s, decimal)

    assert re.fullmatch(rf"\d\d+:[0-5]\d:[0-5]\d{re.escape(decimal)}\d\d\d", text)
    assert seconds(text) == pytest.approx(at_s, abs=0.00051)


def test_a_time_that_rounds_up_carries_into_the_hour() -> None:
    assert clock(3599.9996) == "01:00:00.000"


@st.composite
def calls(draw: st.DrawFn) -> Transcription:
    """Utterances of any length, none too."""
    starts = draw(st.lists(st.floats(0, 20_000).map(lambda at: round(at, 3)), max_size=8))
    return make_transcription(
        [
            make_segment(
                draw(st.sampled_from(["hello", "yes --> no", "R&D <b>", "été"])),
                start_s,
                speaker=draw(st.sampled_from(["agent", "customer", "unknown"])),
                word_s=draw(st.sampled_from([0.0, 0.0001, 0.3, 12.0])),
            )
            for start_s in starts
        ]
    )


@given(calls())
def test_srt_numbers_its_cues_and_each_ends_after_its_start(heard: Transcription) -> None:
    cues = as_srt(heard, "engine").split("\n\n") if heard.segments else []

    assert len(cues) == len(heard.segments)
    for number, (cue, segment) in enumerate(zip(cues, heard.segments, strict=True), start=1):
        head, times, text = cue.rstrip("\n").split("\n")
        assert head == str(number)
        start, end = times.split(" --> ")
        assert "," in start
        assert seconds(start) < seconds(end)
        assert seconds(start) == pytest.approx(segment.start_s, abs=0.001)
        assert text.endswith(segment.text)


@given(calls())
def test_vtt_begins_as_it_must_and_each_cue_ends_after_its_start(heard: Transcription) -> None:
    head, *cues = as_vtt(heard, "engine").rstrip("\n").split("\n\n")

    assert head == "WEBVTT"
    assert len(cues) == len(heard.segments)
    for cue, segment in zip(cues, heard.segments, strict=True):
        times, text = cue.split("\n")
        start, end = times.split(" --> ")
        assert seconds(start) < seconds(end)
        assert text.startswith(f"<v {segment.speaker}>")
        assert "-->" not in text
        assert not re.search(r"&(?!amp;|lt;|gt;)|<(?!v )", text)


@given(calls())
def test_json_holds_every_word_with_its_times(heard: Transcription) -> None:
    document = json.loads(as_json(heard, "engine #1"))

    assert document["engine"] == "engine #1"
    assert document["text"] == " ".join(segment.text for segment in heard.segments)
    assert [
        (word["word"], word["start_s"], word["end_s"], word["probability"])
        for segment in document["segments"]
        for word in segment["words"]
    ] == [
        (word.word, word.start_s, word.end_s, word.probability)
        for segment in heard.segments
        for word in segment.words
    ]


def test_txt_has_a_line_an_utterance_with_its_start_and_speaker() -> None:
    assert as_txt(DIALOGUE, "engine") == (
        "[00:00:00] agent: Good morning.\n[01:02:05] customer: Is <that> R&D?\n"
    )


def test_srt_reads_as_players_expect() -> None:
    assert as_srt(DIALOGUE, "engine") == (
        "1\n00:00:00,000 --> 00:00:00,600\nagent: Good morning.\n\n"
        "2\n01:02:05,250 --> 01:02:06,150\ncustomer: Is <that> R&D?\n"
    )


def test_vtt_reads_as_browsers_expect() -> None:
    assert as_vtt(DIALOGUE, "engine") == (
        "WEBVTT\n\n"
        "00:00:00.000 --> 00:00:00.600\n<v agent>Good morning.\n\n"
        "01:02:05.250 --> 01:02:06.150\n<v customer>Is &lt;that&gt; R&amp;D?\n"
    )


def test_an_unknown_speaker_has_no_name_before_the_text() -> None:
    assert as_txt(MONO, "engine") == "[00:00:01] hello\n"


def test_json_keeps_letters_as_they_are() -> None:
    heard = make_transcription([make_segment("été")])

    assert '"text": "été"' in as_json(heard, "engine")


@pytest.mark.parametrize(("name", "says"), [("txt", ""), ("srt", ""), ("vtt", "WEBVTT\n\n")])
def test_a_silent_call_is_an_empty_file_of_its_format(name: str, says: str) -> None:
    assert FORMATS[name](make_transcription(), "engine") == says
