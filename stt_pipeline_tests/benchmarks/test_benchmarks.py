"""What the figures rest on: the calls, the arithmetic and the files; speed is never asserted."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path

import numpy as np
import pytest

from stt_pipeline.domain.recordings.recording import Recording
from stt_pipeline_tests.benchmarks import build, results
from stt_pipeline_tests.benchmarks.__main__ import chosen_cases, parse
from stt_pipeline_tests.benchmarks.cases import CASES, DEALT_MONO, LONG_MONO, NON_SPEECH, TEN_HOURS
from stt_pipeline_tests.benchmarks.contenders import CONTENDERS, OURS_1, OURS_2, PLAIN_2
from stt_pipeline_tests.benchmarks.job import Sample
from stt_pipeline_tests.benchmarks.measure import Measured, _onset_errors_s
from stt_pipeline_tests.benchmarks.ours import stretches
from stt_pipeline_tests.benchmarks.processes import confined_to, memory_mb, tree_cpu_s
from stt_pipeline_tests.benchmarks.show import memory_steps, remarks, slope_mb_per_hour
from stt_pipeline_tests.benchmarks.summary import targets
from stt_pipeline_tests.factories import make_recording
from stt_pipeline_tests.speech.calls import RATE_HZ, Turn
from stt_pipeline_tests.speech.prompts import Language, load_prompts

ROW = Measured(
    case=f"en {LONG_MONO}",
    contender=OURS_1,
    calls=8,
    audio_min=24.0,
    repeats=1,
    cpu_s_per_audio_min=2.0,
    x_realtime=30.0,
    peak_rss_mb=900.0,
    largest_rss_mb=900.0,
    reference_words=1000,
    wer=0.04,
    substitutions=20,
    deletions=10,
    insertions=10,
    same_text=True,
    texts_sha256="a",
    word_start_error_s=0.1,
    failures={},
    others_cpus=0.0,
    memory=[],
)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_long_calls_hold_every_prompt_once(language: Language) -> None:
    calls = list(build.long_calls(language))
    spoken = sorted(turn.text for call in calls for turn in call.turns[""])
    assert spoken == sorted(prompt.text for prompt in load_prompts(language))
    assert all(115 <= len(call.samples) / RATE_HZ <= 300 for call in calls)


def test_dealt_calls_hold_every_prompt_in_three_calls() -> None:
    calls = list(build.dealt_calls("en"))
    texts = [[turn.text for turn in call.turns[""]] for call in calls]
    prompts = sorted(prompt.text for prompt in load_prompts("en"))
    assert len(calls) == 24
    assert sorted(chain.from_iterable(texts)) == sorted(prompts * build.DEALS)
    assert len(set(map(tuple, texts))) == len(calls)


def test_short_calls_last_15_to_40_s() -> None:
    lengths_s = [len(call.samples) / RATE_HZ for call in build.short_calls("fr", 12)]
    assert min(lengths_s) < 18
    assert max(lengths_s) > 37
    assert all(12 <= length_s <= 43 for length_s in lengths_s)


def test_each_side_of_a_two_channel_call_speaks_half_the_time() -> None:
    [call] = build.two_channel_calls("en", [240.0])
    spoken_s = [
        sum(turn.end_s - turn.start_s for turn in call.turns[who]) for who in ("agent", "customer")
    ]
    assert len(call.samples) / RATE_HZ == pytest.approx(240, rel=0.1)
    assert spoken_s[0] == pytest.approx(spoken_s[1], rel=0.2)


def test_a_turn_begins_where_its_prompt_is_first_heard() -> None:
    call = next(build.long_calls("en"))
    frame = RATE_HZ // 100

    def level(first: int, frames: int) -> float:
        heard = call.samples[first : first + frames * frame].astype(float).reshape(frames, frame)
        return float(np.sqrt(np.mean(heard**2, axis=1)).max())

    for turn in call.turns[""]:
        first = round(turn.start_s * RATE_HZ)
        threshold = build.ONSET_SHARE * level(first, int((turn.end_s - turn.start_s) * 100))
        assert level(first, 1) >= threshold
        assert first < frame or level(first - frame, 1) < threshold


def test_mixing_keeps_both_sides() -> None:
    [two] = build.two_channel_calls("en", [40.0])
    [one] = build.mixed([two])
    assert np.array_equal(one.samples, two.samples[:, 0] + two.samples[:, 1])
    starts_s = [turn.start_s for turn in one.turns[""]]
    assert starts_s == sorted(starts_s)
    assert len(starts_s) == sum(map(len, two.turns.values()))


def test_half_an_hour_without_a_word() -> None:
    calls = list(build.non_speech())
    assert sum(len(call.samples) for call in calls) == 30 * 60 * RATE_HZ
    assert not any(turns for call in calls for turns in call.turns.values())


def test_an_hour_of_all_lengths_differs_from_the_next() -> None:
    hours = list(islice(build.hours_of_calls("en", 2), 134))
    assert len({call.samples.tobytes() for call in hours}) == 134
    assert {tuple(call.turns) for call in hours} == {("",), ("agent", "customer")}


def test_the_first_word_of_a_turn_is_the_first_whose_middle_lies_in_it() -> None:
    turns = [Turn(1.0, 2.0, "one"), Turn(5.0, 6.0, "two"), Turn(8.0, 9.0, "three")]
    words = [(1.25, 1.5), (1.5, 2.0), (4.0, 4.9), (4.9, 5.5), (6.5, 7.0)]
    assert _onset_errors_s(turns, words) == pytest.approx([0.25, 0.1])


def test_the_slope_is_that_of_the_medians_after_the_first_hour() -> None:
    samples = [
        Sample(60.0 * minute, (2000 if minute < 60 else 500 + 3 * minute / 60) + 300 * spike)
        for minute in range(600)
        for spike in (0, 0, minute % 7 == 0)
    ]
    assert slope_mb_per_hour(samples) == pytest.approx(3.0, abs=0.1)
    assert len(memory_steps(samples)) == 60
    assert slope_mb_per_hour(samples[:100]) is None


def test_calls_in_order_are_never_sorted_by_length() -> None:
    recordings = [
        make_recording(f"C{number:03}", duration_s=60.0 * (1 + number % 20)) for number in range(40)
    ]
    shards = stretches(recordings[::-1])
    assert [one for shard in shards for one in shard] == recordings
    assert all(sum(_duration_s(one) for one in shard[:-1]) < 1800 for shard in shards)


def _duration_s(recording: Recording) -> float:
    return recording.duration_s or 0.0


def test_processes_are_confined_and_counted() -> None:
    code = "import os; print(len(os.sched_getaffinity(0))); sum(range(10**7))"
    before_s, mine = tree_cpu_s(), os.sched_getaffinity(0)
    with confined_to(1):
        out = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
    assert int(out) == 1
    assert os.sched_getaffinity(0) == mine
    assert tree_cpu_s() - before_s > 0.02
    resident_mb, peak_mb = memory_mb("self")
    assert 10 < resident_mb <= peak_mb
    with pytest.raises(OSError, match="No such file"):
        memory_mb(2**22 + 1)


def test_rows_are_kept_and_replaced(tmp_path: Path) -> None:
    machine = {"CPU": "one"}
    results.save(tmp_path, machine, [ROW])
    better = replace(ROW, wer=0.03, others_cpus=0.5)
    rows = results.merge(results.load(tmp_path, machine), [better, replace(ROW, case="new")])
    results.save(tmp_path, machine, rows)
    assert results.load(tmp_path, machine) == [better, replace(ROW, case="new")]
    assert results.load(tmp_path, {"CPU": "another"}) == []
    [first, _] = json.loads((tmp_path / "engine.json").read_text())
    assert tuple(first) == results.ROW
    assert first["wer"] == 0.03


def _reached(*rows: Measured) -> dict[str, bool | None]:
    return {target.row: target.reached for target in targets(rows)}


@pytest.mark.parametrize(
    ("row", "good", "bad"),
    [
        (
            "CPU seconds, mono calls of 2-5 min, against plain on 2 threads",
            lambda: replace(ROW, cpu_s_per_audio_min=2.4),
            lambda: replace(ROW, cpu_s_per_audio_min=2.5),
        ),
        (
            "WER of mono calls of 2-5 min, each prompt in three; plain on 2 threads",
            lambda: replace(ROW, case=f"en {DEALT_MONO}", wer=0.0409),
            lambda: replace(ROW, case=f"en {DEALT_MONO}", wer=0.0412),
        ),
        (
            "audio that 2 workers work off, mono calls of 2-5 min; plain on 2 threads",
            lambda: replace(ROW, contender=OURS_2, x_realtime=42),
            lambda: replace(ROW, contender=OURS_2, x_realtime=41.9),
        ),
        (
            "peak memory of a worker, any length",
            lambda: replace(ROW, largest_rss_mb=1300),
            lambda: replace(ROW, largest_rss_mb=1301),
        ),
        (
            "words invented in 30 min without speech",
            lambda: replace(ROW, case=NON_SPEECH, insertions=0),
            lambda: replace(ROW, case=NON_SPEECH, insertions=1),
        ),
        (
            "growth of a worker's memory over 10 h of audio",
            lambda: replace(ROW, case=f"en {TEN_HOURS}", memory=_memory(1.0)),
            lambda: replace(ROW, case=f"en {TEN_HOURS}", memory=_memory(3.0)),
        ),
    ],
)
def test_a_target_is_reached_or_not(
    row: str, good: Callable[[], Measured], bad: Callable[[], Measured]
) -> None:
    plain = replace(ROW, contender=PLAIN_2, cpu_s_per_audio_min=7.2, wer=0.04)
    dealt = replace(plain, case=f"en {DEALT_MONO}")
    assert _reached(plain, dealt)[row] is None
    assert _reached(plain, dealt, good())[row] is True
    assert _reached(plain, dealt, bad())[row] is False


def test_speed_is_told_beside_that_of_plain() -> None:
    fast = replace(ROW, contender=OURS_2, x_realtime=42)
    told = {target.row.partition(",")[0]: target.measured for target in targets([fast])}
    assert told["audio that 2 workers work off"] == "en 42x"
    both = [fast, replace(ROW, contender=PLAIN_2, x_realtime=7)]
    told = {target.row.partition(",")[0]: target.measured for target in targets(both)}
    assert told["audio that 2 workers work off"] == "en 42x, 6.0 times plain's"


def _memory(slope_mb: float) -> list[Sample]:
    return [Sample(600.0 * step, 500 + slope_mb * step / 6) for step in range(60)]


def test_remarks_say_what_the_figures_hide() -> None:
    other = replace(
        ROW,
        contender=OURS_2,
        texts_sha256="b",
        same_text=False,
        failures={"call-0001.wav": "truncated"},
        others_cpus=1.2,
    )
    assert list(remarks([ROW])) == []
    assert [remark.split(":", 1)[1].strip() for remark in remarks([ROW, other])] == [
        "other programs kept 1.2 CPUs busy meanwhile",
        "the text differs from repeat to repeat",
        "call-0001.wav failed: truncated",
        "one worker and two did not hear the same text",
    ]


def test_the_command_line_chooses_cases_and_contenders() -> None:
    assert all(name in CONTENDERS for case in CASES for name in case.contenders)
    assert len({case.name for case in CASES}) == len(CASES)
    standard = [case for case, _ in chosen_cases(parse([]))]
    long = [case for case, _ in chosen_cases(parse(["--long"]))]
    assert sorted(one.name for one in (*standard, *long)) == sorted(one.name for one in CASES)
    [(case, names)] = chosen_cases(parse(["--case", "fr mono 15", "--contender", "ours, 1"]))
    assert (case.name, names) == ("fr mono 15-40 s", [OURS_1])
    with pytest.raises(SystemExit):
        parse(["--calls", "0"])
