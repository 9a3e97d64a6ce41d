"""What befalls backfills in the tests: each case on dates of its own, all at work at once.

They share one bed: it takes half a minute to start, and Dagster's daemon looks at backfills and at
lost tasks every 30 s, so cases one after the other would wait for most of an hour.
"""

import signal
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from stt_pipeline_tests.cloud import doubting, giving
from stt_pipeline_tests.cloud.backfill import END_S, Backfill, PlannedDate, launch
from stt_pipeline_tests.cloud.bed import ASSETS, Bed
from stt_pipeline_tests.cloud.faults import Fault, Rule
from stt_pipeline_tests.cloud.faulty_proxy import FaultyProxy
from stt_pipeline_tests.flows.console import DATE_ASSETS, wait_for
from stt_pipeline_tests.speech.calls import JoinedCall, join_prompts, short_call
from stt_pipeline_tests.speech.prompts import Prompt

SETTINGS = {"STT_MAX_SHARDS": "2", "STT_SHARD_MINUTES": "0.4", "STT_FIRST_DATE": "2026-10-30"}
"""Two shards for FEW and MANY, none for ONE, which the date's own run may do by itself."""

FEW, MANY, ONE = "few", "many", "one"
DATES: Mapping[str, tuple[str, ...]] = {
    "tasks given": ("2026-10-31",),
    "few undisturbed": ("2026-11-01",),
    "many undisturbed": ("2026-11-02",),
    "shard killed": ("2026-11-03",),
    "shard interrupted": ("2026-11-04",),
    "date killed": ("2026-11-05",),
    "doubled": ("2026-11-06",),
    "throttled": ("2026-11-07",),
    "no capacity": ("2026-11-08",),
    "answer lost": ("2026-11-09",),
    "answer late": ("2026-11-10",),
    "S3 failing": ("2026-11-11",),
    "daemon restarted": tuple(f"2026-11-{day}" for day in range(12, 22)),
    "Postgres restarted": ("2026-11-22",),
    "doubted": ("2026-10-30",),
}
KINDS = {
    "tasks given": MANY,
    "many undisturbed": MANY,
    "shard killed": MANY,
    "shard interrupted": MANY,
    "answer late": ONE,
    "throttled": ONE,
    "no capacity": ONE,
    "answer lost": ONE,
    "doubted": ONE,
    "daemon restarted": ONE,
}
"""Which calls a case has, where they are not FEW. A date of ONE call is one run, without shards."""

LATE_S = 65.0
"""boto3 waits 60 s for an answer, and then asks again."""

WORK = "_work/(ledger|results|candidates|verdicts)"
"""What a date's run writes, nine objects or more; not its lock, which must be renewed in time."""


@dataclass(frozen=True)
class Outcome:
    """How a case ended; `kept` are the finished results when it was disturbed."""

    backfill: Backfill
    status: str
    kept: Counter[str] = field(default_factory=Counter)
    broken_share: float = 0.0


def calls_of_a_kind(prompts: Sequence[Prompt]) -> dict[str, list[JoinedCall]]:
    """The calls of a date: 3 of three sentences, 80 of one sentence, or 1 of the first three.

    A worker takes 32 calls at once: of 80, each of two shards has a second group to lose.
    """
    single = [prompt for prompt in prompts if 2.0 < prompt.duration_s < 4.0][:80]
    few = [short_call(prompts, number) for number in range(3)]
    many = [join_prompts([one], pause_s=0.4, seed=number) for number, one in enumerate(single)]
    return {FEW: few, MANY: many, ONE: few[:1]}


class Cases:
    """Launches all cases, and tells how each ended."""

    def __init__(self, bed: Bed, prompts: Sequence[Prompt]) -> None:
        """Puts the recordings of every case in the bucket."""
        self.bed = bed
        self.calls = calls_of_a_kind(prompts)
        self._futures: dict[str, Future[Outcome]] = {}
        for name, dates in DATES.items():
            for date in dates:
                for number, call in enumerate(self.calls[self.kind(name)]):
                    bed.put_call(date, f"{self.kind(name)}{number:02}", call)

    @staticmethod
    def kind(name: str) -> str:
        """The kind of calls that a case has."""
        return KINDS.get(name, FEW)

    def start(self, pool: ThreadPoolExecutor) -> None:
        """Starts them; those that restart what all share, once the others have ended."""
        for name, act in SEPARATE.items():
            self._futures[name] = pool.submit(act, self.bed, name)
        separate = list(self._futures.values())
        for name, act in SHARED.items():
            self._futures[name] = pool.submit(self._after, separate, act, name)

    def _after(
        self, others: Sequence[Future[Outcome]], act: Callable[[Bed, str], Outcome], name: str
    ) -> Outcome:
        wait(others)
        return act(self.bed, name)

    def outcome(self, name: str) -> Outcome:
        """Waits for the case; raises what went wrong in it."""
        return self._futures[name].result()


def undisturbed(bed: Bed, name: str) -> Outcome:
    assets = DATE_ASSETS if KINDS.get(name) == ONE else ASSETS
    backfill = launch(bed, name, *DATES[name], assets=assets)
    return Outcome(backfill, backfill.ended())


def shard_killed(bed: Bed, name: str) -> Outcome:
    return _shard_ends(bed, name, bed.account.kill)


def shard_interrupted(bed: Bed, name: str) -> Outcome:
    return _shard_ends(bed, name, bed.account.interrupt)


def _shard_ends(bed: Bed, name: str, end: Callable[[dict[str, object]], None]) -> Outcome:
    """Ends the task of a shard that has finished some of its recordings."""
    [date] = DATES[name]
    backfill = launch(bed, name, date)
    end(backfill.one_at_work("transcript_shards", lambda: bool(bed.checkpoints(date))))
    kept = bed.checkpoints(date)
    return Outcome(backfill, backfill.ended(), kept)


def date_killed(bed: Bed, name: str) -> Outcome:
    """Kills the date's own run once it has laid out tables that are not published yet."""
    [date] = DATES[name]
    candidate = f"_work/candidates/transcripts/call_date={date}/"
    backfill = launch(bed, name, date)
    bed.account.kill(backfill.one_at_work("transcripts", lambda: bool(bed.keys(candidate))))
    kept = bed.checkpoints(date)
    return Outcome(backfill, backfill.ended(), kept)


def tasks_given(bed: Bed, name: str) -> Outcome:
    """Gives a date two tasks on demand while its shards are at work, as the forecast does.

    What is left then is two shards, or so little that the run which publishes the date does it.
    """
    [date] = DATES[name]
    planned = PlannedDate(bed, name, (date,), id="")
    bed.dagster.console.launch_job("find_recordings", date)
    bed.dagster.daemon.run_beside(sys.executable, "-m", giving.__name__, date, "2")
    return Outcome(planned, planned.ended(), bed.checkpoints(date))


def doubled(bed: Bed, name: str) -> Outcome:
    """Starts the command of a shard's task a second time, which no answer of ECS explains."""
    backfill = launch(bed, name, *DATES[name])
    bed.account.run_again(backfill.one_at_work("transcript_shards"), name)
    return Outcome(backfill, backfill.ended())


def doubted(bed: Bed, name: str) -> Outcome:
    """Its run succeeds, and something has said that it will be repeated."""
    backfill = launch(bed, name, *DATES[name], assets=DATE_ASSETS)
    bed.dagster.daemon.run_beside(sys.executable, "-m", doubting.__name__, backfill.id)
    return Outcome(backfill, backfill.ended())


def throttled(bed: Bed, name: str) -> Outcome:
    """RunTask is throttled; the tags of its runs ask for small tasks, on demand."""
    bed.account.break_run_task("throttled", name, times=5)
    tags = {"ecs/cpu": "1024", "ecs/memory": "4096"}
    backfill = launch(bed, name, *DATES[name], assets=DATE_ASSETS, tags=tags, capacity="FARGATE")
    return Outcome(backfill, backfill.ended())


def no_capacity(bed: Bed, name: str) -> Outcome:
    bed.account.break_run_task("no_capacity", name, times=5)
    return undisturbed(bed, name)


def answer_lost(bed: Bed, name: str) -> Outcome:
    """RunTask starts the task and answers nothing, once: the launcher asks again within a second.

    A run that has begun before the launcher knows its task counts as lost: see `answer_late`.
    """
    bed.account.break_run_task("lost", name, times=1)
    return undisturbed(bed, name)


def answer_late(bed: Bed, name: str) -> Outcome:
    """RunTask starts the task, and the client has given up before it says so.

    The run is slow to write, so that it is at work all that time, and counts as lost meanwhile.
    """
    slow = Rule(Fault.DELAY, kinds=frozenset({"PUT"}), path=WORK, delay_s=10)
    with FaultyProxy(bed.account.endpoint) as proxy:
        proxy.add(slow)
        bed.account.break_run_task("late", name, times=1, seconds=LATE_S)
        environment = {"AWS_ENDPOINT_URL_S3": proxy.endpoint}
        backfill = launch(bed, name, *DATES[name], assets=DATE_ASSETS, environment=environment)
        return Outcome(backfill, backfill.ended())


def s3_failing(bed: Bed, name: str) -> Outcome:
    """One request in ten fails, of every run of the date: slowed down, refused, or dropped."""
    faults = (Fault.SLOW_DOWN, Fault.INTERNAL_ERROR, Fault.DROP)
    with FaultyProxy(bed.account.endpoint) as proxy:
        proxy.add(*(Rule(fault, every=28) for fault in faults))
        environment = {"AWS_ENDPOINT_URL_S3": proxy.endpoint}
        backfill = launch(bed, name, *DATES[name], environment=environment)
        status = backfill.ended()
        share = proxy.broken / max(1, len(proxy.exchanges))
        return Outcome(backfill, status, broken_share=share)


def daemon_restarted(bed: Bed, name: str) -> Outcome:
    """Restarts the daemon when some dates are done, some at work, and others not begun."""
    dates = DATES[name]
    backfill = launch(bed, name, *dates, assets=DATE_ASSETS)

    def is_in_the_middle() -> bool:
        done = sum(n for (_, status), n in backfill.outcomes().items() if status == "SUCCESS")
        return 2 <= done < len(dates)

    wait_for(is_in_the_middle, END_S, every_s=1)
    kept = sum((bed.checkpoints(date) for date in dates), Counter[str]())
    bed.dagster.restart_daemon(signal.SIGTERM)
    return Outcome(backfill, backfill.ended(), kept)


def postgres_restarted(bed: Bed, name: str) -> Outcome:
    """Restarts Postgres while a shard of the date is at work, and runs of other cases."""
    backfill = launch(bed, name, *DATES[name])
    backfill.one_at_work("transcript_shards", lambda: bool(bed.checkpoints(*DATES[name])))
    bed.database.restart()
    return Outcome(backfill, backfill.ended())


Act = Callable[[Bed, str], Outcome]
SEPARATE: dict[str, Act] = {
    "answer late": answer_late,
    "tasks given": tasks_given,
    "shard killed": shard_killed,
    "shard interrupted": shard_interrupted,
    "date killed": date_killed,
    "many undisturbed": undisturbed,
    "few undisturbed": undisturbed,
    "doubled": doubled,
    "doubted": doubted,
    "throttled": throttled,
    "no capacity": no_capacity,
    "answer lost": answer_lost,
    "S3 failing": s3_failing,
}
"""Cases that touch no date but their own."""

SHARED: dict[str, Act] = {
    "daemon restarted": daemon_restarted,
    "Postgres restarted": postgres_restarted,
}
"""Cases that restart what every case needs."""
