"""Which recordings of a date are a shard's, where each shard is a run of its own. Runs nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from stt_pipeline.domain.planning.sharding import expected_audio_s, plan_shards, shard_count
from stt_pipeline.domain.planning.task_options import DatePlan
from stt_pipeline.domain.recordings.recording import Recording


@dataclass(frozen=True)
class ShardPlan:
    """The etags of each shard; the first is shard 1.

    `to_do` is how many of each shard's etags, its first, lacked a result of `engine` (a
    fingerprint) when it was made. `launch` is true where the pipeline launches the runs itself, as
    `tasks` says, under run keys that begin with `id`; false where whoever made the plan does, as a
    backfill.
    """

    shards: tuple[tuple[str, ...], ...]
    to_do: tuple[int, ...] = ()
    id: str = ""
    engine: str = ""
    launch: bool = False
    tasks: DatePlan | None = None

    def mine(self, shard: int, accepted: Iterable[Recording]) -> list[Recording]:
        """The accepted recordings of a shard, from 1; none where the plan has fewer shards."""
        etags = set(self.shards[shard - 1]) if shard <= len(self.shards) else set()
        return [recording for recording in accepted if recording.etag in etags]

    def begun_with(self, shard: int, accepted: Iterable[Recording]) -> list[Recording]:
        """Those of a shard's recordings that lacked a result when the plan was made."""
        etags = set(self.shards[shard - 1][: self.to_do[shard - 1]])
        return [recording for recording in accepted if recording.etag in etags]

    def shards_of(self, recordings: Iterable[Recording]) -> list[int]:
        """The shards that hold any of these recordings, in order."""
        etags = {recording.etag for recording in recordings}
        return [
            number for number, shard in enumerate(self.shards, 1) if not etags.isdisjoint(shard)
        ]

    @property
    def worth_a_run(self) -> list[int]:
        """The shards that lacked a result when the plan was made."""
        return [number for number, count in enumerate(self.to_do, 1) if count]


def plan_runs(
    accepted: Sequence[Recording],
    missing: Sequence[Recording],
    shard_minutes: float,
    max_shards: int,
    wanted: int | None = None,
) -> ShardPlan:
    """Deals every accepted recording to one shard: those `missing` a result, then the others.

    Each of the two is dealt out evenly, over as many shards as it takes; those missing over the
    shards `wanted`, where that is said. Recordings with a result cost a shard nothing, until
    another engine is set and the same shards are run again.
    """
    shards: list[list[str]] = [[] for _ in range(max_shards)]
    lacking = {recording.etag for recording in missing}
    done = [recording for recording in accepted if recording.etag not in lacking]
    to_do: tuple[int, ...] = ()
    for part, whole, count in ((missing, missing, wanted), (done, accepted, None)):
        audio_s = sum(recording.audio_s for recording in whole)
        count = min(max_shards, count or shard_count(audio_s, shard_minutes, max_shards))
        for shard, dealt in zip(
            shards, plan_shards(part, count, audio_s=expected_audio_s), strict=False
        ):
            shard += [recording.etag for recording in dealt]
        to_do = to_do or tuple(map(len, shards))
    while shards and not shards[-1]:
        shards.pop()
    return ShardPlan(tuple(map(tuple, shards)), to_do[: len(shards)])
