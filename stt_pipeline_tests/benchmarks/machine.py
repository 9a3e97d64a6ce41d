"""Names the machine and the versions that figures belong to; no name of a host, no path."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

import psutil

from stt_pipeline import wiring
from stt_pipeline.domain.errors import UserError
from stt_pipeline.settings import Settings

LIBRARIES = ("faster-whisper", "ctranslate2", "onnxruntime", "av", "numpy")


def describe(settings: Settings) -> dict[str, str]:
    """What it is, by what is told; engine last. Raises UserError where it is no Linux."""
    if platform.system() != "Linux":
        raise UserError("The benchmarks read memory and CPUs from /proc: run them on Linux.")
    names = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    cpus = len(os.sched_getaffinity(0))
    return {
        "CPU": f"{names[0] if names else platform.machine()}, {cpus} logical",
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GB",
        "system": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "libraries": ", ".join(f"{name} {version(name)}" for name in LIBRARIES),
        "ours": wiring.engine_spec(settings).label,
    }
