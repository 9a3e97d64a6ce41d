"""QUALITY.md says what the code does: its examples agree, signals and limits are there."""

import re
from pathlib import Path

import pytest

from stt_pipeline.domain.quality.channel_roles import MIN_CALLS
from stt_pipeline.domain.quality.expected_wer import MIN_LABELLED_CALLS
from stt_pipeline.domain.quality.normalise import NORMALISERS, french
from stt_pipeline.domain.quality.signals import LIMITS, SIGNALS

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "stt_pipeline" / "domain" / "quality" / "QUALITY.md").read_text()


def rows(text: str) -> list[list[str]]:
    """The rows of a Markdown table, without its head."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


[EXAMPLES] = re.findall(r"<!-- examples -->(.*?)<!-- /examples -->", PAGE, re.DOTALL)


@pytest.mark.parametrize(("written", "or_so", "both"), rows(EXAMPLES))
def test_an_example_of_the_page_is_true(written: str, or_so: str, both: str) -> None:
    assert french(written) == french(or_so) == both


def test_the_page_names_every_signal_once_and_in_order() -> None:
    assert re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE) == list(SIGNALS)


@pytest.mark.parametrize(
    ("signal", "figures"),
    [
        ("low_coverage", (f"{LIMITS.coverage:.0%}", f"{LIMITS.unsaid_s:g} s")),
        ("loop", (f"{LIMITS.compression_ratio:g} times",)),
        (
            "low_confidence",
            (
                f"{LIMITS.word_probability:g}",
                f"{LIMITS.english_word_probability:g}",
                f"{LIMITS.avg_logprob:g}",
            ),
        ),
        ("no_speech_contradiction", (f"{LIMITS.no_speech_prob:g}",)),
        ("language_doubtful", (f"{LIMITS.language_probability:g}",)),
        ("channels_leak", (f"{LIMITS.echoed_share:.0%}",)),
        ("channels_swapped", (f"e^{LIMITS.role_odds:g}", str(MIN_CALLS))),
        ("clipping", (f"{LIMITS.clipped_share:.0%}",)),
        ("loud_pauses", (f"{LIMITS.background:.0%}",)),
        ("text_outside_audio", (f"{LIMITS.outside_s:g} s",)),
        ("too_fast", (f"{LIMITS.words_per_s:g} words",)),
        ("cut_off", (f"{LIMITS.end_s:g} s",)),
    ],
)
def test_a_limit_of_the_page_is_that_of_the_code(signal: str, figures: tuple[str, ...]) -> None:
    [line] = [line for line in PAGE.splitlines() if line.startswith(f"| `{signal}` |")]
    assert all(figure in line for figure in figures)


def test_normalisers_and_the_least_number_of_labels_are_those_of_the_code() -> None:
    assert all(f"`{name}`" in PAGE for name, _ in NORMALISERS.values())
    assert f"Below {MIN_LABELLED_CALLS} labelled calls" in PAGE
