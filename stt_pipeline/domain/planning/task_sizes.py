"""The sizes of a Fargate task that transcribes, and what they hold. Knows no price and no time."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from stt_pipeline.domain.planning.sharding import worker_count

_GIB: Final = 2**30

_LEGAL_GB: Final = {
    1: range(2, 8 + 1),
    2: range(4, 16 + 1),
    4: range(8, 30 + 1),
    8: range(16, 60 + 1, 4),
    16: range(32, 120 + 1, 8),
}
"""Memory that Fargate gives to a task of so many vCPU (AWS, task size of a task definition)."""


@dataclass(frozen=True)
class TaskSize:
    """vCPU and GiB of a task."""

    vcpus: int
    memory_gb: int

    @cached_property
    def workers(self) -> int:
        """Worker processes that it holds, one a vCPU where memory lasts."""
        return worker_count(self.vcpus, self.vcpus, self.memory_gb * _GIB)

    @property
    def tags(self) -> dict[str, str]:
        """Tags of a Dagster run that give its ECS task this size."""
        return {"ecs/cpu": str(self.vcpus * 1024), "ecs/memory": str(self.memory_gb * 1024)}

    def __str__(self) -> str:
        return f"{self.vcpus} vCPU, {self.memory_gb} GB"


def least_memory_gb(vcpus: int) -> int:
    """The least legal memory in which every vCPU has a worker; raises KeyError for other vCPU."""
    for memory_gb in _LEGAL_GB[vcpus]:
        if TaskSize(vcpus, memory_gb).workers == vcpus:
            return memory_gb
    raise ValueError(f"no legal memory holds {vcpus} workers")


TASK_SIZES: Final = tuple(TaskSize(vcpus, least_memory_gb(vcpus)) for vcpus in _LEGAL_GB)
"""The smallest first; each with the least memory that feeds its vCPU."""

CONTROL_SIZE: Final = TASK_SIZES[1]
"""Of a run that lists a date, or compacts, judges and publishes it: one process and its threads."""
