"""Call dates and ISO weeks as text and back; no clock: today is always handed in."""

import datetime as dt
import re

from stt_pipeline.domain.errors import UserError

UNDATED = "undated"
"""Ledger partition of recordings whose key gives no possible date."""

_WEEK = re.compile(r"(\d{4})-W(\d{2})", re.ASCII)


def parse_call_date(text: str) -> dt.date:
    """The date of `2026-11-16`; raises UserError for anything else."""
    try:
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            raise ValueError
        return dt.date.fromisoformat(text)
    except ValueError:
        raise UserError(
            f"'{text}' is not a call date: write it as YYYY-MM-DD, such as 2026-11-16."
        ) from None


def date_range(first: dt.date, last: dt.date) -> list[dt.date]:
    """Every date from first to last, both included; raises UserError when they are reversed."""
    if last < first:
        raise UserError(f"--from {first} is after --to {last}: swap them.")
    return [first + dt.timedelta(days=offset) for offset in range((last - first).days + 1)]


def week_of(date: dt.date) -> str:
    """The ISO week of a date, as `2026-W47`; weeks run Monday to Sunday."""
    return date.strftime("%G-W%V")


def monday_of(week: str) -> dt.date:
    """The Monday that begins an ISO week; raises UserError when there is no such week."""
    match = _WEEK.fullmatch(week)
    try:
        if match is None:
            raise ValueError
        sunday = dt.date.fromisocalendar(int(match[1]), int(match[2]), 7)
        return sunday - dt.timedelta(days=6)
    except (ValueError, OverflowError):
        raise UserError(
            f"'{week}' is not a week: write it as YYYY-Www, such as 2026-W47."
        ) from None


def dates_of(week: str) -> list[dt.date]:
    """The seven call dates of an ISO week, Monday first."""
    monday = monday_of(week)
    return date_range(monday, monday + dt.timedelta(days=6))


def last_full_week(today: dt.date) -> str:
    """The last ISO week that ended before today."""
    return week_of(today - dt.timedelta(days=7))
