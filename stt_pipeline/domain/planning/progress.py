"""How far a date's transcription is, by shard. Shows nothing: the terminal and the UI do."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from stt_pipeline.domain.recordings.recording import Recording


@dataclass
class ShardProgress:
    """Recordings and audio seconds (all channels) of one shard, planned and done."""

    shard: int
    recordings: int
    audio_s: float
    recordings_done: int = 0
    audio_done_s: float = 0.0
    cpu_s: float = 0.0
    failed: int = 0

    @property
    def is_done(self) -> bool:
        """True once every recording ended, well or not."""
        return self.recordings_done == self.recordings


@dataclass
class DateProgress:
    """All shards of a date; `reused` recordings were transcribed by an earlier run."""

    reused: int
    shards: list[ShardProgress] = field(default_factory=list)

    @classmethod
    def of(cls, shards: Sequence[Sequence[Recording]], reused: int) -> "DateProgress":
        """Nothing done yet."""
        return cls(
            reused,
            [
                ShardProgress(index, len(shard), sum(one.audio_s for one in shard))
                for index, shard in enumerate(shards)
            ],
        )

    def advance(self, shard: int, audio_s: float, cpu_s: float, transcribed: bool) -> None:
        """Counts one recording as ended."""
        at = self.shards[shard]
        at.recordings_done += 1
        at.audio_done_s += audio_s
        at.cpu_s += cpu_s
        at.failed += not transcribed

    @property
    def recordings(self) -> int:
        """Recordings to transcribe in this run."""
        return sum(shard.recordings for shard in self.shards)

    @property
    def recordings_done(self) -> int:
        """Recordings that ended."""
        return sum(shard.recordings_done for shard in self.shards)

    @property
    def audio_s(self) -> float:
        """Audio seconds to transcribe in this run, all channels."""
        return sum(shard.audio_s for shard in self.shards)

    @property
    def audio_done_s(self) -> float:
        """Audio seconds that ended."""
        return sum(shard.audio_done_s for shard in self.shards)

    @property
    def cpu_s(self) -> float:
        """CPU seconds spent by the engine in this run."""
        return sum(shard.cpu_s for shard in self.shards)


class ProgressListener(Protocol):
    """Is told of every recording that ended; shows it to somebody."""

    def update(self, call_date: str, progress: DateProgress) -> None:
        """Called once before the first recording and after each."""
        ...


class Unwatched:
    """Implements ProgressListener for runs that nobody watches in a terminal."""

    def update(self, call_date: str, progress: DateProgress) -> None:
        """Shows nothing."""
