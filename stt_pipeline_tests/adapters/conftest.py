"""The real engine for every test of this ring, its weights loaded once; and an S3 server."""

from pathlib import Path

import pytest

from stt_pipeline.adapters.whisper.engine import FasterWhisperTranscriber
from stt_pipeline.domain.speech.transcription import Transcription
from stt_pipeline_tests.adapters.hearing import Transcribe, heard_by, make_transcriber
from stt_pipeline_tests.cloud.s3 import aws as aws
from stt_pipeline_tests.cloud.s3 import bucket as bucket
from stt_pipeline_tests.cloud.s3 import proxy as proxy
from stt_pipeline_tests.cloud.s3 import s3_endpoint as s3_endpoint
from stt_pipeline_tests.speech.calls import (
    TwoChannelCall,
    choose_prompts,
    join_prompts,
    two_channel_call,
)
from stt_pipeline_tests.speech.prompts import Prompt


@pytest.fixture(scope="session")
def transcriber(model_dir: Path) -> FasterWhisperTranscriber:
    """The pipeline's own engine, base, int8, French or English, agent left, customer right."""
    return make_transcriber(model_dir)


@pytest.fixture(scope="session")
def transcribe(
    transcriber: FasterWhisperTranscriber, tmp_path_factory: pytest.TempPathFactory
) -> Transcribe:
    """Samples in, what the engine hears out; the samples are written as mu-law first."""
    folder = tmp_path_factory.mktemp("calls")
    return lambda samples: heard_by(transcriber, samples, folder)


@pytest.fixture(scope="session")
def dialogue(english_prompts: list[Prompt]) -> TwoChannelCall:
    """About a minute of English; no prompt is on both sides."""
    sides = [
        join_prompts(choose_prompts(half, speech_s=25, seed=seed), pause_s=0.8, seed=seed)
        for half, seed in ((english_prompts[::2], 5), (english_prompts[1::2], 6))
    ]
    return two_channel_call(*sides)


@pytest.fixture(scope="session")
def both_sides(dialogue: TwoChannelCall, transcribe: Transcribe) -> Transcription:
    """What the engine hears of the dialogue."""
    return transcribe(dialogue.samples)
