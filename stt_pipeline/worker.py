"""The program of one worker process: reads groups of tasks, transcribes, answers. Plans nothing.

A group is a line of JSON, a list of recordings of the ledger that are transcribed together; each
is answered by a line of JSON with its place in the list, once its checkpoint is written.
The worker ends when its input ends, at once, so that none outlives its run.
"""

import argparse
import datetime as dt
import json
import os
import queue
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import Any, TextIO

from pydantic import TypeAdapter

from stt_pipeline import wiring
from stt_pipeline.adapters.worker_processes import Task
from stt_pipeline.domain.errors import UserError
from stt_pipeline.domain.planning.sharding import BATCH, answer_limit_s, expected_audio_s, group
from stt_pipeline.domain.recordings.recording import Recording
from stt_pipeline.domain.speech.transcribing import transcribe_recordings
from stt_pipeline.domain.speech.transcription import Transcription
from stt_pipeline.settings import Settings

RECORDING = TypeAdapter(Recording)
RECORDINGS = TypeAdapter(list[Recording])


def groups_of(shard: Sequence[Recording]) -> list[list[Task]]:
    """The groups of a shard as a worker reads them."""
    return [
        [RECORDING.dump_python(one, mode="json") for one in recordings]
        for recordings in group(shard, expected_audio_s)
    ]


def limit_s(tasks: Sequence[Task]) -> float:
    """Seconds that a worker may be silent over these tasks."""
    recordings = (RECORDING.validate_python(task) for task in tasks)
    return answer_limit_s(sum(map(expected_audio_s, recordings)))


def main() -> int:
    """Serves tasks until the input ends; exit code 2 where the settings cannot work."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--date", type=dt.date.fromisoformat, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--batch", type=int, default=BATCH)
    parser.add_argument("--settings", required=True)
    parser.add_argument("--figures", type=json.loads, default={})
    arguments = parser.parse_args()
    answers = own_stdout()
    try:
        serve(arguments, answers)
    except UserError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the run's log
        return 2
    return 0


def serve(arguments: argparse.Namespace, answers: TextIO) -> None:
    """Transcribes each group of the input, and answers with what the run counts."""
    settings = Settings.model_validate_json(arguments.settings)
    recordings = wiring.recordings_store(settings)
    transcriber = wiring.transcriber(
        settings, arguments.threads, arguments.figures, arguments.batch
    )
    results = wiring.result_store(settings, arguments.date, arguments.figures)
    for line in lines_of_input():
        asked = RECORDINGS.validate_json(line)
        for task, result in transcribe_recordings(asked, recordings, transcriber, results):
            heard = isinstance(result.outcome, Transcription)
            cpu_s = result.outcome.cpu_s if isinstance(result.outcome, Transcription) else 0.0
            answer = {"task": task, "transcribed": heard, "cpu_s": cpu_s}
            say(answers, answer)


def say(answers: TextIO, answer: dict[str, Any]) -> None:
    """One line of JSON, sent at once."""
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


def own_stdout() -> TextIO:
    """Standard output for answers alone; what libraries print goes to standard error."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return answers


def lines_of_input() -> Iterator[str]:
    """Lines of the input, read by a thread that ends the process where the input ends."""
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()

    def read() -> None:
        for line in sys.stdin:
            lines.put(line)
        os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    while True:
        yield lines.get()


if __name__ == "__main__":
    sys.exit(main())
