"""Renders the weekly report as one HTML page without network. Decides nothing."""

import datetime as dt
from collections.abc import Mapping

from jinja2 import Environment, PackageLoader, StrictUndefined

from stt_pipeline.domain.week.week_aside import meaning_of
from stt_pipeline.domain.week.week_report import WeekReport


def render_report(report: WeekReport, plots: Mapping[str, str]) -> str:
    """The page as HTML; `plots` are `<svg>` elements by name."""
    return _PAGES.get_template("week.html").render(report=report, plots=plots)


def percent(rate: float | None) -> str:
    """`4.2%`; a dash for what is not known."""
    return "–" if rate is None else f"{rate:.1%}"


def usd(amount: float | None) -> str:
    """An amount with two figures that count, at least cents."""
    if amount is None:
        return "–"
    digits = 2 if amount >= 1 or amount == 0 else 4
    return f"{amount:,.{digits}f}"


def span(seconds: float) -> str:
    """`31 h 05 min`, or `7 min`; without its sign."""
    minutes = round(abs(seconds) / 60)
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest:02d} min" if hours else f"{rest} min"


def clock(moment: dt.datetime | None) -> str:
    """`Sun 22 Nov, 02:13`; a dash for what is not known."""
    return "–" if moment is None else f"{moment:%a %d %b, %H:%M}"


def day(call_date: str) -> str:
    """`Mon 16 Nov`."""
    return f"{dt.date.fromisoformat(call_date):%a %d %b}"


def hours(seconds: float) -> str:
    """Hours with as many decimals as a short day needs."""
    return f"{seconds / 3600:,.{1 if seconds >= 36_000 else 2}f}"


def many(count: int, thing: str) -> str:
    """`1 call`, `1,200 calls`."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


_PAGES = Environment(
    loader=PackageLoader("stt_pipeline.adapters", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_PAGES.filters.update(
    percent=percent,
    usd=usd,
    span=span,
    clock=clock,
    day=day,
    many=many,
    meaning=meaning_of,
    hours=hours,
)
