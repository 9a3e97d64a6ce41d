"""The history of each date's publications as one JSON object of the lake. Publishes nothing."""

from collections.abc import Sequence

from pydantic import TypeAdapter

from stt_pipeline.domain.ports import Store
from stt_pipeline.domain.publications import Publication

_HISTORY = TypeAdapter(tuple[Publication, ...])


class PublicationLog:
    """Every version of a date that readers saw, the oldest first."""

    def __init__(self, lake: Store) -> None:
        """Histories lie under `_work/publications/`."""
        self._lake = lake

    def read(self, call_date: str) -> tuple[Publication, ...]:
        """The date's history; empty where none was kept."""
        data = self._lake.read(self._key(call_date))
        return () if data is None else _HISTORY.validate_json(data)

    def write(self, call_date: str, history: Sequence[Publication]) -> None:
        """Replaces the date's history."""
        self._lake.write(self._key(call_date), _HISTORY.dump_json(tuple(history), indent=1))

    @staticmethod
    def _key(call_date: str) -> str:
        return f"_work/publications/call_date={call_date}.json"
