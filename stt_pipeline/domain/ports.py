"""What the pipeline asks of the outside: one small Protocol each, no implementation."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import BinaryIO, Protocol

import pyarrow as pa

from stt_pipeline.domain.errors import AudioUnreadableError, ObjectMissingError
from stt_pipeline.domain.metrics import Metric
from stt_pipeline.domain.recordings.recording import AudioInfo, FoundObject, Recording
from stt_pipeline.domain.speech.transcription import Result, Transcription


class ReadableStore(Protocol):
    """Objects by key below one root; keys use `/` and never begin with it."""

    def walk(self, prefix: str, skip: Callable[[str], bool]) -> Iterator[FoundObject]:
        """Every object below `prefix`; a folder (ends with `/`) is not entered where skip is true.

        Order is by key. A root that does not exist raises UserError; an empty one yields nothing.
        """
        ...

    def etag(self, found: FoundObject) -> str:
        """Fingerprint of the object's bytes: equal bytes, equal etag; hex, without quotes."""
        ...

    def open(self, key: str) -> BinaryIO:
        """The object as a seekable binary file; raises ObjectMissingError."""
        ...

    def uri(self, key: str) -> str:
        """The object's address for people and catalogs."""
        ...


class Store(ReadableStore, Protocol):
    """A store that the pipeline may write."""

    def read(self, key: str) -> bytes | None:
        """The object's bytes, or None where there is none."""
        ...

    def write(self, key: str, data: bytes) -> None:
        """Puts the object so that a reader sees the old bytes or the new, never a part."""
        ...

    def write_file(self, key: str, file: BinaryIO) -> None:
        """Puts the whole of `file`, from its start, up to 5 GB, as `write` puts bytes.

        The file is seekable, is never in memory whole, and is left open.
        """
        ...

    def copy(self, source_key: str, target_key: str) -> None:
        """Puts the source's bytes under the target, seen whole; raises ObjectMissingError.

        The bytes do not pass through this process where the store can copy by itself.
        """
        ...

    def fingerprint(self, key: str) -> str | None:
        """MD5 of the bytes that this store put under the key; None where there is no object.

        The store knows it without reading the bytes where it can. Copies keep it.
        """
        ...

    def delete(self, key: str) -> None:
        """Removes the object; nothing happens where there is none."""
        ...

    def locked(self, name: str, on_wait: Callable[[], None]) -> AbstractContextManager[None]:
        """Holds the named lock, waiting for its holder; a holder that dies frees it.

        Calls `on_wait` once where it has to wait.
        """
        ...


class AudioProber(Protocol):
    """Reads an audio file's header."""

    def probe(self, audio: BinaryIO, name: str, size_bytes: int) -> AudioInfo:
        """What the header says; raises AudioUnreadableError with the reason."""
        ...


@dataclass(frozen=True)
class Source:
    """A recording to read: its name, how to open it, and its row of the ledger if it has one."""

    name: str
    open: Callable[[], BinaryIO]
    recording: Recording | None = None


Heard = Transcription | AudioUnreadableError | ObjectMissingError | OSError
"""What came of one source."""


class Transcriber(Protocol):
    """An engine that turns a recording into text."""

    @property
    def engine(self) -> str:
        """The label that its rows carry."""
        ...

    def transcribe_all(self, sources: Iterable[Source]) -> Iterator[tuple[int, Heard]]:
        """Each source's place in the order given, and its transcription or why there is none.

        They are read together and end in any order; none changes the text of another.
        """
        ...


class DistantTranscriber(Transcriber, Protocol):
    """An engine that works elsewhere, and goes on while nobody waits for it."""

    def begin_all(self, sources: Iterable[Source]) -> None:
        """Has them worked on, as far as it can at once; `transcribe_all` finds them later."""
        ...


class Budget(Protocol):
    """What may be spent."""

    def take(self, what: str, usd: float) -> str | None:
        """Counts the amount as spent on this; None, or in a sentence's end why it may not be.

        What was counted this week already is not counted again.
        """
        ...


class ResultStore(Protocol):
    """Checkpoints of one call date and one engine."""

    def finished(self) -> set[str]:
        """Etags that need no further work."""
        ...

    def read(self, etag: str) -> Result | None:
        """The checkpoint of that content, or None."""
        ...

    def read_all(self, etags: Iterable[str]) -> Iterator[Result | None]:
        """As `read` for each, in their order, a few read ahead and none kept."""
        ...

    def write(self, result: Result) -> None:
        """Keeps a checkpoint; the last one of an etag counts."""
        ...


@dataclass(frozen=True)
class Answer:
    """The rows of a query, and what it read and cost where the engine bills for it."""

    rows: pa.Table
    scanned_bytes: int | None = None
    cost_usd: float | None = None


class Catalog(Protocol):
    """Answers SQL over the published tables."""

    def register(self, tables: Sequence[str]) -> None:
        """Creates or updates the named tables from their Arrow schemas; safe to repeat."""
        ...

    def query(self, sql: str) -> Answer:
        """The rows of one SELECT in Athena's SQL; raises UserError with the engine's own words."""
        ...


class Alerts(Protocol):
    """Tells people what they should know."""

    def send(self, subject: str, text: str) -> None:
        """Sends one message; raises UserError or OSError where it could not be sent."""
        ...


class Metrics(Protocol):
    """Tells figures to who collects them."""

    def emit(self, values: Mapping[Metric, Sequence[float]]) -> None:
        """Tells the values of each metric, of now; raises nothing that a caller must handle."""
        ...


class TokenIssuer(Protocol):
    """Issues bearer tokens, and says whose they are."""

    def subject(self, token: str) -> str:
        """Who the token was issued to; raises TokenError, or UserError where settings are wrong."""
        ...
