"""The speech that other tests stand on: it is speech, its text belongs to it, it is repeatable."""

from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline_tests.speech import fetch as fetch_module
from stt_pipeline_tests.speech import prompts as prompts_module
from stt_pipeline_tests.speech.calls import (
    RATE_HZ,
    JoinedCall,
    Samples,
    Turn,
    choose_prompts,
    join_prompts,
    read_prompt,
    two_channel_call,
)
from stt_pipeline_tests.speech.encode import Codec, encode, write_gsm, write_wav
from stt_pipeline_tests.speech.prompts import (
    Language,
    Prompt,
    PromptsMissingError,
    load_prompts,
    parse_script,
)


def decode(path: Path, rate_hz: int = RATE_HZ) -> Samples:
    """The samples of an audio file at `rate_hz`, of shape (n,) or (n, 2)."""
    with av.open(str(path)) as recording:
        channels = recording.streams.audio[0].channels
        layout = "mono" if channels == 1 else "stereo"
        resampler = av.AudioResampler(format="s16", layout=layout, rate=rate_hz)
        frames = [
            part for frame in recording.decode(audio=0) for part in resampler.resample(frame)
        ] + resampler.resample(None)
    samples = np.concatenate([frame.to_ndarray() for frame in frames], axis=1)
    return samples.reshape(-1, channels).squeeze()


def likeness(one: Samples, other: Samples) -> float:
    """The highest correlation of two sounds over all delays: 1 is the same sound."""
    size = len(one) + len(other)
    product = np.fft.rfft(one.astype(float), size) * np.conj(np.fft.rfft(other.astype(float), size))
    norm = np.linalg.norm(one.astype(float)) * np.linalg.norm(other.astype(float))
    return float(np.max(np.fft.irfft(product, size)) / norm)


def rms_dbfs(samples: Samples) -> float:
    return float(10 * np.log10(np.mean((samples / 32768.0) ** 2)))


@pytest.fixture(scope="module")
def call(english_prompts: list[Prompt]) -> JoinedCall:
    return join_prompts(choose_prompts(english_prompts, speech_s=20, seed=1), pause_s=0.6, seed=1)


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", ("vm-goodbye", "Goodbye")),
        ("fr", ("vm-goodbye", "Au revoir.")),
    ],
)
def test_sentences_are_minutes_of_speech_with_texts(
    language: Language, sentence: tuple[str, str]
) -> None:
    prompts = load_prompts(language)
    assert sum(prompt.duration_s for prompt in prompts) > 15 * 60
    assert sentence in [(prompt.name, prompt.text) for prompt in prompts]
    quiet = [prompt.name for prompt in prompts if rms_dbfs(read_prompt(prompt)) < -45]
    assert quiet == []


@pytest.mark.parametrize("language", ["en", "fr"])
def test_sounds_and_single_words_are_kept_apart(language: Language) -> None:
    names = {prompt.name for prompt in load_prompts(language)}
    assert names.isdisjoint({"beep", "beeperr", "ascending-2tone", "tt-monkeys", "confbridge-join"})
    assert not [name for name in names if "/" in name]
    digits = {prompt.name: prompt.text for prompt in load_prompts(language, folder="digits")}
    assert digits["digits/7"] == {"en": "seven", "fr": "sept"}[language]


def test_the_order_of_prompts_never_changes() -> None:
    assert load_prompts("fr") == load_prompts("fr")


def test_a_text_glued_to_the_next_line_of_the_script_is_left_out(
    french_prompts: list[Prompt],
) -> None:
    assert not [prompt.name for prompt in french_prompts if "vm-" in prompt.text]


@given(
    st.lists(
        st.tuples(
            st.from_regex(r"[a-z0-9-]{1,9}(/[a-z0-9]{1,4})?", fullmatch=True), st.text("abé .,'")
        )
    )
)
def test_a_script_is_read_back_as_written(lines: list[tuple[str, str]]) -> None:
    script = "; a comment: not a prompt\n" + "".join(f"{name}: {text}\n" for name, text in lines)
    spoken = [(name, " ".join(text.split())) for name, text in lines]
    assert parse_script(script) == [(name, text) for name, text in spoken if text]


@pytest.mark.parametrize("text", ["[ascending tones]", "(beep)", "<beep ascending>", "at [@]", ""])
def test_a_text_that_is_no_speech_is_left_out(text: str) -> None:
    assert parse_script(f"name: {text}\nvm-and: et\n") == [("vm-and", "et")]


def test_missing_prompts_name_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompts_module, "ROOTS", (tmp_path,))
    with pytest.raises(PromptsMissingError, match="run 'make test'"):
        load_prompts("en")


def test_fetching_without_apt_is_one_sentence_and_exit_status_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(prompts_module, "ROOTS", (tmp_path,))
    monkeypatch.setattr(fetch_module, "UNPACKED", tmp_path / "prompts")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert fetch_module.main() == 2
    sentence = capsys.readouterr().err
    assert sentence.count("\n") == 1
    assert "asterisk-core-sounds-fr-wav" in sentence


def test_a_failing_download_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tools, target = tmp_path / "tools", tmp_path / "var" / "prompts"
    tools.mkdir()
    for name in ("apt-get", "dpkg"):
        (tools / name).write_text("#!/bin/sh\necho 'E: the mirror is away' >&2\nexit 100\n")
        (tools / name).chmod(0o755)
    monkeypatch.setattr(prompts_module, "ROOTS", (target,))
    monkeypatch.setattr(fetch_module, "UNPACKED", target)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    assert fetch_module.main() == 2
    assert capsys.readouterr().err.endswith("apt-get says: E: the mirror is away\n")
    assert list(target.parent.iterdir()) == []


def test_chosen_prompts_differ_and_are_repeatable(english_prompts: list[Prompt]) -> None:
    chosen = choose_prompts(english_prompts, speech_s=60, seed=7)
    assert chosen == choose_prompts(english_prompts, speech_s=60, seed=7)
    assert chosen != choose_prompts(english_prompts, speech_s=60, seed=8)
    assert len({prompt.name for prompt in chosen}) == len(chosen)
    without_last = sum(prompt.duration_s for prompt in chosen[:-1])
    assert without_last < 60 <= without_last + chosen[-1].duration_s
    with pytest.raises(ValueError, match="short of"):
        choose_prompts(chosen, speech_s=600, seed=7)


def test_a_joined_call_holds_its_prompts_where_it_says(english_prompts: list[Prompt]) -> None:
    prompts = choose_prompts(english_prompts, speech_s=20, seed=2)
    call = join_prompts(prompts, pause_s=0.6, seed=2)
    assert call.text == " ".join(prompt.text for prompt in prompts)
    assert [turn.text for turn in call.turns] == [prompt.text for prompt in prompts]
    for turn, prompt in zip(call.turns, prompts, strict=True):
        assert np.array_equal(samples_of(call, turn), read_prompt(prompt))
    starts = [turn.start_s for turn in call.turns[1:]] + [call.duration_s]
    pauses = [start - turn.end_s for turn, start in zip(call.turns, starts, strict=True)]
    assert all(0.3 - 1e-3 <= pause <= 0.9 + 1e-3 for pause in pauses)
    assert len({round(pause, 3) for pause in pauses}) > 1


def test_only_one_side_of_a_two_channel_call_speaks_at_a_time(
    english_prompts: list[Prompt], french_prompts: list[Prompt]
) -> None:
    left = join_prompts(choose_prompts(english_prompts, speech_s=20, seed=3), pause_s=0.5, seed=3)
    right = join_prompts(choose_prompts(french_prompts, speech_s=8, seed=3), pause_s=0.5, seed=3)
    both = two_channel_call(left, right)
    assert both.samples.shape == (len(left.samples) + len(right.samples), 2)
    assert (both.left.text, both.right.text) == (left.text, right.text)
    assert not np.any((both.samples[:, 0] != 0) & (both.samples[:, 1] != 0))
    for before, after in ((left, both.left), (right, both.right)):
        for old, new in zip(before.turns, after.turns, strict=True):
            assert np.array_equal(samples_of(before, old), samples_of(after, new))
    assert both.left.turns[0].start_s == 0
    assert both.left.turns[0].end_s < both.right.turns[0].start_s < both.left.turns[1].start_s


def samples_of(call: JoinedCall, turn: Turn) -> Samples:
    return call.samples[round(turn.start_s * RATE_HZ) : round(turn.end_s * RATE_HZ)]


@pytest.mark.parametrize(
    ("suffix", "codec", "written", "least_likeness"),
    [
        ("wav", "pcm_s16le", "pcm_s16le", 1.0),
        ("flac", "flac", "flac", 1.0),
        ("wav", "pcm_mulaw", "pcm_mulaw", 0.99),
        ("wav", "pcm_alaw", "pcm_alaw", 0.99),
        ("g722", "g722", "adpcm_g722", 0.95),
        ("mp3", "libmp3lame", "mp3", 0.95),
        ("ogg", "libopus", "opus", 0.9),
        ("m4a", "aac", "aac", 0.95),
    ],
)
def test_every_codec_gives_the_speech_back(
    call: JoinedCall, tmp_path: Path, suffix: str, codec: Codec, written: str, least_likeness: float
) -> None:
    path = encode(tmp_path / f"call.{suffix}", call.samples, RATE_HZ, codec=codec)
    with av.open(str(path)) as recording:
        assert recording.streams.audio[0].codec.canonical_name == written
    decoded = decode(path)
    # AAC pads by two of its frames of 1,024 samples.
    assert len(decoded) / RATE_HZ == pytest.approx(call.duration_s, abs=0.26)
    assert likeness(decoded, call.samples) >= least_likeness - 1e-9


def test_two_channels_stay_apart_in_a_mu_law_file(
    call: JoinedCall, english_prompts: list[Prompt], tmp_path: Path
) -> None:
    other = join_prompts(choose_prompts(english_prompts, speech_s=10, seed=9), pause_s=0.5, seed=9)
    both = two_channel_call(call, other)
    decoded = decode(write_wav(tmp_path / "call.wav", both.samples, RATE_HZ, "pcm_mulaw"))
    assert decoded.shape == both.samples.shape
    for channel in (0, 1):
        assert likeness(decoded[:, channel], both.samples[:, channel]) > 0.99


def test_joined_gsm_twins_are_the_same_speech(
    english_prompts: list[Prompt], tmp_path: Path
) -> None:
    prompts = choose_prompts(english_prompts, speech_s=10, seed=4)
    decoded = decode(write_gsm(tmp_path / "call.gsm", prompts))
    spoken = np.concatenate([read_prompt(prompt) for prompt in prompts])
    # A GSM frame is 20 ms: each prompt may be longer by up to one.
    assert 0 <= len(decoded) / RATE_HZ - len(spoken) / RATE_HZ <= 0.02 * len(prompts)
    first = read_prompt(prompts[0])
    assert likeness(decoded[: len(first)], first) > 0.8
