"""The nightly schedule under a real daemon whose clock is moved to half past midnight.

The daemon and all that it starts run under libfaketime (Debian's `faketime`), which gives a process
another time of day from a file that is read again and again; monotonic clocks are left alone. So
these are Dagster's own ticks, queue and launcher, real runs of real calls, and SNS of a stand-in.
"""

import datetime as dt
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import psutil
import pytest

from stt_pipeline.defs.instance import LOCAL_DAGSTER_YAML
from stt_pipeline_tests.cloud.processes import GUARD
from stt_pipeline_tests.cloud.s3 import ENVIRONMENT, running_s3
from stt_pipeline_tests.cloud.sns import Topic, make_topic
from stt_pipeline_tests.flows.conftest import MONDAY, TUESDAY, Make, Site, empty_site
from stt_pipeline_tests.flows.console import wait_for

REPOSITORY = Path(__file__).resolve().parents[2]
DAEMON = Path(sys.executable).parent / "dagster-daemon"
PATCH = """\
# libfaketime 0.9.10 refuses the absolute, monotonic times that Python's time.sleep waits for.
import select, time
time.sleep = lambda seconds: select.select([], [], [], seconds)
"""
"""What each Python process of the daemon begins with."""

UI = "https://dagster.example.com"
EVENING = dt.datetime(2026, 11, 17, 21, 0, tzinfo=dt.UTC)
"""Tuesday 22:00 in Paris."""

BEFORE_TICK = dt.datetime(2026, 11, 17, 23, 29, 50, tzinfo=dt.UTC)
"""Ten seconds before Wednesday 00:30 in Paris."""

KEY = "nightly|2026-11-17T23:30Z|{}"


def library() -> Path:
    """The library libfaketime for programs with threads."""
    found = [*Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")]
    if not found:
        pytest.fail("There is no libfaketime: install Debian's package 'faketime'.")
    return found[0]


@dataclass
class Night:
    """A site at a moment of one's choice, its daemon, and the queue of its alerts."""

    site: Site
    topic: Topic
    environment: dict[str, str]
    instance: dg.DagsterInstance
    daemon: subprocess.Popen[bytes] | None = None

    def set_clock(self, now: dt.datetime) -> None:
        """Gives every process of the daemon that time; it goes on from there."""
        offset_s = now.timestamp() - time.time()
        clock = self.site.root / "clock"
        new = clock.with_suffix(".new")
        new.write_text(f"{offset_s:+.0f}\n")
        new.replace(clock)

    def start(self) -> None:
        """Starts the daemon, and waits until it looks at schedules and sensors."""
        began = time.time()
        with (self.site.root / "daemon.log").open("ab") as log:
            self.daemon = subprocess.Popen(
                [sys.executable, str(GUARD), str(DAEMON), "run", "-w", "workspace.yaml"],
                cwd=self.site.root,
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        wait_for(lambda: self._looks_since(began), 240)

    def _looks_since(self, began: float) -> bool:
        """Whether schedules are known, and a sensor was looked at since, on the daemon's clock."""
        assert self.daemon
        assert self.daemon.poll() is None, self.log()
        offset_s = float((self.site.root / "clock").read_text())
        states = {state.name: state for state in self.instance.all_instigator_state()}
        if not {"nightly", "run_failure"} <= states.keys():
            return False
        sensor = states["run_failure"]
        ticks = self.instance.get_ticks(sensor.instigator_origin_id, sensor.selector_id)
        return any(tick.timestamp >= began + offset_s for tick in ticks)

    def stop(self, number: signal.Signals) -> None:
        """Ends the daemon and all that it started."""
        if self.daemon is None:
            return
        self.daemon.send_signal(number)
        for process in self._session():
            process.kill()
        self.daemon.wait()
        self.daemon = None

    def _session(self) -> list[psutil.Process]:
        assert self.daemon
        found = []
        for process in psutil.process_iter():
            try:
                if os.getsid(process.pid) == self.daemon.pid:
                    found.append(process)
            except (ProcessLookupError, PermissionError):
                continue
        return found

    def log(self) -> str:
        """What the daemon said."""
        return (self.site.root / "daemon.log").read_text()

    def runs(self) -> list[dg.DagsterRun]:
        """Every run, oldest first."""
        return list(reversed(self.instance.get_runs()))


@pytest.fixture(scope="module")
def night(
    tmp_path_factory: pytest.TempPathFactory, model_dir: Path, short_call: Make
) -> Iterator[Night]:
    """Two calls on Monday; one on Tuesday, whose reference text is of another call."""
    preload = library()
    site = empty_site(tmp_path_factory.mktemp("night"), model_dir)
    for number in range(2):
        call = short_call(number)
        site.put_call(MONDAY, f"call{number}", call.samples, call.text)
    site.put_call(TUESDAY, "wrong", short_call(2).samples, "nobody said any of these words at all")
    shutil.copy(REPOSITORY / "workspace.yaml", site.root)
    home = Path(site.env["DAGSTER_HOME"])
    home.mkdir(parents=True)
    (home / "dagster.yaml").write_text(LOCAL_DAGSTER_YAML)
    with running_s3() as endpoint, dg.DagsterInstance.from_config(str(home)) as instance:
        topic = make_topic(endpoint)
        (site.root / "patch").mkdir()
        (site.root / "patch" / "sitecustomize.py").write_text(PATCH)
        clock = {
            "PYTHONPATH": str(site.root / "patch"),
            "LD_PRELOAD": str(preload),
            "FAKETIME_TIMESTAMP_FILE": str(site.root / "clock"),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }
        settings = {
            "STT_ALERT_SNS_TOPIC": topic.arn,
            "STT_UI_URL": UI,
            "STT_METRICS_NAMESPACE": "stt-night",
            "AWS_ENDPOINT_URL": endpoint,
            "PYTHONWARNINGS": "ignore",
        }
        environment = site.env | ENVIRONMENT | settings | clock
        at_night = Night(site, topic, environment, instance)
        try:
            yield at_night
        finally:
            at_night.stop(signal.SIGKILL)


def test_a_night_launches_completes_and_alerts_and_a_restart_doubles_nothing(night: Night) -> None:
    night.set_clock(EVENING)
    night.start()
    assert night.runs() == []

    night.set_clock(BEFORE_TICK)
    wait_for(lambda: len(night.runs()) == 2, 120)
    wait_for(lambda: all(run.is_finished for run in night.runs()), 420)
    monday, tuesday = sorted(night.runs(), key=lambda run: run.tags["dagster/partition"])
    assert monday.tags["dagster/run_key"] == KEY.format(MONDAY)
    assert tuesday.tags["dagster/run_key"] == KEY.format(TUESDAY)
    assert monday.tags["dagster/schedule_name"] == "nightly"
    assert (monday.status.value, tuesday.status.value) == ("SUCCESS", "FAILURE"), night.log()
    assert [row["call_id"] for row in night.site.table("transcripts", MONDAY)] == ["call0", "call1"]
    assert not [key for key in night.site.published() if TUESDAY in key]

    alerts: list[tuple[str, str]] = []

    def is_alerted() -> bool:
        alerts.extend(night.topic.read())
        return bool(alerts)

    wait_for(is_alerted, 120, every_s=1)
    [(subject, text)] = alerts
    assert subject.startswith(f"{TUESDAY} failed its gate and is not published: wer:")
    assert "wrong" in text
    assert text.endswith(f"{UI}/runs/{tuesday.run_id}")

    told = Counter[str]()
    for line in night.log().splitlines():
        if line.startswith('{"_aws"'):
            told.update({k: sum(v) for k, v in json.loads(line).items() if k != "_aws"})
    assert (told["RunsFailed"], told["RecordingsTranscribed"]) == (1, 3)
    assert told["SensorLooks"] > 0

    night.stop(signal.SIGKILL)
    night.start()
    assert Counter(run.tags["dagster/run_key"] for run in night.runs()) == {
        KEY.format(MONDAY): 1,
        KEY.format(TUESDAY): 1,
    }
    assert night.topic.read() == []
