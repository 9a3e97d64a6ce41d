"""Draws of calls to label as one JSON object each, kept for ever: no call is asked for twice."""

from pydantic import TypeAdapter

from stt_pipeline.domain.labelling.labelling import Draw
from stt_pipeline.domain.ports import Store
from stt_pipeline.in_order import in_order

PREFIX = "_work/labels/"
_DRAW = TypeAdapter(Draw)


class DrawRecord:
    """Every draw ever made."""

    def __init__(self, lake: Store) -> None:
        """Draws lie under `_work/labels/`."""
        self._lake = lake

    def read_all(self) -> list[Draw]:
        """Every draw, by week and number."""
        keys = [found.key for found in self._lake.walk(PREFIX, skip=lambda folder: False)]
        draws = [
            _DRAW.validate_json(data)
            for data in in_order(self._lake.read, keys)
            if data is not None
        ]
        return sorted(draws, key=lambda draw: (draw.week, draw.number))

    def write(self, draw: Draw) -> None:
        """Keeps a draw."""
        key = f"{PREFIX}week={draw.week}/draw={draw.number}.json"
        self._lake.write(key, _DRAW.dump_json(draw, indent=1))
