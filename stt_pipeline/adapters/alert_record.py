"""Which alerts were sent, as one JSON object a condition of the lake. Sends none."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import TypeAdapter

from stt_pipeline.domain.ports import Store

SENT, UNSENT = "_work/alerts/sent/", "_work/alerts/unsent/"


@dataclass(frozen=True)
class Message:
    """An alert as people get it, once for its condition."""

    condition: str
    subject: str
    text: str


_MESSAGE = TypeAdapter(Message)


class AlertRecord:
    """An alert is kept before it is sent: a sender that dies sends it twice rather than never."""

    def __init__(self, lake: Store) -> None:
        """Alerts lie under `_work/alerts/`."""
        self._lake = lake

    def keep(self, message: Message) -> bool:
        """Keeps it to be sent; False where its condition was alerted already."""
        if self._lake.read(SENT + _name(message)) is not None:
            return False
        self._lake.write(UNSENT + _name(message), _MESSAGE.dump_json(message, indent=1))
        return True

    def unsent(self) -> Iterator[Message]:
        """Those that are kept and not sent."""
        for found in list(self._lake.walk(UNSENT, skip=lambda folder: False)):
            if data := self._lake.read(found.key):
                yield _MESSAGE.validate_json(data)

    def sent(self, message: Message) -> None:
        """Notes that it was sent."""
        self._lake.write(SENT + _name(message), _MESSAGE.dump_json(message, indent=1))
        self._lake.delete(UNSENT + _name(message))


def _name(message: Message) -> str:
    return f"{hashlib.sha256(message.condition.encode()).hexdigest()[:32]}.json"
