"""What this machine, or the container around this process, grants: CPUs and memory. Sets nothing.

Limits are those of the process's control groups and of every group above them that it can see
(Linux cgroup v2: `cpu.max`, `memory.max`; v1: `cpu.cfs_quota_us`, `memory.limit_in_bytes`).
"""

import math
import os
from collections.abc import Iterator
from pathlib import Path

ROOT = Path("/")
CGROUPS = "sys/fs/cgroup"


def available_cpus(root: Path = ROOT) -> int:
    """CPUs that this process may use; a quota of one and a half counts as two."""
    has_affinity = hasattr(os, "sched_getaffinity")
    cpus = len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1
    quota = cpu_quota(root)
    return cpus if quota is None else max(1, min(cpus, math.ceil(quota)))


def available_memory_bytes(root: Path = ROOT) -> int:
    """Bytes that this process and its children may use: the machine's, or fewer by a limit."""
    physical_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit_bytes = memory_limit_bytes(root)
    return physical_bytes if limit_bytes is None else min(physical_bytes, limit_bytes)


def free_memory_bytes(root: Path = ROOT) -> int:
    """Bytes that can still be had without swapping: of the machine, or fewer within a limit.

    What a control group holds of files is given back when memory is asked for, and counts as free.
    """
    lines = (line.split() for line in _text(root / "proc/meminfo").splitlines())
    known = {words[0]: int(words[1]) * 1024 for words in lines if len(words) > 1}
    free = [*_free_in_groups(root)]
    if "MemAvailable:" in known:
        free.append(known["MemAvailable:"])
    return max(0, min(free, default=available_memory_bytes(root)))


def _free_in_groups(root: Path) -> Iterator[int]:
    for folder in _groups(root, "memory"):
        limit = _words(folder / "memory.max") or _words(folder / "memory.limit_in_bytes")
        used = _words(folder / "memory.current") or _words(folder / "memory.usage_in_bytes")
        if limit and used and limit[0].isdecimal():
            lines = (line.split() for line in _text(folder / "memory.stat").splitlines())
            held = {words[0]: int(words[1]) for words in lines if len(words) == 2}
            files = held.get("inactive_file", held.get("total_inactive_file", 0))
            yield int(limit[0]) - int(used[0]) + files


def cpu_quota(root: Path = ROOT) -> float | None:
    """CPUs' worth of time that the control groups allow, or None where they set no limit."""
    settings = []
    for folder in _groups(root, "cpu"):
        settings.append(_words(folder / "cpu.max"))
        settings.append(_words(folder / "cpu.cfs_quota_us") + _words(folder / "cpu.cfs_period_us"))
    quotas = [int(words[0]) / int(words[1]) for words in settings if _is_quota(words)]
    return min(quotas, default=None)


def _is_quota(words: list[str]) -> bool:
    """No limit is `max` in v2, -1 in v1."""
    return len(words) == 2 and words[0].isdecimal()


def memory_limit_bytes(root: Path = ROOT) -> int | None:
    """The least limit of the control groups, or None; v1 writes no limit as a huge one."""
    limits = []
    for folder in _groups(root, "memory"):
        for name in ("memory.max", "memory.limit_in_bytes"):
            limits += [int(word) for word in _words(folder / name) if word.isdecimal()]
    return min(limits, default=None)


def _groups(root: Path, controller: str) -> Iterator[Path]:
    """Folders of the process's groups that may hold the controller's limits, up to the mounts.

    In a container the path may be the host's and the mount the container's own: then only the
    mount is there, and holds the container's limits.
    """
    for line in _text(root / "proc/self/cgroup").splitlines():
        number, controllers, path = line.split(":", 2)
        if number == "0":
            mounts = [root / CGROUPS, root / CGROUPS / "unified"]
        elif controller in controllers.split(","):
            mounts = [root / CGROUPS / controller]
        else:
            continue
        parts = [part for part in path.split("/") if part not in ("", "..")]
        for mount in mounts:
            for depth in range(len(parts) + 1):
                yield mount.joinpath(*parts[:depth])


def _words(path: Path) -> list[str]:
    return _text(path).split()


def _text(path: Path) -> str:
    """The file's text, empty where it cannot be read: elsewhere than Linux there is none."""
    try:
        return path.read_text()
    except OSError:
        return ""
