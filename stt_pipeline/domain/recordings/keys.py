"""Reads a recording's date and metadata from its key; a key that says too little is a reason."""

import datetime as dt
import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import regex

from stt_pipeline.domain.errors import UserError

DEFAULT_PATTERN = (
    r"^(?=(?:.*?/)??call_date=(?P<call_date>[^/]*)/|)"
    r"(?=(?:.*/)?queue=(?P<queue>[^/]+)/|)"
    r"(?=(?:.*/)?customer_id=(?P<customer_id>[^/]+)/|)"
    r"(?:.*/)?(?P<call_id>[^/]+?)"
    r"(?:_(?P<agent_id>[^/_]+)_(?P<date>\d{8})T(?P<time>\d{6}))?(?:\.[^./_]+)?$"
)
"""`call_date=YYYY-MM-DD/` as a folder, or `{call_id}_{agent_id}_{YYYYMMDD}T{HHMMSS}` as a name.

The first such folder counts: what lies below a date's folder is that date's.
"""

GROUPS = frozenset(
    {"call_date", "date", "time", "call_id", "agent_id", "customer_id", "queue"}
    | {"year", "month", "day"}
)
"""The named groups that a pattern may have; `call_date` and `date` must agree where both match."""

MAX_CALL_ID_LENGTH = 200
"""Longer names fit no reference file (255 bytes) and no table that a person reads."""


@dataclass(frozen=True)
class KeyMetadata:
    """What a key says of its recording; `started_at` is UTC without a zone."""

    call_date: dt.date
    call_id: str
    agent_id: str | None = None
    customer_id: str | None = None
    queue: str | None = None
    started_at: dt.datetime | None = None


@dataclass(frozen=True)
class KeyProblem:
    """Why a key cannot be used; `call_date` where at least its date is sure."""

    reason: str
    call_date: dt.date | None = None


class KeyPattern:
    """A regular expression with named groups, checked once and applied to many keys."""

    def __init__(self, pattern: str, timezone: str) -> None:
        """Raises UserError when the pattern is not valid or names no call or no date."""
        try:
            self._regex = regex.compile(pattern)
        except regex.error as error:
            raise UserError(
                f"STT_RECORDING_PATTERN is not a regular expression ({error}): correct it."
            ) from None
        named = set(self._regex.groupindex)
        dated = named & {"call_date", "date"} or {"year", "month", "day"} <= named
        if unknown := sorted(named - GROUPS):
            raise UserError(
                f"STT_RECORDING_PATTERN names unknown groups {', '.join(unknown)}: "
                f"use some of {', '.join(sorted(GROUPS))}."
            )
        if "call_id" not in named or not dated:
            raise UserError(
                "STT_RECORDING_PATTERN needs the named group call_id and one of call_date, date, "
                "or year with month and day."
            )
        self._zone = ZoneInfo(timezone)

    def read(self, key: str) -> KeyMetadata | KeyProblem:
        """What `key` says, or why it says too little; never a guess."""
        if problem := _unreadable(key):
            return KeyProblem(problem)
        match = self._regex.search(key)
        if match is None:
            return KeyProblem("the key does not match STT_RECORDING_PATTERN")
        found = _found(match)
        dates = _dates(found)
        if isinstance(dates, KeyProblem):
            return dates
        if not dates:
            return KeyProblem("no call date in the key")
        if len(set(dates)) > 1:
            return KeyProblem(f"the key names two dates, {dates[0]} and {dates[1]}", dates[0])
        return self._metadata(found, dates[0])

    def is_other_date(self, folder: str, date: dt.date) -> bool:
        """True where every key below `folder` (ends with `/`) is named for a date but `date`.

        Such a folder need not be listed. An impossible date prunes nothing, nor do two dates: such
        keys must be found. A folder is read as the beginning of a key, so the pattern alone decides
        what is a date.
        """
        match = self._regex.search(folder + "0") or self._regex.search(folder, partial=True)
        if match is None:
            return False
        found = {
            name: value for name, value in _found(match).items() if match.end(name) < len(folder)
        }
        named = {possible_date(text) for text in _date_texts(found)}
        if None in named or len(named) > 1:
            return False
        return named != {date} if named else _is_other_part(found, date)

    def _metadata(self, found: dict[str, str], call_date: dt.date) -> KeyMetadata | KeyProblem:
        call_id = found.get("call_id", "")
        if not call_id:
            return KeyProblem("no call_id in the key", call_date)
        if len(call_id.encode()) > MAX_CALL_ID_LENGTH:
            return KeyProblem(
                f"call_id is {len(call_id.encode())} bytes long, more than {MAX_CALL_ID_LENGTH}",
                call_date,
            )
        started_at = None
        if time := found.get("time"):
            started_at = self._utc(call_date, time)
            if started_at is None:
                return KeyProblem(f"impossible time '{time}' in the key", call_date)
        return KeyMetadata(
            call_date=call_date,
            call_id=call_id,
            agent_id=found.get("agent_id"),
            customer_id=found.get("customer_id"),
            queue=found.get("queue"),
            started_at=started_at,
        )

    def _utc(self, date: dt.date, time: str) -> dt.datetime | None:
        digits = time.replace(":", "").replace("-", "")
        try:
            clock = dt.time(int(digits[0:2]), int(digits[2:4]), int(digits[4:6] or 0))
        except ValueError:
            return None
        local = dt.datetime.combine(date, clock, tzinfo=self._zone)
        try:
            return local.astimezone(dt.UTC).replace(tzinfo=None)
        except OverflowError:
            return None


def _unreadable(key: str) -> str | None:
    try:
        key.encode("utf-8")
    except UnicodeEncodeError:
        return "the key is not valid UTF-8"
    if not key.isprintable():
        return "the key has control characters"
    return None


def _found(match: regex.Match[str]) -> dict[str, str]:
    """The groups that hold text, in the order of the key: the first date is the outermost."""
    groups = {name: value for name, value in match.groupdict().items() if value}
    return {name: groups[name] for name in sorted(groups, key=match.start)}


def _date_texts(found: dict[str, str]) -> list[str]:
    texts = [value for name, value in found.items() if name in ("call_date", "date")]
    if {"year", "month", "day"} <= found.keys():
        texts.append(f"{found['year']}-{found['month']:0>2}-{found['day']:0>2}")
    return texts


def _dates(found: dict[str, str]) -> list[dt.date] | KeyProblem:
    dates: list[dt.date] = []
    for text in _date_texts(found):
        date = possible_date(text)
        if date is None:
            return KeyProblem(f"impossible date '{text}' in the key", dates[0] if dates else None)
        dates.append(date)
    return dates


def possible_date(text: str) -> dt.date | None:
    """The date written as YYYY-MM-DD or YYYYMMDD, or None where there is no such day."""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}|\d{8}", text, flags=re.ASCII):
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def _is_other_part(found: dict[str, str], date: dt.date) -> bool:
    possible = {"year": range(1900, 2200), "month": range(1, 13), "day": range(1, 32)}
    for name, wanted in (("year", date.year), ("month", date.month), ("day", date.day)):
        text = found.get(name, "")
        if text.isdecimal() and int(text) in possible[name] and int(text) != wanted:
            return True
    return False
