"""What every test may ask for: real speech, verified weights, an empty lake. Downloads nothing."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from stt_pipeline.adapters.weights import verify
from stt_pipeline.domain.errors import UserError
from stt_pipeline.domain.speech.known_models import KNOWN_MODELS
from stt_pipeline_tests.speech.prompts import Language, Prompt, PromptsMissingError, load_prompts

_REPOSITORY: Final = Path(__file__).resolve().parents[1]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begins with what waits longest, so that tests in several processes end together."""
    items.sort(key=lambda item: item.path.name != "test_cloud.py")


@pytest.fixture(scope="session", autouse=True)
def _settings_of_the_tests_only() -> Iterator[None]:
    """Takes the caller's own STT_ settings out of the environment: a test says what it needs."""
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            if name.startswith("STT_") and not name.startswith("STT_TEST_"):
                patch.delenv(name)
        patch.setenv("DAGSTER_DISABLE_TELEMETRY", "yes")
        yield


@pytest.fixture(scope="session")
def english_prompts() -> list[Prompt]:
    """Sentences in English, telephone quality, with their texts: 8 kHz, about 20 minutes."""
    return _prompts("en")


@pytest.fixture(scope="session")
def french_prompts() -> list[Prompt]:
    """The same in Canadian French."""
    return _prompts("fr")


@pytest.fixture(scope="session")
def model_dir() -> Path:
    """The folder of the verified Whisper base weights: STT_TEST_MODEL, or `var/models/base`."""
    folder = Path(os.environ.get("STT_TEST_MODEL", _REPOSITORY / "var" / "models" / "base"))
    try:
        verify(folder, KNOWN_MODELS["base"].files)
    except UserError as error:
        pytest.fail(f"{error} 'make test' does so by itself.")
    return folder


@pytest.fixture
def tmp_lake(tmp_path: Path) -> Path:
    """An empty folder for the tables of one test; `as_uri()` makes it a value of STT_LAKE_URI."""
    lake = tmp_path / "lake"
    lake.mkdir()
    return lake


def _prompts(language: Language) -> list[Prompt]:
    try:
        return load_prompts(language)
    except PromptsMissingError as error:
        pytest.fail(str(error))
