"""Deals a date's recordings out to shards, groups and workers, within limits. Starts nothing."""

import heapq
import math
from collections.abc import Callable, Sequence
from typing import TypeVar

from stt_pipeline.domain.recordings.recording import Recording

T = TypeVar("T")

GROUP_AUDIO_S = 600.0
"""Audio seconds that a worker takes at once: about 30 s of work, well under the two minutes of
finished work that a killed worker may lose."""

GROUP_RECORDINGS = 32
"""Recordings that a worker takes at once: enough to fill its batches, few to try again singly."""

MIN_BYTES_PER_S = 750.0
"""Of one channel at 6 kbit/s, the least that a speech codec in use writes (Opus, RFC 6716)."""

MIN_LIMIT_S = 120.0
"""The least that a worker is given to answer: a short recording may meet a slow store."""

LIMIT_S_PER_AUDIO_S = 2.0
"""Seconds that a second of audio may take: 24 times what the slowest engine measured takes, plain
faster-whisper on two threads at 12 times real time (issue 3, base model). What is slower is stuck,
or a model too large for this CPU."""

WORKER_BYTES = 1_300_000_000
"""Most memory of one worker, however long the call (measured peak)."""

RUN_BYTES = 300_000_000
"""Memory of the run that starts the workers: 170 MB once its modules are loaded, and its events."""


BATCH = 16
"""Chunks that a worker decodes at once where it has the memory: the decoder's 48 MB of weights are
read for every token of a batch, and cost a chunk alone four fifths of its time."""

WORKER_BASE_BYTES = 700_000_000
"""Memory of a worker but for the chunks at work: libraries, the base model, five minutes of sound
(measured: 0.73 GB of peak while the model is loaded, 0.46 once it is, 0.65 with one chunk)."""

CHUNK_BYTES = 36_000_000
"""Memory of a chunk at work: keys and values of its states in six layers, and its beams; many
beams have half as many chunks (measured: 1.08 GB of peak with eight in French, 0.95 in English)."""


def batch_size(workers: int, memory_bytes: int) -> int:
    """Chunks that each of so many workers decodes at once: 1 to BATCH, as memory allows."""
    share_bytes = (memory_bytes - RUN_BYTES) // workers
    return max(1, min(BATCH, (share_bytes - WORKER_BASE_BYTES) // CHUNK_BYTES))


def worker_count(shards: int, cpus: int, memory_bytes: int) -> int:
    """Workers at once: one a shard, as far as there are CPUs and memory, and at least one."""
    return max(1, min(shards, cpus, (memory_bytes - RUN_BYTES) // WORKER_BYTES))


def shard_count(audio_s: float, shard_minutes: float, max_shards: int) -> int:
    """Shards for that many seconds of audio: one for each `shard_minutes`, 1 to `max_shards`."""
    return max(1, min(max_shards, math.ceil(audio_s / 60 / shard_minutes)))


def plan_shards(items: Sequence[T], shards: int, audio_s: Callable[[T], float]) -> list[list[T]]:
    """At most `shards` non-empty shards that hold every item once, longest first.

    Longest processing time first (Graham 1969): each item goes to the shard with the least audio,
    so that two shards never differ by more than the longest item. Equal items keep their order.
    """
    loads = [(0.0, index) for index in range(min(shards, len(items)))]
    plan: list[list[T]] = [[] for _ in loads]
    for item in sorted(items, key=audio_s, reverse=True):
        load, index = heapq.heappop(loads)
        plan[index].append(item)
        heapq.heappush(loads, (load + audio_s(item), index))
    return [shard for shard in plan if shard]


def plan_recordings(
    recordings: Sequence[Recording], shard_minutes: float, max_shards: int
) -> list[list[Recording]]:
    """The shards of a date's recordings, by the settings SHARD_MINUTES and MAX_SHARDS."""
    audio_s = sum(recording.audio_s for recording in recordings)
    count = shard_count(audio_s, shard_minutes, max_shards)
    return plan_shards(recordings, count, audio_s=expected_audio_s)


def group(
    items: Sequence[T],
    audio_s: Callable[[T], float],
    limit_s: float = GROUP_AUDIO_S,
    limit_count: int = GROUP_RECORDINGS,
) -> list[list[T]]:
    """Consecutive groups that hold every item once, in order, and as many as the limits let.

    A group has at most `limit_count` items and `limit_s` audio seconds; a longer item is alone.
    """
    groups: list[list[T]] = []
    load_s = 0.0
    for item in items:
        load_s += audio_s(item)
        if not groups or load_s > limit_s or len(groups[-1]) == limit_count:
            groups.append([])
            load_s = audio_s(item)
        groups[-1].append(item)
    return groups


def expected_audio_s(recording: Recording) -> float:
    """Its audio seconds over all channels; the most its bytes can hold where no header says."""
    return recording.audio_s or recording.size_bytes / MIN_BYTES_PER_S


def answer_limit_s(audio_s: float) -> float:
    """Seconds after which a worker that answers for none of that audio is stuck, not slow."""
    return max(MIN_LIMIT_S, LIMIT_S_PER_AUDIO_S * audio_s)
