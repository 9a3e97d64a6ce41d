"""The ways to transcribe that are compared; each runs as a process of its own. Prints JSON.

`plain` and `plain-batched` are what the library's README shows: a call a file, or a call a channel.
"""

import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from faster_whisper import BatchedInferencePipeline, WhisperModel, decode_audio

from stt_pipeline import wiring
from stt_pipeline.domain.references import spoken_by
from stt_pipeline.settings import load_settings

Texts = dict[str, str]


def _channels(path: Path, stereo: bool) -> Iterator[tuple[str, object]]:
    if not stereo:
        yield "", decode_audio(str(path))
        return
    left, right = decode_audio(str(path), split_stereo=True)
    yield from (("agent", left), ("customer", right))


def plain(model_dir: str, threads: int, batched: bool) -> Callable[[Path, bool, str], Texts]:
    """The library as it comes: beam 5, voice activity on, language given."""
    model = WhisperModel(model_dir, device="cpu", compute_type="int8", cpu_threads=threads)
    engine = BatchedInferencePipeline(model) if batched else model

    def transcribe(path: Path, stereo: bool, language: str) -> Texts:
        texts = {}
        for speaker, samples in _channels(path, stereo):
            options = {"batch_size": 8} if batched else {}
            segments, _ = engine.transcribe(
                samples,
                language=language,
                beam_size=5,
                vad_filter=True,
                word_timestamps=True,
                **options,
            )
            texts[speaker] = " ".join(segment.text for segment in segments)
        return texts

    return transcribe


def ours(threads: int) -> Callable[[Path, bool, str], Texts]:
    """The pipeline's own engine; it finds the language by itself."""
    engine = wiring.transcriber(load_settings(), cpu_threads=threads)

    def transcribe(path: Path, stereo: bool, language: str) -> Texts:
        with path.open("rb") as audio:
            heard = engine.transcribe(audio, path.name)
        speakers = ("agent", "customer") if stereo else (None,)
        return {speaker or "": spoken_by(heard, speaker) for speaker in speakers}

    return transcribe


def main() -> None:
    """Arguments: contender, threads, folder of the model, language, stereo or mono, files."""
    name, threads, model_dir, language, layout, *files = sys.argv[1:]
    if name == "ours":
        transcribe = ours(int(threads))
    else:
        transcribe = plain(model_dir, int(threads), batched=name == "plain-batched")
    transcribe(Path(files[0]), layout == "stereo", language)
    before, started = time.process_time(), time.perf_counter()
    texts = [transcribe(Path(file), layout == "stereo", language) for file in files]
    usage = resource.getrusage(resource.RUSAGE_SELF)
    measured = {
        "cpu_s": time.process_time() - before,
        "wall_s": time.perf_counter() - started,
        "peak_rss_mb": usage.ru_maxrss / 1024,
        "texts": texts,
    }
    sys.stdout.write(json.dumps(measured))


if __name__ == "__main__":
    main()
