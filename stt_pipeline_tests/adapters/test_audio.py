"""PyAV on every kind of file that a call recorder, or a mistake, leaves in the store."""

import http.server
import io
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from stt_pipeline.adapters.audio import SAMPLE_RATE_HZ, PyavProber, decode, packets_s
from stt_pipeline.domain.errors import AudioUnreadableError
from stt_pipeline.domain.recordings.recording import AudioInfo
from stt_pipeline_tests.adapters.files import UNKNOWN_CODEC, gsm_in_wav, riff
from stt_pipeline_tests.speech.calls import (
    RATE_HZ,
    JoinedCall,
    Samples,
    choose_prompts,
    join_prompts,
    read_prompt,
)
from stt_pipeline_tests.speech.encode import Codec, encode, write_gsm
from stt_pipeline_tests.speech.prompts import Prompt
from stt_pipeline_tests.speech.sounds import silence, tone

PIECE_S: Final = 3.0

LONGEST_FRAME_S: Final = 0.26
"""A piece ends with a frame; the longest of these files are WAV's 2 kB of mu-law or A-law."""


def probe(data: bytes, name: str) -> AudioInfo:
    return PyavProber().probe(io.BytesIO(data), name, len(data))


def pieces_of(data: bytes, name: str, piece_s: float = PIECE_S) -> list[NDArray[np.float32]]:
    return list(decode(io.BytesIO(data), name, piece_s))


def whole(data: bytes, name: str) -> NDArray[np.float32]:
    sound: NDArray[np.float32] = np.concatenate(pieces_of(data, name), axis=1)
    return sound


def seconds(samples: NDArray[np.float32]) -> float:
    return float(samples.shape[1]) / SAMPLE_RATE_HZ


def likeness(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """The highest correlation of two sounds over all delays: 1 is the same sound."""
    size = len(one) + len(other)
    product = np.fft.rfft(one, size) * np.conj(np.fft.rfft(other, size))
    return float(np.max(np.fft.irfft(product, size)) / np.linalg.norm(one) / np.linalg.norm(other))


def frequency_hz(samples: NDArray[np.float32]) -> float:
    spectrum = np.abs(np.fft.rfft(samples))
    return float(np.argmax(spectrum)) * SAMPLE_RATE_HZ / len(samples)


@pytest.fixture(scope="module")
def call(english_prompts: list[Prompt]) -> JoinedCall:
    return join_prompts(choose_prompts(english_prompts, speech_s=15, seed=1), pause_s=0.6, seed=1)


@pytest.fixture(scope="module")
def reference(call: JoinedCall) -> NDArray[np.float32]:
    """The call decoded from plain PCM."""
    sound: NDArray[np.float32] = whole(riff(call.samples.tobytes()), "call.wav")[0]
    return sound


FORMATS: Final[list[tuple[str, Codec, str, int, float, float]]] = [
    # name, encoder, codec as probed, rate probed, tolerance of the length in s, likeness
    ("call.wav", "pcm_s16le", "pcm_s16le", 8000, 0, 0.9999),
    ("mulaw.wav", "pcm_mulaw", "pcm_mulaw", 8000, 0, 0.99),
    ("alaw.wav", "pcm_alaw", "pcm_alaw", 8000, 0, 0.99),
    ("call.flac", "flac", "flac", 8000, 0, 0.9999),
    ("call.mp3", "libmp3lame", "mp3float", 8000, 0.01, 0.95),
    # Opus always decodes at 48 kHz, and its header counts a pre-skip of 13 ms.
    ("call.ogg", "libopus", "opus", 48000, 0.02, 0.9),
    ("call.opus", "libopus", "opus", 48000, 0.02, 0.9),
    ("call.g722", "g722", "g722", 16000, 0.01, 0.95),
    # AAC pads by two of its frames of 1,024 samples.
    ("call.m4a", "aac", "aac", 8000, 0.26, 0.95),
]


@pytest.mark.parametrize(
    ("name", "codec", "probed", "rate_hz", "tolerance_s", "least_likeness"),
    FORMATS,
    ids=[row[0] for row in FORMATS],
)
def test_every_format_is_probed_and_decoded(
    call: JoinedCall,
    reference: NDArray[np.float32],
    tmp_path: Path,
    name: str,
    codec: Codec,
    probed: str,
    rate_hz: int,
    tolerance_s: float,
    least_likeness: float,
) -> None:
    data = encode(tmp_path / name, call.samples, RATE_HZ, codec=codec).read_bytes()
    info = probe(data, name)
    assert (info.codec, info.sample_rate_hz, info.channels) == (probed, rate_hz, 1)
    assert info.duration_s == pytest.approx(call.duration_s, abs=tolerance_s + 1e-6)
    sound = whole(data, name)
    assert seconds(sound) == pytest.approx(call.duration_s, abs=tolerance_s + 1e-3)
    assert likeness(sound[0], reference) > least_likeness


class TestGsm:
    def test_raw_frames(self, english_prompts: list[Prompt], tmp_path: Path) -> None:
        prompts = choose_prompts(english_prompts, speech_s=10, seed=4)
        data = write_gsm(tmp_path / "call.gsm", prompts).read_bytes()
        # 33 bytes are 20 ms.
        duration_s = len(data) / 33 * 0.02
        info = probe(data, "a/call.GSM")
        assert (info.codec, info.sample_rate_hz, info.channels) == ("gsm", 8000, 1)
        assert info.duration_s == pytest.approx(duration_s)
        sound = whole(data, "call.gsm")
        assert seconds(sound) == pytest.approx(duration_s, abs=1e-3)
        first = read_prompt(prompts[0])
        spoken = whole(riff(first.tobytes()), "prompt.wav")[0]
        assert likeness(sound[0, : len(spoken)], spoken) > 0.8

    def test_in_wav_it_is_the_same_sound(
        self, english_prompts: list[Prompt], tmp_path: Path
    ) -> None:
        prompts = choose_prompts(english_prompts, speech_s=10, seed=4)
        raw = write_gsm(tmp_path / "call.gsm", prompts).read_bytes()
        data = gsm_in_wav(raw)
        duration_s = len(raw) // 66 * 0.04
        info = probe(data, "call.wav")
        assert (info.codec, info.sample_rate_hz, info.channels) == ("gsm_ms", 8000, 1)
        assert info.duration_s == pytest.approx(duration_s, abs=0.001)
        sound, wanted = whole(data, "call.wav"), whole(raw, "call.gsm")
        assert seconds(sound) == pytest.approx(duration_s, abs=0.001)
        assert np.allclose(sound, wanted[:, : sound.shape[1]], atol=1e-3)


class TestRawTelephony:
    """Files without a header: the name says how they are coded, and telephones run at 8 kHz."""

    @pytest.mark.parametrize(
        ("suffix", "codec", "probed"),
        [
            ("ul", "pcm_mulaw", "pcm_mulaw"),
            ("ulaw", "pcm_mulaw", "pcm_mulaw"),
            ("al", "pcm_alaw", "pcm_alaw"),
            ("alaw", "pcm_alaw", "pcm_alaw"),
            ("sln", "pcm_s16le", "pcm_s16le"),
        ],
    )
    def test_is_read_at_8_khz(
        self,
        call: JoinedCall,
        reference: NDArray[np.float32],
        tmp_path: Path,
        suffix: str,
        codec: Codec,
        probed: str,
    ) -> None:
        wav = encode(tmp_path / "call.wav", call.samples, RATE_HZ, codec=codec).read_bytes()
        raw = wav[wav.index(b"data") + 8 :]
        info = probe(raw, f"call.{suffix}")
        assert (info.codec, info.sample_rate_hz, info.channels) == (probed, 8000, 1)
        assert info.duration_s == pytest.approx(call.duration_s, abs=0.001)
        assert likeness(whole(raw, f"call.{suffix}")[0], reference) > 0.99


class TestUnreadable:
    """Each of these can be no recording; the reason is what an operator reads."""

    @pytest.mark.parametrize(
        ("data", "name", "reason"),
        [
            (b"", "zero.wav", "the file is empty"),
            (b"", "zero.gsm", "the file is empty"),
            (b"This is not a recording.\n" * 40, "text.wav", "not an audio file"),
            (b"<?xml version='1.0'?><Error>AccessDenied</Error>", "e.wav", "not an audio file"),
            (np.random.default_rng(1).bytes(40_000), "random.wav", "not an audio file"),
            (riff(bytes(16_000))[:30], "half-a-header.wav", "not an audio file"),
            (riff(bytes(16_000), rate_hz=0), "0-hz.wav", "not an audio file"),
            (riff(bytes(16_000), codec=UNKNOWN_CODEC), "unknown.wav", "codec is not known"),
        ],
        ids=lambda value: value if isinstance(value, str) else None,
    )
    def test_has_a_reason(self, data: bytes, name: str, reason: str) -> None:
        with pytest.raises(AudioUnreadableError, match=reason):
            probe(data, name)
        with pytest.raises(AudioUnreadableError) as decoding:
            pieces_of(data, name)
        assert str(decoding.value).isprintable()
        assert len(str(decoding.value)) < 100

    def test_half_an_m4a_has_lost_its_index(self, call: JoinedCall, tmp_path: Path) -> None:
        path = encode(tmp_path / "call.m4a", call.samples, RATE_HZ, codec="aac")
        data = path.read_bytes()
        with pytest.raises(AudioUnreadableError, match="not an audio file"):
            probe(data[: len(data) // 2], path.name)

    def test_a_film_without_sound_holds_no_audio(self, tmp_path: Path) -> None:
        path = tmp_path / "call.mkv"
        with av.open(str(path), "w") as film:
            stream = film.add_stream("mpeg4", rate=25, width=16, height=16)
            picture = av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), dtype=np.uint8))
            film.mux(stream.encode(picture))
            film.mux(stream.encode(None))
        data = path.read_bytes()
        with pytest.raises(AudioUnreadableError, match="no audio in the file"):
            probe(data, "call.wav")
        with pytest.raises(AudioUnreadableError, match="no audio in the file"):
            pieces_of(data, "call.wav")


class TestHeaders:
    @pytest.mark.parametrize("channels", [0, 8])
    def test_channels_that_nobody_speaks_on(self, channels: int) -> None:
        data = riff(bytes(160_000), channels=channels)
        # The ledger quarantines it by this number.
        assert probe(data, "call.wav").channels == channels
        with pytest.raises(AudioUnreadableError, match=f"{channels} channels"):
            pieces_of(data, "call.wav")

    @pytest.mark.parametrize("kept", [44, 45, 8_044, 16_042])
    def test_a_truncated_wav_says_how_much_is_missing(self, kept: int) -> None:
        data = riff(bytes(16_000))
        with pytest.raises(AudioUnreadableError, match=f"truncated: {16_044 - kept} bytes"):
            probe(data[:kept], "call.wav")

    def test_what_is_left_of_a_truncated_wav_can_be_decoded(self, call: JoinedCall) -> None:
        data = riff(call.samples.tobytes())
        left = whole(data[: len(data) // 2], "call.wav")
        assert seconds(left) == pytest.approx(call.duration_s / 2, abs=0.01)

    def test_a_header_alone_is_no_audio(self) -> None:
        with pytest.raises(AudioUnreadableError, match="no audio behind the header"):
            pieces_of(riff(b""), "call.wav")

    @pytest.mark.parametrize("promised", [0, 0xFFFFFFFF])
    def test_a_streamed_wav_promises_no_length(self, call: JoinedCall, promised: int) -> None:
        data = riff(call.samples.tobytes(), promised_bytes=promised)
        info = probe(data, "call.wav")
        assert (info.sample_rate_hz, info.channels) == (8000, 1)
        assert info.duration_s is None or info.duration_s == pytest.approx(call.duration_s)
        assert seconds(whole(data, "call.wav")) == pytest.approx(call.duration_s, abs=1e-3)

    def test_a_suffix_that_lies_about_a_header_does_not_matter(self, call: JoinedCall) -> None:
        info = probe(riff(call.samples.tobytes()), "call.mp3")
        assert (info.codec, info.channels) == ("pcm_s16le", 1)


def test_silence_is_decoded_as_silence() -> None:
    data = riff(silence(10).tobytes())
    assert probe(data, "call.wav") == AudioInfo("pcm_s16le", 8000, 1, 10.0)
    sound = whole(data, "call.wav")
    assert seconds(sound) == pytest.approx(10, abs=1e-3)
    assert not sound.any()


class TestPieces:
    @pytest.mark.parametrize("row", FORMATS, ids=[row[0] for row in FORMATS])
    @pytest.mark.parametrize("piece_s", [0.5, 3.0, 600.0])
    def test_are_bounded_and_lose_nothing(
        self,
        call: JoinedCall,
        tmp_path: Path,
        row: tuple[str, Codec, str, int, float, float],
        piece_s: float,
    ) -> None:
        data = encode(tmp_path / row[0], call.samples, RATE_HZ, codec=row[1]).read_bytes()
        pieces = pieces_of(data, row[0], piece_s)
        assert all(piece.dtype == np.float32 and len(piece) == 1 for piece in pieces)
        lengths = [seconds(piece) for piece in pieces]
        assert all(piece_s <= length < piece_s + LONGEST_FRAME_S for length in lengths[:-1])
        assert 0 < lengths[-1] < piece_s + LONGEST_FRAME_S
        assert np.array_equal(np.concatenate(pieces, axis=1), whole(data, row[0]))


class TestChannels:
    @pytest.mark.parametrize(
        ("name", "codec"),
        [(row[0], row[1]) for row in FORMATS if row[1] != "g722"],
        ids=[row[0] for row in FORMATS if row[1] != "g722"],
    )
    def test_stay_apart(self, tmp_path: Path, name: str, codec: Codec) -> None:
        left, right = tone(4, frequency_hz=440), tone(4, frequency_hz=1000)
        both = np.column_stack((left, right))
        data = encode(tmp_path / name, both, RATE_HZ, codec=codec).read_bytes()
        assert probe(data, name).channels == 2
        sound = whole(data, name)
        assert len(sound) == 2
        assert frequency_hz(sound[0]) == pytest.approx(440, abs=2)
        assert frequency_hz(sound[1]) == pytest.approx(1000, abs=2)

    @pytest.mark.parametrize(
        ("name", "codec"),
        [("call.wav", "pcm_mulaw"), ("call.flac", "flac"), ("call.ogg", "libopus")],
    )
    def test_nothing_of_one_is_heard_on_the_other(
        self, call: JoinedCall, tmp_path: Path, name: str, codec: Codec
    ) -> None:
        both: Samples = np.column_stack((call.samples, np.zeros_like(call.samples)))
        data = encode(tmp_path / name, both, RATE_HZ, codec=codec).read_bytes()
        left, right = whole(data, name)
        level, leak = (float(np.sqrt(np.mean(side**2))) for side in (left, right))
        # 40 dB below the speech.
        assert leak < level / 100


class TestDamage:
    """Files that are whole at their beginning and not behind it."""

    def test_packets_that_cannot_be_decoded_are_left_out(
        self, call: JoinedCall, tmp_path: Path
    ) -> None:
        """One bad packet of an MP3 once ended the recording there, without a word."""
        data = self._mp3(call, tmp_path)
        damaged = data[:8_000] + bytes(400) + data[8_400:]
        assert damaged != data
        sound = whole(damaged, "call.mp3")
        # 400 bytes at 8 kbit/s are 0.4 s, and a frame on either side.
        assert call.duration_s - 1.0 < seconds(sound) <= call.duration_s + 0.1

    def test_too_much_of_it_is_a_reason(self, call: JoinedCall, tmp_path: Path) -> None:
        path = encode(tmp_path / "call.m4a", call.samples, RATE_HZ, codec="aac")
        data = bytearray(path.read_bytes())
        for at in range(2_000, len(data) * 8 // 10, 100):
            data[at : at + 8] = b"\xff" * 8
        with pytest.raises(AudioUnreadableError, match=r"damaged: \d+% of it cannot be decoded"):
            pieces_of(bytes(data), "call.m4a")

    @pytest.mark.parametrize("channels", [(1, 2), (2, 1)])
    def test_a_format_that_changes_midway_is_read_on(
        self, call: JoinedCall, tmp_path: Path, channels: tuple[int, int]
    ) -> None:
        halves = [
            self._mp3(call, tmp_path, channels=count, rate_hz=rate)
            for count, rate in zip(channels, (8000, 16000), strict=True)
        ]
        sound = whole(halves[0] + halves[1], "call.mp3")
        assert len(sound) == channels[0]
        # The second half is the same samples at twice the rate.
        assert seconds(sound) == pytest.approx(call.duration_s * 1.5, abs=0.3)

    @pytest.mark.parametrize("name", ["call.flac", "call.ogg", "call.mp3"])
    def test_half_a_file_gives_half_the_sound(
        self, call: JoinedCall, tmp_path: Path, name: str
    ) -> None:
        codec: dict[str, Codec] = {"flac": "flac", "ogg": "libopus", "mp3": "libmp3lame"}
        suffix = name.partition(".")[2]
        path = encode(tmp_path / name, call.samples, RATE_HZ, codec=codec[suffix])
        data = path.read_bytes()
        sound = whole(data[: len(data) // 2], name)
        assert call.duration_s * 0.3 < seconds(sound) < call.duration_s * 0.7

    @staticmethod
    def _mp3(call: JoinedCall, folder: Path, *, channels: int = 1, rate_hz: int = RATE_HZ) -> bytes:
        one = call.samples
        samples = one if channels == 1 else np.column_stack((one, one))
        return encode(folder / "a.mp3", samples, rate_hz, codec="libmp3lame").read_bytes()


class TestNoOtherFile:
    """A recording is bytes from outside: it must not make the pipeline open something else."""

    @pytest.fixture
    def asked(self) -> Iterator[tuple[str, list[str]]]:
        """An address on this machine, and what was asked of it."""
        paths: list[str] = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                paths.append(self.path)
                self.send_error(404)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", paths
        server.shutdown()
        server.server_close()

    @staticmethod
    def _hls(address: str) -> str:
        return f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{address}\n#EXT-X-ENDLIST\n"

    @staticmethod
    def _session(address: str) -> str:
        here = "IN IP4 127.0.0.1"
        return f"v=0\no=- 0 0 {here}\ns=x\nc={here}\nt=0 0\nm=audio 5004 RTP/AVP 0\n"

    @staticmethod
    def _list(address: str) -> str:
        return f"ffconcat version 1.0\nfile {address}\n"

    @pytest.mark.parametrize("name", ["call.m3u8", "call.wav"])
    @pytest.mark.parametrize("write", [_hls, _session, _list])
    def test_playlists_are_no_recordings(
        self,
        tmp_path: Path,
        asked: tuple[str, list[str]],
        name: str,
        write: Callable[[str], str],
    ) -> None:
        address, paths = asked
        (tmp_path / "other.wav").write_bytes(riff(bytes(16_000)))
        for target in (f"{address}/x.ts", (tmp_path / "other.wav").as_uri(), "other.wav"):
            playlist = tmp_path / name
            playlist.write_text(write(target))
            for read in (self._probe, self._decode):
                with pytest.raises(AudioUnreadableError, match="not an audio file"):
                    read(playlist)
        assert paths == []

    @staticmethod
    def _probe(path: Path) -> None:
        with path.open("rb") as file:
            PyavProber().probe(file, path.name, path.stat().st_size)

    @staticmethod
    def _decode(path: Path) -> None:
        with path.open("rb") as file:
            list(decode(file, path.name, PIECE_S))


@pytest.mark.parametrize(
    ("codec", "name"),
    [
        ("pcm_mulaw", "a.wav"),
        ("libmp3lame", "a.mp3"),
        ("flac", "a.flac"),
        ("libopus", "a.ogg"),
        ("aac", "a.m4a"),
        ("g722", "a.g722"),
    ],
)
def test_packets_say_how_long_a_file_is(tmp_path: Path, codec: Codec, name: str) -> None:
    container = {"a.m4a": "ipod"}.get(name)
    path = encode(tmp_path / name, tone(7.3), RATE_HZ, codec=codec, container=container)
    with path.open("rb") as file:
        assert packets_s(file, name) == pytest.approx(7.3, abs=0.2)


def test_packets_tell_the_truth_where_the_header_lies(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.flac", tone(60.0), RATE_HZ, codec="flac")
    data = bytearray(path.read_bytes())
    # STREAMINFO's 36 bits of samples in all (RFC 9639, section 8.2): a tenth of a second.
    data[21] &= 0xF0
    data[22:26] = (RATE_HZ // 10).to_bytes(4, "big")
    assert probe(bytes(data), "a.flac").duration_s == pytest.approx(0.1)
    assert packets_s(io.BytesIO(bytes(data)), "a.flac") == pytest.approx(60.0, abs=0.2)
