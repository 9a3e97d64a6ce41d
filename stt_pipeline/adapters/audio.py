"""Audio files through PyAV (FFmpeg): headers, and samples in bounded pieces. Hears no speech."""

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import BinaryIO

import av
import numpy as np
from numpy.typing import NDArray

from stt_pipeline.domain.errors import AudioUnreadableError
from stt_pipeline.domain.recordings import wav_header
from stt_pipeline.domain.recordings.recording import AudioInfo

SAMPLE_RATE_HZ = 16_000
"""What Whisper and the voice activity detection take."""

RAW_FORMATS = {
    "gsm": "gsm",
    "g722": "g722",
    "al": "alaw",
    "alaw": "alaw",
    "ul": "mulaw",
    "ulaw": "mulaw",
    "sln": "s16le",
}
"""Suffixes of files without a header: only the name says how they are coded."""

TELEPHONE_OPTIONS = {form: {"sample_rate": "8000"} for form in ("alaw", "mulaw", "s16le")}
"""FFmpeg takes raw PCM for 44.1 kHz; telephone exchanges write it at 8 kHz (ITU-T G.711)."""

MAX_DAMAGED_SHARE = 0.1
"""Above this share of packets that cannot be decoded, the text would miss too much of the call."""

NO_OTHER_FILE = {"protocol_whitelist": "none"}
"""A playlist named as a recording would else have FFmpeg open the files and addresses in it."""

LONG_PACKETS = {"max_size": "2048"}
"""Bytes of a packet of a WAV file: with FFmpeg's own few, two channels of mu-law cost 0.10 CPU-s a
minute, so 0.06. Not where only the header is wanted: FFmpeg looks at some packets, and with these
would fetch 330 kB of it."""

Samples = NDArray[np.float32]


class PyavProber:
    """Implements AudioProber."""

    def probe(self, audio: BinaryIO, name: str, size_bytes: int) -> AudioInfo:
        """See AudioProber."""
        if size_bytes == 0:
            raise AudioUnreadableError("the file is empty")
        head = audio.read(wav_header.HEADER_BYTES)
        audio.seek(0)
        info = _probe(audio, name)
        if missing := wav_header.missing_bytes(head, size_bytes):
            raise AudioUnreadableError(
                f"truncated: {missing} bytes of sound are missing at its end"
            )
        return info


def packets_s(audio: BinaryIO, name: str) -> float:
    """Seconds of sound in the packets of a file, decoding none; 0 where they do not say.

    Reads the whole file. A header may be wrong, or written before the length was known.
    """
    with _opened(audio, name, LONG_PACKETS) as container:
        base = container.streams.audio[0].time_base
        length = sum(packet.duration or 0 for packet in _packets(container))
        return float(length * base) if base else 0.0


def _probe(audio: BinaryIO, name: str) -> AudioInfo:
    with _opened(audio, name) as container:
        stream = container.streams.audio[0]
        duration_s = None
        if stream.duration is not None and stream.time_base is not None:
            duration_s = float(stream.duration * stream.time_base)
        elif container.duration is not None:
            duration_s = container.duration / av.time_base
        return AudioInfo(
            codec=stream.codec_context.name,
            sample_rate_hz=stream.codec_context.sample_rate or 0,
            channels=stream.codec_context.channels,
            duration_s=duration_s,
        )


def _opened(
    audio: BinaryIO, name: str, packets: Mapping[str, str] | None = None
) -> av.container.InputContainer:
    suffix = PurePosixPath(name).suffix.lower().removeprefix(".")
    raw_format = RAW_FORMATS.get(suffix)
    options = {**NO_OTHER_FILE, **(packets or {}), **TELEPHONE_OPTIONS.get(raw_format or "", {})}
    try:
        container = av.open(
            audio, mode="r", format=raw_format, options=options, metadata_errors="ignore"
        )
    except (av.error.FFmpegError, ValueError) as error:
        raise AudioUnreadableError(f"not an audio file ({_words(error)})") from None
    if not container.streams.audio:
        container.close()
        raise AudioUnreadableError("no audio in the file")
    if container.streams.audio[0].codec_context is None:
        container.close()
        raise AudioUnreadableError("its audio codec is not known")
    return container


def _words(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)


def decode(audio: BinaryIO, name: str, piece_s: float) -> Iterator[Samples]:
    """The recording in pieces of about `piece_s` seconds, shaped (channels, samples), 16 kHz.

    Packets that cannot be decoded are left out, as FFmpeg's own player does; raises
    AudioUnreadableError where more than MAX_DAMAGED_SHARE of them, or all, cannot be.
    """
    with _opened(audio, name, LONG_PACKETS) as container:
        channels = container.streams.audio[0].codec_context.channels
        if channels not in (1, 2):
            raise AudioUnreadableError(f"{channels} channels, where 1 or 2 can be read")
        layout = "mono" if channels == 1 else "stereo"
        yield from _pieces(_resampled(container, layout), int(piece_s * SAMPLE_RATE_HZ))


def _pieces(blocks: Iterator[Samples], piece_samples: int) -> Iterator[Samples]:
    held: list[Samples] = []
    samples = total = 0
    for block in blocks:
        held.append(block)
        samples += block.shape[1]
        total += block.shape[1]
        if samples >= piece_samples:
            yield np.concatenate(held, axis=1)
            held, samples = [], 0
    if held:
        yield np.concatenate(held, axis=1)
    if total == 0:
        raise AudioUnreadableError("no audio behind the header")


def _resampled(container: av.container.InputContainer, layout: str) -> Iterator[Samples]:
    """The frames at SAMPLE_RATE_HZ; a file whose format changes midway is read on."""
    resampler: av.AudioResampler | None = None
    form: tuple[str, str, int] | None = None
    for frame in _frames(container):
        found = (frame.format.name, frame.layout.name, frame.sample_rate)
        if resampler is None or found != form:
            yield from _blocks(resampler, None)
            resampler = av.AudioResampler(format="fltp", layout=layout, rate=SAMPLE_RATE_HZ)
            form = found
        yield from _blocks(resampler, frame)
    yield from _blocks(resampler, None)


def _blocks(resampler: av.AudioResampler | None, frame: av.AudioFrame | None) -> Iterator[Samples]:
    """What the resampler gives for a frame; for None, what it still holds."""
    if resampler is not None:
        for resampled in resampler.resample(frame):
            yield resampled.to_ndarray().astype(np.float32, copy=False)


def _frames(container: av.container.InputContainer) -> Iterator[av.AudioFrame]:
    packets = decoded = damaged = 0
    failure: Exception | None = None
    for packet in _packets(container):
        packets += 1
        try:
            frames = packet.decode()
        except (av.error.FFmpegError, ValueError) as error:
            damaged += 1
            failure = error
            continue
        for frame in frames:
            frame.pts = None
            decoded += 1
            yield frame
    if decoded == 0 and failure is not None:
        raise AudioUnreadableError(f"cannot be decoded ({_words(failure)})")
    if damaged > MAX_DAMAGED_SHARE * packets:
        raise AudioUnreadableError(f"damaged: {damaged / packets:.0%} of it cannot be decoded")


def _packets(
    container: av.container.InputContainer,
) -> Iterator["av.Packet[av.audio.stream.AudioStream]"]:
    """Packets until the end, or until the file cannot be read on."""
    packets = container.demux(audio=0)
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.error.FFmpegError, ValueError):
            return
        yield packet
