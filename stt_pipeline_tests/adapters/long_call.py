"""Transcribes one recording in a process of its own and says what it took; asserts nothing.

Run as `python -m stt_pipeline_tests.adapters.long_call SETTINGS DATE RECORDING`, all JSON but the
date; answers with a line of JSON: the peak resident set of the process, and what was heard.
"""

import datetime as dt
import json
import resource
import sys

from stt_pipeline import wiring
from stt_pipeline.domain.speech.transcribing import transcribe_recordings
from stt_pipeline.settings import Settings
from stt_pipeline.worker import RECORDING
from stt_pipeline_tests.benchmarks.processes import memory_mb


def main() -> None:
    settings = Settings.model_validate_json(sys.argv[1])
    ((_, result),) = transcribe_recordings(
        [RECORDING.validate_json(sys.argv[3])],
        wiring.recordings_store(settings),
        wiring.transcriber(settings, cpu_threads=1),
        wiring.result_store(settings, dt.date.fromisoformat(sys.argv[2])),
    )
    answer = {"peak_bytes": _peak_bytes(), "etag": result.etag}
    sys.stdout.write(json.dumps(answer) + "\n")


def _peak_bytes() -> int:
    """Of this program alone: on Linux the system's own count begins with that of its parent."""
    if sys.platform == "darwin":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    _, peak_mb = memory_mb("self")
    return round(peak_mb * 1e6)


if __name__ == "__main__":
    main()
