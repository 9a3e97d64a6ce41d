"""The variables of a worker: only what its CPU can do, and the engine loads with them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from stt_pipeline.adapters.whisper.process import AVX512, KEEP_MEMORY, process_environment

INFO = "processor : 0\nvendor_id : GenuineIntel\nflags : {flags}\n\nprocessor : 1\nflags : sse\n"


HOLDING = """
import ctypes
from pathlib import Path
from stt_pipeline.adapters.whisper.process import give_memory_back

libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]

def resident_mb():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6

def ask_mb(count):
    pieces = [libc.malloc(1 << 20) for _ in range(count)]
    for piece in pieces:
        ctypes.memset(piece, 1, 1 << 20)
    return pieces

pieces = ask_mb(200)
for piece in pieces[:-1]:
    libc.free(piece)
kept_mb = resident_mb()
give_memory_back()
print(kept_mb - resident_mb())
"""
"""Frees 199 of 200 MiB; the last piece lies above them."""


def cpu_info(folder: Path, flags: str) -> Path:
    path = folder / "cpuinfo"
    path.write_text(INFO.format(flags=flags))
    return path


def test_a_cpu_with_all_of_avx512_is_told_to_use_it(tmp_path: Path) -> None:
    info = cpu_info(tmp_path, "fpu " + " ".join(sorted(AVX512)))

    assert process_environment(info) == {
        "GLIBC_TUNABLES": KEEP_MEMORY,
        "CT2_FORCE_CPU_ISA": "AVX512",
    }


@pytest.mark.parametrize("missing", sorted(AVX512))
def test_a_cpu_with_a_part_of_it_is_not(tmp_path: Path, missing: str) -> None:
    info = cpu_info(tmp_path, " ".join(AVX512 - {missing}))

    assert "CT2_FORCE_CPU_ISA" not in process_environment(info)


def test_a_machine_that_does_not_tell_is_left_alone(tmp_path: Path) -> None:
    assert "CT2_FORCE_CPU_ISA" not in process_environment(tmp_path / "none")


def test_the_engine_loads_with_this_machines_variables(model_dir: Path) -> None:
    program = (
        "import sys, ctranslate2; "
        "print(ctranslate2.models.Whisper(sys.argv[1], compute_type='int8').is_multilingual)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(model_dir)],
        env=os.environ | process_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "True"


def test_freed_memory_is_kept_until_it_is_given_back() -> None:
    done = subprocess.run(
        [sys.executable, "-c", HOLDING],
        env=os.environ | process_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert float(done.stdout) > 150
