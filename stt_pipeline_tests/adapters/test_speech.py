"""Speech found in real prompts, however the audio is cut into pieces; none in other sounds."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Final

import numpy as np
import pytest
from faster_whisper.vad import get_vad_model
from numpy.typing import NDArray

from stt_pipeline.adapters.audio import decode
from stt_pipeline.adapters.whisper import speech
from stt_pipeline.adapters.whisper.speech import ChannelListener, Samples, Utterance
from stt_pipeline.domain.quality.signals import LIMITS
from stt_pipeline.domain.speech.activity import RATE
from stt_pipeline.domain.speech.engine import SpeechDetection
from stt_pipeline.domain.speech.transcription import Channel, Span
from stt_pipeline_tests.speech.calls import RATE_HZ, JoinedCall, choose_prompts, join_prompts
from stt_pipeline_tests.speech.calls import Samples as TelephoneSamples
from stt_pipeline_tests.speech.encode import WavCodec, write_wav
from stt_pipeline_tests.speech.prompts import Language, Prompt, load_prompts
from stt_pipeline_tests.speech.sounds import dtmf, pink_noise, silence, tone, white_noise

Detector = Callable[[Samples], NDArray[np.float32]]
WHOLE: Final = "whole"
CUTS: Final = ("3 s", "7 s", "ragged")


def heard_in(
    samples: TelephoneSamples, folder: Path, cut: str = WHOLE, codec: WavCodec = "pcm_s16le"
) -> tuple[Channel, list[Utterance], Samples]:
    """What a listener hears of the sound, fed as `cut` says; and the sound at 16 kHz."""
    path = write_wav(folder / "sound.wav", samples, RATE_HZ, codec)
    with path.open("rb") as file:
        sound = np.concatenate(list(decode(file, path.name, 600.0)), axis=1)[0]
    listener = ChannelListener(0, "agent", SpeechDetection())
    heard = [one for piece in cut_up(sound, cut) for one in listener.listen(piece)]
    heard += listener.finish()
    return listener.channel, heard, sound


def cut_up(sound: Samples, cut: str) -> Iterator[Samples]:
    random = Random(11)
    at = 0
    while at < len(sound):
        drawn = {WHOLE: 1e6, "ragged": random.uniform(0.02, 9)}
        end = at + int(drawn.get(cut, 0) * RATE or float(cut.removesuffix(" s")) * RATE)
        yield sound[at:end]
        at = end


def share_within(sound: Samples, speech: tuple[Span, ...]) -> float:
    """Share of the sound's energy that lies in the speech."""
    energy = np.square(sound, dtype=np.float64)
    inside = sum(
        float(energy[round(span.start_s * RATE) : round(span.end_s * RATE)].sum())
        for span in speech
    )
    return inside / float(energy.sum())


@pytest.fixture(scope="module", params=["en", "fr"])
def call(request: pytest.FixtureRequest) -> JoinedCall:
    language: Language = request.param
    prompts = choose_prompts(load_prompts(language), speech_s=60, seed=3)
    return join_prompts(prompts, pause_s=1.0, seed=3)


def test_every_prompt_is_found_and_the_pauses_are_not(call: JoinedCall, tmp_path: Path) -> None:
    channel, _, sound = heard_in(call.samples, tmp_path)
    # The pauses are digital silence: all energy is in the prompts.
    assert share_within(sound, channel.speech) > 0.9999
    for turn in call.turns:
        middle_s = (turn.start_s + turn.end_s) / 2
        assert any(span.start_s <= middle_s <= span.end_s for span in channel.speech), turn
    assert channel.speech_s < 0.97 * call.duration_s


@pytest.mark.parametrize("cut", CUTS)
def test_pieces_give_the_same_speech_as_the_whole(
    call: JoinedCall, tmp_path: Path, cut: str
) -> None:
    """The detection starts afresh at the same places of the call, wherever a piece ends."""
    whole, _, _ = heard_in(call.samples, tmp_path)
    pieces, _, _ = heard_in(call.samples, tmp_path, cut)
    assert pieces == whole


@pytest.mark.parametrize("quiet_s", [33, 64, 301])
@pytest.mark.parametrize("level_dbfs", [None, -60], ids=["silence", "line noise"])
def test_speech_after_a_long_silence_is_found_from_its_beginning(
    call: JoinedCall, tmp_path: Path, quiet_s: int, level_dbfs: float | None
) -> None:
    """Listening on without a fresh start, the detection came up to 1.9 s late after silence."""
    first = call.turns[0]
    speech = call.samples[: round(first.end_s * RATE_HZ)]
    samples = np.concatenate((silence(quiet_s), speech, silence(3)))
    if level_dbfs is not None:
        noise = white_noise(len(samples) / RATE_HZ, seed=6, level_dbfs=level_dbfs)
        samples = samples + noise[: len(samples)]
    channel, _, _ = heard_in(samples, tmp_path)
    # Up to 0.4 s of padding lie before it.
    assert quiet_s - 0.6 < channel.speech[0].start_s < quiet_s + 0.2
    assert channel.speech_s >= first.end_s - first.start_s - 0.2


@pytest.mark.parametrize("cut", [WHOLE, *CUTS])
def test_no_second_is_heard_twice_and_each_utterance_is_its_span(
    call: JoinedCall, tmp_path: Path, cut: str
) -> None:
    channel, heard, sound = heard_in(call.samples, tmp_path, cut)
    assert tuple(one.span for one in heard) == channel.speech
    assert all(one.end_s <= two.start_s for one, two in pairwise(channel.speech))
    for one in heard:
        start, end = round(one.span.start_s * RATE), round(one.span.end_s * RATE)
        assert np.array_equal(one.sound.samples, sound[start:end])
        assert one.sound.spoken.shape == one.sound.samples.shape
    assert all(0 < span.duration_s <= 30.0 for span in channel.speech)
    assert channel.speech[-1].end_s <= len(sound) / RATE


def test_speech_without_a_pause_longer_than_the_window_is_cut(
    english_prompts: list[Prompt], tmp_path: Path
) -> None:
    prompts = choose_prompts(english_prompts, speech_s=75, seed=9)
    call = join_prompts(prompts, pause_s=0.0, seed=9)
    channel, _, sound = heard_in(call.samples, tmp_path, "7 s")
    assert max(span.duration_s for span in channel.speech) <= 30.0
    assert share_within(sound, channel.speech) > 0.9999


@pytest.mark.parametrize("cut", [WHOLE, "7 s"])
@pytest.mark.parametrize(
    "sound",
    [
        silence(20),
        white_noise(20, seed=1),
        white_noise(20, seed=2, level_dbfs=-12),
        pink_noise(20, seed=3),
        tone(20),
        dtmf("0123456789*#" * 5),
    ],
    ids=["silence", "white noise", "loud white noise", "pink noise", "440 Hz", "keys"],
)
def test_what_is_no_speech_is_not_found(sound: TelephoneSamples, cut: str, tmp_path: Path) -> None:
    channel, heard, _ = heard_in(sound, tmp_path, cut)
    assert heard == []
    assert (channel.speech, channel.rms, channel.clipped_share) == ((), 0.0, 0.0)


def test_quiet_is_not_heard_and_costs_no_speech(
    call: JoinedCall, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a channel whose side listens half the time."""
    turns = [silence(14), call.samples[: 12 * RATE_HZ], silence(23), call.samples[: 8 * RATE_HZ]]
    samples = np.concatenate(turns)
    heard_s = []

    def counted() -> Detector:
        def detector(sound: Samples) -> NDArray[np.float32]:
            heard_s.append(len(sound) / RATE)
            likely: NDArray[np.float32] = get_vad_model()(sound)
            return likely

        return detector

    monkeypatch.setattr(speech, "get_vad_model", counted)
    skipped, _, _ = heard_in(samples, tmp_path)
    skipped_s = sum(heard_s)
    heard_s.clear()
    monkeypatch.setattr(speech, "QUIET", 0.0)
    whole, _, _ = heard_in(samples, tmp_path)

    assert skipped_s < 0.65 * sum(heard_s)
    assert len(skipped.speech) == len(whole.speech)
    for ours, theirs in zip(skipped.speech, whole.speech, strict=True):
        assert ours.start_s == pytest.approx(theirs.start_s, abs=0.15)
        assert ours.end_s == pytest.approx(theirs.end_s, abs=0.15)


def test_a_channel_of_no_samples_is_heard() -> None:
    listener = ChannelListener(0, "agent", SpeechDetection())
    assert listener.listen(np.zeros(0, dtype=np.float32)) == []
    assert listener.finish() == []
    assert listener.channel == Channel(0, "agent", (), 0.0, 0.0, 0.0)


class TestSignal:
    def test_level_is_of_the_speech_alone(self, call: JoinedCall, tmp_path: Path) -> None:
        channel, heard, sound = heard_in(call.samples, tmp_path)
        speech = np.concatenate([one.sound.samples for one in heard])
        assert channel.rms == pytest.approx(float(np.sqrt(np.mean(speech**2))), rel=1e-3)
        assert channel.peak == pytest.approx(float(np.abs(sound).max()), abs=1e-4)
        assert channel.clipped_share == 0.0

    @pytest.mark.parametrize("cut", [WHOLE, "7 s"])
    def test_background_is_all_but_the_speech(
        self, call: JoinedCall, tmp_path: Path, cut: str
    ) -> None:
        noise = white_noise(20, seed=4, level_dbfs=-30)
        channel, _, _ = heard_in(np.concatenate((call.samples, noise)), tmp_path, cut)
        heard_s = len(call.samples) / RATE_HZ + 20 - channel.speech_s
        expected = 10 ** (-30 / 20) * (20 / heard_s) ** 0.5
        assert channel.background_rms == pytest.approx(expected, rel=0.1)

    def test_half_the_level_is_half_the_figures(self, call: JoinedCall, tmp_path: Path) -> None:
        loud, _, _ = heard_in(call.samples, tmp_path)
        soft, _, _ = heard_in(call.samples // 2, tmp_path)
        assert soft.peak == pytest.approx(loud.peak / 2, rel=0.01)
        assert soft.rms == pytest.approx(loud.rms / 2, rel=0.05)

    @pytest.mark.parametrize("codec", ["pcm_s16le", "pcm_mulaw", "pcm_alaw"])
    def test_clipped_speech_shows_by_its_share(
        self, call: JoinedCall, tmp_path: Path, codec: WavCodec
    ) -> None:
        """Resampled to 16 kHz, clipped speech swings to twice full scale: it must still be seen."""
        loud = call.samples.astype(np.int32) * 5
        channel, _, _ = heard_in(np.clip(loud, -32768, 32767), tmp_path, "7 s", codec)
        clipped_s = np.count_nonzero(np.abs(loud) >= 32767) / RATE_HZ
        assert channel.clipped_share == pytest.approx(clipped_s / channel.speech_s, rel=0.15)
        assert channel.clipped_share > LIMITS.clipped_share
        assert channel.peak == 1.0
