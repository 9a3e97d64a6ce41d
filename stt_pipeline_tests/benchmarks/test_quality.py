"""What the figures of quality rest on: the calls, the faults, the arithmetic; and a small run."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stt_pipeline.domain.quality.signals import flags
from stt_pipeline_tests.benchmarks import quality, quality_calls, quality_faults, quality_texts
from stt_pipeline_tests.benchmarks.quality_calls import LANGUAGES, Call
from stt_pipeline_tests.benchmarks.quality_figures import errors_row, speakers_row
from stt_pipeline_tests.benchmarks.quality_french import corrected, sounds_alike, substitutions
from stt_pipeline_tests.benchmarks.quality_show import targets
from stt_pipeline_tests.factories import make_segment, make_transcription
from stt_pipeline_tests.speech.calls import RATE_HZ, Turn
from stt_pipeline_tests.speech.prompts import Language


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_prompt_is_in_both_halves(language: Language) -> None:
    halves = quality_calls.halves(language)
    names = {half: {one.name for one in prompts} for half, prompts in halves.items()}

    assert not names["fit"] & names["report"]
    assert abs(len(names["fit"]) - len(names["report"])) <= 1


def test_clean_calls_hold_every_prompt_of_their_half_and_none_of_the_other() -> None:
    calls = [one for one in quality_calls.clean_calls("fit", "en", 1) if len(one.turns) == 1]
    spoken = {turn.text for call in calls for turn in call.turns[""]}
    prompts = {prompt.text for prompt in quality_calls.halves("en")["fit"]}

    assert spoken <= prompts
    assert len(spoken) > 0.9 * len(prompts)
    assert all(30 < call.duration_s < 90 for call in calls)


@pytest.fixture(scope="module")
def clean() -> dict[int, Call]:
    """A clean call of one channel, and one of two."""
    calls = list(quality_calls.clean_calls("report", "fr", 1))
    return {
        channels: next(one for one in calls if len(one.turns) == channels) for channels in (1, 2)
    }


def test_two_channels_take_turns_to_the_end(clean: dict[int, Call]) -> None:
    agent, customer = (clean[2].turns[who] for who in ("agent", "customer"))

    assert 0 <= len(agent) - len(customer) <= 1
    assert all(one.end_s <= other.start_s for one, other in zip(agent, customer, strict=False))
    assert np.abs(clean[2].samples[: round(agent[0].end_s * RATE_HZ), 1]).max() == 0


@pytest.mark.parametrize("spoil", [*quality_faults.MONO_FAULTS, *quality_faults.TWO_CHANNEL_FAULTS])
def test_every_fault_changes_a_call_and_keeps_what_was_said(
    spoil: quality_faults.Spoil, clean: dict[int, Call]
) -> None:
    call = clean[2 if spoil in quality_faults.TWO_CHANNEL_FAULTS else 1]
    spoiled = spoil(call, 1)

    assert spoiled.texts == call.texts
    assert spoiled.samples.dtype == np.int16
    assert (spoiled.samples.shape, spoiled.languages, spoiled.rate_hz) != (
        call.samples.shape,
        call.languages,
        call.rate_hz,
    ) or not np.array_equal(spoiled.samples, call.samples)


def test_longer_pauses_leave_the_speech_as_it_was(clean: dict[int, Call]) -> None:
    call = clean[1]
    spoiled = quality_faults.music_in_pauses(call, 0)

    for before, after in zip(call.turns[""], spoiled.turns[""], strict=True):
        first, then = round(before.start_s * RATE_HZ), round(after.start_s * RATE_HZ)
        length = round((before.end_s - before.start_s) * RATE_HZ)
        assert np.array_equal(
            call.samples[first : first + length], spoiled.samples[then : then + length]
        )
    assert spoiled.duration_s > call.duration_s + 12


def test_a_call_is_cut_off_where_somebody_speaks(clean: dict[int, Call]) -> None:
    cut = quality_faults.cut_off(clean[1], 0)

    assert cut.duration_s < clean[1].duration_s - 0.5
    assert np.abs(cut.samples[-RATE_HZ // 25 :]).max() > 500


HEARD = make_transcription(
    [
        make_segment(f"this is utterance number {number} of a call", 4.0 * number)
        for number in range(15)
    ],
    duration_s=61.0,
)


@pytest.mark.parametrize("fault", quality_texts.TEXT_FAULTS)
def test_every_fault_of_a_text_changes_it(fault: quality_texts.Fault) -> None:
    broken = fault(HEARD)

    assert flags(HEARD) == ()
    assert broken.segments != HEARD.segments
    assert all(segment.words for segment in broken.segments)


def test_faults_of_texts_are_dealt_out_evenly() -> None:
    dealt = [(place, fault) for place, fault, _ in quality_texts.spoiled_texts([HEARD] * 7, 3)]

    assert len(dealt) == len(set(dealt)) == 15
    assert {fault for _, fault in dealt} == {one.__name__ for one in quality_texts.TEXT_FAULTS}


def test_a_word_belongs_to_who_speaks_at_its_middle() -> None:
    turns = {"agent": (Turn(0.0, 2.0, "one two"),), "customer": (Turn(3.0, 5.0, "three"),)}
    call = Call("c", "en", np.zeros((8 * RATE_HZ, 2), np.int16), turns)
    heard = make_transcription(
        [
            make_segment("one two", 0.5),
            make_segment("three", 3.5, speaker="agent"),
            make_segment("nobody", 6.0),
        ]
    )

    assert speakers_row([call], {"c": heard}) == {"calls": 1, "words": 3, "wrong": 1}


def test_errors_are_pooled_over_the_speakers_of_all_calls() -> None:
    turns = {
        "agent": (Turn(0.0, 2.0, "good morning"),),
        "customer": (Turn(3.0, 5.0, "hello there"),),
    }
    call = Call("c", "en", np.zeros((8 * RATE_HZ, 2), np.int16), turns)
    heard = make_transcription(
        [make_segment("good morning"), make_segment("hello here", 3.5, speaker="customer")]
    )
    row = errors_row([call, replace(call, name="d")], {"c": heard, "d": make_transcription()})

    assert (row["reference_words"], row["wer"]) == (8, 5 / 8)
    assert (row["substitutions"], row["deletions"], row["low"]) == (1, 4, 1 / 4)


@pytest.mark.parametrize(
    ("one", "another", "alike"),
    [
        ("appuyez", "appuyer", True),
        ("appel", "appels", True),
        ("fermée", "fermé", True),
        ("a", "à", True),
        ("parle", "parlent", True),
        ("poste", "porte", False),
        ("cinq", "six", False),
    ],
)
def test_words_that_sound_alike(one: str, another: str, alike: bool) -> None:
    assert sounds_alike(one, another) == alike


def test_slips_of_the_scripts_are_put_right_and_nothing_else() -> None:
    assert corrected("Cette conférence est verouillée.") == "cette conférence est verrouillée"
    assert corrected("Aurevoir") == "au revoir"
    assert corrected("Vous avez 3 appels") == "vous avez trois appels"
    assert substitutions("un deux trois", "un dix") == [("deux", "dix")]


def test_a_small_run_prints_and_keeps_every_figure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The real engine and the plain library on a few short calls; then what they heard is kept."""
    arguments = ["--quick", "--out", str(tmp_path)]
    quality.run(quality.parse(arguments))
    figures = json.loads((tmp_path / "quality.json").read_text())
    printed = capsys.readouterr().out

    assert figures["heard"]["ours"]["heard"] > 5
    assert figures["wer"]["en"]["ours"]["reference_words"] > 20
    assert figures["wer"]["en"]["ours"]["wer"] < 0.2
    assert figures["speakers"]["wrong"] == 0
    assert figures["signals"]["spoiled"]["calls"] > 5
    assert all(one.row in printed for one in targets(figures))

    quality.run(quality.parse(arguments))
    again = json.loads((tmp_path / "quality.json").read_text())
    assert again["heard"]["ours"]["heard"] == 0
    assert {**again, "heard": None} == {**figures, "heard": None}
