"""How the service says it is; what it does when too much is asked of it, or its engine dies."""

import io
import threading
from pathlib import Path

import httpx2
from prometheus_client.parser import text_string_to_metric_families

from stt_pipeline import wiring
from stt_pipeline.adapters.whisper.engine import FasterWhisperTranscriber
from stt_pipeline.domain.ports import Source
from stt_pipeline.domain.serving.backlog import Waiting
from stt_pipeline.domain.speech.transcription import Transcription
from stt_pipeline.serving.engine import Engine, Work
from stt_pipeline.serving.half_second import SECONDS, WORD, half_second
from stt_pipeline.serving.health import ready_status
from stt_pipeline.serving.worker import Ask
from stt_pipeline.settings import Settings
from stt_pipeline_tests.factories import make_recording
from stt_pipeline_tests.serving.conftest import Make
from stt_pipeline_tests.serving.running import Service


def test_the_half_second_is_heard_as_speech(model_dir: Path) -> None:
    settings = Settings(models_dir=model_dir.parent)
    engine = wiring.transcriber(settings, cpu_threads=1)
    assert isinstance(engine, FasterWhisperTranscriber)
    ((_, heard),) = engine.transcribe_all([Source("a.wav", lambda: io.BytesIO(half_second()))])
    assert isinstance(heard, Transcription)
    assert heard.duration_s == SECONDS
    assert heard.speech_s > 0
    assert [one.text.lower().strip(".!") for one in heard.segments] == [WORD]


def test_a_service_that_is_merely_busy_is_not_taken_for_one_that_is_unwell() -> None:
    well = dict.fromkeys(("accepting", "engine", "queue", "disk", "memory"), True)
    assert ready_status(well) == 200
    assert ready_status(well | {"queue": False}) == 429
    assert ready_status(well | {"queue": False, "engine": False}) == 503
    assert ready_status(well | {"memory": False}) == 503


def test_what_is_told_is_the_most_that_was_held_since_it_was_told_last(model_dir: Path) -> None:
    ask = Ask("first", "", make_recording(), {})
    engine = Engine(Settings(models_dir=model_dir.parent), 3600.0, ask)
    assert engine.most_held_s() == 0
    for name, audio_s in (("a", 20.0), ("b", 10.0)):
        assert engine.submit(Work(Waiting(name, audio_s, 0.0), ask))
    assert engine.withdraw("a")
    assert engine.most_held_s() == 30.0
    assert engine.most_held_s() == 10.0


def test_it_says_that_it_is_alive_and_ready_and_counts(service: Service, brief_call: Path) -> None:
    assert service.client.get("/healthz").json() == {"status": "alive"}
    told = service.client.get("/readyz").json()
    assert told["ready"] is True
    assert set(told["checks"]) == {"accepting", "engine", "queue", "disk", "memory"}

    assert service.send(brief_call).status_code == 200
    text = service.client.get("/metrics").text
    figures = {
        (sample.name, sample.labels.get("path", ""), sample.labels.get("status", "")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert figures["stt_requests_total", "/transcribe", "200"] >= 1
    assert figures["stt_request_seconds_count", "/transcribe", ""] >= 1
    assert figures["stt_waiting_audio_seconds", "", ""] == 0
    assert figures["stt_ready", "", ""] == 1
    assert figures["process_resident_memory_bytes", "", ""] > 1e7


def test_a_dead_engine_is_started_again(service: Service, brief_call: Path) -> None:
    for process in service.process.children(recursive=True):
        process.kill()
    answer = service.send(brief_call)
    assert answer.status_code == 200, answer.text
    assert service.is_ready()


def test_where_too_much_waits_callers_are_told_when_to_come_again(
    make_service: Make, english_call: Path
) -> None:
    small = make_service(serve_queue_minutes="0.5")
    answers: list[httpx2.Response] = []
    threads = [
        threading.Thread(target=lambda: answers.append(small.send(english_call))) for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answered = [one for one in answers if one.status_code == 200]
    refused = [one for one in answers if one.status_code == 429]
    assert len(answered) + len(refused) == len(answers) == 12
    assert answered
    assert refused
    assert all(1 <= int(one.headers["retry-after"]) <= 600 for one in refused)
    # They were read together, and none changed the words of another.
    assert len({one.json()["text"] for one in answered}) == 1
    assert small.send(english_call).status_code == 200
    assert small.uploads() == []
