"""Worker processes for real: every task once, deaths survived and named, none left behind."""

import os
import queue
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import numpy as np
import psutil
import pytest

from stt_pipeline import wiring
from stt_pipeline.adapters import worker_processes
from stt_pipeline.adapters.worker_processes import Finished, WorkerProcesses
from stt_pipeline.domain.recordings.recording import Recording
from stt_pipeline.domain.speech.known_models import KNOWN_MODELS
from stt_pipeline.settings import Settings
from stt_pipeline.worker import RECORDING
from stt_pipeline_tests.factories import CALL_DATE, make_recording
from stt_pipeline_tests.speech.calls import RATE_HZ, choose_prompts, join_prompts
from stt_pipeline_tests.speech.encode import write_wav
from stt_pipeline_tests.speech.prompts import Prompt

PATIENCE_S: Final = 60

AT_ONCE_S: Final = 10
"""Far less than the call's transcription takes, so that a worker that works on is seen."""

LIMIT_S: Final = 2.0
"""Far more than these workers take for an answer, once they have started."""

WORKER: Final = """
import json, os, random, signal, sys, time
from pathlib import Path

folder = Path(sys.argv[1])
(folder / f"pid-{os.getpid()}").touch()

def answer(group, index):
    print(json.dumps({**group[index], "task": index, "pid": os.getpid()}), flush=True)

for line in sys.stdin:
    group = json.loads(line)
    for index, task in enumerate(group):
        tries = folder / f"tries-{task['name']}"
        tries.write_text(tries.read_text() + "x" if tries.exists() else "x")
        first = len(tries.read_text()) == 1
        do = task.get("do", "answer")
        if do == "shuffle":
            order = list(range(len(group)))
            random.shuffle(order)
            for one in order:
                answer(group, one)
            break
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
        if do == "sleep" or (do == "sleep once" and first):
            time.sleep(600)
        if do == "tell":
            for share in range(4):
                time.sleep(float(task["nap_s"]))
                print(json.dumps({"task": index, "note": share}), flush=True)
        if do == "nap":
            time.sleep(float(task["nap_s"]))
        answer(group, index)
        if do == "last":
            os.kill(os.getpid(), signal.SIGKILL)
        if do == "stay":
            sys.stdin.close()
            time.sleep(600)
"""

NEVER_READS: Final = """
import os, sys, time
from pathlib import Path

(Path(sys.argv[1]) / f"pid-{os.getpid()}").touch()
time.sleep(600)
"""

RUN_OF_A_DATE: Final = """
import datetime as dt, json, sys
from stt_pipeline import wiring
from stt_pipeline.settings import Settings

settings = Settings.model_validate_json(sys.argv[1])
date = dt.date.fromisoformat(sys.argv[2])
workers = wiring.workers(settings, date, shards=1, limit_s=lambda tasks: 600.0)
for ended in workers.run([[[json.loads(sys.argv[3])]]]):
    print("a call ended", flush=True)
"""

Task = dict[str, Any]
Make = Callable[..., WorkerProcesses]


def patient(tasks: Sequence[Task]) -> float:
    return float(PATIENCE_S)


def impatient(tasks: Sequence[Task]) -> float:
    return LIMIT_S


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[Make]:
    """Makes a pool of workers that do what their tasks say."""

    def make(
        count: int,
        limit_s: Callable[[Sequence[Task]], float] = patient,
        program: str = WORKER,
        **rest: Any,
    ) -> WorkerProcesses:
        (tmp_path / "worker.py").write_text(program)
        arguments = [str(tmp_path / "worker.py"), str(tmp_path)]
        return WorkerProcesses(arguments, count, limit_s, **{"environment": {}, **rest})

    yield make
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


def task(name: str, **rest: str) -> Task:
    return {"name": name, **rest}


def answered(ended: Iterable[Finished]) -> set[str]:
    return {one.task["name"] for one in ended if one.answer}


def one_group_each(shard: list[Task]) -> list[list[Task]]:
    return [[one] for one in shard]


class TestTasks:
    @pytest.mark.parametrize("count", [1, 2, 5])
    def test_every_task_is_answered_exactly_once(
        self, workers: Make, tmp_path: Path, count: int
    ) -> None:
        sizes: list[list[int]] = [[3, 1, 3], [], [12], [1]]
        shards = [
            [[task(f"{at}-{group}-{n}") for n in range(size)] for group, size in enumerate(groups)]
            for at, groups in enumerate(sizes)
        ]
        ended = list(workers(count).run(shards))
        assert Counter(one.task["name"] for one in ended) == Counter(
            one["name"] for shard in shards for group in shard for one in group
        )
        for one in ended:
            assert one.answer is not None
            assert one.answer["name"] == one.task["name"]
            assert any(one.task in group for group in shards[one.shard])
            assert (one.death, one.crashed) == ("", False)
        assert len(pids(tmp_path)) <= min(count, 3)
        until(lambda: all(map(is_gone, pids(tmp_path))), "workers end with their work")

    def test_a_shard_keeps_its_order_and_its_worker(self, workers: Make) -> None:
        shards = [
            [[task(f"{shard}-{group}-{at}") for at in range(2)] for group in range(4)]
            for shard in range(3)
        ]
        ended = list(workers(2).run(shards))
        for index, shard in enumerate(shards):
            here = [one for one in ended if one.shard == index]
            assert [one.task for one in here] == [one for group in shard for one in group]
            assert len({(one.answer or {})["pid"] for one in here}) == 1

    def test_answers_in_any_order_go_to_their_tasks(self, workers: Make) -> None:
        group = [task(f"{at}", do="shuffle") for at in range(30)]
        ended = list(workers(1).run([[group]]))
        assert sorted(int(one.task["name"]) for one in ended) == list(range(30))
        for one in ended:
            assert one.answer is not None
            assert one.answer["name"] == one.task["name"]

    @pytest.mark.parametrize("shards", [[], [[]], [[], []]])
    def test_nothing_to_do_ends(self, workers: Make, shards: list[list[list[Task]]]) -> None:
        assert list(workers(2).run(shards)) == []

    def test_text_of_any_kind_goes_there_and_back(self, workers: Make) -> None:
        odd = 'é\n\u2028"{}' + "x" * 200_000
        (ended,) = workers(1).run([[[task("a", do="echo", odd=odd)]]])
        assert ended.answer is not None
        assert ended.answer["odd"] == odd

    def test_the_environment_says_what_this_processes_own_does_not(
        self, workers: Make, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ALREADY_THERE", "a")
        monkeypatch.setenv("SET_BY_A_PERSON", "b")
        program = (
            "import json, os, sys\n"
            "sys.stdin.readline()\n"
            "print(json.dumps({'task': 0, **os.environ}), flush=True)\n"
        )
        pool = workers(1, program=program, environment={"SET_BY_A_PERSON": "c", "ADDED": "d"})
        (ended,) = pool.run([[[task("a")]]])
        assert ended.answer is not None
        expected = {"ALREADY_THERE": "a", "SET_BY_A_PERSON": "b", "ADDED": "d"}
        assert {name: ended.answer[name] for name in expected} == expected
        assert "ADDED" not in os.environ


class TestDeaths:
    def test_a_kill_in_the_middle_of_a_group_loses_no_answer_and_no_task(
        self, workers: Make, tmp_path: Path
    ) -> None:
        group = [task("a"), task("b"), task("c", do="die once"), task("d"), task("e")]
        ended = by_name(workers(1).run([[group, [task("f")]]]))
        assert answered(ended.values()) == set("abcdef")
        assert {name: tries(tmp_path, name) for name in "abcdef"} == {
            **dict.fromkeys("abdef", 1),
            "c": 2,
        }
        alone = [(ended[name].answer or {})["pid"] for name in "cde"]
        assert len({(ended["a"].answer or {})["pid"], *alone}) == 4
        until(lambda: all(map(is_gone, pids(tmp_path))), "workers end with their work")

    def test_a_poison_task_in_a_group_of_five_costs_only_itself(
        self, workers: Make, tmp_path: Path
    ) -> None:
        group = [task("a"), task("b"), task("c", do="die", signal="SIGSEGV"), task("d"), task("e")]
        ended = list(workers(1).run([[group, [task("f")]]]))
        assert sorted(one.task["name"] for one in ended) == list("abcdef")
        assert answered(ended) == set("abdef")
        (dead,) = [one for one in ended if one.answer is None]
        assert (dead.task["name"], dead.shard) == ("c", 0)
        assert (dead.death, dead.crashed) == ("signal SIGSEGV", True)
        assert tries(tmp_path, "c") == 2

    def test_two_poison_tasks_of_a_group_are_each_found(self, workers: Make) -> None:
        group = [task("a", do="die"), task("b"), task("c", do="exit"), task("d")]
        ended = by_name(workers(1).run([[group]]))
        assert answered(ended.values()) == {"b", "d"}
        assert ended["a"].death.startswith("signal SIGKILL")
        assert ended["c"].death.startswith("exit code 1")

    def test_a_task_that_was_alone_gets_one_more_try(self, workers: Make, tmp_path: Path) -> None:
        shard = one_group_each([task("a"), task("b", do="die once"), task("c")])
        assert answered(workers(1).run([shard])) == {"a", "b", "c"}
        assert (tries(tmp_path, "a"), tries(tmp_path, "b"), tries(tmp_path, "c")) == (1, 2, 1)
        assert len(pids(tmp_path)) == 2

    @pytest.mark.parametrize(
        ("name", "death", "crashed"),
        [
            ("SIGKILL", "signal SIGKILL (out of memory, or killed by hand)", False),
            ("SIGTERM", "signal SIGTERM", False),
            ("SIGSEGV", "signal SIGSEGV", True),
            ("SIGABRT", "signal SIGABRT", True),
        ],
    )
    def test_two_deaths_are_reported_with_the_signal(
        self, workers: Make, tmp_path: Path, name: str, death: str, crashed: bool
    ) -> None:
        shard = one_group_each([task("a"), task("b", do="die", signal=name), task("c")])
        ended = list(workers(2).run([shard, [[task("d")]]]))
        assert sorted(one.task["name"] for one in ended) == ["a", "b", "c", "d"]
        assert answered(ended) == {"a", "c", "d"}
        dead = by_name(iter(ended))["b"]
        assert (dead.death, dead.crashed, dead.shard) == (death, crashed, 0)
        assert tries(tmp_path, "b") == 2

    def test_an_exit_is_reported_with_its_code_and_last_words(self, workers: Make) -> None:
        ended = by_name(workers(1).run([[[task("a", do="exit"), task("b")]]]))
        assert ended["a"].answer is None
        assert ended["a"].death == "exit code 1: the model is damaged"
        assert not ended["a"].crashed
        assert ended["b"].answer

    def test_nobody_is_given_the_last_words_of_another(self, workers: Make) -> None:
        shards = [[[task("a", do="exit"), task("b", do="die")]], [[task("c", do="die")]]]
        deaths = {name: one.death for name, one in by_name(workers(2).run(shards)).items()}
        assert deaths == {
            "a": "exit code 1: the model is damaged",
            "b": "signal SIGKILL (out of memory, or killed by hand)",
            "c": "signal SIGKILL (out of memory, or killed by hand)",
        }

    def test_half_an_answer_is_none(self, workers: Make) -> None:
        ended = by_name(workers(1).run([[[task("a", do="half"), task("b")]]]))
        assert ended["a"].answer is None
        assert ended["a"].death.startswith("signal SIGKILL")
        assert ended["b"].answer

    def test_a_worker_that_dies_idle_costs_no_task_a_try(
        self, workers: Make, tmp_path: Path
    ) -> None:
        class Shard(list[list[Task]]):
            def __iter__(self) -> Iterator[list[Task]]:
                yield self[0]
                until(lambda: all(map(is_gone, pids(tmp_path))), "the worker dies")
                yield self[1]

        shard = Shard([[task("a"), task("b", do="last")], [task("c"), task("d")]])
        ended = by_name(workers(1).run([shard]))
        assert answered(ended.values()) == {"a", "b", "c", "d"}
        # Not each alone: nothing says that they had to do with it.
        assert len(pids(tmp_path)) == 2
        assert (ended["c"].answer or {})["pid"] == (ended["d"].answer or {})["pid"]

    def test_a_worker_that_cannot_start_costs_every_task_a_reason(self, tmp_path: Path) -> None:
        missing = WorkerProcesses([str(tmp_path / "missing.py")], 2, patient, {})
        ended = list(missing.run([[[task("a"), task("b")]], [[task("c")]]]))
        assert sorted(one.task["name"] for one in ended) == ["a", "b", "c"]
        assert answered(ended) == set()
        for one in ended:
            assert one.death.startswith("exit code 2: ")
            assert "missing.py" in one.death

    def test_a_worker_that_does_not_end_with_its_input_is_ended(
        self, workers: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(worker_processes, "END_S", 0.5)
        assert answered(workers(1).run([[[task("a", do="stay")]]])) == {"a"}
        assert all(map(is_gone, pids(tmp_path)))


class TestTimeLimit:
    def test_an_endless_task_is_ended_and_costs_only_itself(
        self, workers: Make, tmp_path: Path
    ) -> None:
        group = [task("a"), task("b", do="sleep"), task("c")]
        ended = by_name(workers(1, impatient, start_s=LIMIT_S).run([[group, [task("d")]]]))
        assert answered(ended.values()) == {"a", "c", "d"}
        # Alone, it is the first task of its worker: the start counts too.
        assert ended["b"].death == f"no answer within {2 * LIMIT_S:g} s"
        assert ended["b"].crashed
        assert tries(tmp_path, "b") == 2
        until(lambda: all(map(is_gone, pids(tmp_path))), "nobody sleeps on")

    def test_a_task_that_hangs_once_is_answered(self, workers: Make) -> None:
        group = [task("a"), task("b", do="sleep once"), task("c")]
        assert answered(workers(1, impatient).run([[group]])) == {"a", "b", "c"}

    def test_the_limit_is_that_of_the_tasks_unanswered(self, workers: Make) -> None:
        asked: list[list[str]] = []

        def limit_s(tasks: Sequence[Task]) -> float:
            asked.append([one["name"] for one in tasks])
            return float(PATIENCE_S)

        group = [task("a"), task("b"), task("c")]
        assert answered(workers(1, limit_s).run([[group]])) == {"a", "b", "c"}
        assert asked == [["a", "b", "c"], ["b", "c"], ["c"]]

    def test_each_answer_starts_the_time_anew(self, workers: Make, tmp_path: Path) -> None:
        group = [task(f"{at}", do="nap", nap_s=str(LIMIT_S / 4)) for at in range(6)]
        ended = list(workers(1, impatient).run([[group]]))
        assert answered(ended) == {one["name"] for one in group}
        assert len(pids(tmp_path)) == 1

    def test_a_worker_has_more_time_for_its_first_answer(
        self, workers: Make, tmp_path: Path
    ) -> None:
        def hasty(tasks: Sequence[Task]) -> float:
            return 0.0 if tasks[0]["name"] == "a" else PATIENCE_S

        group = [task("a", do="nap", nap_s="0.5"), task("b")]
        ended = workers(1, hasty, start_s=PATIENCE_S).run([[group]])
        assert answered(ended) == {"a", "b"}
        assert len(pids(tmp_path)) == 1

    def test_a_worker_that_reads_nothing_is_ended_too(self, workers: Make) -> None:
        # More than a pipe holds: whoever writes it waits for the worker to read.
        group = [task("a", odd="x" * 200_000)]
        pool = workers(1, impatient, program=NEVER_READS, start_s=0.0)
        (ended,) = pool.run([[group]])
        assert ended.death == f"no answer within {LIMIT_S:g} s"


class TestStop:
    SHARDS: Final = [
        [[task("quick"), task("slow-0", do="sleep"), task("slow-1")], [task("slow-2")]],
        [[task("other-0", do="sleep"), task("other-1")], [task("other-2")]],
    ]

    def test_closing_kills_the_workers_and_starts_no_other(
        self, workers: Make, tmp_path: Path
    ) -> None:
        with closing(workers(2).run(self.SHARDS)) as run:  # type: ignore[type-var]
            assert next(run).task["name"] == "quick"
            until(lambda: tries(tmp_path, "slow-0") == tries(tmp_path, "other-0") == 1, "at work")
        self._assert_all_gone(tmp_path)

    def test_an_error_in_the_loop_kills_them_too(self, workers: Make, tmp_path: Path) -> None:
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
        untouched = ("slow-1", "slow-2", "other-1", "other-2")
        assert {tries(folder, name) for name in untouched} == {0}
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
        group = [RECORDING.dump_python(self.recording("short"), mode="json")]
        seen = [
            (ended.answer, self.finished(settings))
            for ended in wiring.workers(settings, CALL_DATE, 1, patient).run([[group]])
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
            worker.stdin.write(f"[{RECORDING.dump_json(self.recording('long')).decode()}]\n")
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
        group = [RECORDING.dump_python(self.recording("short"), mode="json")]
        (ended,) = wiring.workers(wrong, CALL_DATE, 1, patient).run([[group]])
        assert ended.answer is None
        assert ended.death.startswith("exit code 2: ")
        assert ended.death.endswith("or correct STT_MODEL_SHA256.")


def test_notes_are_told_and_who_writes_them_is_not_silent(workers: Make) -> None:
    told: list[tuple[str, int]] = []
    pool = workers(1, impatient, on_note=lambda task, note: told.append((task["name"], note)))

    ended = by_name(pool.run([[[task("a", do="tell", nap_s="0.8"), task("b")]]]))

    assert told == [("a", share) for share in range(4)]
    assert all(one.answer is not None for one in ended.values())
    assert set(ended) == {"a", "b"}


def test_groups_may_come_while_others_are_worked_on_until_the_pool_is_stopped(
    workers: Make,
) -> None:
    pool = workers(2)
    waiting: queue.SimpleQueue[list[Task]] = queue.SimpleQueue()

    def groups() -> Iterator[list[Task]]:
        while group := waiting.get():
            yield group

    ended = pool.run([groups(), groups()])
    for name in "abc":
        waiting.put([task(name)])
        assert next(ended).task["name"] == name
    waiting.put([task("slow", do="sleep")])
    for _ in range(2):
        waiting.put([])
    pool.stop()
    assert [one.task["name"] for one in ended] == []
