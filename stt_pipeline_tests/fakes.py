"""The ports of the domain in memory: real behaviour, no disk, no network, no model."""

import contextlib
import hashlib
import io
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, BinaryIO

from stt_pipeline.domain.errors import ObjectMissingError
from stt_pipeline.domain.ports import Heard, Source
from stt_pipeline.domain.recordings.recording import FoundObject
from stt_pipeline.domain.speech.transcription import Failure, Result, Transcription

if TYPE_CHECKING:
    from stt_pipeline.domain.ports import ResultStore, Store, Transcriber


class MemoryStore:
    """Implements Store over a dict; `entered` lists the folders that `walk` went into."""

    def __init__(self, objects: Mapping[str, bytes] | None = None, root: str = "memory://") -> None:
        """Starts with these objects by key."""
        self.objects = dict(objects or {})
        self.entered: list[str] = []
        self._root = root
        self._locks: dict[str, threading.Lock] = {}

    def walk(self, prefix: str, skip: Callable[[str], bool]) -> Iterator[FoundObject]:
        """See ReadableStore."""
        verdicts: dict[str, bool] = {}

        def skipped(folder: str) -> bool:
            if folder not in verdicts:
                verdicts[folder] = _hidden(folder[:-1]) or skip(folder)
                if not verdicts[folder]:
                    self.entered.append(folder)
            return verdicts[folder]

        for key in sorted(self.objects):
            if not key.startswith(prefix) or _hidden(key):
                continue
            if not any(map(skipped, _folders(key, prefix))):
                yield FoundObject(key=key, size_bytes=len(self.objects[key]))

    def etag(self, found: FoundObject) -> str:
        """See ReadableStore."""
        with self.open(found.key) as file:
            return self._md5(file.read())

    @staticmethod
    def _md5(data: bytes) -> str:
        return hashlib.md5(data, usedforsecurity=False).hexdigest()

    def open(self, key: str) -> BinaryIO:
        """See ReadableStore."""
        try:
            return io.BytesIO(self.objects[key])
        except KeyError:
            raise ObjectMissingError(key) from None

    def uri(self, key: str) -> str:
        """See ReadableStore."""
        return f"{self._root}/{key}"

    def read(self, key: str) -> bytes | None:
        """See Store."""
        return self.objects.get(key)

    def write(self, key: str, data: bytes) -> None:
        """See Store."""
        self.objects[key] = data

    def write_file(self, key: str, file: BinaryIO) -> None:
        """See Store."""
        file.seek(0)
        self.objects[key] = file.read()

    def copy(self, source_key: str, target_key: str) -> None:
        """See Store."""
        with self.open(source_key) as source:
            self.write_file(target_key, source)

    def fingerprint(self, key: str) -> str | None:
        """See Store."""
        data = self.objects.get(key)
        return None if data is None else self._md5(data)

    def delete(self, key: str) -> None:
        """See Store."""
        self.objects.pop(key, None)

    @contextlib.contextmanager
    def locked(self, name: str, on_wait: Callable[[], None]) -> Iterator[None]:
        """See Store; the lock holds between threads."""
        lock = self._locks.setdefault(name, threading.Lock())
        if not lock.acquire(blocking=False):
            on_wait()
            lock.acquire()
        try:
            yield
        finally:
            lock.release()


def _folders(key: str, prefix: str) -> Iterator[str]:
    """Every folder below `prefix` that holds the key, the outermost first."""
    end = key.find("/", len(prefix))
    while end != -1:
        yield key[: end + 1]
        end = key.find("/", end + 1)


def _hidden(key: str) -> bool:
    return key.rpartition("/")[2].startswith(".")


class MemoryResults:
    """Implements ResultStore over a dict."""

    def __init__(self) -> None:
        """Starts empty."""
        self._finished: dict[str, Result] = {}
        self._again: dict[str, Result] = {}

    def finished(self) -> set[str]:
        """See ResultStore."""
        return set(self._finished)

    def read(self, etag: str) -> Result | None:
        """See ResultStore."""
        return self._finished.get(etag) or self._again.get(etag)

    def read_all(self, etags: Iterable[str]) -> Iterator[Result | None]:
        """See ResultStore."""
        return map(self.read, etags)

    def write(self, result: Result) -> None:
        """See ResultStore."""
        transient = isinstance(result.outcome, Failure) and result.outcome.transient
        (self._again if transient else self._finished)[result.etag] = result


class ScriptedTranscriber:
    """Implements Transcriber by a script: what it hears in given bytes, or which error it raises.

    It stands in for an engine where the rule under test is what becomes of the engine's answer.
    """

    def __init__(self, script: Mapping[bytes, Transcription | Exception], engine: str) -> None:
        """`script` is by the recording's bytes."""
        self._script = script
        self.engine = engine
        self.asked: list[str] = []

    def transcribe_all(self, sources: Iterable[Source]) -> Iterator[tuple[int, Heard]]:
        """See Transcriber."""
        for index, source in enumerate(sources):
            try:
                audio = source.open()
            except ObjectMissingError as error:
                yield index, error
                continue
            self.asked.append(source.name)
            answer = self._script[audio.read()]
            if not isinstance(answer, Heard):
                raise answer
            yield index, answer


if TYPE_CHECKING:
    # mypy proves here that the fakes are what the ports ask for.
    _store: Store = MemoryStore()
    _results: ResultStore = MemoryResults()
    _transcriber: Transcriber = ScriptedTranscriber({}, "engine")
