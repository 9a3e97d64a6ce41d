"""Signals of a bad transcript: each shows where it should, and not on an ordinary call."""

from dataclasses import replace

import pytest

from stt_pipeline.domain.quality.call_figures import measure
from stt_pipeline.domain.quality.signals import LIMITS, SIGNALS, count_flags, flags, shown
from stt_pipeline_tests.factories import make_channel, make_segment, make_transcription

SENTENCE = "I would like to know when my new card will come please tell me"
GOOD = make_transcription(
    [make_segment(SENTENCE, 0.0), make_segment(SENTENCE, 6.0, speaker="customer")]
)


def test_an_ordinary_call_shows_no_signal() -> None:
    assert flags(GOOD) == ()


def test_a_silent_call_shows_no_signal() -> None:
    assert flags(make_transcription(language=None, language_probability=None)) == ()


AGENT, CUSTOMER = GOOD.channels
FIRST, SECOND = GOOD.segments
CASES = {
    "low_coverage": replace(GOOD, channels=(AGENT, make_channel("customer", [(6.0, 22.0)]))),
    "loop": replace(GOOD, segments=(FIRST, replace(SECOND, compression_ratio=2.5))),
    "low_confidence": replace(
        GOOD, segments=(FIRST, make_segment(SENTENCE, 6.0, speaker="customer", avg_logprob=-1.9))
    ),
    "no_speech_contradiction": replace(
        GOOD, segments=(FIRST, replace(SECOND, no_speech_prob=0.7, avg_logprob=-1.1))
    ),
    "language_doubtful": replace(GOOD, language_probability=0.79),
    "languages_mixed": replace(GOOD, channels=(AGENT, replace(CUSTOMER, languages=("en", "fr")))),
    "dual_mono": replace(GOOD, dual_mono=True),
    "channels_leak": make_transcription(
        [make_segment(SENTENCE), make_segment(SENTENCE, 0.2, speaker="customer")]
    ),
    "channels_swapped": GOOD,
    "dead_channel": make_transcription(
        [make_segment(SENTENCE, word_s=0.8)],
        [make_channel("agent", [(0.0, 11.2)]), make_channel("customer", ())],
    ),
    "clipping": replace(GOOD, channels=(AGENT, replace(CUSTOMER, clipped_share=0.02))),
    "low_level": replace(GOOD, channels=(AGENT, replace(CUSTOMER, rms=0.002))),
    "loud_pauses": replace(GOOD, channels=(AGENT, replace(CUSTOMER, background_rms=0.02))),
    "text_outside_audio": replace(GOOD, duration_s=9.6),
    "too_fast": make_transcription(
        [make_segment(SENTENCE, word_s=0.15), make_segment(SENTENCE, 2.1, word_s=0.15)]
    ),
    "cut_off": replace(GOOD, duration_s=10.3),
}


def test_every_signal_has_its_case() -> None:
    assert tuple(CASES) == tuple(SIGNALS)


@pytest.mark.parametrize("signal", CASES)
def test_each_signal_shows_alone_where_its_fault_is(signal: str) -> None:
    role_odds = -12.5 if signal == "channels_swapped" else -11.5
    assert flags(CASES[signal], role_odds) == (signal,)


def test_every_fault_at_once_shows_every_signal_in_one_order() -> None:
    worst = replace(
        CASES["dead_channel"],
        duration_s=1.0,
        language_probability=0.1,
        dual_mono=True,
        channels=(
            make_channel("agent", [(0.0, 5.0), (50.0, 100.0)], rms=0.001, clipped_share=0.5),
            make_channel("customer", ()),
        ),
        segments=(
            make_segment(
                "no no " * 400, avg_logprob=-2.0, no_speech_prob=0.9, compression_ratio=9, word_s=0
            ),
            make_segment("late", 2.0),
        ),
    )

    absent = ("languages_mixed", "channels_leak", "channels_swapped", "loud_pauses", "cut_off")
    assert flags(worst) == tuple(name for name in SIGNALS if name not in absent)


@pytest.mark.parametrize(("peak", "shown"), [(0.0, False), (0.001, True), (0.01, False)])
def test_a_call_too_low_to_hear_anybody_is_told_from_a_silent_one(peak: float, shown: bool) -> None:
    channels = [make_channel("unknown", (), peak=peak, rms=0.0)]
    heard = make_transcription(channels=channels, language=None, language_probability=None)

    assert ("low_level" in flags(heard)) == shown


@pytest.mark.parametrize(("language", "shown"), [("en", True), ("fr", False)])
def test_what_is_unsure_in_english_is_usual_in_french(language: str, shown: bool) -> None:
    unsure = replace(FIRST, words=tuple(replace(one, probability=0.83) for one in FIRST.words))
    heard = make_transcription([unsure], [AGENT], language=language)
    assert ("low_confidence" in flags(heard)) == shown


def test_a_limit_is_what_decides() -> None:
    figures = measure(CASES["too_fast"])

    assert shown(figures, replace(LIMITS, words_per_s=figures.words_per_s)) == ()
    assert shown(figures, replace(LIMITS, words_per_s=figures.words_per_s - 0.1)) == ("too_fast",)


def test_signals_are_counted_over_calls() -> None:
    assert count_flags(iter(["loop,clipping", "", "loop"])) == {"loop": 2, "clipping": 1}
