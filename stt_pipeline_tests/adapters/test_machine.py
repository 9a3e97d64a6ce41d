"""What control groups allow, from the files that Linux, Docker and systemd write."""

import os
from pathlib import Path

import pytest

from stt_pipeline.adapters.machine import (
    available_cpus,
    available_memory_bytes,
    cpu_quota,
    free_memory_bytes,
    memory_limit_bytes,
)

GIB = 2**30
NO_V1_LIMIT = "9223372036854771712"

V1_GROUPS = """\
11:memory:/docker/0123
5:cpu,cpuacct:/docker/0123
1:name=systemd:/docker/0123
0::/
"""


def layout(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_a_container_of_version_2_sees_its_own_limits(tmp_path: Path) -> None:
    root = layout(
        tmp_path,
        {
            "proc/self/cgroup": "0::/\n",
            "sys/fs/cgroup/cpu.max": "150000 100000\n",
            "sys/fs/cgroup/memory.max": f"{2 * GIB}\n",
        },
    )

    assert cpu_quota(root) == 1.5
    assert memory_limit_bytes(root) == 2 * GIB


def test_the_least_limit_of_the_groups_above_counts(tmp_path: Path) -> None:
    root = layout(
        tmp_path,
        {
            "proc/self/cgroup": "0::/system.slice/dagster.service\n",
            "sys/fs/cgroup/system.slice/cpu.max": "100000 100000\n",
            "sys/fs/cgroup/system.slice/memory.max": "max\n",
            "sys/fs/cgroup/system.slice/dagster.service/cpu.max": "max 100000\n",
            "sys/fs/cgroup/system.slice/dagster.service/memory.max": f"{3 * GIB}\n",
            "sys/fs/cgroup/user.slice/memory.max": f"{GIB}\n",
        },
    )

    assert cpu_quota(root) == 1.0
    assert memory_limit_bytes(root) == 3 * GIB


def test_a_container_of_version_1_sees_its_limits_at_the_mount(tmp_path: Path) -> None:
    root = layout(
        tmp_path,
        {
            "proc/self/cgroup": V1_GROUPS,
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "50000\n",
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": f"{GIB}\n",
        },
    )

    assert cpu_quota(root) == 0.5
    assert memory_limit_bytes(root) == GIB
    assert available_cpus(root) == 1


def test_a_process_of_version_1_outside_a_container_sees_those_of_its_group(
    tmp_path: Path,
) -> None:
    root = layout(
        tmp_path,
        {
            "proc/self/cgroup": V1_GROUPS,
            "sys/fs/cgroup/memory/memory.limit_in_bytes": f"{NO_V1_LIMIT}\n",
            "sys/fs/cgroup/memory/docker/0123/memory.limit_in_bytes": f"{GIB}\n",
        },
    )

    assert memory_limit_bytes(root) == GIB


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"proc/self/cgroup": "0::/\n"},
        {
            "proc/self/cgroup": "0::/../../elsewhere\n",
            "sys/fs/cgroup/cpu.max": "max 100000\n",
            "sys/fs/cgroup/memory.max": "max\n",
        },
        {
            "proc/self/cgroup": V1_GROUPS,
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": f"{NO_V1_LIMIT}\n",
        },
    ],
)
def test_without_a_limit_the_machine_is_all_ours(tmp_path: Path, files: dict[str, str]) -> None:
    root = layout(tmp_path, files)

    assert cpu_quota(root) is None
    assert available_cpus(root) == len(os.sched_getaffinity(0))
    assert available_memory_bytes(root) == os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def test_a_quota_gives_no_cpu_that_the_machine_lacks(tmp_path: Path) -> None:
    root = layout(
        tmp_path,
        {"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "99900000 100000\n"},
    )

    assert available_cpus(root) == len(os.sched_getaffinity(0))


def test_a_limit_below_the_machine_counts(tmp_path: Path) -> None:
    root = layout(
        tmp_path,
        {"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "1000000\n"},
    )

    assert available_memory_bytes(root) == 1_000_000


def test_this_machine_grants_something() -> None:
    assert available_cpus() >= 1
    assert available_memory_bytes() > GIB


def test_free_memory_is_the_machine_s_or_what_a_limit_leaves(tmp_path: Path) -> None:
    root = layout(
        tmp_path,
        {"proc/meminfo": f"MemTotal: 99 kB\nMemAvailable:    {4 * 2**20} kB\nHugePages_Total: 0\n"},
    )
    assert free_memory_bytes(root) == 4 * GIB
    layout(
        tmp_path,
        {
            "proc/self/cgroup": "0::/\n",
            "sys/fs/cgroup/memory.max": f"{3 * GIB}\n",
            "sys/fs/cgroup/memory.current": f"{2 * GIB}\n",
            "sys/fs/cgroup/memory.stat": f"anon 5\ninactive_file {GIB // 2}\n",
        },
    )
    assert free_memory_bytes(root) == 1.5 * GIB
    layout(tmp_path, {"sys/fs/cgroup/memory.max": "max\n"})
    assert free_memory_bytes(root) == 4 * GIB


def test_this_machine_has_memory_free() -> None:
    assert 0 < free_memory_bytes() <= available_memory_bytes()
