"""Renders the weekly report as one HTML page without network. Decides nothing."""

from jinja2 import Environment, PackageLoader, StrictUndefined

from stt_pipeline.domain.week_report import WeekReport

_PAGES = Environment(
    loader=PackageLoader("stt_pipeline.adapters", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render_report(report: WeekReport) -> str:
    """The page as HTML."""
    return _PAGES.get_template("week.html").render(report=report)
