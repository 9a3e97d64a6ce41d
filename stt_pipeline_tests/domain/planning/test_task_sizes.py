"""Which tasks Fargate gives, and how much memory each must have."""

import pytest

from stt_pipeline.domain.planning.sharding import RUN_BYTES, WORKER_BYTES
from stt_pipeline.domain.planning.task_sizes import (
    CONTROL_SIZE,
    TASK_SIZES,
    TaskSize,
    least_memory_gb,
)


def test_the_sizes_are_those_that_fargate_gives_with_the_least_memory_for_a_worker_each() -> None:
    assert [(size.vcpus, size.memory_gb) for size in TASK_SIZES] == [
        (1, 2),
        (2, 4),
        (4, 8),
        (8, 16),
        (16, 32),
    ]


@pytest.mark.parametrize("size", TASK_SIZES, ids=str)
def test_every_vcpu_of_a_size_has_a_worker_that_fits(size: TaskSize) -> None:
    assert size.workers == size.vcpus
    assert RUN_BYTES + size.workers * WORKER_BYTES <= size.memory_gb * 2**30


def test_too_little_memory_holds_fewer_workers() -> None:
    assert TaskSize(4, 4).workers == 3


def test_other_sizes_are_not_given() -> None:
    with pytest.raises(KeyError):
        least_memory_gb(3)


def test_tags_are_in_the_units_of_ecs() -> None:
    assert TaskSize(16, 32).tags == {"ecs/cpu": "16384", "ecs/memory": "32768"}


def test_a_run_that_lists_or_publishes_has_two_vcpus() -> None:
    assert (CONTROL_SIZE.vcpus, CONTROL_SIZE.memory_gb) == (2, 4)
