"""Prints CPU seconds a minute of audio, speed, memory and errors of each engine on the same calls.

Contenders run one after the other on each case, so that all see the same machine. Two workers are
two processes of one thread that share a case's calls. Models are loaded, and warmed with one call,
before the clock starts. Also writes var/bench/engine.json.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import av
from rich.console import Console
from rich.table import Table

from stt_pipeline.domain.normalise import normaliser
from stt_pipeline.domain.references import Reference
from stt_pipeline.domain.wer import ErrorCounts, count_errors, pool
from stt_pipeline_tests.benchmarks.cases import Case, cases

Measured = dict[str, Any]

CONTENDERS = {
    "plain, 2 threads": ("plain", 2, 1),
    "plain, 1 thread": ("plain", 1, 1),
    "plain batched, 2 threads": ("plain-batched", 2, 1),
    "plain batched, 1 thread": ("plain-batched", 1, 1),
    "ours, 1 worker of 1 thread": ("ours", 1, 1),
    "ours, 2 workers of 1 thread": ("ours", 1, 2),
}
"""(engine, threads, workers)"""

MODEL = Path("var/models/base")


def measure(case: Case, engine: str, threads: int, workers: int) -> Measured:
    """One contender on one case: sums over its processes; wall is the slowest one's."""
    stereo = "stereo" if case.name.split(" ", 1)[1].startswith("two") else "mono"
    shares = [range(worker, len(case.files), workers) for worker in range(workers)]
    processes = [
        subprocess.Popen(
            [
                *(sys.executable, "-m", "stt_pipeline_tests.benchmarks.contenders"),
                *(engine, str(threads), str(MODEL), case.language, stereo),
                *(str(case.files[index]) for index in share),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"OMP_NUM_THREADS": str(threads)},
        )
        for share in shares
    ]
    answers = [json.loads(process.communicate()[0]) for process in processes]
    texts = {
        index: text
        for share, answer in zip(shares, answers, strict=True)
        for index, text in zip(share, answer["texts"], strict=True)
    }
    counts = pool(
        _errors(case.language, reference, texts[index])
        for index, reference in enumerate(case.references)
    )
    audio_min = sum(_duration_s(file) for file in case.files) / 60
    wall_s = max(answer["wall_s"] for answer in answers)
    return {
        "cpu_s_per_audio_min": sum(answer["cpu_s"] for answer in answers) / audio_min,
        "x_realtime": audio_min * 60 / wall_s,
        "peak_rss_mb": max(answer["peak_rss_mb"] for answer in answers),
        "wer": counts.wer,
        "substitutions": counts.substitutions,
        "deletions": counts.deletions,
        "insertions": counts.insertions,
    }


def _errors(language: str, reference: Reference, heard: dict[str, str]) -> ErrorCounts:
    _, rule = normaliser(language)
    return pool(count_errors(text, heard[who], rule) for who, text in reference.texts.items())


def _duration_s(path: Path) -> float:
    with av.open(str(path)) as container:
        return float(container.duration or 0) / av.time_base


def show(console: Console, case: str, rows: Sequence[Measured]) -> None:
    """A case's table; ratios are against the first contender."""
    table = Table(title=case, title_justify="left")
    names = ("contender", "CPU-s/min", "fewer by", "x real time", "peak MB", "WER", "S / D / I")
    for name in names:
        table.add_column(name, justify="left" if name == "contender" else "right")
    base = rows[0]["cpu_s_per_audio_min"]
    for row in rows:
        table.add_row(
            row["contender"],
            f"{row['cpu_s_per_audio_min']:.2f}",
            f"{base / row['cpu_s_per_audio_min']:.2f}x",
            f"{row['x_realtime']:.1f}",
            f"{row['peak_rss_mb']:.0f}",
            f"{row['wer']:.2%}",
            f"{row['substitutions']} / {row['deletions']} / {row['insertions']}",
        )
    console.print(table)


def main() -> None:
    """Runs every contender on every case, in turn."""
    console = Console(width=110)
    measured: list[Measured] = []
    with tempfile.TemporaryDirectory() as folder:
        for case in cases(Path(folder)):
            rows = [
                {"case": case.name, "contender": name} | measure(case, *contender)
                for name, contender in CONTENDERS.items()
            ]
            show(console, case.name, rows)
            measured += rows
    out = Path("var/bench/engine.json")
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(measured, indent=1))
    console.print(f"Also in {out}")


if __name__ == "__main__":
    main()
