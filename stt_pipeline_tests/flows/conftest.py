"""A site of its own for each test: recordings, references, lake and Dagster home in one folder."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import pyarrow.parquet as pq
import pytest

from stt_pipeline_tests.speech import calls
from stt_pipeline_tests.speech.calls import JoinedCall, two_channel_call
from stt_pipeline_tests.speech.encode import write_wav
from stt_pipeline_tests.speech.prompts import Prompt

if TYPE_CHECKING:
    from stt_pipeline_tests.cloud.cases import Cases

MONDAY, TUESDAY = "2026-11-16", "2026-11-17"
WEEK = "2026-W47"
COMMAND = Path(sys.executable).parent / "stt-pipeline"

Row = dict[str, Any]
Make = Callable[[int], JoinedCall]


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[Row]:
        """What `--json` printed."""
        rows: list[Row] = json.loads(self.out)
        return rows


@dataclass(frozen=True)
class Site:
    """One call centre in a folder."""

    root: Path
    env: dict[str, str]

    @property
    def recordings(self) -> Path:
        """Where recordings lie."""
        return self.root / "var" / "recordings"

    @property
    def references(self) -> Path:
        """Where reference texts lie."""
        return self.root / "var" / "references"

    @property
    def lake(self) -> Path:
        """Where tables are published."""
        return self.root / "var" / "lake"

    def start(self, *arguments: str, **env: str) -> subprocess.Popen[str]:
        """Starts `stt-pipeline` with these arguments."""
        return subprocess.Popen(
            [str(COMMAND), *arguments],
            cwd=self.root,
            env=self.env | env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def command(self, *arguments: str, **env: str) -> Ended:
        """Runs `stt-pipeline` to its end."""
        process = self.start(*arguments, **env)
        out, err = process.communicate(timeout=600)
        return Ended(process.returncode, out, err)

    def run(self, *dates: str, **env: str) -> Ended:
        """`run` over one date, or from the first to the last."""
        span = ("--date", dates[0]) if len(dates) == 1 else ("--from", dates[0], "--to", dates[-1])
        return self.command("run", *span, "--json", **env)

    def query(self, sql: str) -> list[Row]:
        """The rows of a query."""
        ended = self.command("query", sql, "--json")
        assert ended.code == 0, ended.err
        return ended.rows

    def published(self) -> dict[str, bytes]:
        """Every published Parquet object by its key."""
        return {
            str(path.relative_to(self.lake)): path.read_bytes()
            for path in sorted(self.lake.glob("*/*/*.parquet"))
            if "_work" not in path.parts
        }

    def table(self, name: str, date: str) -> list[Row]:
        """Rows of a published table of a date."""
        path = self.lake / name / f"call_date={date}" / f"{name}.parquet"
        rows: list[Row] = pq.ParquetFile(path).read().to_pylist()
        return rows

    def checkpoints(self) -> set[str]:
        """Names of the finished results, all engines."""
        return {path.name for path in self.lake.glob("_work/results/*/*/*.json")}

    def put_call(self, date: str, call_id: str, samples: Any, text: str | None = None) -> Path:
        """Writes a recording as mu-law telephone audio, and its reference if there is one."""
        path = self.recordings / f"call_date={date}" / f"{call_id}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_wav(path, samples, 8_000, "pcm_mulaw")
        if text is not None:
            self.references.mkdir(parents=True, exist_ok=True)
            (self.references / f"{call_id}.txt").write_text(text)
        return path

    def put_bytes(self, key: str, data: bytes) -> Path:
        """Writes any bytes under a key."""
        path = self.recordings / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path


@pytest.fixture
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dg.DagsterInstance]:
    """An instance on disk of its own: a sensor gets none from one in memory."""
    home = tmp_path_factory.mktemp("dagster")
    with dg.DagsterInstance.local_temp(str(home)) as instance:
        yield instance


@pytest.fixture
def site(tmp_path: Path, model_dir: Path) -> Site:
    """An empty site whose settings are the defaults of its folder."""
    return empty_site(tmp_path, model_dir)


def empty_site(root: Path, model_dir: Path) -> Site:
    """Lays out a site in `root`; `site` is one for a single test."""
    models = root / "var" / "models"
    models.mkdir(parents=True)
    (models / "base").symlink_to(model_dir)
    (root / "var" / "recordings").mkdir()
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("STT_", "DAGSTER_HOME"))
    }
    return Site(root, kept | {"DAGSTER_HOME": str(root / "var" / "dagster")})


@pytest.fixture(scope="session")
def short_call(english_prompts: list[Prompt]) -> Make:
    """Makes the n-th short English call, a few sentences of real speech, always the same."""
    return partial(calls.short_call, english_prompts)


@pytest.fixture(scope="session")
def two_sided(short_call: Make) -> Callable[[int], tuple[Any, str, str]]:
    """Makes the n-th two-channel call: samples, the agent's text, the customer's text."""

    def make(number: int) -> tuple[Any, str, str]:
        left, right = short_call(2 * number), short_call(2 * number + 1)
        return two_channel_call(left, right).samples, left.text, right.text

    return make


@pytest.fixture(scope="session")
def cases(
    tmp_path_factory: pytest.TempPathFactory, model_dir: Path, english_prompts: list[Prompt]
) -> Iterator["Cases"]:
    """The site of the cloud, with every case of it at work."""
    from stt_pipeline_tests.cloud.bed import bed
    from stt_pipeline_tests.cloud.cases import DATES, SETTINGS, Cases
    from stt_pipeline_tests.cloud.postgres import PostgresMissingError

    folder = tmp_path_factory.mktemp("cloud")
    (folder / "models").mkdir()
    (folder / "models" / "base").symlink_to(model_dir)
    try:
        with bed(folder, folder / "models", **SETTINGS) as up:
            cases = Cases(up, english_prompts)
            pool = ThreadPoolExecutor(len(DATES))
            try:
                cases.start(pool)
                yield cases
            finally:
                pool.shutdown(wait=False, cancel_futures=True)
    except PostgresMissingError as error:
        pytest.fail(str(error))


def without_times(rows: Sequence[Row]) -> list[Row]:
    """Rows without the columns that say when something was done, or how long it took."""
    times = {"discovered_at", "transcribed_at", "cpu_s"}
    return [{name: row[name] for name in row if name not in times} for row in rows]
