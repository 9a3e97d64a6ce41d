"""The folder that calls are labelled in: what is written can be heard, read, and read back."""

import csv
import itertools
import json
import re
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline.adapters.audio import decode
from stt_pipeline.adapters.label_draws import DrawRecord
from stt_pipeline.adapters.label_folder import (
    MANIFEST,
    SAVED,
    PageCall,
    Utterance,
    file_name,
    new_folder,
    read_asked,
    read_page,
    read_texts,
    write_audio,
    write_texts,
)
from stt_pipeline.domain.errors import UserError
from stt_pipeline.domain.labelling.label_strata import WeekCall
from stt_pipeline.domain.labelling.label_texts import AskedCall, Page, check_texts
from stt_pipeline.domain.labelling.labelling import Draw, draw_calls
from stt_pipeline_tests.adapters.test_report import Page as ParsedPage
from stt_pipeline_tests.factories import NOW
from stt_pipeline_tests.fakes import MemoryStore
from stt_pipeline_tests.speech.calls import JoinedCall, join_prompts, two_channel_call
from stt_pipeline_tests.speech.encode import write_wav
from stt_pipeline_tests.speech.prompts import Prompt

HOSTILE = "</textarea><script>alert('x')</script> & \"co\" {{ 7 * 7 }}"
CALL_IDS = ("C1", "été/☎ o'brien")


@pytest.fixture
def two_channels(english_prompts: list[Prompt]) -> Any:
    """A call of two people, real speech: int16 of shape (samples, 2)."""
    sides: list[JoinedCall] = [
        join_prompts(english_prompts[start : start + 3], pause_s=0.5, seed=start)
        for start in (20, 40)
    ]
    return two_channel_call(*sides).samples


def make_draw() -> Draw:
    calls = [
        WeekCall("2026-11-16", call_id, f"etag {call_id}", 1.5, 200, "en") for call_id in CALL_IDS
    ]
    return draw_calls("2026-W47", calls, 10.0, seed=1, now=NOW)


def make_calls(draw: Draw, text: str = "good morning") -> list[PageCall]:
    """The calls of the draw, a line for each speaker."""
    return [
        PageCall(
            AskedCall(
                call.call_date,
                call.call_id,
                file_name(call.call_id),
                "en",
                {"agent": f"{text}\n", "customer": ""},
            ),
            call.minutes,
            call.why,
            (Utterance("agent", 61.25, 63.0, text), Utterance("customer", 0.0, 90.0, "")),
        )
        for call in draw.calls
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with new_folder(tmp_path / "out"):
        write_texts(tmp_path / "out", draw := make_draw(), make_calls(draw))
    return tmp_path / "out"


def test_the_sound_is_the_recording_by_channel_and_any_player_opens_it(
    tmp_path: Path, two_channels: Any
) -> None:
    source = write_wav(tmp_path / "call.wav", two_channels, 8_000, "pcm_mulaw")
    with source.open("rb") as audio:
        write_audio(tmp_path / "out.wav", decode(audio, "call.wav", 2.0))

    with wave.open(str(tmp_path / "out.wav")) as copy:
        form = (copy.getnchannels(), copy.getsampwidth(), copy.getframerate())
        heard = np.frombuffer(copy.readframes(copy.getnframes()), "<i2").reshape(-1, 2)
    assert form == (2, 2, 16_000)
    assert len(heard) == pytest.approx(2 * len(two_channels), abs=100)
    for channel in (0, 1):
        spoken = two_channels[:, channel].astype(float)
        copied = heard[::2, channel].astype(float)[: len(spoken)]
        assert np.corrcoef(spoken[: len(copied)], copied)[0, 1] > 0.99


def test_a_long_call_is_copied_piece_by_piece(tmp_path: Path) -> None:
    """The next piece is made only once the one before is in the file: memory holds one."""
    path = tmp_path / "out.wav"
    sizes = []

    def pieces() -> Iterator[Any]:
        for number in range(5):
            sizes.append(path.stat().st_size)
            yield np.full((1, 160_000), number / 10, dtype=np.float32)

    write_audio(path, pieces())

    assert len(sizes) == 5
    assert all(after - before > 200_000 for before, after in itertools.pairwise(sizes[1:]))
    with wave.open(str(path)) as copy:
        assert copy.getnframes() == 800_000


def test_full_scale_and_beyond_does_not_wrap_round(tmp_path: Path) -> None:
    write_audio(tmp_path / "out.wav", iter([np.array([[1.5, 1.0, -1.0, -1.5]], dtype=np.float32)]))

    with wave.open(str(tmp_path / "out.wav")) as copy:
        samples = np.frombuffer(copy.readframes(4), "<i2")
    assert samples.tolist() == [32767, 32767, -32767, -32768]


def test_what_was_asked_for_is_read_back(folder: Path) -> None:
    asked = read_asked(folder)

    assert asked.draw == "2026-W47-1"
    assert [call.call_id for call in asked.calls] == sorted(CALL_IDS)
    texts = read_texts(folder)
    assert set(texts) == {call.text_name(who) for call in asked.calls for who in call.heard}
    checked = check_texts(asked.calls, texts)
    assert (checked.problems, checked.unchanged) == ([], sorted(CALL_IDS))


def test_the_sheet_says_why_each_call_and_where_its_files_are(folder: Path) -> None:
    with (folder / "sheet.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))

    assert [row["call_id"] for row in rows] == sorted(CALL_IDS)
    assert rows[0] == {
        "call_id": "C1",
        "call_date": "2026-11-16",
        "minutes": "1.50",
        "language": "en",
        "stratum": "all calls",
        "stands_for": "1.00",
        "audio": "audio/C1.wav",
        "texts": "texts/C1.agent.txt texts/C1.customer.txt",
    }
    assert all(
        (folder / name).exists() for row in rows for name in row["texts"].split(" texts/")[:1]
    )


def test_the_page_shows_each_line_with_its_sound_and_needs_no_network(folder: Path) -> None:
    html = (folder / "index.html").read_text()
    page = ParsedPage(html)

    assert page.tags.count("audio") == page.tags.count("section") == 2
    assert page.tags.count("textarea") == 4
    assert 'src="audio/C1.wav"' in html
    assert 'src="audio/%C3%A9t%C3%A9%252F%E2%98%8E%20o%27brien.wav"' in html
    assert 'data-start="61.25"' in html
    assert "1:01 agent good morning" in page.text
    assert "stands for 1.0 calls" in page.text
    assert not re.search(r"https?:|@import|url\(", html)
    assert not {"link", "img", "iframe", "object", "base"} & set(page.tags)


def test_what_was_said_is_only_text(tmp_path: Path) -> None:
    with new_folder(tmp_path / "out"):
        write_texts(tmp_path / "out", draw := make_draw(), make_calls(draw, HOSTILE))
    html = (tmp_path / "out" / "index.html").read_text()

    assert html.count("<script>") == 1
    assert ParsedPage(html).text.count(HOSTILE) == 2


def test_what_the_page_saves_is_read_back_for_calls_that_are_done(folder: Path) -> None:
    assert read_page(folder) is None
    saved = {
        "draw": "2026-W47-1",
        "calls": {
            "C1": {"done": True, "texts": {"agent": ["good", "evening"], "customer": [""]}},
            CALL_IDS[1]: {"done": False, "texts": {"agent": ["half"], "customer": [""]}},
        },
    }
    (folder / SAVED).write_text(json.dumps(saved))

    assert read_page(folder) == Page(
        "2026-W47-1", {"C1": {"agent": "good\nevening", "customer": ""}}
    )


@pytest.mark.parametrize("text", ["", "[]", '{"draw": "d"}', '{"draw": 1, "calls": {"C1": 3}}'])
def test_a_damaged_page_file_is_one_sentence(folder: Path, text: str) -> None:
    (folder / SAVED).write_text(text)

    with pytest.raises(UserError, match="is not what the page saved: save it again"):
        read_page(folder)


def test_a_folder_of_something_else_is_refused(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(UserError, match=r"has no draw\.json of"):
        read_asked(tmp_path)
    (folder / MANIFEST).write_text("{}")
    with pytest.raises(UserError, match=r"has no draw\.json of"):
        read_asked(folder)


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")

    with pytest.raises(UserError, match="is not empty: name a new folder"), new_folder(tmp_path):
        pass

    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("existed", [True, False])
def test_a_folder_that_could_not_be_finished_is_as_it_was(tmp_path: Path, existed: bool) -> None:
    folder = tmp_path / "out"
    if existed:
        folder.mkdir()

    def fill() -> None:
        (folder / "audio" / "half.wav").write_bytes(b"RIFF")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"), new_folder(folder):
        fill()

    assert folder.exists() == existed
    assert not existed or not list(folder.iterdir())


@given(st.lists(st.text(min_size=1, max_size=12), min_size=2, max_size=2, unique=True))
def test_different_calls_have_different_file_names_in_the_folder_itself(ids: list[str]) -> None:
    names = [file_name(call_id) for call_id in ids]

    assert names[0] != names[1]
    assert all(Path(f"{name}.wav").name == f"{name}.wav" for name in names)
    assert not any(name.startswith(".") for name in names)


def test_draws_are_kept_apart_and_read_back_in_order() -> None:
    record = DrawRecord(MemoryStore())
    assert record.read_all() == []
    first = make_draw()
    calls = [WeekCall("2026-11-17", f"N{n}", f"new {n}", 2.0, 200) for n in range(3)]
    second = draw_calls("2026-W47", calls, 10.0, seed=1, now=NOW, before=[first])

    record.write(second)
    record.write(first)

    assert record.read_all() == [first, second]
