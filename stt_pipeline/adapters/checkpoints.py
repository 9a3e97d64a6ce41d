"""Checkpoints as one JSON object a recording, below a date and an engine of the lake."""

import datetime as dt
from collections.abc import Iterable, Iterator

from pydantic import TypeAdapter

from stt_pipeline.domain.ports import Store
from stt_pipeline.domain.speech.transcription import Failure, Result
from stt_pipeline.in_order import in_order

_RESULT = TypeAdapter(Result)
_FINAL = ".json"
_RETRY = ".retry.json"


class CheckpointStore:
    """Implements ResultStore."""

    def __init__(
        self, lake: Store, call_date: dt.date, fingerprint: str, root: str = "_work/results"
    ) -> None:
        """`fingerprint` is the engine's; results of other engines, and roots, are not seen."""
        self._lake = lake
        self._prefix = f"{root}/call_date={call_date}/engine={fingerprint}/"

    def finished(self) -> set[str]:
        """See ResultStore; a transient failure lies under another name and is not among them."""
        names = (
            found.key.removeprefix(self._prefix)
            for found in self._lake.walk(self._prefix, skip=lambda folder: False)
        )
        return {name.removesuffix(".json") for name in names if not name.endswith(_RETRY)}

    def read(self, etag: str) -> Result | None:
        """See ResultStore; a finished result comes before a transient failure."""
        return _result(self._read(etag))

    def read_all(self, etags: Iterable[str]) -> Iterator[Result | None]:
        """See ResultStore; objects are fetched ahead as bytes, a fifth of what they are parsed."""
        return map(_result, in_order(self._read, etags))

    def write(self, result: Result) -> None:
        """See ResultStore."""
        outcome = result.outcome
        again = isinstance(outcome, Failure) and outcome.transient
        suffix = _RETRY if again else _FINAL
        self._lake.write(f"{self._prefix}{result.etag}{suffix}", _RESULT.dump_json(result))

    def _read(self, etag: str) -> bytes | None:
        for suffix in (_FINAL, _RETRY):
            data = self._lake.read(f"{self._prefix}{etag}{suffix}")
            if data is not None:
                return data
        return None


def _result(data: bytes | None) -> Result | None:
    return None if data is None else _RESULT.validate_json(data)
