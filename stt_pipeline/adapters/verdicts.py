"""Verdicts of the gate as one JSON object a date of the lake. Judges nothing."""

import hashlib
import json
from collections.abc import Sequence

from pydantic import TypeAdapter

from stt_pipeline.domain.gates import Verdict
from stt_pipeline.domain.ports import Store

_VERDICT = TypeAdapter(Verdict)


class VerdictStore:
    """The newest verdict of each call date."""

    def __init__(self, lake: Store) -> None:
        """Verdicts lie under `_work/verdicts/`."""
        self._lake = lake

    def read(self, call_date: str) -> Verdict | None:
        """The date's verdict, or None."""
        data = self._lake.read(self._key(call_date))
        return None if data is None else _VERDICT.validate_json(data)

    def write(self, call_date: str, verdict: Verdict) -> None:
        """Replaces the date's verdict."""
        self._lake.write(self._key(call_date), _VERDICT.dump_json(verdict, indent=1))

    @staticmethod
    def _key(call_date: str) -> str:
        return f"_work/verdicts/call_date={call_date}.json"


def digest(fingerprints: Sequence[str | None]) -> str:
    """One sha256 over the fingerprints of objects in order: what a verdict judged."""
    return hashlib.sha256(json.dumps(fingerprints).encode()).hexdigest()
