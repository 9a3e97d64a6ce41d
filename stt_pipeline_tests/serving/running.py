"""A service as a process of its own, and calls to send it. Tests nothing."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import httpx2
import psutil

from stt_pipeline.serving.service import TEST_NAME
from stt_pipeline_tests.cloud.processes import Program, free_port, wait_for

JOIN_S: Final = 300.0
"""Patience with a machine that does much else."""


class Service:
    """`stt-pipeline serve` in a folder, whose lake is `lake` and whose recordings `recordings`."""

    def __init__(
        self, folder: Path, model_dir: Path, environment: Mapping[str, str], **settings: str
    ) -> None:
        """Nothing is started yet; `settings` are STT_ settings by their names in small letters."""
        self.folder = folder
        self.lake = folder / "lake"
        self.recordings = folder / "recordings"
        self.recordings.mkdir(exist_ok=True)
        self._environment = {
            **environment,
            "STT_MODELS_DIR": str(model_dir.parent),
            "STT_LAKE_URI": self.lake.as_uri(),
            "STT_RECORDINGS_URI": self.recordings.as_uri(),
            **{f"STT_{name.upper()}": value for name, value in settings.items()},
        }
        self._start()

    def _start(self) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "stt_pipeline.cli.app", "serve", "--port", str(port)]
        self.program = Program("serve", command, self._environment, self.folder)
        self.client = httpx2.Client(base_url=self.url, timeout=JOIN_S, trust_env=False)

    def start(self) -> "Service":
        """Starts it and waits until it is ready."""
        self.program.start()
        wait_for(self.is_ready, "the service")
        return self

    def start_again(self) -> "Service":
        """The same, on another port, after the process has ended."""
        self.client.close()
        self._start()
        return self.start()

    def is_ready(self) -> bool:
        """Whether it says so; raises RuntimeError where it has ended."""
        self.program.check()
        try:
            return self.client.get("/readyz").status_code == httpx2.codes.OK
        except httpx2.TransportError:
            return False

    def stop(self) -> None:
        """Ends it in order, and what it started."""
        self.client.close()
        self.program.stop()

    @property
    def process(self) -> psutil.Process:
        """The service's own process; its parent only guards it."""
        return psutil.Process(self.program.pid).children()[0]

    def send(self, path: Path, url: str = "/transcribe", **fields: str) -> httpx2.Response:
        """Posts a file with fields."""
        with path.open("rb") as file:
            return self.client.post(url, files={"file": (path.name, file)}, data=fields)

    def job(self, job_id: str) -> dict[str, Any]:
        """How a job stands."""
        answer: dict[str, Any] = self.client.get(f"/jobs/{job_id}").json()
        return answer

    def wait_for_job(self, job_id: str) -> dict[str, Any]:
        """How the job stands once it is over."""
        wait_for(
            lambda: self.job(job_id).get("state") in ("done", "failed", "cancelled"),
            f"the end of job {job_id}",
        )
        return self.job(job_id)

    def uploads(self) -> list[Path]:
        """Files of callers that lie in the service's folder now."""
        files = (self.lake / "_work" / "serving" / "uploads").rglob("*")
        return [
            one
            for one in files
            if one.is_file() and one.suffix != ".lock" and one.name != TEST_NAME
        ]
