"""One JSON object a call date of the lake, for records of one kind. Knows no kind."""

from typing import Generic, TypeVar

from pydantic import TypeAdapter

from stt_pipeline.domain.ports import Store

Record = TypeVar("Record")


class DatedRecords(Generic[Record]):
    """The newest record of each call date."""

    def __init__(self, lake: Store, folder: str, form: TypeAdapter[Record]) -> None:
        """Records lie under `_work/{folder}/`; `form` reads and writes them."""
        self._lake = lake
        self._folder = folder
        self._form = form

    def read(self, call_date: str) -> Record | None:
        """The date's record, or None."""
        data = self._lake.read(self._key(call_date))
        return None if data is None else self._form.validate_json(data)

    def write(self, call_date: str, record: Record) -> None:
        """Replaces the date's record."""
        self._lake.write(self._key(call_date), self._form.dump_json(record, indent=1))

    def _key(self, call_date: str) -> str:
        return f"_work/{self._folder}/call_date={call_date}.json"
