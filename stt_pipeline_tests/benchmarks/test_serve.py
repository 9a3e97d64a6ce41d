"""What the figures of a stress run rest on: its arithmetic, its clients against a real server."""

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import pytest
import uvicorn
from fastapi import FastAPI, Form, Response, UploadFile
from hypothesis import given
from hypothesis import strategies as st

from stt_pipeline_tests.benchmarks import serve, serve_figures
from stt_pipeline_tests.benchmarks.serve_figures import Texts, Watched, quantile, trimmed_mean
from stt_pipeline_tests.benchmarks.serve_load import Call, Load, Outcome
from stt_pipeline_tests.benchmarks.serve_servers import OURS, PLAIN
from stt_pipeline_tests.benchmarks.serve_show import Kept, ratios
from stt_pipeline_tests.cloud.processes import free_port, wait_for

CALLS = (
    Call("en-00.wav", "en", "your call is very important to us", 20.0, b"0"),
    Call("en-01.wav", "en", "please enter your account number", 30.0, b"1"),
    Call("fr-00.wav", "fr", "veuillez composer le numéro de votre poste", 40.0, b"2"),
)
WATCHED = Watched(cpu_s=30.0, peak_mb=900.0, others_cpus=0.5)

seconds = st.lists(st.floats(0.001, 1e4), min_size=1, max_size=300)


def answered(call: Call, sent_s: float, answered_s: float, heard: str | None = None) -> Outcome:
    return Outcome(call.name, False, sent_s, answered_s, 0, heard or call.text, None)


@given(seconds)
def test_a_quantile_is_a_value_that_so_many_do_not_exceed(values: list[float]) -> None:
    for share in (0.5, 0.95, 0.99):
        found = quantile(values, share)
        assert found in values
        assert sum(value <= found for value in values) >= share * len(values)
        assert sum(value < found for value in values) < share * len(values)


@given(seconds)
def test_a_trimmed_mean_lies_between_the_deciles(values: list[float]) -> None:
    found = trimmed_mean(values)
    assert min(values) * 0.999 <= found <= max(values) * 1.001


def test_one_odd_answer_in_ten_does_not_move_a_trimmed_mean() -> None:
    assert trimmed_mean([1.0] * 9 + [900.0]) == 1.0


def test_a_row_counts_answers_to_the_last_of_them() -> None:
    outcomes = [
        answered(CALLS[0], 0.0, 4.0),
        answered(CALLS[1], 0.0, 10.0),
        replace(answered(CALLS[2], 4.0, 8.0), text=None, error="ReadError: gone"),
    ]
    row = serve_figures.level(OURS, 2, outcomes, Texts(CALLS), WATCHED)
    assert (row.requests, row.errors, row.swapped) == (3, 1, 0)
    assert row.wall_s == 10.0
    assert row.per_s == pytest.approx(0.2)
    assert row.x_realtime == pytest.approx(5.0)
    assert row.cpu_s_per_audio_min == pytest.approx(36.0)
    assert row.latency.p50_s == 4.0
    assert row.latency.p99_s == row.latency.longest_s == 10.0
    assert row.wer == {"en": 0.0, "fr": None}
    assert row.reasons == ("ReadError: gone",)


def test_the_words_of_another_call_are_lost_and_slips_are_not() -> None:
    outcomes = [
        answered(CALLS[0], 0.0, 1.0, heard="Your call is important to us."),
        answered(CALLS[1], 0.0, 1.0, heard=CALLS[0].text),
        answered(CALLS[2], 0.0, 1.0, heard=" "),
    ]
    row = serve_figures.level(OURS, 2, outcomes, Texts(CALLS), WATCHED)
    assert (row.errors, row.swapped) == (0, 2)
    assert serve_figures.soak(row, outcomes, []).lost == 2
    assert Kept({}, [row], None).lost == 2


def test_memory_that_settles_has_not_grown_and_a_leak_has() -> None:
    row = serve_figures.level(OURS, 2, [answered(CALLS[0], 0.0, 1800.0)], Texts(CALLS), WATCHED)
    settles = [(second, 900.0 if second > 200 else 400.0) for second in range(0, 1800, 10)]
    found = serve_figures.soak(row, [], settles)
    assert found.slope_mb_per_hour == pytest.approx(0.0)
    assert found.grown_mb == 0.0
    assert len(found.memory_mb) == 30
    leaks = [(second, 900.0 + second / 60) for second in range(0, 1800, 10)]
    assert serve_figures.soak(row, [], leaks).slope_mb_per_hour == pytest.approx(60.0)


def test_ratios_are_of_the_same_number_of_clients() -> None:
    row = serve_figures.level(OURS, 1, [answered(CALLS[0], 0.0, 2.0)], Texts(CALLS), WATCHED)
    slow = serve_figures.level(PLAIN, 1, [answered(CALLS[0], 0.0, 6.0)], Texts(CALLS), WATCHED)
    others = [replace(row, clients=2), replace(slow, clients=4)]
    [line] = ratios([row, slow, *others])
    assert line == (
        "1 client: 3.00 times the requests of plain, p50 3.00 and p95 3.00 times as soon"
    )


def test_calls_are_real_and_of_both_languages(tmp_path: Path) -> None:
    calls = serve.make_calls(tmp_path, 2)
    assert [call.language for call in calls] == ["en", "en", "fr", "fr"]
    assert all(12 <= call.duration_s <= 45 and len(call.text.split()) > 10 for call in calls)
    assert all(len(call.sound) == pytest.approx(8000 * call.duration_s, rel=0.01) for call in calls)


class Counting:
    """A service that answers each call's own text, refuses the first, and fails one in ten."""

    def __init__(self) -> None:
        self.asked = 0
        self.at_once = 0
        self.most_at_once = 0
        self.jobs: dict[str, int] = {}
        self.app = FastAPI()
        self.app.post("/v1/audio/transcriptions")(self.answer)
        self.app.post("/transcribe")(self.job)
        self.app.get("/jobs/{number}/result")(self.result)

    async def answer(
        self, file: UploadFile, model: Annotated[str, Form()], response: Response
    ) -> dict[str, str]:
        self.asked += 1
        number = self.asked
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0.01)
        self.at_once -= 1
        if number == 1:
            response.status_code = 429
            response.headers["Retry-After"] = "0"
        if number % 10 == 0:
            response.status_code = 500
        return {"text": {call.name: call.text for call in CALLS}[str(file.filename)]}

    async def job(self, file: UploadFile, wait: bool, response: Response) -> dict[str, str]:
        assert not wait
        number = str(len(self.jobs))
        self.jobs[number] = 0
        response.status_code = 202
        response.headers["Location"] = f"/jobs/{number}"
        return {}

    async def result(self, number: str, response: Response) -> dict[str, str]:
        self.jobs[number] += 1
        if self.jobs[number] == 1:
            response.status_code = 409
        return {"text": "done"}


@pytest.fixture
def counting() -> Iterator[tuple[Counting, str]]:
    service, port = Counting(), free_port()
    server = uvicorn.Server(uvicorn.Config(service.app, port=port, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_for(lambda: server.started, "the service")
        yield service, f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


def test_clients_ask_at_once_come_again_and_count_every_request(
    counting: tuple[Counting, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stt_pipeline_tests.benchmarks.serve_load.ERROR_PAUSE_S", 0.0)
    service, url = counting
    outcomes = Load(url, CALLS, clients=4).run(0.5)
    assert sum(one.refused for one in outcomes) == 1
    assert len(outcomes) == service.asked - 1
    assert service.most_at_once == 4
    failed = [one for one in outcomes if one.error]
    assert len(failed) == service.asked // 10
    assert all("500" in str(one.error) and one.text is None for one in failed)
    texts = {call.name: call.text for call in CALLS}
    assert all(one.text == texts[one.call] for one in outcomes if not one.error)
    assert all(one.sent_s < 0.5 for one in outcomes)


def test_a_job_is_asked_for_until_it_is_there(
    counting: tuple[Counting, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stt_pipeline_tests.benchmarks.serve_load.POLL_S", 0.0)
    service, url = counting
    outcomes = Load(url, CALLS, clients=2, job_every=1).run(0.1)
    assert len(outcomes) == len(service.jobs) > 0
    assert all(one.is_job and one.is_acknowledged and one.text == "done" for one in outcomes)
    assert set(service.jobs.values()) == {2}
