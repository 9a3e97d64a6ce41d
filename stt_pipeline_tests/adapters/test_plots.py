"""The plots as a page takes them in: text as text, colours by variable, nothing from outside."""

import io
import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from matplotlib.image import imread

from stt_pipeline.adapters.plots import draw, progress_png
from stt_pipeline.domain.week.week_report import WeekReport
from stt_pipeline_tests.adapters import weeks

WEEKS = {
    "ready": weeks.ready_week(),
    "late": weeks.late_week(),
    "unlabelled": weeks.unlabelled_week(),
    "empty": weeks.empty_week(),
}


@pytest.fixture(scope="module")
def plots() -> dict[str, dict[str, str]]:
    """The plots of each week."""
    return {name: draw(report) for name, report in WEEKS.items()}


def texts(svg: str) -> list[str]:
    """The words of a plot, as a reader finds them."""
    found = ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    return ["".join(one.itertext()).strip() for one in found]


def test_each_week_has_its_plots(plots: dict[str, dict[str, str]]) -> None:
    assert {name: set(drawn) for name, drawn in plots.items()} == {
        "ready": {"progress", "days", "rates"},
        "late": {"progress", "days", "rates"},
        "unlabelled": {"progress", "days"},
        "empty": {"progress", "days"},
    }


def test_the_work_done_is_shown_against_the_deadline(plots: dict[str, dict[str, str]]) -> None:
    done, late = texts(plots["ready"]["progress"]), texts(plots["late"]["progress"])

    assert {"published", "deadline Mon 08:00", "all: 2,703.3 hours"} <= set(done)
    assert not {"forecast, with its range", "transcribed by now"} & set(done)
    assert {"published", "deadline Mon 08:00", "forecast, with its range"} <= set(late)
    assert "transcribed by now" in late


def test_each_date_has_its_bar_and_its_calls(plots: dict[str, dict[str, str]]) -> None:
    shown = texts(plots["ready"]["days"])

    assert {"Mon 16", "Sun 22", "hours of calls", "6,615"} <= set(shown)
    assert "ready" in " ".join(texts(plots["late"]["days"]))


def test_a_short_week_is_measured_in_minutes() -> None:
    dates = tuple(weeks.make_date(one.call_date, 0.02) for one in WEEKS["ready"].dates)

    assert "minutes of calls" in texts(draw(replace(WEEKS["ready"], dates=dates))["days"])


def test_every_rate_has_its_name(plots: dict[str, dict[str, str]]) -> None:
    names = {"All labelled calls", "English", "French", "Agent", "Customer", "limit 20%"}

    assert names <= set(texts(plots["ready"]["rates"]))


@pytest.mark.parametrize("name", WEEKS)
def test_a_plot_is_one_element_with_ids_of_its_own(
    name: str, plots: dict[str, dict[str, str]]
) -> None:
    found: list[str] = []
    for svg in plots[name].values():
        assert svg.startswith("<svg")
        ids = re.findall(r'\bid="([^"]+)"', svg)
        used = re.findall(r'(?:url\(|href=")#([^")]+)', svg)
        assert set(used) <= set(ids)
        assert "metadata" not in svg
        assert len(svg) < 40_000
        found += ids
    assert len(found) == len(set(found))


def test_the_same_week_is_drawn_the_same(plots: dict[str, dict[str, str]]) -> None:
    assert draw(weeks.late_week()) == plots["late"]


@pytest.mark.parametrize("report", WEEKS.values(), ids=WEEKS.keys())
def test_the_image_for_the_ui_is_on_white(report: WeekReport) -> None:
    png = progress_png(report.progress)
    image = imread(io.BytesIO(png), format="png")

    assert image.shape[1] > 500
    assert image[0, 0].tolist() == [1.0, 1.0, 1.0, 1.0]
    assert len(png) < 60_000
