"""A running service for the tests of this ring, and real calls."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stt_pipeline_tests.serving.running import Service
from stt_pipeline_tests.speech.calls import (
    RATE_HZ,
    choose_prompts,
    join_prompts,
    read_prompt,
    short_call,
    two_channel_call,
)
from stt_pipeline_tests.speech.encode import write_wav
from stt_pipeline_tests.speech.prompts import Prompt

Make = Callable[..., Service]


@pytest.fixture(scope="session")
def make_service(model_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Make]:
    """Starts services with the settings given; all are ended at the end."""
    started: list[Service] = []

    def make(**settings: str) -> Service:
        folder = tmp_path_factory.mktemp("service")
        service = Service(folder, model_dir, os.environ, **settings)
        started.append(service)
        return service.start()

    yield make
    for service in started:
        service.stop()


@pytest.fixture(scope="session")
def service(make_service: Make) -> Service:
    """One with the settings of a fresh machine, but for small limits."""
    return make_service(
        serve_max_mb="20", serve_max_minutes="30", serve_sync_minutes="1", serve_timeout_s="240"
    )


@pytest.fixture(scope="session")
def english_call(english_prompts: list[Prompt], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """About 15 s of English, mu-law."""
    folder = tmp_path_factory.mktemp("call")
    return write_wav(
        folder / "call.wav", short_call(english_prompts, 1).samples, RATE_HZ, "pcm_mulaw"
    )


@pytest.fixture(scope="session")
def brief_call(english_prompts: list[Prompt], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One sentence of it, with the word `password`: for what any words will do."""
    sentence = next(one for one in english_prompts if "password" in one.text)
    path = tmp_path_factory.mktemp("call") / "brief.wav"
    return write_wav(path, read_prompt(sentence), RATE_HZ, "pcm_mulaw")


@pytest.fixture(scope="session")
def english_text(english_prompts: list[Prompt]) -> str:
    """What is said in it."""
    return short_call(english_prompts, 1).text


@pytest.fixture(scope="session")
def french_call(french_prompts: list[Prompt], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """About 15 s of French, mu-law."""
    folder = tmp_path_factory.mktemp("call")
    return write_wav(
        folder / "appel.wav", short_call(french_prompts, 1).samples, RATE_HZ, "pcm_mulaw"
    )


@pytest.fixture(scope="session")
def dialogue_call(english_prompts: list[Prompt], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two channels: an agent left, a customer right."""
    left, right = short_call(english_prompts, 1), short_call(english_prompts, 2)
    folder = tmp_path_factory.mktemp("call")
    samples = two_channel_call(left, right).samples
    return write_wav(folder / "dialogue.wav", samples, RATE_HZ, "pcm_mulaw")


@pytest.fixture(scope="session")
def long_call(english_prompts: list[Prompt], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """More than a minute: a job where STT_SERVE_SYNC_MINUTES is one."""
    call = join_prompts(choose_prompts(english_prompts, speech_s=60, seed=4), pause_s=0.8, seed=4)
    folder = tmp_path_factory.mktemp("call")
    return write_wav(folder / "long.wav", call.samples, RATE_HZ, "pcm_mulaw")
