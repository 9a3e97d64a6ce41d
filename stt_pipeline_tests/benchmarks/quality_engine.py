"""Has calls heard once by our engine and by the plain library, and keeps what was heard.

What was heard is kept below a folder by engine and by the bytes of the file, so that thresholds can
be changed without hearing anything again. An engine is its fingerprint and the code that it runs.
"""

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from importlib.metadata import version
from itertools import chain
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, Generic, TypeVar

from pydantic import TypeAdapter

import stt_pipeline
from stt_pipeline import wiring
from stt_pipeline.adapters.whisper.process import process_environment
from stt_pipeline.domain.planning.sharding import group
from stt_pipeline.domain.ports import Source, Transcriber
from stt_pipeline.domain.speech.transcription import Transcription
from stt_pipeline.settings import Settings
from stt_pipeline_tests.benchmarks import plain as library
from stt_pipeline_tests.benchmarks.job import Heard, Job
from stt_pipeline_tests.benchmarks.quality_calls import Call
from stt_pipeline_tests.speech.encode import write_wav

ENGINE_CODE = (
    "adapters/whisper/*.py",
    "adapters/audio.py",
    *(
        f"domain/speech/{name}.py"
        for name in (
            "activity",
            "beam_search",
            "chunking",
            "engine",
            "languages",
            "loops",
            "transcription",
            "utterances",
        )
    ),
)
"""Files of the package whose change may change what is heard, whatever the fingerprint says."""

GROUP_AUDIO_S = 300.0

T = TypeVar("T")


@dataclass(frozen=True)
class Written:
    """A call as a file, and where what is heard in it is kept."""

    name: str
    path: Path
    speakers: tuple[str, ...]
    duration_s: float
    kept: Path


@dataclass
class Told:
    """How many calls were heard now, how many were kept from before, and how long all are."""

    heard: int = 0
    kept: int = 0
    audio_s: float = 0.0


@dataclass(frozen=True)
class Engine(Generic[T]):
    """Who hears: `hear` takes a group of calls in a process of its own."""

    name: str
    hear: Callable[[Sequence[Written]], list[T]]
    form: TypeAdapter[T]


def ours(settings: Settings) -> Engine[Transcription]:
    """The engine of these settings: model, languages, hotwords."""
    name = f"{wiring.engine_spec(settings).fingerprint}-{_code_digest()}"
    return Engine(name, partial(_hear_ours, settings.model_dump_json()), TypeAdapter(Transcription))


def plain(settings: Settings, language: str) -> Engine[Heard]:
    """faster-whisper as its README shows it: beam 5, voice activity on, language given."""
    folders = wiring.model_folders(settings)
    model = folders.get(language) or folders[wiring.ANY_LANGUAGE]
    job = Job("plain", 1, language, str(model.folder), settings.compute_type, "", {})
    name = f"plain-{version('faster-whisper')}-{model.name}-{settings.compute_type}-{language}"
    return Engine(name, partial(_hear_plain, job), TypeAdapter(Heard))


@contextmanager
def processes() -> Iterator[Executor]:
    """Processes of one thread each, as many as there are CPUs; each keeps the models it loaded."""
    os.environ.update(process_environment())
    os.environ["OMP_NUM_THREADS"] = "1"
    with ProcessPoolExecutor(wiring.available_cpus(), mp_context=get_context("spawn")) as pool:
        yield pool


class Ear:
    """Has calls heard, keeps what was heard below a folder, and counts."""

    def __init__(self, folder: Path, pool: Executor, say: Callable[[str], None]) -> None:
        """`say` is told what is going on."""
        self.folder = folder
        self.told: dict[str, Told] = defaultdict(Told)
        self._pool = pool
        self._say = say

    def hear(self, calls: Iterable[Call], engine: Engine[T], who: str) -> dict[str, T]:
        """What the engine heard in each call, by its name; counted under `who`."""
        told = self.told[who]
        heard: dict[str, T] = {}
        with TemporaryDirectory(prefix="stt-quality-") as scratch:
            missing: list[Written] = []
            for call in calls:
                one = _written(call, Path(scratch), self.folder / engine.name)
                told.audio_s += one.duration_s
                if one.kept.is_file():
                    heard[one.name] = engine.form.validate_json(one.kept.read_bytes())
                    told.kept += 1
                    one.path.unlink()
                else:
                    missing.append(one)
            for one, answer in self._hear(missing, engine):
                one.kept.parent.mkdir(parents=True, exist_ok=True)
                one.kept.write_bytes(engine.form.dump_json(answer))
                heard[one.name] = answer
                told.heard += 1
        return heard

    def _hear(self, calls: Sequence[Written], engine: Engine[T]) -> Iterator[tuple[Written, T]]:
        if calls:
            minutes = sum(one.duration_s for one in calls) / 60
            self._say(f"{engine.name}: hearing {len(calls)} calls, {minutes:.0f} min")
        groups = group(calls, lambda one: one.duration_s, limit_s=GROUP_AUDIO_S)
        answers = chain.from_iterable(self._pool.map(engine.hear, groups))
        yield from zip(calls, answers, strict=True)


def _written(call: Call, scratch: Path, kept: Path) -> Written:
    path = write_wav(scratch / f"{call.name}.wav", call.samples, call.rate_hz, "pcm_mulaw")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:32]
    return Written(call.name, path, tuple(call.turns), call.duration_s, kept / f"{digest}.json")


@lru_cache(maxsize=2)
def _transcriber(settings: str) -> Transcriber:
    return wiring.transcriber(Settings.model_validate_json(settings), cpu_threads=1)


def _hear_ours(settings: str, calls: Sequence[Written]) -> list[Transcription]:
    sources = [Source(one.name, partial(_opened, one.path)) for one in calls]
    heard = dict(_transcriber(settings).transcribe_all(sources))
    answers = []
    for index, call in enumerate(calls):
        answer = heard[index]
        if not isinstance(answer, Transcription):
            raise RuntimeError(f"{call.name} cannot be read: {answer}")
        answers.append(answer)
    return answers


def _opened(path: Path) -> BinaryIO:
    return path.open("rb")


def _hear_plain(job: Job, calls: Sequence[Written]) -> list[Heard]:
    transcribe = _plain_transcriber(job.language, job.model_dir, job.compute_type)
    return [transcribe(one.path, one.speakers) for one in calls]


@lru_cache(maxsize=2)
def _plain_transcriber(language: str, model_dir: str, compute_type: str) -> library.Transcribe:
    return library.transcriber(Job("plain", 1, language, model_dir, compute_type, "", {}))


def _code_digest() -> str:
    """Of the files of ENGINE_CODE."""
    root = Path(stt_pipeline.__file__).parent
    found = (path for pattern in ENGINE_CODE for path in sorted(root.glob(pattern)))
    return hashlib.sha256(b"".join(path.read_bytes() for path in found)).hexdigest()[:8]
