"""Jobs: acknowledged, followed, cancelled; and finished by whoever lives."""

import os
import signal
from pathlib import Path

import psutil
import pytest

from stt_pipeline_tests.cloud.processes import wait_for
from stt_pipeline_tests.serving.conftest import Make
from stt_pipeline_tests.serving.running import Service


def test_a_long_call_is_a_job_with_its_progress_and_its_words(
    service: Service, long_call: Path
) -> None:
    answer = service.send(long_call, format="txt")
    assert answer.status_code == 202, answer.text
    told = answer.json()
    assert answer.headers["location"] == f"/jobs/{told['job_id']}"
    assert told["state"] == "queued"
    assert told["duration_s"] > 60
    assert service.client.get(f"/jobs/{told['job_id']}/result").status_code in (200, 409)

    seen_s: list[float] = []

    def has_begun() -> bool:
        seen_s.append(service.job(told["job_id"])["heard_s"])
        return seen_s[-1] > 0

    wait_for(has_begun, "its progress")
    ended = service.wait_for_job(told["job_id"])
    assert ended["state"] == "done"
    assert ended["heard_s"] == pytest.approx(told["duration_s"], abs=0.1)
    assert seen_s == sorted(seen_s)

    result = service.client.get(ended["result"])
    assert result.status_code == 200
    assert result.text.startswith("[00:00:0")
    assert len(service.client.get(ended["result"] + "?format=json").json()["segments"]) > 5
    assert service.client.get(ended["result"] + "?format=docx").status_code == 422
    assert service.client.delete(f"/jobs/{told['job_id']}").status_code == 409
    assert service.uploads() == []
    assert not list(service.lake.rglob("upload*.wav")), "the sound goes once it is read"


def test_a_short_call_is_a_job_where_nobody_waits(service: Service, brief_call: Path) -> None:
    answer = service.send(brief_call, url="/transcribe?wait=false")
    assert answer.status_code == 202
    ended = service.wait_for_job(answer.json()["job_id"])
    words = service.client.get(ended["result"]).json()
    wanted = service.send(brief_call).json()
    assert words["text"] == wanted["text"]


def test_cancelled_jobs_end_and_their_sound_goes(service: Service, long_call: Path) -> None:
    jobs = [service.send(long_call).json()["job_id"] for _ in range(3)]
    for job_id in reversed(jobs):
        answer = service.client.delete(f"/jobs/{job_id}")
        assert answer.status_code == 200, answer.text
        assert answer.json()["state"] == "cancelled"
    for job_id in jobs:
        assert service.job(job_id)["state"] == "cancelled"
        assert service.client.get(f"/jobs/{job_id}/result").status_code == 410
        assert service.client.delete(f"/jobs/{job_id}").json()["state"] == "cancelled"
    wait_for(lambda: not list(service.lake.rglob("upload*.wav")), "the end of their sound")
    wait_for(lambda: not open_jobs(service), "the end of the jobs")


def test_an_unknown_job_is_none(service: Service) -> None:
    for name in ("x", "..%2f..%2fopen", "20261123T120000Z-" + "0" * 32):
        for answer in (
            service.client.get(f"/jobs/{name}"),
            service.client.get(f"/jobs/{name}/result"),
            service.client.delete(f"/jobs/{name}"),
        ):
            assert answer.status_code == 404


def open_jobs(service: Service) -> list[Path]:
    return list((service.lake / "_work" / "serving" / "open").glob("*"))


def test_a_killed_service_loses_nothing_that_it_acknowledged(
    make_service: Make, english_call: Path, long_call: Path, service: Service
) -> None:
    killed = make_service(serve_sync_minutes="1")
    calls = [english_call, long_call, english_call]
    jobs = {}
    for call in calls:
        jobs[killed.send(call, url="/transcribe?wait=false").json()["job_id"]] = call
    wait_for(lambda: any(killed.job(one)["state"] == "running" for one in jobs), "a job at work")
    engine = killed.process.children(recursive=True)
    os.kill(killed.process.pid, signal.SIGKILL)
    killed.program.stop()
    _, alive = psutil.wait_procs(engine, timeout=60)
    assert not alive, "its processes end with it"
    assert open_jobs(killed), "something was left to do"

    killed.start_again()
    assert killed.uploads() == [], "what the dead one had received is gone"
    wanted = {call: service.send(call, language="en").json()["text"] for call in calls[:1]}
    for job_id, call in jobs.items():
        ended = killed.wait_for_job(job_id)
        assert ended["state"] == "done", ended
        text = killed.client.get(ended["result"] + "?format=json").json()["text"]
        assert text
        if call in wanted:
            assert text == wanted[call]
    assert open_jobs(killed) == []


def test_a_service_that_is_told_to_end_finishes_what_it_reads_and_hands_back_the_rest(
    make_service: Make, brief_call: Path, long_call: Path
) -> None:
    ending = make_service()
    jobs = [ending.send(long_call, url="/transcribe?wait=false").json()["job_id"] for _ in range(3)]
    wait_for(lambda: any(ending.job(one)["state"] == "running" for one in jobs), "a job at work")
    process = ending.process
    process.send_signal(signal.SIGTERM)
    wait_for(lambda: ending.client.get("/readyz").status_code == 503, "its word that it ends")
    assert ending.send(brief_call).status_code == 503
    assert process.wait(120) in (0, None)
    assert "Traceback" not in ending.program.log.read_text()
    left = len(open_jobs(ending))
    assert 0 < left < len(jobs)

    ending.start_again()
    assert [ending.wait_for_job(one)["state"] for one in jobs] == ["done"] * len(jobs)
