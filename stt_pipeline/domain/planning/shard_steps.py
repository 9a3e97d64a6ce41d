"""What comes next for a date whose shards are runs: launch, wait, publish. Launches nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from stt_pipeline.domain.planning.shard_plan import ShardPlan
from stt_pipeline.domain.recordings.recording import Recording


@dataclass(frozen=True)
class PlanRun:
    """A run of a plan: of one shard, or (None) the one that publishes the date."""

    shard: int | None
    is_at_work: bool
    succeeded: bool


@dataclass(frozen=True)
class Step:
    """Shards to launch, or the publishing run; `waits` while runs are at work. None: it has ended.

    `closes` is true where nothing but the publishing run is left.
    """

    why: str
    shards: tuple[int, ...] = ()
    publishes: bool = False
    waits: bool = False
    closes: bool = False

    @property
    def goes_on(self) -> bool:
        """True where the date is at work, or about to be."""
        return bool(self.shards) or self.publishes or self.waits


def next_step(
    plan: ShardPlan,
    runs: Sequence[PlanRun],
    missing: Callable[[], Sequence[Recording]],
    little_s: float,
) -> Step:
    """The step after these `runs` of the plan, each shard's newest last.

    `missing` gives the accepted recordings without a result; it is asked only where the runs do
    not say enough. The publishing run does up to `little_s` seconds of audio itself.
    """
    newest = {run.shard: run for run in runs}
    if publishing := newest.pop(None, None):
        if publishing.is_at_work:
            return Step("it is being published", waits=True, closes=True)
        return Step("it is published" if publishing.succeeded else "its publishing run failed")
    at_work = [run for run in newest.values() if run.is_at_work]
    without_run = set(plan.worth_a_run) - newest.keys()
    if at_work and not without_run:
        return Step(f"{len(at_work)} of its shards are at work", waits=True)
    left = missing()
    is_little = sum(recording.audio_s for recording in left) <= little_s
    if is_little and not at_work:
        return Step("nothing, or little, has no result", publishes=True, closes=True)
    if to_launch := sorted(without_run.intersection(plan.shards_of(left))):
        return Step(f"{len(to_launch)} shards have no run", shards=tuple(to_launch))
    if at_work:
        return Step(f"{len(at_work)} of its shards are at work", waits=True)
    if all(run.succeeded for run in newest.values()):
        return Step("all of its shards were run", publishes=True, closes=True)
    return Step(f"{len(left)} recordings have no result, and runs of their shards failed")
