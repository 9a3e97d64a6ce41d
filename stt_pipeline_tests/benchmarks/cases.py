"""The calls that every contender transcribes: real prompts joined to calls. Measures nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from stt_pipeline.domain.references import Reference
from stt_pipeline_tests.speech.calls import choose_prompts, join_prompts, two_channel_call
from stt_pipeline_tests.speech.encode import write_wav
from stt_pipeline_tests.speech.prompts import Language, load_prompts


@dataclass(frozen=True)
class Case:
    """Calls of one kind, as files with their reference texts."""

    name: str
    language: Language
    files: tuple[Path, ...]
    references: tuple[Reference, ...]


KINDS = {"mono 2-3 min": (120.0, 3), "two-channel 40 s": (16.0, 6), "mono 15-40 s": (20.0, 6)}
"""Speech seconds a channel, and how many calls."""


def cases(folder: Path) -> Iterator[Case]:
    """Every kind in English and French, written as 8 kHz mu-law below `folder`."""
    for language in ("en", "fr"):
        for kind, (speech_s, count) in KINDS.items():
            yield _case(folder, language, kind, speech_s, count)


def _case(folder: Path, language: Language, kind: str, speech_s: float, count: int) -> Case:
    prompts = load_prompts(language)
    files, references = [], []
    for number in range(count):
        seed = 100 * number + round(speech_s)
        left = join_prompts(
            choose_prompts(prompts, speech_s=speech_s, seed=seed), pause_s=0.6, seed=seed
        )
        path = folder / f"{language}-{kind.replace(' ', '-')}-{number}.wav"
        if kind.startswith("two"):
            chosen = choose_prompts(prompts, speech_s=speech_s, seed=seed + 1)
            call = two_channel_call(left, join_prompts(chosen, pause_s=0.6, seed=seed + 1))
            samples = call.samples
            texts = {"agent": call.left.text, "customer": call.right.text}
        else:
            samples, texts = left.samples, {"": left.text}
        files.append(write_wav(path, samples, 8_000, "pcm_mulaw"))
        references.append(Reference(texts))
    return Case(f"{language} {kind}", language, tuple(files), tuple(references))
