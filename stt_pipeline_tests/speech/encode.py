"""Writes samples to audio files in the formats that call recorders use."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import av
import numpy as np

from stt_pipeline_tests.speech.calls import Samples
from stt_pipeline_tests.speech.prompts import Prompt

WavCodec = Literal["pcm_s16le", "pcm_mulaw", "pcm_alaw"]
Codec = WavCodec | Literal["aac", "flac", "g722", "libmp3lame", "libopus"]


def write_wav(path: Path, samples: Samples, rate_hz: int, codec: WavCodec = "pcm_s16le") -> Path:
    """A WAV file of `samples`, of shape (n,) or (n, 2); returns `path`."""
    return encode(path, samples, rate_hz, codec=codec, container="wav")


def encode(
    path: Path, samples: Samples, rate_hz: int, *, codec: Codec, container: str | None = None
) -> Path:
    """An audio file of `samples`, int16 of shape (n,) or (n, 2); returns `path`.

    `container` is FFmpeg's name (wav, mp3, ogg, flac, ipod for m4a, g722); without it the suffix of
    `path` decides. G.722 is one channel at 16 kHz: its samples are resampled.
    """
    layout = "mono" if samples.ndim == 1 else "stereo"
    packed = np.ascontiguousarray(samples, dtype=np.int16).reshape(1, -1)
    frame = av.AudioFrame.from_ndarray(packed, format="s16", layout=layout)
    frame.sample_rate = rate_hz
    with av.open(str(path), "w", format=container) as output:
        stream = output.add_stream(codec, rate=16000 if codec == "g722" else rate_hz, layout=layout)
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def write_gsm(path: Path, prompts: Sequence[Prompt]) -> Path:
    """A raw GSM 06.10 file of the prompts' GSM twins, one after the other; returns `path`.

    Its frames stand alone, so the files may be joined byte by byte; FFmpeg as PyAV ships it only
    decodes GSM.
    """
    path.write_bytes(b"".join(prompt.twin("gsm").read_bytes() for prompt in prompts))
    return path
