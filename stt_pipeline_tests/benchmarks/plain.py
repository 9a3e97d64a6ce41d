"""The library alone, a file or a channel at a time: a program, a Job in and an Answer out.

`plain` and `plain-batched` are what the library's README shows, with what the tables need: word
times, and voice activity, without which text is invented (`plain-without-vad` shows how much).
"""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from faster_whisper import BatchedInferencePipeline, WhisperModel, decode_audio

from stt_pipeline_tests.benchmarks.job import (
    ANSWER,
    CALL_DATE,
    JOB,
    WARM_UP_DATE,
    Answer,
    Heard,
    Job,
)
from stt_pipeline_tests.benchmarks.processes import memory_mb

BATCH_SIZE = 8

Transcribe = Callable[[Path, tuple[str, ...]], Heard]


def transcriber(job: Job) -> Transcribe:
    """The engine of a job as a function of a file and its speakers."""
    model = WhisperModel(
        job.model_dir, device="cpu", compute_type=job.compute_type, cpu_threads=job.cpus
    )
    batched = job.engine == "plain-batched"
    engine: Any = BatchedInferencePipeline(model) if batched else model
    options: dict[str, Any] = {
        "language": job.language,
        "beam_size": 5,
        "word_timestamps": True,
        "vad_filter": job.engine != "plain-without-vad",
    }
    if batched:
        options["batch_size"] = BATCH_SIZE

    def transcribe(path: Path, speakers: tuple[str, ...]) -> Heard:
        texts, words = {}, {}
        for speaker, samples in _channels(path, speakers):
            segments = list(engine.transcribe(samples, **options)[0])
            texts[speaker] = " ".join(segment.text for segment in segments)
            words[speaker] = [
                (float(word.start), float(word.end))
                for segment in segments
                for word in segment.words
            ]
        return Heard(texts, words)

    return transcribe


def _channels(path: Path, speakers: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    if len(speakers) == 1:
        yield speakers[0], decode_audio(str(path))
    else:
        yield from zip(speakers, decode_audio(str(path), split_stereo=True), strict=True)


def run(job: Job) -> Answer:
    """Transcribes the calls one after the other, the warm-up first."""
    transcribe = transcriber(job)
    recordings = Path(job.site, "recordings")
    for warm_up in (recordings / f"call_date={WARM_UP_DATE}").iterdir():
        transcribe(warm_up, next(iter(job.calls.values())))
    cpu_before, started = time.process_time(), time.perf_counter()
    heard = {
        name: transcribe(recordings / f"call_date={CALL_DATE}" / name, speakers)
        for name, speakers in job.calls.items()
    }
    cpu_s, wall_s = time.process_time() - cpu_before, time.perf_counter() - started
    _, peak_mb = memory_mb("self")
    return Answer(
        heard=heard,
        failures={},
        cpu_s=cpu_s,
        total_cpu_s=time.process_time(),
        wall_s=wall_s,
        peak_rss_mb=peak_mb,
        largest_rss_mb=peak_mb,
        memory=[],
    )


if __name__ == "__main__":
    answer = run(JOB.validate_json(sys.stdin.buffer.read()))
    sys.stdout.buffer.write(ANSWER.dump_json(answer))
