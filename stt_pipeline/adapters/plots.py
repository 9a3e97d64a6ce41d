"""Draws the plots of the weekly report, as SVG for the page and PNG for the UI. Decides nothing.

Matplotlib is loaded with the first plot: it takes half a second that no other step should pay.
"""

import datetime as dt
import io
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from stt_pipeline.domain.quality.labelled_calls import ErrorRate
from stt_pipeline.domain.week.readiness import DateReadiness
from stt_pipeline.domain.week.week_progress import Expected, WeekProgress
from stt_pipeline.domain.week.week_report import WeekReport

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLORS: Final = {
    "ink": "#1d2330",
    "quiet": "#5b6475",
    "line": "#cfd4df",
    "accent": "#2f55b4",
    "soft": "#c9d5f1",
    "bad": "#b3261e",
    "warn": "#f3d9a4",
}
"""By name: a page may set each as a CSS variable of that name, such as `--ink`."""

WIDTH_IN: Final = 4.9
"""470 CSS pixels: two beside each other on a laptop, and still legible on a phone."""

HOUR_S: Final = 3600.0
DAY: Final = dt.timedelta(days=1)
RECENT: Final = 2 * DAY


def draw(report: WeekReport) -> dict[str, str]:
    """The SVG of each plot of the report by name; `rates` only where there is a rate."""
    plots = {
        "progress": _svg("progress", 3.3, lambda axes: _progress(axes, report.progress)),
        "days": _svg("days", 3.3, lambda axes: _days(axes, report.dates)),
    }
    if report.rates:
        height_in = 1.3 + 0.32 * len(report.rates)
        plots["rates"] = _svg(
            "rates", height_in, lambda axes: _rates(axes, report.rates, report.max_wer)
        )
    return plots


def progress_png(progress: WeekProgress) -> bytes:
    """The work done against the deadline as an image on white."""
    figure = _figure(3.6, lambda axes: _progress(axes, progress))
    figure.set_facecolor("white")
    image = io.BytesIO()
    figure.savefig(image, format="png", dpi=130)
    return image.getvalue()


# --- What the plots show --------------------------------------------------------------------------


def _progress(axes: "Axes", progress: WeekProgress) -> None:
    from matplotlib import dates, ticker

    start, end = _span(progress)
    unit, by = _unit(max(progress.total_h, progress.published_h))
    total = progress.total_h * by
    deadline_at = _at(progress.deadline)
    axes.set_xlim(_at(start), _at(end))
    axes.axvspan(_at(progress.planned_end), deadline_at, color=COLORS["warn"], lw=0, alpha=0.6)
    label = f"deadline {progress.deadline:%a %H:%M}"
    axes.axvline(deadline_at, color=COLORS["bad"], lw=2, label=label)
    axes.axhline(total, color=COLORS["quiet"], lw=1, ls=(0, (2, 2)))
    axes.annotate(
        f"all: {total:,.1f} {unit}",
        (0.01, total),
        xycoords=("axes fraction", "data"),
        xytext=(0, 3),
        textcoords="offset points",
        color=COLORS["quiet"],
    )
    before = [hours for at, hours in progress.published if at < start]
    since = [(at, hours) for at, hours in progress.published if at >= start]
    moments = [_at(start), *(_at(at) for at, _ in since), _at(min(progress.now, end, key=_at))]
    hours = [before[-1] if before else 0.0, *(hours for _, hours in since), progress.published_h]
    done = [one * by for one in hours]
    axes.fill_between(moments, done, step="post", color=COLORS["soft"], lw=0)
    axes.step(moments, done, where="post", color=COLORS["accent"], lw=2, label="published")
    if progress.transcribed_h > progress.published_h:
        axes.plot(
            [_at(progress.now)],
            [progress.transcribed_h * by],
            "o",
            mfc="none",
            color=COLORS["accent"],
            label="transcribed by now",
        )
    if progress.steps_ahead:
        _ahead(axes, progress, by)
    axes.set_ylim(0, max(total, done[-1], 0.01) * 1.18)
    axes.set_ylabel(f"{unit} of calls")
    axes.yaxis.set_major_formatter(ticker.StrMethodFormatter("{x:,g}"))
    zone = progress.deadline.tzinfo
    locator = dates.AutoDateLocator(tz=zone, minticks=3, maxticks=8)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    clock = "%a\n%d" if end - start > 3 * DAY else "%a\n%H:%M"
    formatter = dates.DateFormatter(clock, tz=zone)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_formatter(formatter)
    _legend(axes)


def _unit(hours: float) -> tuple[str, float]:
    """What so many hours are best shown in, and how many of that make one."""
    return ("hours", 1.0) if hours >= 1 else ("minutes", 60.0)


def _ahead(axes: "Axes", progress: WeekProgress, by: float) -> None:
    """The forecast: a step a date, with the range of its moment."""
    steps = [(expected, hours * by) for expected, hours in progress.steps_ahead]
    moments = [_at(progress.now), *(_at(expected.likely) for expected, _ in steps)]
    hours = [progress.published_h * by, *(hours for _, hours in steps)]
    axes.step(moments, hours, where="post", color=COLORS["accent"], lw=1.5, ls=(0, (3, 2)))
    for number, (expected, after) in enumerate(steps):
        axes.plot(
            [_at(expected.low), _at(expected.high)],
            [after, after],
            "|-",
            color=COLORS["ink"],
            lw=1.5,
            ms=7,
            label=None if number else "forecast, with its range",
        )


def _at(moment: dt.datetime) -> float:
    """The moment on an axis of time: days since 1970."""
    return moment.timestamp() / 86_400


def _span(progress: WeekProgress) -> tuple[dt.datetime, dt.datetime]:
    """From before the first publication to after the deadline, or the last of all.

    While work is left, the last two days are enough: what comes is to be told apart.
    """
    expected: Sequence[Expected] = [one for one, _ in progress.steps_ahead]
    moments = [
        progress.planned_end,
        progress.deadline,
        *(at for at, _ in progress.published),
        *(one.high for one in expected),
    ]
    if not progress.is_complete:
        recent = [at for at in moments if at >= progress.now - RECENT]
        moments = [progress.now - DAY / 4, *recent]
    first, last = (pick(moments, key=dt.datetime.timestamp) for pick in (min, max))
    room = max((last - first) * 0.04, dt.timedelta(minutes=20))
    return first - room, last + room


def _days(axes: "Axes", dates: Sequence[DateReadiness]) -> None:
    hours = [date.audio_s / HOUR_S for date in dates]
    unit, by = _unit(max(hours, default=0.0))
    heights = [one * by for one in hours]
    names = [f"{dt.date.fromisoformat(date.call_date):%a %d}" for date in dates]
    bars = axes.bar(names, heights, width=0.62, color=COLORS["accent"])
    calls = [
        f"{date.transcribed + date.no_speech:,}" if date.ready else "not\nready" for date in dates
    ]
    axes.bar_label(bars, calls, padding=2, color=COLORS["ink"])
    axes.set_ylim(0, max([*heights, 0.01]) * 1.18)
    axes.set_ylabel(f"{unit} of calls")
    axes.tick_params(axis="x", length=0)


def _rates(axes: "Axes", rates: Sequence[ErrorRate], max_wer: float) -> None:
    for row, rate in enumerate(rates):
        interval = rate.interval
        if interval.low is not None and interval.high is not None:
            ends = [interval.low * 100, interval.high * 100]
            axes.plot(ends, [row, row], "|-", color=COLORS["accent"], lw=2, ms=8)
        axes.plot([interval.wer * 100], [row], "o", color=COLORS["accent"])
    axes.axvline(max_wer * 100, color=COLORS["bad"], lw=2, label=f"limit {max_wer:.0%}")
    axes.set_yticks(range(len(rates)), [rate.label for rate in rates])
    axes.set_ylim(len(rates) - 0.5, -0.5)
    axes.set_xlim(left=0)
    axes.set_xlabel("% of words wrong, with the 95% interval")
    axes.grid(axis="x", color=COLORS["line"], lw=0.6)
    _legend(axes)


# --- How they are drawn ---------------------------------------------------------------------------


def _figure(height_in: float, plot: Callable[["Axes"], None]) -> "Figure":
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    style: dict[Any, Any] = {
        "font.size": 9.5,
        "svg.fonttype": "none",
        "text.color": COLORS["ink"],
        "axes.labelcolor": COLORS["quiet"],
        "axes.edgecolor": COLORS["line"],
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "xtick.color": COLORS["quiet"],
        "ytick.color": COLORS["quiet"],
    }
    with rc_context(style):
        figure = Figure(figsize=(WIDTH_IN, height_in), layout="constrained")
        plot(figure.add_subplot())
    return figure


def _legend(axes: "Axes") -> None:
    axes.figure.legend(loc="outside lower left", ncols=2, frameon=False, handlelength=1.8)


def _svg(name: str, height_in: float, plot: Callable[["Axes"], None]) -> str:
    """An `<svg>` element to be put into a page: text as text, colours by variable, ids its own.

    Its role and label are the page's to say. The same data give the same text.
    """
    from matplotlib import rc_context

    figure = _figure(height_in, plot)
    text = io.StringIO()
    metadata: dict[str, Any] = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with rc_context({"svg.hashsalt": name, "svg.fonttype": "none"}):
        figure.savefig(text, format="svg", transparent=True, metadata=metadata)
    svg = text.getvalue()
    svg = svg[svg.index("<svg") :].strip()
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", svg)
    for variable, color in COLORS.items():
        svg = svg.replace(color, f"var(--{variable}, {color})")
    return svg
