"""Leaves these tests out of `make test`, which has no image: `make image-check` runs them."""

import os
import shlex

import pytest

from stt_pipeline_tests.cloud.s3 import s3_endpoint as s3_endpoint

RUN = "STT_TEST_IMAGE_RUN"
"""The command before a command in the image, on this machine's network."""

collect_ignore_glob = [] if os.environ.get(RUN) else ["test_*.py"]


@pytest.fixture(scope="session")
def in_image() -> list[str]:
    """The words that a command in the image begins with."""
    return shlex.split(os.environ[RUN])
