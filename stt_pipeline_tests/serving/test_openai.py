"""OpenAI's own Python client against the service."""

from collections.abc import Iterator
from pathlib import Path

import openai
import pytest

from stt_pipeline_tests.serving.running import JOIN_S, Service


@pytest.fixture
def client(service: Service) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(
        api_key="none", base_url=f"{service.url}/v1", timeout=JOIN_S, max_retries=0
    ) as one:
        yield one


def test_its_client_reads_every_format(
    client: openai.OpenAI, brief_call: Path, service: Service
) -> None:
    wanted = service.send(brief_call).json()
    text = wanted["text"]

    plain = client.audio.transcriptions.create(model="whisper-1", file=brief_call)
    assert plain.text == text

    verbose = client.audio.transcriptions.create(
        model="whisper-1",
        file=brief_call,
        language="en",
        response_format="verbose_json",
        timestamp_granularities=["word", "segment"],
    )
    assert verbose.text == text
    assert verbose.language == "en"
    assert verbose.duration == pytest.approx(wanted["duration_s"])
    assert verbose.segments
    assert [one.text for one in verbose.segments] == [one["text"] for one in wanted["segments"]]
    assert verbose.segments[0].start == wanted["segments"][0]["start_s"]
    assert verbose.words
    assert " ".join(one.word for one in verbose.words) == text
    assert verbose.words[-1].end == wanted["segments"][-1]["end_s"]

    for form, begins in (("text", text), ("srt", "1\n00:"), ("vtt", "WEBVTT")):
        told = client.audio.transcriptions.create(
            model="whisper-1",
            file=brief_call,
            response_format=form,  # type: ignore[call-overload]
        )
        assert str(told).startswith(begins)


def test_its_client_raises_its_own_errors(
    client: openai.OpenAI, brief_call: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"not a sound")
    with pytest.raises(openai.UnprocessableEntityError) as refused:
        client.audio.transcriptions.create(model="whisper-1", file=broken)
    assert refused.value.type == "invalid_request_error"
    assert "cannot be read: not an audio file" in refused.value.message

    with pytest.raises(openai.UnprocessableEntityError, match="write fr or en"):
        client.audio.transcriptions.create(model="whisper-1", file=brief_call, language="de")
    with pytest.raises(openai.UnprocessableEntityError, match="stream=true is not served"):
        client.audio.transcriptions.create(model="whisper-1", file=brief_call, stream=True)
