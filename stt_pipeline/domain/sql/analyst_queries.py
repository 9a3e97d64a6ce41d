"""A query of the analysts' library: its purpose, its parameters, its SQL with values put in.

The text of one begins with its purpose, then a line a parameter:

    -- Which calls a phrase was said in, when and by whom.
    -- :phrase text = refund  what to look for, in any case
    -- :from_date date = monday  first call date
    SELECT …

Kinds are `text`, `number` and `date`. A date's default may be `monday` or `sunday` of the last
full week, or `monday-7` seven weeks before that one. Reads no file and runs nothing.
"""

import datetime as dt
import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from stt_pipeline.domain.call_dates import dates_of, last_full_week, parse_call_date
from stt_pipeline.domain.errors import UserError

_PARAMETER = re.compile(
    r"-- :(?P<name>[a-z_]+) (?P<kind>text|number|date) = (?P<default>.*?)  (?P<meaning>.+)"
)
_NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
_DAY = re.compile(r"(monday|sunday)(?:-(\d+))?")


@dataclass(frozen=True)
class Parameter:
    """A value that the caller may give."""

    name: str
    kind: Literal["text", "number", "date"]
    default: str
    meaning: str

    def literal(self, value: str) -> str:
        """The value as SQL; dates are text, as `call_date` is. Raises UserError."""
        if self.kind == "number":
            if not _NUMBER.fullmatch(value):
                raise UserError(f"{self.name}={value} is not a number: write it as 10 or 0.5.")
            return value
        if self.kind == "date":
            return f"'{parse_call_date(value)}'"
        return "'" + value.replace("'", "''") + "'"


@dataclass(frozen=True)
class AnalystQuery:
    """A query by name; `sql` has its parameters as `:name`."""

    name: str
    purpose: str
    parameters: tuple[Parameter, ...]
    sql: str

    @classmethod
    def parse(cls, name: str, text: str) -> "AnalystQuery":
        """The query that a file holds; raises ValueError where its head is not as above."""
        purpose, *rest = text.splitlines()
        if not purpose.startswith("-- ") or purpose.startswith("-- :"):
            raise ValueError(f"{name}: the first line is not its purpose")
        parameters = []
        while rest and rest[0].startswith("-- :"):
            match = _PARAMETER.fullmatch(rest[0])
            if match is None:
                raise ValueError(f"{name}: not a parameter: {rest[0]}")
            parameters.append(Parameter(**match.groupdict()))  # type: ignore[arg-type]
            del rest[0]
        sql = "\n".join(rest).strip()
        return cls(name, purpose.removeprefix("-- "), tuple(parameters), sql)

    def bind(self, values: Mapping[str, str], today: dt.date) -> str:
        """The SQL with the values, or the defaults as of `today`; raises UserError."""
        known = [parameter.name for parameter in self.parameters]
        for name in values:
            if name not in known:
                takes = f"it takes {', '.join(known)}" if known else "it takes none"
                raise UserError(f"The query {self.name} has no parameter '{name}': {takes}.")
        literals = {
            one.name: one.literal(values.get(one.name, _default(one, today)))
            for one in self.parameters
        }
        if not literals:
            return self.sql
        names = "|".join(map(re.escape, literals))
        return re.sub(rf"(?<![\w:]):({names})\b", lambda found: literals[found[1]], self.sql)


def find(queries: Iterable[AnalystQuery], name: str) -> AnalystQuery:
    """The query of that name; raises UserError with the nearest name."""
    by_name = {query.name: query for query in queries}
    if name in by_name:
        return by_name[name]
    near = difflib.get_close_matches(name, by_name, n=1)
    hint = f"did you mean {near[0]}?" if near else "'stt-pipeline queries' lists them."
    raise UserError(f"There is no query named '{name}': {hint}")


def _default(parameter: Parameter, today: dt.date) -> str:
    day = _DAY.fullmatch(parameter.default) if parameter.kind == "date" else None
    if day is None:
        return parameter.default
    dates = dates_of(last_full_week(today))
    date = dates[0] if day[1] == "monday" else dates[-1]
    return str(date - dt.timedelta(weeks=int(day[2] or 0)))
