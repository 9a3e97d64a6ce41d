"""Worker processes for real: every task once, deaths survived and named, none left behind."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import numpy as np
import psutil
import pytest

from stt_pipeline import wiring
from stt_pipeline.adapters.worker_processes import Finished, WorkerProcesses
from stt_pipeline.domain.known_models import KNOWN_MODELS
from stt_pipeline.domain.recording import Recording
from stt_pipeline.settings import Settings
from stt_pipeline.worker import RECORDING
from stt_pipeline_tests.factories import CALL_DATE, make_recording
from stt_pipeline_tests.speech.calls import RATE_HZ, choose_prompts, join_prompts
from stt_pipeline_tests.speech.encode import write_wav
from stt_pipeline_tests.speech.prompts import Prompt

PATIENCE_S: Final = 60

AT_ONCE_S: Final = 10
"""Far less than the call's transcription takes, so that a worker that works on is seen."""

WORKER: Final = """
import json, os, signal, sys, time
from pathlib import Path

folder = Path(sys.argv[1])
(folder / f"pid-{os.getpid()}").touch()
for line in sys.stdin:
    task = json.loads(line)
    tries = folder / f"tries-{task['name']}"
    tries.write_text(tries.read_text() + "x" if tries.exists() else "x")
    first = len(tries.read_text()) == 1
    do = task.get("do", "answer")
    if do == "die" or (do == "die once" and first):
        os.kill(os.getpid(), getattr(signal, task.get("signal", "SIGKILL")))
        time.sleep(600)
    if do == "exit":
        print("a warning", file=sys.stderr)
        sys.exit("the model is damaged")
    if do == "half":
        sys.stdout.write('{"name": ')
        sys.stdout.flush()
        os.kill(os.getpid(), signal.SIGKILL)
    if do == "sleep":
        time.sleep(600)
    print(json.dumps({**task, "pid": os.getpid()}), flush=True)
"""

RUN_OF_A_DATE: Final = """
import datetime as dt, json, sys
from stt_pipeline import wiring
from stt_pipeline.settings import Settings

settings = Settings.model_validate_json(sys.argv[1])
workers = wiring.workers(settings, dt.date.fromisoformat(sys.argv[2]), shards=1)
for ended in workers.run([[json.loads(sys.argv[3])]]):
    print("a call ended", flush=True)
"""


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[Callable[[int], WorkerProcesses]]:
    (tmp_path / "worker.py").write_text(WORKER)
    yield lambda count: WorkerProcesses([str(tmp_path / "worker.py"), str(tmp_path)], count)
    for pid in pids(tmp_path):
        with suppress(psutil.NoSuchProcess), ended_in_any_case(psutil.Process(pid)):
            pass


def pids(folder: Path) -> set[int]:
    """Of every worker ever started on the folder."""
    return {int(path.name.removeprefix("pid-")) for path in folder.glob("pid-*")}


def tries(folder: Path, name: str) -> int:
    path = folder / f"tries-{name}"
    return len(path.read_text()) if path.exists() else 0


def is_gone(pid: int) -> bool:
    """A child that ended but was not waited for yet is gone too."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@contextmanager
def ended_in_any_case(process: psutil.Process) -> Iterator[None]:
    """A worker that fails its test does not work on behind it."""
    try:
        yield
    finally:
        with suppress(psutil.NoSuchProcess):
            process.kill()


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def by_name(ended: Iterator[Finished]) -> dict[str, Finished]:
    return {one.task["name"]: one for one in ended}


def task(name: str, **rest: str) -> dict[str, Any]:
    return {"name": name, **rest}


class TestTasks:
    @pytest.mark.parametrize("count", [1, 2, 5])
    def test_every_task_is_answered_exactly_once(
        self, workers: Callable[[int], WorkerProcesses], tmp_path: Path, count: int
    ) -> None:
        sizes = (7, 0, 12, 1)
        shards = [[task(f"{at}-{n}") for n in range(size)] for at, size in enumerate(sizes)]
        ended = list(workers(count).run(shards))
        assert Counter(one.task["name"] for one in ended) == Counter(
            one["name"] for shard in shards for one in shard
        )
        for one in ended:
            assert one.answer is not None
            assert one.answer["name"] == one.task["name"]
            assert one.task in shards[one.shard]
            assert one.death == ""
        assert len(pids(tmp_path)) <= min(count, 3)
        until(lambda: all(map(is_gone, pids(tmp_path))), "workers end with their work")

    def test_a_shard_keeps_its_order_and_its_worker(
        self, workers: Callable[[int], WorkerProcesses]
    ) -> None:
        shards = [[task(f"{shard}-{at}") for at in range(5)] for shard in range(3)]
        ended = list(workers(2).run(shards))
        for index, shard in enumerate(shards):
            here = [one for one in ended if one.shard == index]
            assert [one.task for one in here] == shard
            assert len({(one.answer or {})["pid"] for one in here}) == 1

    @pytest.mark.parametrize("shards", [[], [[]], [[], []]])
    def test_nothing_to_do_ends(
        self, workers: Callable[[int], WorkerProcesses], shards: list[list[dict[str, Any]]]
    ) -> None:
        assert list(workers(2).run(shards)) == []

    def test_text_of_any_kind_goes_there_and_back(
        self, workers: Callable[[int], WorkerProcesses]
    ) -> None:
        odd = 'é\n\u2028"{}' + "x" * 200_000
        (ended,) = workers(1).run([[task("a", do="echo", odd=odd)]])
        assert ended.answer is not None
        assert ended.answer["odd"] == odd


class TestDeaths:
    def test_a_task_whose_worker_is_killed_is_tried_again(
        self, workers: Callable[[int], WorkerProcesses], tmp_path: Path
    ) -> None:
        shard = [task("a"), task("b", do="die once"), task("c")]
        ended = by_name(workers(1).run([shard]))
        assert {name for name, one in ended.items() if one.answer} == {"a", "b", "c"}
        assert (tries(tmp_path, "a"), tries(tmp_path, "b"), tries(tmp_path, "c")) == (1, 2, 1)
        assert len(pids(tmp_path)) == 2

    @pytest.mark.parametrize("name", ["SIGKILL", "SIGSEGV", "SIGTERM"])
    def test_two_deaths_are_reported_with_the_signal(
        self, workers: Callable[[int], WorkerProcesses], tmp_path: Path, name: str
    ) -> None:
        shards = [[task("a"), task("b", do="die", signal=name), task("c")], [task("d")]]
        ended = list(workers(2).run(shards))
        assert sorted(one.task["name"] for one in ended) == ["a", "b", "c", "d"]
        dead = by_name(iter(ended))["b"]
        assert (dead.answer, dead.death, dead.shard) == (None, f"signal {name}", 0)
        assert all(one.answer for one in ended if one.task["name"] != "b")
        assert tries(tmp_path, "b") == 2

    def test_an_exit_is_reported_with_its_code_and_last_words(
        self, workers: Callable[[int], WorkerProcesses]
    ) -> None:
        ended = by_name(workers(1).run([[task("a", do="exit"), task("b")]]))
        assert ended["a"].answer is None
        assert ended["a"].death == "exit code 1: the model is damaged"
        assert ended["b"].answer

    def test_nobody_is_given_the_last_words_of_another(
        self, workers: Callable[[int], WorkerProcesses]
    ) -> None:
        shards = [[task("a", do="exit"), task("b", do="die")], [task("c", do="die")]]
        deaths = {name: one.death for name, one in by_name(workers(2).run(shards)).items()}
        assert deaths == {
            "a": "exit code 1: the model is damaged",
            "b": "signal SIGKILL",
            "c": "signal SIGKILL",
        }

    def test_half_an_answer_is_none(self, workers: Callable[[int], WorkerProcesses]) -> None:
        ended = by_name(workers(1).run([[task("a", do="half"), task("b")]]))
        assert (ended["a"].answer, ended["a"].death) == (None, "signal SIGKILL")
        assert ended["b"].answer

    def test_a_worker_that_cannot_start_costs_every_task_a_reason(self, tmp_path: Path) -> None:
        missing = WorkerProcesses([str(tmp_path / "missing.py")], 2)
        ended = list(missing.run([[task("a"), task("b")], [task("c")]]))
        assert sorted(one.task["name"] for one in ended) == ["a", "b", "c"]
        assert {one.answer for one in ended} == {None}
        for one in ended:
            assert one.death.startswith("exit code 2: ")
            assert "missing.py" in one.death


class TestStop:
    SHARDS: Final = [
        [task("quick"), *(task(f"slow-{at}", do="sleep") for at in range(4))],
        [task(f"other-{at}", do="sleep") for at in range(4)],
    ]

    def test_closing_kills_the_workers_and_starts_no_other(
        self, workers: Callable[[int], WorkerProcesses], tmp_path: Path
    ) -> None:
        with closing(workers(2).run(self.SHARDS)) as run:  # type: ignore[type-var]
            assert next(run).task["name"] == "quick"
            until(lambda: tries(tmp_path, "slow-0") == tries(tmp_path, "other-0") == 1, "at work")
        self._assert_all_gone(tmp_path)

    def test_an_error_in_the_loop_kills_them_too(
        self, workers: Callable[[int], WorkerProcesses], tmp_path: Path
    ) -> None:
        def loop() -> None:
            for _ in workers(2).run(self.SHARDS):
                until(lambda: tries(tmp_path, "slow-0") == 1, "at work")
                raise RuntimeError("the lake is full")

        with pytest.raises(RuntimeError) as error:
            loop()
        # What still holds the loop's frame, such as a log of the error, must let go of it.
        del error
        self._assert_all_gone(tmp_path)

    @staticmethod
    def _assert_all_gone(folder: Path) -> None:
        until(lambda: all(map(is_gone, pids(folder))), "a worker outlived its run")
        before = pids(folder)
        # Longer than a Python takes to start: a worker started afresh would show.
        time.sleep(1.0)
        assert pids(folder) == before
        assert tries(folder, "slow-1") == tries(folder, "other-1") == 0
        assert (tries(folder, "slow-0"), tries(folder, "other-0")) in {(1, 1), (1, 0)}


class TestRealWorker:
    """`stt_pipeline.worker` with real weights, stopped in the middle of a long call."""

    @pytest.fixture
    def settings(
        self, tmp_path: Path, tmp_lake: Path, model_dir: Path, english_prompts: list[Prompt]
    ) -> Settings:
        prompts = choose_prompts(english_prompts, speech_s=120, seed=5)
        call = join_prompts(prompts, pause_s=0.5, seed=5)
        folder = tmp_path / "recordings" / f"call_date={CALL_DATE}"
        folder.mkdir(parents=True)
        # Twenty minutes: nobody is done with it while these tests look on.
        write_wav(folder / "long.wav", np.tile(call.samples, 10), RATE_HZ, "pcm_mulaw")
        write_wav(folder / "short.wav", call.samples[: 5 * RATE_HZ], RATE_HZ, "pcm_mulaw")
        return Settings(
            recordings_uri=(tmp_path / "recordings").as_uri(),
            lake_uri=tmp_lake.as_uri(),
            model=str(model_dir),
            model_sha256=KNOWN_MODELS["base"].sha256,
        )

    @staticmethod
    def recording(call_id: str) -> Recording:
        return make_recording(call_id, etag=f"etag-{call_id}", duration_s=None, channels=1)

    @staticmethod
    def is_transcribing(pid: int) -> bool:
        """It has the recording open."""
        try:
            files = psutil.Process(pid).open_files()
        except psutil.NoSuchProcess:
            return False
        return any(file.path.endswith("long.wav") for file in files)

    @staticmethod
    def finished(settings: Settings) -> set[str]:
        return wiring.result_store(settings, CALL_DATE).finished()

    def test_answers_once_its_checkpoint_is_written(self, settings: Settings) -> None:
        shard = [RECORDING.dump_python(self.recording("short"), mode="json")]
        seen = [
            (ended.answer, self.finished(settings))
            for ended in wiring.workers(settings, CALL_DATE, 1).run([shard])
        ]
        ((answer, finished),) = seen
        assert answer is not None
        assert answer["transcribed"] is True
        assert answer["cpu_s"] > 0
        assert finished == {"etag-short"}

    def test_ends_at_once_when_its_input_closes(self, settings: Settings) -> None:
        command = [sys.executable, "-m", "stt_pipeline.worker", "--date", str(CALL_DATE)]
        command += ["--threads", "1", "--settings", settings.model_dump_json()]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as worker:
            assert worker.stdin is not None
            worker.stdin.write(RECORDING.dump_json(self.recording("long")).decode() + "\n")
            worker.stdin.flush()
            until(lambda: self.is_transcribing(worker.pid), "the worker takes its task")
            worker.stdin.close()
            with ended_in_any_case(psutil.Process(worker.pid)):
                assert worker.wait(AT_ONCE_S) == 0
            assert worker.stdout is not None
            assert worker.stdout.read() == ""
        assert self.finished(settings) == set()

    def test_ends_at_once_when_its_run_is_killed(self, settings: Settings) -> None:
        task = RECORDING.dump_json(self.recording("long")).decode()
        arguments = [settings.model_dump_json(), str(CALL_DATE), task]
        with subprocess.Popen([sys.executable, "-c", RUN_OF_A_DATE, *arguments]) as run:
            until(lambda: bool(psutil.Process(run.pid).children()), "the run starts a worker")
            (worker,) = psutil.Process(run.pid).children()
            until(lambda: self.is_transcribing(worker.pid), "the worker takes its task")
            os.kill(run.pid, signal.SIGKILL)
            assert run.wait(PATIENCE_S) == -signal.SIGKILL
        with ended_in_any_case(worker):
            gone, alive = psutil.wait_procs([worker], timeout=AT_ONCE_S)
            assert (gone, alive) == ([worker], [])
        assert self.finished(settings) == set()

    def test_settings_that_cannot_work_say_so(self, settings: Settings) -> None:
        wrong = settings.model_copy(update={"model_sha256": "0" * 64})
        shard = [RECORDING.dump_python(self.recording("short"), mode="json")]
        (ended,) = wiring.workers(wrong, CALL_DATE, 1).run([shard])
        assert ended.answer is None
        assert ended.death.startswith("exit code 2: ")
        assert ended.death.endswith("or correct STT_MODEL_SHA256.")
