"""Finds telephone prompts recorded by people, and their texts; downloads and joins nothing.

The prompts are Debian's packages `asterisk-core-sounds-*` (CC-BY-SA): Allison Smith in English and
June Wallack in Canadian French, 8 kHz mono, with the script that the speakers read. They are either
installed on the machine or unpacked under `var/prompts` by `stt_pipeline_tests.speech.fetch`.
"""

import gzip
import wave
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

Language = Literal["en", "fr"]

UNPACKED: Final = Path(__file__).resolve().parents[2] / "var" / "prompts"
"""Where `fetch` unpacks the packages on a machine that has them not installed."""

ROOTS: Final = (Path("/"), UNPACKED)
"""The folders below which the packages' files may lie, the machine's own first."""

MUSIC: Final = "usr/share/asterisk/moh"

_DOC: Final = "usr/share/doc"
_SOUNDS: Final = "usr/share/asterisk/sounds"
_VOICES: Final[dict[Language, str]] = {"en": "en_US_f_Allison", "fr": "fr_CA_f_June"}

SPEECH_PACKAGES: Final[dict[str, str]] = {
    "asterisk-core-sounds-en": f"{_DOC}/asterisk-core-sounds-en/core-sounds-en.txt.gz",
    "asterisk-core-sounds-en-g722": f"{_SOUNDS}/{_VOICES['en']}/vm-goodbye.g722",
    "asterisk-core-sounds-en-gsm": f"{_SOUNDS}/{_VOICES['en']}/vm-goodbye.gsm",
    "asterisk-core-sounds-en-wav": f"{_SOUNDS}/{_VOICES['en']}/vm-goodbye.wav",
    "asterisk-core-sounds-fr": f"{_DOC}/asterisk-core-sounds-fr/core-sounds-fr.txt.gz",
    "asterisk-core-sounds-fr-wav": f"{_SOUNDS}/{_VOICES['fr']}/vm-goodbye.wav",
}
"""The Debian packages of prompts, each with a file that is there when the package is."""

MUSIC_PACKAGES: Final[dict[str, str]] = {
    "asterisk-moh-opsound-wav": f"{MUSIC}/macroform-the_simplicity.wav",
}
"""The same of hold music."""

_NOT_AS_WRITTEN: Final = frozenset({("fr", "vm-record-prepend")})
"""Prompts whose text in the script is not what is said: this one has the next line glued to it."""


class PromptsMissingError(Exception):
    """The prompt packages are neither installed nor unpacked; the message names the remedy."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """One recorded sentence: `path` is an 8 kHz mono 16-bit WAV file, `text` what is said in it.

    `name` is the script's own, such as `vm-goodbye` or `digits/7`.
    """

    name: str
    path: Path
    text: str
    duration_s: float
    language: Language

    def twin(self, codec: Literal["gsm", "g722"]) -> Path:
        """The same recording in another codec (English only: raw GSM 06.10 or G.722 frames)."""
        return self.path.with_suffix(f".{codec}")


def find_root(packages: Mapping[str, str] = SPEECH_PACKAGES) -> Path | None:
    """The first of `ROOTS` that holds all the packages, or None."""
    return next((root for root in ROOTS if holds_all(root, packages)), None)


def holds_all(root: Path, packages: Mapping[str, str]) -> bool:
    """Whether all the packages lie below `root`."""
    return all((root / witness).is_file() for witness in packages.values())


def load_prompts(language: Language, *, folder: str = "") -> list[Prompt]:
    """The spoken prompts of a language in the script's order, which never changes.

    Without `folder` these are the sentences; the script's folders of single words (`digits`,
    `letters`, `phonetic`) and of other sentences (`dictate`, `followme`) are read by their name.
    Left out: silence, tones and noises, texts with a remark in brackets, prompts without a text or
    a recording. Raises PromptsMissingError when the packages are not on the machine.
    """
    root = find_root()
    if root is None:
        raise PromptsMissingError(
            "The speech prompts of the tests are missing: run 'make test', which fetches them."
        )
    script = root / SPEECH_PACKAGES[f"asterisk-core-sounds-{language}"]
    sounds = root / _SOUNDS / _VOICES[language]
    prompts = []
    for name, text in parse_script(gzip.decompress(script.read_bytes()).decode()):
        path = sounds / f"{name}.wav"
        if (
            name.rpartition("/")[0] == folder
            and (language, name) not in _NOT_AS_WRITTEN
            and path.is_file()
        ):
            prompts.append(Prompt(name, path, text, _duration_s(path), language))
    return prompts


def parse_script(script: str) -> list[tuple[str, str]]:
    """Name and text of each spoken prompt of a script of lines `name: text`, in its order.

    Comments (`;`), empty texts and texts with brackets (a sound, a remark) are left out.
    """
    lines = (line.partition(":") for line in script.splitlines() if not line.startswith(";"))
    named = ((name.strip(), " ".join(text.split())) for name, _, text in lines)
    return [(name, text) for name, text in named if text and not set("[](){}<>") & set(text)]


def _duration_s(path: Path) -> float:
    with wave.open(str(path)) as recording:
        frames, rate_hz = recording.getnframes(), recording.getframerate()
    return float(frames / rate_hz)
