"""One holder at a time, whatever happens to holders: real processes race, die and are stopped."""

import itertools
import json
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest
from botocore.exceptions import ClientError

from stt_pipeline.adapters.s3_store import LeaseLostError, S3Store
from stt_pipeline.adapters.s3_store.client import RENEWAL, make_client
from stt_pipeline.adapters.s3_store.failures import Place
from stt_pipeline.adapters.s3_store.lease import GRACE_S
from stt_pipeline_tests.cloud.faults import Fault, Rule
from stt_pipeline_tests.cloud.faulty_proxy import FaultyProxy
from stt_pipeline_tests.cloud.s3 import client_of

PATIENCE_S: Final = 120
LIFE_S: Final = 4.0
KEY: Final = "lake/_work/locks/d.lock"

HOLDER: Final = """
import signal, sys
from stt_pipeline.adapters.s3_store import LeaseLostError, S3Store

# A shell's background job, and all that it starts, ignores Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)

store = S3Store(sys.argv[1], "lake", "STT_LAKE_URI", lease_life_s=float(sys.argv[2]))
with store.locked("d", on_wait=lambda: print("waits", flush=True)):
    print("held", flush=True)
    sys.stdin.readline()
    for write in (
        lambda: store.write("table", b"by the holder"),
        lambda: store.copy("other", "table"),
        lambda: store.delete("table"),
    ):
        try:
            write()
            print("written", flush=True)
        except LeaseLostError as error:
            print("refused:", error.strerror, flush=True)
"""

COUNTER: Final = """
import sys, time
from stt_pipeline.adapters.s3_store import S3Store

store = S3Store(sys.argv[1], "lake", "STT_LAKE_URI", lease_life_s=float(sys.argv[2]))
for _ in range(int(sys.argv[3])):
    with store.locked("d", on_wait=lambda: None):
        count = int(store.read("counter") or 0)
        time.sleep(0.05)
        store.write("counter", str(count + 1).encode())
"""

WRITER: Final = """
import sys
from stt_pipeline.adapters.s3_store.client import WORK, make_client
from stt_pipeline.adapters.s3_store.failures import Place
from botocore.exceptions import ClientError

client = make_client(Place(sys.argv[1], "", "STT_LAKE_URI"), WORK)
print("ready", flush=True)
sys.stdin.readline()
won = 0
for turn in range(20):
    try:
        client.put_object(Bucket=sys.argv[1], Key=str(turn), Body=sys.argv[2], IfNoneMatch="*")
        won += 1
    except ClientError as error:
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] in (409, 412), error
print(won, flush=True)
"""

pytestmark = pytest.mark.usefixtures("aws")


def start(script: str, *arguments: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def line_of(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@contextmanager
def holder(bucket: str, life_s: float = LIFE_S) -> Iterator["subprocess.Popen[str]"]:
    """A process that asks for the lock, ended with the block."""
    process = start(HOLDER, bucket, life_s)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def lake(bucket: str, life_s: float = LIFE_S) -> S3Store:
    return S3Store(bucket, "lake", "STT_LAKE_URI", lease_life_s=life_s)


@pytest.fixture
def s3(s3_endpoint: str) -> Any:
    return client_of(s3_endpoint)


def exists(s3: Any, bucket: str, key: str) -> bool:
    try:
        s3.head_object(Bucket=bucket, Key=key)
    except ClientError:
        return False
    return True


class TestRaces:
    def test_of_processes_that_write_one_object_exactly_one_wins(self, bucket: str) -> None:
        writers = [start(WRITER, bucket, name) for name in "abcdef"]
        assert [line_of(one) for one in writers] == ["ready"] * 6
        for one in writers:
            assert one.stdin is not None
            one.stdin.write("\n")
            one.stdin.flush()
        won = [int(one.communicate(timeout=PATIENCE_S)[0]) for one in writers]
        assert sum(won) == 20

    @pytest.mark.parametrize("fault", [None, Fault.LOSE_ANSWER, Fault.INTERNAL_ERROR])
    def test_processes_take_turns(self, aws: FaultyProxy, bucket: str, fault: Fault | None) -> None:
        """Each adds one, several times, to a number it has read: none is lost."""
        if fault:
            aws.add(Rule(fault, every=5))
        counters = [start(COUNTER, bucket, 30, 5) for _ in range(4)]
        assert [one.wait(PATIENCE_S) for one in counters] == [0] * 4
        assert lake(bucket).read("counter") == b"20"

    def test_one_process_of_many_takes_over(self, bucket: str, s3: Any) -> None:
        dead = json.dumps({"holder": "dead", "turn": 1, "life_s": 1.0})
        s3.put_object(Bucket=bucket, Key=KEY, Body=dead)
        counters = [start(COUNTER, bucket, 30, 1) for _ in range(5)]
        assert [one.wait(PATIENCE_S) for one in counters] == [0] * 5
        assert lake(bucket).read("counter") == b"5"

    def test_one_of_those_that_see_it_run_out_at_once(
        self, s3_endpoint: str, bucket: str, s3: Any
    ) -> None:
        """The proxy holds their requests until all are there: first to make it, then to take it."""
        dead = json.dumps({"holder": "dead", "turn": 1, "life_s": 0.0})
        s3.put_object(Bucket=bucket, Key=KEY, Body=dead)
        time.sleep(GRACE_S + 2)
        at_once = threading.Barrier(4)
        put = itertools.count()
        inside, most_inside = set[int](), list[int]()

        def meet(kind: str, path: str) -> None:
            if kind == "PUT" and next(put) < 2 * at_once.parties:
                at_once.wait(PATIENCE_S)

        def hold(number: int) -> None:
            store = S3Store(bucket, "lake", "STT_LAKE_URI", client_of(proxy.endpoint), 30)
            with store.locked("d", on_wait=lambda: None):
                inside.add(number)
                time.sleep(1)
                most_inside.append(len(inside))
                inside.remove(number)

        with FaultyProxy(s3_endpoint, meet) as proxy:
            holders = [threading.Thread(target=hold, args=(number,)) for number in range(4)]
            for one in holders:
                one.start()
            for one in holders:
                one.join(PATIENCE_S)
        assert most_inside == [1] * 4


class TestHolders:
    def test_a_killed_holder_frees_it_after_its_lease(self, bucket: str) -> None:
        with holder(bucket) as first, holder(bucket) as second:
            lines = {line_of(first), line_of(second)}
            assert lines == {"held", "waits"}
            dead, heir = (first, second) if line_is_held(first, bucket) else (second, first)
            dead.send_signal(signal.SIGKILL)
            began = time.monotonic()
            assert line_of(heir) == "held"
            waited_s = time.monotonic() - began
            assert waited_s > LIFE_S * 2 / 3 + GRACE_S - 1.5

    def test_a_holder_that_ends_gives_it_back(self, bucket: str, s3: Any) -> None:
        with holder(bucket, life_s=60) as process:
            assert line_of(process) == "held"
            assert exists(s3, bucket, KEY)
            process.communicate("\n", timeout=PATIENCE_S)
        assert not exists(s3, bucket, KEY)

    def test_a_holder_that_is_interrupted_gives_it_back(self, bucket: str, s3: Any) -> None:
        with holder(bucket, life_s=60) as process:
            assert line_of(process) == "held"
            process.send_signal(signal.SIGINT)
            process.wait(PATIENCE_S)
        assert not exists(s3, bucket, KEY)

    def test_a_holder_that_slept_through_its_lease_writes_nothing_more(self, bucket: str) -> None:
        """The kernel stops it, as a frozen machine is; its successor's tables stay."""
        with holder(bucket) as process:
            assert line_of(process) == "held"
            process.send_signal(signal.SIGSTOP)
            store = lake(bucket)
            with store.locked("d", on_wait=lambda: None):
                store.write("table", b"by the successor")
            process.send_signal(signal.SIGCONT)
            said = process.communicate("\n", timeout=PATIENCE_S)[0].splitlines()
        assert len(said) == 3
        assert all(line.startswith("refused: this run held d too long") for line in said)
        assert store.read("table") == b"by the successor"

    def test_a_holder_that_slept_alone_goes_on(self, bucket: str) -> None:
        lake(bucket).write("other", b"copied")
        with holder(bucket, life_s=2) as process:
            assert line_of(process) == "held"
            process.send_signal(signal.SIGSTOP)
            time.sleep(4)
            process.send_signal(signal.SIGCONT)
            said = process.communicate("\n", timeout=PATIENCE_S)[0].splitlines()
        assert said == ["written"] * 3


class TestLease:
    def test_it_is_renewed_while_it_is_held(self, aws: FaultyProxy, bucket: str) -> None:
        with lake(bucket, life_s=1.5).locked("d", on_wait=lambda: None):
            time.sleep(3)
            assert aws.count("PUT") >= 4

    def test_its_own_lost_answers_are_no_rivals(self, aws: FaultyProxy, bucket: str) -> None:
        """The request is carried out, repeated, and told that the object is there."""
        aws.add(Rule(Fault.LOSE_ANSWER, kinds=frozenset({"PUT"}), every=2))
        waited: list[int] = []
        store = lake(bucket, life_s=1.5)
        with store.locked("d", on_wait=lambda: waited.append(1)):
            time.sleep(3)
            store.write("table", b"mine")
        assert waited == []
        assert aws.broken >= 2

    def test_s3_that_fails_many_times_on_end_is_asked_again(
        self, aws: FaultyProxy, bucket: str
    ) -> None:
        """A run that waits for its date has time: it does not fail where its next request would."""
        aws.add(Rule(Fault.LOSE_ANSWER, kinds=frozenset({"PUT"}), times=5))
        with lake(bucket).locked("d", on_wait=lambda: None):
            assert aws.broken == 5

    def test_s3_that_is_away_for_longer_than_a_lease_is_no_loss(
        self, aws: FaultyProxy, bucket: str
    ) -> None:
        impatient = make_client(Place(bucket, "", "STT_LAKE_URI"), RENEWAL)
        store = S3Store(bucket, "lake", "STT_LAKE_URI", impatient, lease_life_s=1.5)
        with store.locked("d", on_wait=lambda: None):
            aws.add(Rule(Fault.INTERNAL_ERROR, path="locks"))
            time.sleep(2)
            with pytest.raises(OSError, match="500") as caught:
                store.write("table", b"unsure")
            assert not isinstance(caught.value, LeaseLostError)
            assert store.read("table") is None
            aws.heal()
            store.write("table", b"sure")
        assert store.read("table") == b"sure"

    def test_another_holders_lease_is_not_given_back(self, bucket: str, s3: Any) -> None:
        store = lake(bucket, life_s=1.5)
        thief = json.dumps({"holder": "other", "turn": 1, "life_s": 60.0})
        with store.locked("d", on_wait=lambda: None):
            s3.put_object(Bucket=bucket, Key=KEY, Body=thief)
            time.sleep(2)
            with pytest.raises(LeaseLostError, match="another has taken it over"):
                store.write("table", b"too late")
        assert exists(s3, bucket, KEY)
        store.write("table", b"outside the lock")

    def test_a_lease_deleted_by_hand_is_lost(self, bucket: str, s3: Any) -> None:
        """Another may have held it and given it back meanwhile."""
        store = lake(bucket, life_s=1.5)
        with store.locked("d", on_wait=lambda: None):
            s3.delete_object(Bucket=bucket, Key=KEY)
            time.sleep(2)
            with pytest.raises(LeaseLostError):
                store.write("table", b"too late")

    def test_age_is_of_s3s_own_clock(
        self, bucket: str, s3: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A machine whose clock is an hour fast takes nothing over."""
        now = time.time
        monkeypatch.setattr(time, "time", lambda: now() + 3600)
        living = json.dumps({"holder": "other", "turn": 1, "life_s": 60.0})
        s3.put_object(Bucket=bucket, Key=KEY, Body=living)
        acquired = threading.Event()

        def hold() -> None:
            with lake(bucket).locked("d", on_wait=lambda: None):
                acquired.set()

        threading.Thread(target=hold, daemon=True).start()
        assert not acquired.wait(3)
        s3.delete_object(Bucket=bucket, Key=KEY)
        assert acquired.wait(PATIENCE_S)

    def test_no_thread_is_left(self, bucket: str) -> None:
        before = Counter(thread.name for thread in threading.enumerate())
        with lake(bucket).locked("d", on_wait=lambda: None):
            assert any(thread.name == "lease d" for thread in threading.enumerate())
        after = Counter(thread.name for thread in threading.enumerate())
        assert after["lease d"] == before["lease d"]


def line_is_held(process: "subprocess.Popen[str]", bucket: str) -> bool:
    """Whether this process's id is in the lease."""
    lease = json.loads(lake(bucket).read("_work/locks/d.lock") or b"{}")
    return f":{process.pid}:" in lease["holder"]
