"""A date's candidate tables from its checkpoints: many windows, many row groups, one order."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from stt_pipeline.adapters import parquet
from stt_pipeline.defs import candidates
from stt_pipeline.defs.candidates import HeardTotals, write_candidates
from stt_pipeline.defs.resources import Pipeline
from stt_pipeline.defs.transcript_quality import ASSET, judge_calls, judge_date
from stt_pipeline.domain.recordings.recording import Recording
from stt_pipeline.domain.speech.transcription import Failure, Result
from stt_pipeline.domain.tables import segment_rows, table, transcript_row, word_rows
from stt_pipeline.settings import Settings
from stt_pipeline_tests.factories import (
    CALL_DATE,
    make_recording,
    make_result,
    make_segment,
    make_transcription,
)

DATE = str(CALL_DATE)
CALLS = 300
TABLES = ("transcripts", "segments", "words")


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    """A lake with CALLS checkpoints; there is no folder of references."""
    (tmp_path / "recordings").mkdir()
    made = Pipeline(
        Settings(
            recordings_uri=(tmp_path / "recordings").as_uri(),
            references_uri=(tmp_path / "references").as_uri(),
            lake_uri=(tmp_path / "lake").as_uri(),
        )
    )
    results = made.results(DATE)
    for one in calls():
        results.write(checkpoint(made, one))
    return made


def calls() -> list[Recording]:
    """Accepted recordings in no order."""
    made = [make_recording(f"C{number:03}") for number in range(CALLS)]
    random.Random(1).shuffle(made)
    return made


def checkpoint(pipeline: Pipeline, recording: Recording) -> Result:
    """What was heard of a recording: as many turns as the number at its end; C007 failed."""
    number = int((recording.call_id or "")[-1])
    if recording.call_id == "C007":
        return Result(recording.etag, pipeline.engine.label, Failure("truncated"))
    said = [make_segment(f"word {recording.call_id} {turn}", 3.0 * turn) for turn in range(number)]
    return make_result(recording.etag, make_transcription(said), pipeline.engine.label)


def expected(pipeline: Pipeline) -> dict[str, pa.Table]:
    """The tables, all rows in memory."""
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}
    for one in sorted(calls(), key=lambda call: call.call_id or ""):
        heard, call_id = checkpoint(pipeline, one).outcome, one.call_id or ""
        if not isinstance(heard, Failure):
            rows["transcripts"].append(transcript_row(one, heard, pipeline.engine.label))
            rows["segments"] += segment_rows(call_id, heard.segments)
            rows["words"] += word_rows(call_id, heard.segments)
    return {name: table(name, rows[name]) for name in TABLES}


@pytest.mark.parametrize(("held_rows", "group_rows"), [(1, 50), (64, 7), (4_000, 100_000)])
def test_tables_hold_every_call_in_order_of_its_name_however_they_are_cut(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, held_rows: int, group_rows: int
) -> None:
    monkeypatch.setattr(candidates, "HELD_ROWS", held_rows)
    monkeypatch.setattr(parquet, "ROW_GROUP_ROWS", group_rows)
    monkeypatch.setattr(parquet, "LONG_ROW_GROUP_ROWS", group_rows)
    totals = write_candidates(pipeline, DATE, calls(), pipeline.results(DATE))
    tables = expected(pipeline)
    for name in TABLES:
        stored = pipeline.candidates.read(name, DATE)
        assert stored is not None
        assert stored.equals(tables[name])
    assert totals == HeardTotals(
        calls=CALLS - 1,
        no_speech=CALLS // 10,
        words=tables["words"].num_rows,
        audio_s=60.0 * (CALLS - 1),
        cpu_s=3.0 * (CALLS - 1),
    )


def test_a_call_with_swapped_channels_is_told_by_the_others_of_its_date(pipeline: Pipeline) -> None:
    said = ("good morning what can i do for you", "my line has been dead since monday evening")
    speakers = ("agent", "customer")
    accepted = [make_recording(f"S{number:02}", etag=f"s{number}") for number in range(40)]
    for number, one in enumerate(accepted):
        texts = said[::-1] if number == 7 else said
        turns = zip(texts, speakers, (0.0, 5.0), strict=True)
        heard = make_transcription([make_segment(text, at, speaker=who) for text, who, at in turns])
        pipeline.results(DATE).write(make_result(one.etag, heard, pipeline.engine.label))
    write_candidates(pipeline, DATE, accepted, pipeline.results(DATE))
    judge_calls(pipeline, DATE, accepted)
    for name, column in (("transcripts", "review_reasons"), ("transcript_quality", "flags")):
        rows = pipeline.candidates.rows(name, DATE)
        assert [row["call_id"] for row in rows if row[column] == "channels_swapped"] == ["S07"]


def test_a_date_without_a_result_has_empty_tables(pipeline: Pipeline) -> None:
    missing = [make_recording("none", etag="never heard")]
    assert write_candidates(pipeline, DATE, missing, pipeline.results(DATE)) == HeardTotals()
    for name in TABLES:
        stored = pipeline.candidates.read(name, DATE)
        assert stored is not None
        assert stored.num_rows == 0


def test_a_result_that_cannot_be_read_leaves_every_table_as_it_was(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    write_candidates(pipeline, DATE, calls()[:5], pipeline.results(DATE))
    before = [pipeline.candidates.fingerprint(name, DATE) for name in TABLES]
    [path] = tmp_path.rglob("etag-C299.json")
    path.write_bytes(b"{")
    with pytest.raises(ValueError, match="Invalid JSON"):
        write_candidates(pipeline, DATE, calls(), pipeline.results(DATE))
    assert [pipeline.candidates.fingerprint(name, DATE) for name in TABLES] == before


def test_every_call_is_judged_and_only_texts_that_are_there_are_opened(
    pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    references = tmp_path / "references"
    references.mkdir()
    (references / "C001.txt").write_text("word C001 0")
    (references / "C002.agent.txt").write_text("word C002 0 word C002 9")
    (references / "other call.txt").write_text("not of this date")
    opened = []

    def walked_once(*arguments: Any, **named: Any) -> Iterator[Any]:
        opened.append("a listing")
        return walk(*arguments, **named)

    def opening(key: str) -> Any:
        opened.append(key)
        return open_(key)

    walk, open_ = pipeline.references.walk, pipeline.references.open
    monkeypatch.setattr(pipeline.references, "walk", walked_once)
    monkeypatch.setattr(pipeline.references, "open", opening)
    judged = judge_calls(pipeline, DATE, calls())
    assert opened == ["a listing", "C001.txt", "C002.agent.txt"]
    assert judged.failed == {"etag-C007": Failure("truncated")}
    assert judged.transcribed == {one.etag for one in calls()} - {"etag-C007"}
    rows = list(pipeline.candidates.rows(ASSET, DATE))
    assert [row["call_id"] for row in rows] == sorted(judged.speech_s)
    labelled = {row["call_id"]: row["wer"] for row in rows if row["has_reference"]}
    assert labelled.keys() == {"C001", "C002"}
    assert labelled["C001"] == 0 < labelled["C002"]
    verdict = judge_date(pipeline, DATE, calls(), judged)
    assert verdict.checks[0].figures["failed"] == 1
    assert verdict.checks[1].figures["labelled_calls"] == 2


def test_texts_of_calls_with_folders_in_their_name_are_found(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    """A pattern of the user's own may take folders into call_id."""
    for name in ("north/lyon/C1.txt", "north/C2.txt", "south/C1.txt"):
        path = tmp_path / "references" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("word")
    recording = make_recording("north/lyon/C1", etag="etag-C001", key="C1.wav")
    judge_calls(pipeline, DATE, [recording])
    [row] = pipeline.candidates.rows(ASSET, DATE)
    assert row["has_reference"]


def test_without_a_folder_of_references_no_call_has_one(pipeline: Pipeline) -> None:
    judge_calls(pipeline, DATE, calls()[:20])
    assert not any(row["has_reference"] for row in pipeline.candidates.rows(ASSET, DATE))
