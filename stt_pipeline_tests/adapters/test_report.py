"""The weekly report as a browser reads it: balanced, escaped, without any network, for all eyes."""

import itertools
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from stt_pipeline.adapters import report as page_of
from stt_pipeline.adapters.plots import draw
from stt_pipeline.adapters.report import render_report
from stt_pipeline.domain.labelling.label_estimate import WeekEstimate
from stt_pipeline.domain.week.week_aside import Aside, AsideRecording, ReviewCall, Some
from stt_pipeline.domain.week.week_report import WeekReport
from stt_pipeline_tests.adapters import weeks

HOSTILE = "<script>alert('x')</script> & \"co\" {{ 7 * 7 }}"
VOID = {"meta", "br", "hr", "img", "link", "input"}


class Page(HTMLParser):
    """A page as parsed: its tags, attributes, text; `balanced` where every tag closes."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.balanced = True
        self._text: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        self.balanced &= not self._open

    @property
    def text(self) -> str:
        """What a person reads, plots left out."""
        return " ".join(" ".join(self._text).split())

    def values(self, name: str, tag: str | None = None) -> list[str]:
        """The values of an attribute, in order."""
        return [value for of, key, value in self.attributes if key == name and tag in (None, of)]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        self.balanced &= bool(self._open) and self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"style", "svg", "title"} & set(self._open):
            self._text.append(data)


def page_with(report: WeekReport) -> Page:
    return Page(render_report(report, draw(report)))


@pytest.fixture(scope="module")
def ready() -> Page:
    """The page of a week that is ready."""
    return page_with(weeks.ready_week())


def test_a_ready_week_says_so_with_its_figures(ready: Page) -> None:
    assert ready.text.startswith("Calls of week 2026-W47")
    assert "Mon 16 Nov to Sun 22 Nov; due Mon 23 Nov, 08:00" in ready.text
    assert "Ready Every call of the week is in the tables, or kept aside with a reason." in (
        ready.text
    )
    assert "The last came in Mon 23 Nov, 00:30, 7 h 30 min before the deadline." in ready.text
    assert "To know: Thu 19 Nov: the version before stands" in ready.text
    assert "32,440 calls transcribed of 32,461 recordings" in ready.text
    assert "2,703.3 h of calls" in ready.text
    assert "7 h 30 min before the deadline finished" in ready.text
    assert "13.52 USD spent at most outside: 973.19 USD" in ready.text
    assert "640 calls to review" in ready.text


def test_a_week_that_misses_dates_names_them_and_says_when_they_come() -> None:
    page = page_with(weeks.late_week())

    assert "Not ready 3 of 7 dates are missing: Fri 20 Nov: its last run failed" in page.text
    assert "Sun 22 Nov: never processed" in page.text
    assert (
        "Expected Mon 23 Nov, 02:12 (Mon 23 Nov, 00:39 to Mon 23 Nov, 03:45), 5 h 48 min before "
        "the deadline." in page.text
    )
    assert "Sun 22 Nov no ; expected Mon 23 Nov, 02:12 ~12.0" in page.text
    assert "2 labelled calls of the week have no counts by speaker" in page.text


def test_word_errors_come_with_their_interval_by_language_and_speaker(ready: Page) -> None:
    rate = weeks.ready_week().rate
    assert rate
    assert rate.interval.low
    assert rate.interval.high
    wer, low, high = (
        f"{one:.1%}" for one in (rate.interval.wer, rate.interval.low, rate.interval.high)
    )

    assert f"{wer} of words wrong 95% interval {low} to {high}" in ready.text
    for name in ("All labelled calls 60", "English 30", "French 30", "Agent 60", "Customer 60"):
        assert name in ready.text


def test_a_single_labelled_call_has_no_interval() -> None:
    report = replace(weeks.ready_week(), rates=weeks.labelled_calls(1).rates())

    assert "of words wrong 95% interval one call: no interval" in page_with(report).text


def test_where_calls_were_drawn_the_week_is_told_by_their_weights() -> None:
    drawn = WeekEstimate(0.123, 0.101, 0.156, 40, 30_000, covered=0.98)

    page = page_with(replace(weeks.ready_week(), estimate=drawn))

    assert "12.3% of words wrong 95% interval 10.1% to 15.6%" in page.text
    assert "12.3% of all words are wrong (10.1% to 15.6%), which speaks for 98.0%" in page.text
    assert "All labelled calls 60" in page.text


def test_labels_that_stand_for_half_the_week_do_not_tell_it() -> None:
    half = WeekEstimate(0.123, None, None, 1, 300, covered=0.5)
    report = weeks.ready_week()

    page = page_with(replace(report, estimate=half))

    assert report.rate is not None
    assert f"{report.rate.interval.wer:.1%} of words wrong 95% interval" in page.text
    assert "12.3% of all words are wrong (no interval), which speaks for 50.0%" in page.text


def test_without_labelled_calls_the_error_rate_is_unknown() -> None:
    page = page_with(weeks.unlabelled_week())

    assert "unknown of words wrong no labelled calls" in page.text
    assert "Unknown: no call of the week has a reference text." in page.text
    assert "0.0%" not in page.text
    assert page.text.count("None.") == 2


def test_a_week_of_nothing_is_a_page_too() -> None:
    page = page_with(weeks.empty_week())

    assert page.balanced
    assert "Not ready 7 of 7 dates are missing" in page.text
    assert "unknown the finish is not known" in page.text


def test_a_long_list_says_how_much_more_there_is_and_how_to_get_it(ready: Page) -> None:
    assert "Calls to review (640)" in ready.text
    assert "620 more are not shown. All of them: stt-pipeline query --name calls_to_review" in (
        ready.text
    )
    assert "Recordings kept aside (57)" in ready.text
    assert '37 more are not shown. All of them: stt-pipeline query "SELECT call_date' in ready.text
    assert "3 recordings of any week have no date in the key" in ready.text
    assert "more are not shown" not in page_with(weeks.late_week()).text


def test_every_link_of_the_page_leads_to_a_row_with_its_query(ready: Page) -> None:
    targets = [href[1:] for href in ready.values("href", "a") if href.startswith("#")]
    ids = ready.values("id")

    assert len(ids) == len(set(ids))
    assert {"review", "aside"} < set(targets) <= set(ids)
    assert "call-2026-11-16-C20000" in targets
    assert "call_date = '2026-11-16' AND call_id = 'C20000'" in ready.text


def test_what_callers_and_files_are_named_is_only_text() -> None:
    call = ReviewCall("2026-11-16", HOSTILE, HOSTILE, None, 60.0, HOSTILE, None, ("loop",))
    aside = Aside(
        Some(1, ((HOSTILE.replace("_", ""), 1),), (call,)),
        Some(1, ((HOSTILE, 1),), (AsideRecording("2026-11-16", HOSTILE, HOSTILE),)),
    )
    dates = (weeks.make_date("2026-11-16", ready=False, reason=HOSTILE),)
    nothing = weeks.empty_week()
    progress = replace(nothing.progress, dates=nothing.progress.dates[:1])
    report = replace(nothing, dates=dates, progress=progress, aside=aside)
    html = render_report(report, draw(report))
    page = Page(html)

    assert page.balanced
    assert "script" not in page.tags
    assert page.text.count(HOSTILE) == 9
    assert "<script>alert" not in html


@pytest.mark.parametrize(
    "report",
    [weeks.ready_week(), weeks.late_week(), weeks.unlabelled_week(), weeks.empty_week()],
    ids=["ready", "late", "unlabelled", "empty"],
)
def test_the_page_needs_no_network_and_reads_in_order(report: WeekReport) -> None:
    html = render_report(report, draw(report))
    page = Page(html)

    assert page.balanced
    assert not {"script", "link", "img", "iframe", "object", "base", "image"} & set(page.tags)
    for name in ("src", "srcset", "data", "action", "background", "poster"):
        assert not page.values(name)
    outside = [href for href in page.values("href", "a") if not href.startswith("#")]
    assert all(href.startswith(report.ui_url) for href in outside)
    assert bool(outside) == bool(report.ui_url)
    assert "@import" not in html
    assert not re.search(r"url\((?!#)", html)

    headings = [int(tag[1]) for tag in page.tags if re.fullmatch("h[1-6]", tag)]
    assert headings[0] == 1
    assert headings.count(1) == 1
    pairs = itertools.pairwise(headings)
    assert all(below - above <= 1 for above, below in pairs)
    assert page.tags.count("th") == len(page.values("scope", "th"))
    assert page.tags.count("svg") == len(page.values("aria-label", "div"))
    assert page.values("lang", "html") == ["en"]
    assert len(html) < 250_000


def luminance(color: str) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_its_colours_can_be_told_apart(scheme: int) -> None:
    html = render_report(weeks.empty_week(), draw(weeks.empty_week()))
    blocks = re.findall(r":root \{(.*?)\}", html, flags=re.DOTALL)
    colors = dict(re.findall(r"--([\w-]+): (#\w{6})", blocks[scheme]))

    def contrast(one: str, other: str) -> float:
        bright, dark = sorted((luminance(colors[one]), luminance(colors[other])), reverse=True)
        return (bright + 0.05) / (dark + 0.05)

    for text in ("ink", "quiet", "accent", "bad", "good"):
        assert contrast(text, "paper") >= 4.5, text
    for text, panel in (("quiet", "panel"), ("accent", "panel"), ("accent", "soft")):
        assert contrast(text, panel) >= 4.5, text
    for text, panel in (("ink", "soft"), ("good", "good-panel"), ("bad", "bad-panel")):
        assert contrast(text, panel) >= 4.5, text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 min"), (59 * 60, "59 min"), (3600, "1 h 00 min"), (-111_900, "31 h 05 min")],
)
def test_a_span_of_time_reads_as_people_say_it(seconds: float, text: str) -> None:
    assert page_of.span(seconds) == text


@pytest.mark.parametrize(
    ("amount", "text"), [(0.0, "0.00"), (0.00118, "0.0012"), (13.516, "13.52"), (None, "–")]
)
def test_small_amounts_keep_their_figures(amount: float | None, text: str) -> None:
    assert page_of.usd(amount) == text
