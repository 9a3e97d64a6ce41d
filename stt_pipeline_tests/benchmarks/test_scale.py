"""What the figures of scale rest on: the made date, the table's answers, the arithmetic."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from stt_pipeline.adapters.audio import PyavProber
from stt_pipeline.domain.errors import AudioUnreadableError
from stt_pipeline.domain.quality.call_figures import coverage
from stt_pipeline.domain.quality.signals import flags
from stt_pipeline_tests.benchmarks import scale
from stt_pipeline_tests.benchmarks.scale_engine import CALL_S, ENGINE_CPU_S, answer, number_of
from stt_pipeline_tests.benchmarks.scale_run import Watch
from stt_pipeline_tests.benchmarks.scale_site import make_site, transcribed


def test_a_made_date_has_audio_broken_files_and_copies(tmp_path: Path) -> None:
    make_site(tmp_path, 200, 20)
    paths = sorted((tmp_path / "recordings").rglob("*.wav"))
    fates: Counter[str] = Counter()
    contents = set()
    for path in paths:
        data = path.read_bytes()
        fates["copies"] += data in contents
        contents.add(data)
        with path.open("rb") as file:
            try:
                info = PyavProber().probe(file, path.name, len(data))
            except AudioUnreadableError:
                fates["broken"] += 1
            else:
                assert (info.codec, info.channels) == ("pcm_mulaw", 1)
                assert info.duration_s == pytest.approx(0.2)
    assert len(paths) == 200
    assert fates == {"copies": 2, "broken": 2}
    assert transcribed(200) == 196
    assert len(list((tmp_path / "references").iterdir())) == 1


@pytest.mark.parametrize("words", [65, 100, 860])
def test_an_answer_is_an_ordinary_call_of_that_many_words(words: int) -> None:
    heard = answer(7, words)
    assert heard == answer(7, words) != answer(8, words)
    assert heard.word_count == words
    assert heard.segments[-1].end_s <= CALL_S
    assert coverage(heard) == pytest.approx(1.0)
    assert flags(heard) == ()
    assert number_of("call_date=2026-11-16/call-000420.wav") == 420


def test_time_within_a_stage_within_a_stage_is_counted_once() -> None:
    watch = Watch()
    with watch.stage("outer"):
        sum(range(10**6))
        with watch.stage("inner"):
            sum(range(10**6))
        sum(range(10**6))
    whole_s = sum(stage.wall_s for stage in watch.stages.values())
    assert watch.stages["inner"].wall_s > 0
    assert watch.stages["outer"].wall_s > 0
    watch.settle()
    assert sum(stage.wall_s for stage in watch.stages.values()) >= whole_s


def test_growth_is_time_over_time_by_ten() -> None:
    assert scale.growth(3.0, 30.0) == 1.0
    assert scale.growth(2.0, 30.0) == 1.5
    assert scale.growth(0.0, 1.0) == 0.0


def test_the_benchmark_runs_and_keeps_its_figures(tmp_path: Path, model_dir: Path) -> None:
    out = tmp_path / "scale.json"
    command = [sys.executable, "-m", scale.__name__, "--calls", "300", "--words", "20"]
    environment = {"STT_MODELS_DIR": str(model_dir.parent), "PATH": "/usr/bin:/bin"}
    ended = subprocess.run(
        [*command, "--out", str(out)], env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert "Engine replaced by one that answers from a table" in ended.stdout
    kept = json.loads(out.read_text())
    rows = kept["large"]["rows"]
    assert rows["recordings"] == 300
    assert rows["transcripts"] == 294
    assert kept["words"] == rows["words"] == 294 * 20
    assert kept["engine_cpu_s"] == pytest.approx(294 * ENGINE_CPU_S)
    stages = kept["large"]["stages"]
    whole_s = kept["large"]["whole"]["cpu_s"]
    assert sum(stage["cpu_s"] for stage in stages.values()) == pytest.approx(whole_s)
    assert all(stages[name]["wall_s"] > 0 for name in stages)
    assert kept["share_of_transcription"] == pytest.approx(whole_s / kept["engine_cpu_s"])
    assert kept["peak_mb"] > 100
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scale.json"]
