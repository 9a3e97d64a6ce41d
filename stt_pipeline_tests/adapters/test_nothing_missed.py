"""Every word that is said is heard: at the edges, after silence, quiet, at once, in two words.

Each bound was measured on base, int8; each would fail if a single turn were dropped.
"""

from dataclasses import dataclass
from typing import Final

import jiwer
import numpy as np
import pytest

from stt_pipeline.domain.quality.call_figures import coverage
from stt_pipeline.domain.quality.normalise import normaliser
from stt_pipeline.domain.quality.wer import ErrorCounts
from stt_pipeline.domain.speech.transcription import Transcription
from stt_pipeline_tests.adapters.hearing import (
    Transcribe,
    errors,
    loud_edges,
    text_of,
    within,
    words_of,
)
from stt_pipeline_tests.speech.calls import (
    RATE_HZ,
    JoinedCall,
    Samples,
    Turn,
    choose_prompts,
    join_prompts,
    read_prompt,
)
from stt_pipeline_tests.speech.prompts import Language, Prompt, load_prompts
from stt_pipeline_tests.speech.sounds import silence, white_noise

LANGUAGES: Final[tuple[Language, ...]] = ("en", "fr")


def words_in(text: str, language: Language) -> list[str]:
    return normaliser(language)[1](text).split()


def sentences(language: Language) -> list[Prompt]:
    """Prompts of 4 to 12 words."""
    return [one for one in load_prompts(language) if 4 <= len(one.text.split()) <= 12]


def report(name: str, counts: ErrorCounts) -> None:
    print(  # noqa: T201
        f"{name}: S {counts.substitutions} D {counts.deletions} I {counts.insertions} "
        f"of {counts.reference_words}"
    )


class TestEdges:
    @pytest.mark.parametrize("language", LANGUAGES)
    def test_words_are_heard_from_the_first_sample_to_the_last(
        self, language: Language, transcribe: Transcribe
    ) -> None:
        """Calls that begin in the middle of a breath and end on the last sound of a word."""
        prompts = choose_prompts(sentences(language), speech_s=32, seed=21)
        pairs = list(zip(prompts[::2], prompts[1::2], strict=False))
        missed_first, missed_last, counts = 0, 0, ErrorCounts()
        for first, last in pairs:
            samples, text = cut_close(first, last), f"{first.text} {last.text}"
            heard = transcribe(samples)
            speech = heard.channels[0].speech
            assert speech[0].start_s < 0.1
            assert speech[-1].end_s > len(samples) / RATE_HZ - 0.1
            missed = is_missed(text, text_of(heard), language)
            missed_first += missed[0]
            missed_last += missed[-1]
            counts += errors(text, text_of(heard), language)
        edges = f"first words {missed_first}, last words {missed_last} of {len(pairs)} missed"
        report(f"{language}: {edges}", counts)
        # Measured: 1 of 12 edges and 5 deletions in English, where the model leaves out the letters
        # of a spelled name that opens a call; none and 2 in French. On 30 prompts a language, cut
        # as close, as many words were missed as between seconds of silence.
        assert missed_first + missed_last <= 1
        assert counts.deletions <= 6


def is_missed(reference: str, hypothesis: str, language: Language) -> list[bool]:
    """For each word of the reference, whether nothing at all was heard in its place."""
    normalise = normaliser(language)[1]
    aligned = jiwer.process_words(normalise(reference), normalise(hypothesis)).alignments[0]
    return [
        one.type == "delete" for one in aligned for _ in range(one.ref_start_idx, one.ref_end_idx)
    ]


def cut_close(first: Prompt, last: Prompt) -> Samples:
    """Two prompts, a second apart, without the silence before the first and after the last."""
    opening, closing = read_prompt(first), read_prompt(last)
    begin, _ = loud_edges(opening)
    _, end = loud_edges(closing)
    return np.concatenate((opening[begin:], silence(1.0), closing[:end]))


class TestAfterTenMinutes:
    @pytest.mark.parametrize(
        ("language", "level_dbfs"), [("en", None), ("fr", -60)], ids=["silence", "line noise"]
    )
    def test_speech_is_heard_where_it_is(
        self, language: Language, level_dbfs: float | None, transcribe: Transcribe
    ) -> None:
        prompts = choose_prompts(sentences(language), speech_s=12, seed=22)
        call = join_prompts(prompts, pause_s=1.0, seed=22)
        waited_s = 600.0
        samples = np.concatenate((silence(waited_s), call.samples))
        if level_dbfs is not None:
            samples += white_noise(len(samples) / RATE_HZ, seed=3, level_dbfs=level_dbfs)
        heard = transcribe(samples)
        counts = errors(call.text, text_of(heard), language)
        report(language, counts)
        # Measured: 0 deletions in both, as without the silence.
        assert counts.deletions == 0
        assert counts.hits >= 0.8 * counts.reference_words
        turns = [Turn(one.start_s + waited_s, one.end_s + waited_s, one.text) for one in call.turns]
        assert all(any(within(turn, word) for turn in turns) for word in words_of(heard))
        assert heard.language == language


@dataclass(frozen=True)
class Sides:
    """What is said on each channel of a call, apart."""

    left: JoinedCall
    right: JoinedCall
    language: Language

    def errors(self, heard: Transcription) -> tuple[ErrorCounts, ErrorCounts]:
        """Of the agent, then of the customer."""
        return (
            errors(self.left.text, text_of(heard, "agent"), self.language),
            errors(self.right.text, text_of(heard, "customer"), self.language),
        )

    def at_once(self, *, right_db: float = 0.0) -> Samples:
        """Both channels from the start on, whatever the other says; the right one attenuated."""
        count = max(len(self.left.samples), len(self.right.samples))
        both = np.zeros((count, 2), dtype=np.int16)
        both[: len(self.left.samples), 0] = self.left.samples
        right = np.round(self.right.samples * 10 ** (right_db / 20))
        both[: len(right), 1] = right
        return both


@pytest.fixture(scope="module", params=LANGUAGES)
def sides(request: pytest.FixtureRequest) -> Sides:
    prompts = sentences(request.param)
    left, right = (
        join_prompts(choose_prompts(half, speech_s=12, seed=seed), pause_s=0.8, seed=seed)
        for half, seed in ((prompts[::2], 7), (prompts[1::2], 8))
    )
    return Sides(left, right, request.param)


class TestTwoVoices:
    def test_cross_talk_is_heard_on_both_channels(
        self, sides: Sides, transcribe: Transcribe
    ) -> None:
        heard = transcribe(sides.at_once())
        for counts in sides.errors(heard):
            report(sides.language, counts)
            assert counts.deletions <= 1
            assert counts.hits >= 0.75 * counts.reference_words
        covered = coverage(heard)
        assert covered is not None
        assert covered > 0.95

    def test_a_channel_30_db_below_the_other_is_heard(
        self, sides: Sides, transcribe: Transcribe
    ) -> None:
        heard = transcribe(sides.at_once(right_db=-30))
        for counts in sides.errors(heard):
            report(sides.language, counts)
            assert counts.deletions <= 1
            assert counts.hits >= 0.75 * counts.reference_words
        quiet = heard.channels[1]
        spoken_s = sum(turn.end_s - turn.start_s for turn in sides.right.turns)
        assert quiet.speech_s >= 0.9 * spoken_s
        assert quiet.rms < heard.channels[0].rms / 10


class TestTwoWords:
    @pytest.mark.parametrize("language", LANGUAGES)
    def test_every_turn_is_heard(self, language: Language, transcribe: Transcribe) -> None:
        """Yes and no, an hour, a floor: the turns that detectors drop first."""
        prompts = [one for one in load_prompts(language) if len(words_in(one.text, language)) == 2]
        call = join_prompts(prompts, pause_s=2.0, seed=23)
        heard = transcribe(call.samples)
        assert len(call.turns) > 15
        silent = [
            turn.text
            for turn in call.turns
            if not any(within(turn, word) for word in words_of(heard))
        ]
        assert silent == []
        counts = errors(call.text, text_of(heard), language)
        report(language, counts)
        # Measured: 1 of 52 words in English ("De-activated" in one word), none of 36 in French.
        assert counts.deletions <= 1
