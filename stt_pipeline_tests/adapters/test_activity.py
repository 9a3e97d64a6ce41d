"""The rules of speech and silence, against the library's own on the same probabilities."""

from itertools import pairwise

import faster_whisper.vad
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline.domain.speech.activity import FRAME_SAMPLES, SpeechActivity, Stretch
from stt_pipeline.domain.speech.chunking import WINDOW_S
from stt_pipeline.domain.speech.engine import SpeechDetection

# Speech, silence and doubt, in runs: frame after frame at random would never make a pause.
LEVELS = st.sampled_from([0.0, 0.1, 0.34, 0.36, 0.49, 0.5, 0.6, 1.0])
LENGTHS = st.integers(1, 60) | st.integers(880, 960)
RUNS = st.lists(st.tuples(LEVELS, LENGTHS), max_size=60)
PAUSES_MS = st.sampled_from([100, 500, 2000])
LAST_FRAME = st.integers(1, FRAME_SAMPLES - 1)


def of_the_library(
    probabilities: list[float], detection: SpeechDetection, samples: int
) -> list[Stretch]:
    """What faster-whisper makes of them, given at once."""
    options = faster_whisper.vad.VadOptions(
        threshold=detection.threshold,
        min_silence_duration_ms=detection.min_silence_ms,
        speech_pad_ms=detection.speech_pad_ms,
        max_speech_duration_s=WINDOW_S,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(faster_whisper.vad, "get_vad_model", lambda: lambda _: probabilities)
        found = faster_whisper.vad.get_speech_timestamps(np.zeros(samples, np.float32), options)
    return [(one["start"], one["end"]) for one in found]


@given(RUNS, PAUSES_MS, LAST_FRAME, st.lists(st.integers(0, 3000), max_size=5))
def test_frame_by_frame_they_give_what_the_library_gives_of_the_whole(
    runs: list[tuple[float, int]], pause_ms: int, last: int, cuts: list[int]
) -> None:
    probabilities = [level for level, frames in runs for _ in range(frames)] or [0.0]
    samples = (len(probabilities) - 1) * FRAME_SAMPLES + last
    detection = SpeechDetection(min_silence_ms=pause_ms)
    activity = SpeechActivity(detection)

    found: list[Stretch] = []
    for start, end in pairwise(sorted({0, *cuts, len(probabilities)})):
        open_from = activity.open_from
        given_now = activity.hear(probabilities[start:end])
        assert all(stretch[0] >= open_from for stretch in given_now)
        found += given_now
    found += activity.finish(samples)

    assert found == of_the_library(probabilities, detection, samples)


def test_what_is_certain_is_given_at_once() -> None:
    activity = SpeechActivity(SpeechDetection())
    assert activity.hear([1.0] * 100) == []
    # Half a second ends it; its padding is sure after 0.8 s.
    assert activity.hear([0.0] * 24) == []
    assert activity.hear([0.0]) == [(0, 100 * FRAME_SAMPLES + 6400)]
    assert activity.open_from == 125 * FRAME_SAMPLES - 6400
