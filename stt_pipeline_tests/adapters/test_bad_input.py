"""A day of everything that goes wrong: each file ends in a named state, none fails another.

The ledger and the transcription are the pipeline's own, over a real folder with real weights.
"""

import datetime as dt
import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import pytest

from stt_pipeline import wiring
from stt_pipeline.defs.listing import list_date
from stt_pipeline.defs.recordings import refresh
from stt_pipeline.defs.resources import Pipeline
from stt_pipeline.domain.call_dates import UNDATED
from stt_pipeline.domain.quality.normalise import english
from stt_pipeline.domain.quality.signals import flags
from stt_pipeline.domain.quality.wer import count_errors
from stt_pipeline.domain.recordings.recording import Recording, Status
from stt_pipeline.domain.speech.known_models import KNOWN_MODELS
from stt_pipeline.domain.speech.transcribing import transcribe_recordings
from stt_pipeline.domain.speech.transcription import Failure, Outcome, Transcription
from stt_pipeline.settings import Settings
from stt_pipeline.worker import RECORDING
from stt_pipeline_tests.adapters.files import UNKNOWN_CODEC, gsm_in_wav, riff
from stt_pipeline_tests.factories import CALL_DATE, NOW
from stt_pipeline_tests.speech.calls import (
    RATE_HZ,
    JoinedCall,
    choose_prompts,
    join_prompts,
    read_prompt,
)
from stt_pipeline_tests.speech.encode import Codec, encode, write_gsm, write_wav
from stt_pipeline_tests.speech.prompts import Prompt
from stt_pipeline_tests.speech.sounds import silence, white_noise

DATE: Final = CALL_DATE.isoformat()

LONG_S: Final = 3 * 3600

SPOKEN_AT_S: Final = (0, 595, LONG_S - 40)
"""Where somebody speaks in the long call: first, over the engine's cut at 600 s, and last."""

MU_LAW_SILENCE: Final = b"\xff"

MAX_PEAK_BYTES: Final = 1_500_000_000

ENCODED: Final[dict[str, Codec]] = {
    "mulaw.wav": "pcm_mulaw",
    "alaw.wav": "pcm_alaw",
    "layer-3.mp3": "libmp3lame",
    "opus.ogg": "libopus",
    "lossless.flac": "flac",
    "wideband.g722": "g722",
    "phone.m4a": "aac",
}

QUARANTINED: Final = {
    "zero.wav": "the file is empty",
    "truncated.wav": r"truncated: \d+ bytes of sound are missing at its end",
    "text.wav": "not an audio file",
    "zero-hz.wav": "not an audio file",
    "zero-channels.wav": "the header says 0 channels",
    "eight-channels.wav": "8 channels, where STT_CHANNELS names 2",
    "unknown-codec.wav": "its audio codec is not known",
}

FAILED: Final = {
    "header-only.wav": "no audio behind the header",
    "half.flac": r"truncated: the header says \d+\.\d s, \d+\.\d s can be decoded",
    "damaged.m4a": r"damaged: \d+% of it cannot be decoded",
}

NO_SPEECH: Final = ("silence.wav", "noise.wav")

HEARD: Final = (*ENCODED, "mobile.gsm", "gsm-in.wav", "clipped.wav", "two-seconds.wav")


@dataclass(frozen=True)
class Day:
    """A folder of recordings and an empty lake, worked on as the pipeline does."""

    pipeline: Pipeline
    folder: Path

    def find(self) -> dict[str, Recording]:
        """The date's ledger after a look into the folder, by file name."""
        listing = list_date(self.pipeline, CALL_DATE)
        rows = refresh(self.pipeline, DATE, listing.dated)
        return {Path(row.key).name: row for row in rows}

    def transcribe(self, recordings: list[Recording], threads: int) -> dict[str, Outcome]:
        """What becomes of each, by file name."""
        settings = self.pipeline.settings
        transcriber = wiring.transcriber(settings, threads)
        results = wiring.result_store(settings, CALL_DATE)
        store = self.pipeline.recordings
        return {
            Path(recordings[place].key).name: result.outcome
            for place, result in transcribe_recordings(recordings, store, transcriber, results)
        }


MakeDay = Callable[[], Day]


@pytest.fixture(scope="module")
def make_day(tmp_path_factory: pytest.TempPathFactory, model_dir: Path) -> MakeDay:
    def make() -> Day:
        root = tmp_path_factory.mktemp("day")
        folder = root / "recordings" / f"call_date={DATE}"
        folder.mkdir(parents=True)
        settings = Settings(
            recordings_uri=(root / "recordings").as_uri(),
            lake_uri=(root / "lake").as_uri(),
            model=str(model_dir),
            model_sha256=KNOWN_MODELS["base"].sha256,
        )
        return Day(Pipeline(settings, now=lambda: NOW), folder)

    return make


@pytest.fixture(scope="module")
def prompts(english_prompts: list[Prompt]) -> list[Prompt]:
    return choose_prompts(english_prompts, speech_s=10, seed=14)


@pytest.fixture(scope="module")
def call(prompts: list[Prompt]) -> JoinedCall:
    return join_prompts(prompts, pause_s=0.6, seed=14)


@pytest.fixture(scope="module")
def day(make_day: MakeDay, call: JoinedCall, prompts: list[Prompt]) -> Day:
    """Every kind of file of one day but the long one."""
    day = make_day()
    write_heard(day.folder, call, prompts)
    write_kept_aside(day.folder, call)
    write_wav(day.folder / "silence.wav", silence(20), RATE_HZ)
    write_wav(day.folder / "noise.wav", white_noise(20, seed=3), RATE_HZ)
    return day


def write_heard(folder: Path, call: JoinedCall, prompts: list[Prompt]) -> None:
    for name, codec in ENCODED.items():
        encode(folder / name, call.samples, RATE_HZ, codec=codec)
    gsm = write_gsm(folder / "mobile.gsm", prompts)
    (folder / "gsm-in.wav").write_bytes(gsm_in_wav(gsm.read_bytes()))
    loud = np.clip(call.samples.astype(np.int32) * 8, -32768, 32767).astype(np.int16)
    write_wav(folder / "clipped.wav", loud, RATE_HZ)
    short = next(read_prompt(one) for one in prompts if 1 < one.duration_s < 2)
    write_wav(folder / "two-seconds.wav", np.resize(short, 2 * RATE_HZ), RATE_HZ)


def write_kept_aside(folder: Path, call: JoinedCall) -> None:
    pcm = call.samples.tobytes()
    files = {
        "zero.wav": b"",
        "truncated.wav": riff(pcm)[: len(pcm) // 2],
        "text.wav": b"This is not a recording.\n" * 40,
        "zero-hz.wav": riff(pcm, rate_hz=0),
        "zero-channels.wav": riff(pcm, channels=0),
        "eight-channels.wav": riff(pcm, channels=8),
        "header-only.wav": riff(b""),
        "unknown-codec.wav": riff(pcm, codec=UNKNOWN_CODEC),
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    flac = encode(folder / "half.flac", call.samples[:-100], RATE_HZ, codec="flac")
    flac.write_bytes(flac.read_bytes()[: flac.stat().st_size // 2])
    m4a = encode(folder / "damaged.m4a", call.samples[:-100], RATE_HZ, codec="aac")
    damaged = bytearray(m4a.read_bytes())
    for at in range(2_000, len(damaged) * 8 // 10, 100):
        damaged[at : at + 8] = b"\xff" * 8
    m4a.write_bytes(damaged)


@dataclass(frozen=True)
class LongCall:
    """The long call at work in a process of its own, on one of the machine's CPUs."""

    day: Day
    row: Recording
    process: subprocess.Popen[str]
    text: str


@pytest.fixture(scope="module")
def long_call(make_day: MakeDay, call: JoinedCall) -> Iterator[LongCall]:
    """Three hours of mu-law in which somebody speaks three times; begins before the other files."""
    day = make_day()
    spoken = write_wav(day.folder / "spoken.wav", call.samples, RATE_HZ, "pcm_mulaw").read_bytes()
    (day.folder / "spoken.wav").unlink()
    speech = spoken[spoken.index(b"data") + 8 :]
    path = day.folder / "long.wav"
    with path.open("wb") as file:
        size = LONG_S * RATE_HZ
        file.write(riff(b"", codec=7, bits=8, promised_bytes=size))
        start = file.tell()
        file.write(MU_LAW_SILENCE * size)
        for at_s in SPOKEN_AT_S:
            file.seek(start + at_s * RATE_HZ)
            file.write(speech)
    (row,) = day.find().values()
    settings = day.pipeline.settings.model_dump_json()
    arguments = [settings, DATE, RECORDING.dump_json(row).decode()]
    command = [sys.executable, "-m", "stt_pipeline_tests.adapters.long_call", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        yield LongCall(day, row, process, call.text)
        process.kill()


@pytest.fixture(scope="module")
def ledger(long_call: LongCall, day: Day) -> dict[str, Recording]:
    return day.find()


@pytest.fixture(scope="module")
def outcomes(day: Day, ledger: dict[str, Recording]) -> dict[str, Outcome]:
    """Of every accepted recording, while the long call is at work."""
    accepted = [row for row in ledger.values() if row.status is Status.ACCEPTED]
    return day.transcribe(accepted, threads=1)


class TestLedger:
    def test_every_file_has_a_row(self, day: Day, ledger: dict[str, Recording]) -> None:
        names = {path.name for path in day.folder.iterdir()}
        assert set(ledger) == names
        assert names == {*QUARANTINED, *FAILED, *NO_SPEECH, *HEARD}

    @pytest.mark.parametrize("name", list(QUARANTINED))
    def test_a_bad_file_is_quarantined_with_its_reason(
        self, ledger: dict[str, Recording], name: str
    ) -> None:
        row = ledger[name]
        assert row.status is Status.QUARANTINED
        assert re.match(QUARANTINED[name], row.reason or ""), row.reason
        assert row.call_id == Path(name).stem
        assert row.size_bytes == (0 if name == "zero.wav" else row.size_bytes)
        assert re.fullmatch("[0-9a-f]{32}", row.etag)

    @pytest.mark.parametrize("name", [*HEARD, *NO_SPEECH, *FAILED])
    def test_what_can_be_opened_is_accepted(self, ledger: dict[str, Recording], name: str) -> None:
        row = ledger[name]
        assert (row.status, row.reason) == (Status.ACCEPTED, None)
        assert row.channels == 1
        # A header of no length promises nothing, as of a recording still being written.
        assert (row.duration_s is None) == (name == "header-only.wav")

    def test_a_second_look_changes_nothing(self, day: Day, ledger: dict[str, Recording]) -> None:
        assert day.find() == ledger


class TestOutcomes:
    def test_every_accepted_recording_has_one(
        self, ledger: dict[str, Recording], outcomes: dict[str, Outcome]
    ) -> None:
        accepted = {name for name, row in ledger.items() if row.status is Status.ACCEPTED}
        assert set(outcomes) == accepted

    @pytest.mark.parametrize("name", HEARD)
    def test_speech_is_heard_in_every_format(
        self, outcomes: dict[str, Outcome], call: JoinedCall, name: str
    ) -> None:
        heard = outcomes[name]
        assert isinstance(heard, Transcription)
        assert heard.language == "en"
        if name == "two-seconds.wav":
            assert heard.duration_s == pytest.approx(2.0, abs=0.01)
            assert heard.word_count > 0
            return
        counts = count_errors(call.text, text_of(heard), english)
        print(f"{name}: {counts.wer:.1%} of {counts.reference_words} words")  # noqa: T201
        assert counts.wer is not None
        # Measured: 4% (GSM) to 19% (MP3), of words so few that one is 4%.
        assert counts.wer <= 0.25

    def test_clipped_speech_is_flagged(self, outcomes: dict[str, Outcome]) -> None:
        shown = {
            name: flags(heard)
            for name, heard in outcomes.items()
            if isinstance(heard, Transcription)
        }
        assert "clipping" in shown["clipped.wav"]
        assert [name for name, signals in shown.items() if "clipping" in signals] == ["clipped.wav"]

    @pytest.mark.parametrize("name", NO_SPEECH)
    def test_without_speech_there_is_no_word(self, outcomes: dict[str, Outcome], name: str) -> None:
        heard = outcomes[name]
        assert isinstance(heard, Transcription)
        assert (heard.word_count, heard.speech_s, heard.language) == (0, 0, None)

    @pytest.mark.parametrize("name", list(FAILED))
    def test_a_file_that_breaks_off_says_so(self, outcomes: dict[str, Outcome], name: str) -> None:
        failure = outcomes[name]
        assert isinstance(failure, Failure)
        assert re.fullmatch(FAILED[name], failure.reason), failure.reason
        assert not failure.transient

    def test_all_are_checkpointed(
        self, day: Day, ledger: dict[str, Recording], outcomes: dict[str, Outcome]
    ) -> None:
        results = wiring.result_store(day.pipeline.settings, CALL_DATE)
        assert results.finished() == {ledger[name].etag for name in outcomes}
        for name, outcome in outcomes.items():
            result = results.read(ledger[name].etag)
            assert result is not None
            assert result.outcome == outcome


def text_of(heard: Transcription) -> str:
    return " ".join(segment.text for segment in heard.segments)


class TestLongCall:
    """Three hours, in a process whose memory is measured."""

    def test_memory_is_bounded_and_nothing_is_lost(
        self, outcomes: dict[str, Outcome], long_call: LongCall
    ) -> None:
        row, day = long_call.row, long_call.day
        assert row.status is Status.ACCEPTED
        assert row.duration_s == LONG_S
        output, _ = long_call.process.communicate(timeout=600)
        assert long_call.process.returncode == 0
        peak_bytes = json.loads(output)["peak_bytes"]
        # Measured: 541 MB.
        assert peak_bytes < MAX_PEAK_BYTES
        result = wiring.result_store(day.pipeline.settings, CALL_DATE).read(row.etag)
        assert result is not None
        heard = result.outcome
        assert isinstance(heard, Transcription)
        print(f"3 h: {peak_bytes / 1e6:.0f} MB at most, {heard.cpu_s:.0f} CPU-s")  # noqa: T201
        assert heard.duration_s == pytest.approx(LONG_S, abs=0.01)
        self._assert_words_at_their_times(heard, long_call.text)

    @staticmethod
    def _assert_words_at_their_times(heard: Transcription, text: str) -> None:
        found = 0
        for at_s in SPOKEN_AT_S:
            here = [one for one in heard.segments if at_s - 1 <= one.start_s <= at_s + 20]
            counts = count_errors(text, " ".join(one.text for one in here), english)
            print(f"at {at_s} s: {counts.wer:.1%} of {counts.reference_words}")  # noqa: T201
            assert counts.wer is not None
            assert counts.wer <= 0.15
            assert abs(here[0].start_s - at_s) < 1.0
            found += len(here)
        assert found == len(heard.segments)


class TestMeanwhile:
    """Files that change between the listing, the probe and the transcription."""

    @pytest.fixture
    def three(self, make_day: MakeDay) -> Day:
        day = make_day()
        for number in range(3):
            (day.folder / f"c{number}.wav").write_bytes(riff(white_noise(1, seed=number).tobytes()))
        return day

    @staticmethod
    def listed(day: Day, change: Callable[[Path], None]) -> dict[str, Recording]:
        """The ledger where `c1.wav` changed after the folder was listed."""
        listing = list_date(day.pipeline, CALL_DATE)
        change(day.folder / "c1.wav")
        rows = refresh(day.pipeline, DATE, listing.dated)
        return {Path(row.key).name: row for row in rows}

    @staticmethod
    def to_folder(path: Path) -> None:
        """What a program does that replaces a file by a folder: reading it is an OSError."""
        path.unlink()
        path.mkdir()

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            (Path.unlink, "it went from the store while it was listed"),
            (to_folder, "it cannot be read (Is a directory)"),
        ],
        ids=["gone", "unreadable"],
    )
    def test_a_new_file_is_quarantined_and_judged_again_later(
        self, three: Day, change: Callable[[Path], None], reason: str
    ) -> None:
        ledger = self.listed(three, change)
        assert {name: row.status for name, row in ledger.items()} == {
            "c0.wav": Status.ACCEPTED,
            "c1.wav": Status.QUARANTINED,
            "c2.wav": Status.ACCEPTED,
        }
        assert ledger["c1.wav"].reason == reason
        path = three.folder / "c1.wav"
        if path.is_dir():
            path.rmdir()
        path.write_bytes(riff(white_noise(1, seed=1).tobytes()))
        assert three.find()["c1.wav"].status is Status.ACCEPTED

    @pytest.mark.parametrize("change", [Path.unlink, to_folder], ids=["gone", "unreadable"])
    def test_a_known_file_keeps_its_row(self, three: Day, change: Callable[[Path], None]) -> None:
        before = three.find()
        assert self.listed(three, change) == before
        assert before["c1.wav"].status is Status.ACCEPTED

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            (Path.unlink, "the recording is no longer in the store"),
            (to_folder, "the recording cannot be read (Is a directory)"),
        ],
        ids=["gone", "unreadable"],
    )
    def test_what_changes_before_it_is_transcribed_is_tried_again_by_the_next_run(
        self, three: Day, change: Callable[[Path], None], reason: str
    ) -> None:
        ledger = three.find()
        change(three.folder / "c1.wav")
        outcomes = three.transcribe(list(ledger.values()), threads=1)
        assert outcomes["c1.wav"] == Failure(reason, transient=True)
        others = [outcomes["c0.wav"], outcomes["c2.wav"]]
        assert all(isinstance(other, Transcription) for other in others)
        results = wiring.result_store(three.pipeline.settings, CALL_DATE)
        assert results.finished() == {ledger["c0.wav"].etag, ledger["c2.wav"].etag}


class TestNames:
    """Keys that a folder can hold, and what becomes of them."""

    def test_odd_names_end_in_a_named_state(self, make_day: MakeDay) -> None:
        day = make_day()
        deep = "/".join(["d" * 200] * 4)
        raw = os.fsencode(day.folder) + b"/caf\xe9.wav"
        paths = {
            "accents": day.folder / "appel été n° 7 📞.wav",
            "not utf-8": Path(os.fsdecode(raw)),
            "1,000 characters": day.folder / deep / ("c" * 190 + ".wav"),
            "too long a call_id": day.folder / ("c" * 220 + ".wav"),
            "control character": day.folder / "a\nb.wav",
        }
        for number, path in enumerate(paths.values()):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(riff(white_noise(1, seed=number).tobytes()))
        first, second = self._look(day), self._look(day)
        # A key that is not UTF-8 is read back from the ledger as its URI writes it.
        assert [replace(row, key="") for row in second] == [replace(row, key="") for row in first]
        states = {name: self._state(first, path) for name, path in paths.items()}
        assert states == {
            "accents": (Status.ACCEPTED, None),
            "not utf-8": (Status.QUARANTINED, "the key is not valid UTF-8"),
            "1,000 characters": (Status.ACCEPTED, None),
            "too long a call_id": (
                Status.QUARANTINED,
                "call_id is 220 bytes long, more than 200",
            ),
            "control character": (Status.QUARANTINED, "the key has control characters"),
        }

    @staticmethod
    def _look(day: Day) -> list[Recording]:
        listing = list_date(day.pipeline, CALL_DATE)
        dated = refresh(day.pipeline, DATE, listing.dated)
        return dated + refresh(day.pipeline, UNDATED, listing.undated)

    @staticmethod
    def _state(rows: list[Recording], path: Path) -> tuple[Status, str | None]:
        etag = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
        (row,) = (row for row in rows if row.etag == etag)
        return row.status, row.reason


def test_the_date_of_these_files_is_their_folder_s(day: Day) -> None:
    other = list_date(day.pipeline, CALL_DATE + dt.timedelta(days=1))
    assert (other.dated, other.undated) == ([], [])
