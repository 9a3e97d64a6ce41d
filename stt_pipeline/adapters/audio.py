"""Audio files through PyAV (FFmpeg): headers, and samples in bounded pieces. Hears no speech."""

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import BinaryIO

import av
import numpy as np
from numpy.typing import NDArray

from stt_pipeline.domain import wav_header
from stt_pipeline.domain.errors import AudioUnreadableError
from stt_pipeline.domain.recording import AudioInfo

SAMPLE_RATE_HZ = 16_000
"""What Whisper and the voice activity detection take."""

RAW_FORMATS = {"gsm": "gsm", "g722": "g722", "al": "alaw", "ul": "mulaw", "sln": "s16le"}
"""Suffixes of files without a header: only the name says how they are coded."""

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


def _opened(audio: BinaryIO, name: str) -> av.container.InputContainer:
    suffix = PurePosixPath(name).suffix.lower().removeprefix(".")
    try:
        container = av.open(
            audio, mode="r", format=RAW_FORMATS.get(suffix), metadata_errors="ignore"
        )
    except (av.error.FFmpegError, ValueError) as error:
        raise AudioUnreadableError(f"not an audio file ({_words(error)})") from None
    if not container.streams.audio:
        container.close()
        raise AudioUnreadableError("no audio in the file")
    return container


def _words(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)


def decode(audio: BinaryIO, name: str, piece_s: float) -> Iterator[Samples]:
    """The recording in pieces of about `piece_s` seconds, shaped (channels, samples), 16 kHz.

    Frames that cannot be decoded are left out, as FFmpeg's own player does; raises AudioUnreadableError
    where not one can be.
    """
    with _opened(audio, name) as container:
        stream = container.streams.audio[0]
        channels = stream.codec_context.channels
        if channels not in (1, 2):
            raise AudioUnreadableError(f"{channels} channels, where 1 or 2 can be read")
        resampler = av.AudioResampler(
            format="fltp", layout="mono" if channels == 1 else "stereo", rate=SAMPLE_RATE_HZ
        )
        yield from _pieces(container, resampler, int(piece_s * SAMPLE_RATE_HZ))


def _pieces(
    container: av.container.InputContainer, resampler: av.AudioResampler, piece_samples: int
) -> Iterator[Samples]:
    held: list[Samples] = []
    samples = total = 0
    for frame in _frames(container):
        for resampled in resampler.resample(frame):
            block = resampled.to_ndarray().astype(np.float32, copy=False)
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


def _frames(
    container: av.container.InputContainer,
) -> Iterator[av.AudioFrame | None]:
    """Frames in order, then None, which makes the resampler give up what it still holds."""
    decoded = 0
    failure: Exception | None = None
    frames = container.decode(audio=0)
    while True:
        try:
            frame = next(frames)
        except StopIteration:
            break
        except av.error.InvalidDataError as error:
            failure = error
            continue
        except (av.error.FFmpegError, ValueError) as error:
            failure = error
            break
        frame.pts = None
        decoded += 1
        yield frame
    if decoded == 0 and failure is not None:
        raise AudioUnreadableError(f"cannot be decoded ({_words(failure)})")
    yield None
