"""What a process of the engine is started with, and how it gives freed memory back.

Variables are read when it starts, so they are set by who starts it.
"""

import ctypes
from pathlib import Path
from typing import Final

AVX512: Final = frozenset({"avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl"})
"""The instructions that CTranslate2's AVX512 code is built for."""

KEEP_MEMORY: Final = ":".join(
    (
        "glibc.malloc.arena_max=1",
        "glibc.malloc.hugetlb=1",
        "glibc.malloc.mmap_threshold=1073741824",
        "glibc.malloc.trim_threshold=268435456",
    )
)
"""The encoder asks for and frees 72 MB a layer: kept, in large pages, it is not mapped anew.

CTranslate2 works in a thread of its own, and the arena of a thread is mapped in heaps of 64 MB that
are unmapped when they are empty: with one arena for all, 12 min of calls took 0.7 CPU-s in the
kernel in place of 2.9, and 700 MB in place of 890.
With AVX512 a 30 s chunk fell from 0.84 to 0.60 CPU-s, one of 20 s from 0.34 to 0.31 (AMD EPYC).
What is kept lies in pieces, and grows by steps where the next piece fits none of them: so it is
given back now and then (`give_memory_back`).
"""


def process_environment(cpu_info: Path = Path("/proc/cpuinfo")) -> dict[str, str]:
    """Variables that make CTranslate2 faster; without effect on what it hears but for rounding.

    CTranslate2 picks AVX512 by itself on Intel's CPUs only.
    """
    environment = {"GLIBC_TUNABLES": KEEP_MEMORY}
    if _flags(cpu_info) >= AVX512:
        environment["CT2_FORCE_CPU_ISA"] = "AVX512"
    return environment


def give_memory_back() -> None:
    """Returns memory that is freed, and kept, to the system; does nothing without glibc."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _flags(cpu_info: Path) -> frozenset[str]:
    """The CPU's instruction sets, as Linux names them; none where the file is missing."""
    if not cpu_info.is_file():
        return frozenset()
    for line in cpu_info.read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "flags":
            return frozenset(value.split())
    return frozenset()
