"""The weekly report as a browser reads it: balanced, escaped, without any network."""

import datetime as dt
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from stt_pipeline.adapters.report import render_report
from stt_pipeline.domain.readiness import DateReadiness
from stt_pipeline.domain.week_report import Aside, AsideRow, WeekReport
from stt_pipeline_tests.factories import NOW

HOSTILE = "<script>alert('x')</script> & \"co\" {{ 7 * 7 }}"
VOID = {"meta", "br", "hr", "img", "link", "input"}
NOTHING = Aside((), ())


class Page(HTMLParser):
    """A page as parsed: its tags, attributes, text; `balanced` where every tag closes."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.balanced = True
        self.cells: list[str] = []
        self._text: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        self.balanced &= not self._open

    @property
    def text(self) -> str:
        return " ".join(" ".join(self._text).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag == "td":
            self.cells.append("")
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.balanced &= bool(self._open) and self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" in self._open:
            return
        self._text.append(data)
        if "td" in self._open:
            self.cells[-1] += data


def make_date(call_date: str, **changes: object) -> DateReadiness:
    date = DateReadiness(
        week="2026-W47",
        call_date=call_date,
        recordings=12,
        transcribed=9,
        no_speech=1,
        quarantined=1,
        duplicates=1,
        audio_s=1800.0,
        wer=0.05,
        reference_words=200,
        cpu_s=150.0,
        cost_usd=0.0025,
        ready=True,
        reason="",
    )
    return replace(date, **changes)  # type: ignore[arg-type]


def make_report(*dates: DateReadiness, aside: Aside = NOTHING) -> WeekReport:
    days = dates or tuple(
        make_date((dt.date(2026, 11, 16) + dt.timedelta(days=day)).isoformat()) for day in range(7)
    )
    return WeekReport("2026-W47", days, aside, NOW)


def test_a_ready_week_says_so_with_its_figures() -> None:
    page = Page(render_report(make_report()))
    assert page.balanced
    assert page.tags.count("h1") == 1
    assert "Calls of week 2026-W47" in page.text
    assert "2026-11-16 to 2026-11-22, made 2026-11-17 06:00 UTC" in page.text
    assert "Ready. Every call of the week" in page.text
    assert "63 calls transcribed" in page.text
    assert "3.5 hours of audio" in page.text
    assert "5.0 % word error rate" in page.text
    assert "0.0175 USD instead of 1.26 USD outside" in page.text
    first = page.cells[:10]
    assert first == ["2026-11-16", "12", "9", "1", "1", "1", "30.0", "", "5.0 %", "yes"]
    assert page.text.count("None.") == 2


def test_a_week_that_misses_dates_names_them() -> None:
    late = make_date("2026-11-17", ready=False, reason="never processed", wer=None, audio_s=0.0)
    page = Page(render_report(make_report(make_date("2026-11-16"), late)))
    assert "Not ready. 1 of 2 dates are missing: 2026-11-17." in page.text
    assert page.cells[18:20] == ["–", "no: never processed"]


def test_without_labelled_calls_the_error_rate_is_unknown() -> None:
    date = make_date("2026-11-16", wer=None, reference_words=0)
    page = Page(render_report(make_report(date)))
    assert "unknown word error rate: no labelled calls" in page.text
    assert "0.0 %" not in page.text


def test_the_error_rate_is_pooled_by_words() -> None:
    dates = (
        make_date("2026-11-16", wer=0.5, reference_words=10),
        make_date("2026-11-17", wer=0.0, reference_words=990),
    )
    # 5 errors in 1,000 words: the mean of the two rates would be 25 %.
    assert "0.5 % word error rate" in Page(render_report(make_report(*dates))).text


def test_a_week_without_audio_renders() -> None:
    empty = make_date("2026-11-16", audio_s=0.0, recordings=0, transcribed=0, cost_usd=0.0)
    page = Page(render_report(make_report(empty)))
    assert page.balanced
    assert "0.0 min of audio" in page.text
    assert ("style", "width: 0%") in page.attributes


def test_calls_aside_are_listed_with_their_reasons() -> None:
    aside = Aside(
        review=(AsideRow("2026-11-16", "C7", "low_coverage,dual_mono"),),
        quarantined=(AsideRow("2026-11-17", "file:///calls/a.wav", "the file is empty"),),
    )
    page = Page(render_report(make_report(aside=aside)))
    assert "Calls to review (1)" in page.text
    assert "Recordings kept aside (1)" in page.text
    assert page.cells[-6:] == [
        *("2026-11-16", "C7", "low coverage, dual mono"),
        *("2026-11-17", "file:///calls/a.wav", "the file is empty"),
    ]


def test_what_callers_and_files_are_named_is_only_text() -> None:
    aside = Aside(
        review=(AsideRow("2026-11-16", HOSTILE, HOSTILE.replace("_", "")),),
        quarantined=(AsideRow("2026-11-16", HOSTILE, HOSTILE),),
    )
    date = make_date("2026-11-16", ready=False, reason=HOSTILE)
    html = render_report(make_report(date, aside=aside))
    page = Page(html)
    assert page.balanced
    assert "script" not in page.tags
    assert page.text.count(HOSTILE) == 5
    assert "<script>alert" not in html


@pytest.mark.parametrize("ready", [True, False])
def test_the_page_needs_no_network(ready: bool) -> None:
    html = render_report(make_report(make_date("2026-11-16", ready=ready)))
    page = Page(html)
    assert not {"script", "link", "img", "iframe", "object", "base"} & set(page.tags)
    fetching = {"src", "href", "srcset", "data", "action", "background", "poster"}
    assert not fetching & {name for name, _ in page.attributes}
    assert not re.search(r"https?:|//|@import|url\(", html)
