"""What somebody should look at after a week: calls to review, recordings kept aside. Reads none."""

import datetime as dt
import heapq
import re
import shlex
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from stt_pipeline.domain.recordings.recording import Status
from stt_pipeline.domain.week.readiness import DateFacts, Row

SHOWN = 20
"""Calls, and recordings, that the report lists; it says how many more there are."""

EXAMPLES = 3
"""Calls that are named beside each reason."""

MEANINGS = {
    "low_coverage": "speech in which no words were found",
    "loop": "a phrase repeated as a model does that is stuck",
    "low_confidence": "the model was unsure of the words",
    "no_speech_contradiction": "words where the model doubts that anybody speaks",
    "language_doubtful": "the language could not be told",
    "languages_mixed": "the speakers use different languages",
    "dual_mono": "both channels hold the same signal",
    "channels_leak": "each side is heard on the other's channel too",
    "channels_swapped": "the agent speaks on the customer's channel",
    "dead_channel": "one side of the call is silent, from the start or from some point on",
    "clipping": "recorded too loud",
    "low_level": "recorded too low",
    "loud_pauses": "noise or music between the words",
    "text_outside_audio": "words after the end of the recording",
    "too_fast": "more words than anybody can say in the time",
    "cut_off": "the recording ends within a word",
}
"""What a signal of `review_reasons` means to people."""

Item = TypeVar("Item")


@dataclass(frozen=True)
class Some(Generic[Item]):
    """Of so many things, how many for each reason (the most first), and those that are shown."""

    count: int = 0
    by_reason: tuple[tuple[str, int], ...] = ()
    shown: tuple[Item, ...] = ()

    @property
    def more(self) -> int:
        """How many are not shown."""
        return self.count - len(self.shown)


@dataclass(frozen=True)
class ReviewCall:
    """A call that somebody should listen to: its row of `transcripts`, without the text."""

    call_date: str
    call_id: str
    agent_id: str | None
    started_at: dt.datetime | None
    duration_s: float
    language: str | None
    avg_logprob: float | None
    reasons: tuple[str, ...]

    @property
    def doubt(self) -> tuple[int, float, str, str]:
        """Sorts the most doubtful first, as the query `calls_to_review` does."""
        logprob = float("inf") if self.avg_logprob is None else self.avg_logprob
        return -len(self.reasons), logprob, self.call_date, self.call_id

    @property
    def anchor(self) -> str:
        """The id of the call's row in the page: letters that an address may hold, and no others."""
        return quote(f"call-{self.call_date}-{self.call_id}", safe="")

    @property
    def query(self) -> str:
        """The command that prints the call's row."""
        return query_command(
            f"SELECT * FROM transcripts WHERE call_date = '{self.call_date}' "
            f"AND call_id = {_literal(self.call_id)}"
        )


@dataclass(frozen=True)
class AsideRecording:
    """A recording that was kept aside, and why."""

    call_date: str
    uri: str
    reason: str


@dataclass(frozen=True)
class Aside:
    """Calls to review, recordings kept aside; `undated` counts those without a date in their key.

    Undated recordings are of no week: all that the lake knows are counted.
    """

    review: Some[ReviewCall] = field(default_factory=Some)
    quarantined: Some[AsideRecording] = field(default_factory=Some)
    undated: int = 0

    def most_doubtful(self, reason: str) -> tuple[ReviewCall, ...]:
        """A few of the calls shown that have this reason."""
        return tuple(call for call in self.review.shown if reason in call.reasons)[:EXAMPLES]


class AsideCollector:
    """Takes in a week date by date, and keeps no more rows than are shown."""

    def __init__(self, shown: int = SHOWN) -> None:
        """Of no date yet; `shown` is how many of each are kept."""
        self._shown = shown
        self._reasons, self._kinds = Counter[str](), Counter[str]()
        self._calls, self._recordings = list[ReviewCall](), list[AsideRecording]()
        self._count = 0

    def add(self, facts: DateFacts) -> None:
        """Counts a date's published calls, and recordings as published, or as found."""
        date = facts.call_date.isoformat()
        review = [_call(date, row) for row in facts.transcripts or () if row["needs_review"]]
        self._count += len(review)
        self._reasons.update(reason for call in review for reason in call.reasons)
        self._calls = self._first([*self._calls, *review], key=lambda call: call.doubt)
        aside = [
            AsideRecording(date, row["recording_uri"], row["reason"] or "")
            for row in facts.recordings or facts.ledger or ()
            if row["status"] == Status.QUARANTINED
        ]
        self._kinds.update(kind_of(recording.reason) for recording in aside)
        self._recordings = self._first(
            [*self._recordings, *aside], key=lambda one: (one.call_date, one.uri)
        )

    def _first(self, items: list[Item], key: Callable[[Item], Any]) -> list[Item]:
        return heapq.nsmallest(self._shown, items, key=key)

    def aside(self, undated: int = 0) -> Aside:
        """All that was taken in."""
        return Aside(
            Some(self._count, _most_first(self._reasons), tuple(self._calls)),
            Some(self._kinds.total(), _most_first(self._kinds), tuple(self._recordings)),
            undated,
        )


def _call(date: str, row: Row) -> ReviewCall:
    names = ("call_id", "agent_id", "started_at", "duration_s", "language", "avg_logprob")
    reasons = tuple(part for part in str(row["review_reasons"]).split(",") if part)
    return ReviewCall(date, **{name: row[name] for name in names}, reasons=reasons)


def _most_first(counts: Counter[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def kind_of(reason: str) -> str:
    """A reason without what differs from one recording to the next: names, sizes, an error's text.

    `truncated: 98517 bytes of sound are missing` is one of `truncated`.
    """
    head = re.split(r" ?[:('\"]", reason, maxsplit=1)[0]
    return re.sub(r"\d+", "…", head).strip() or reason


def meaning_of(reason: str) -> str:
    """What a signal means to people; a signal without words of its own is its name."""
    return MEANINGS.get(reason, reason.replace("_", " "))


def query_command(sql: str) -> str:
    """The command that runs this SQL, to be pasted into a shell as it is."""
    is_plain = not set(sql) & set('"$`\\!\n')
    return "stt-pipeline query " + (f'"{sql}"' if is_plain else shlex.quote(sql))


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
