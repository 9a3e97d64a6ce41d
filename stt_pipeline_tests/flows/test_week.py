"""A week from recordings to the report: two dates with calls of every fate, five without."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pyarrow.parquet as pq
import pytest

from stt_pipeline_tests.flows.conftest import MONDAY, TUESDAY, WEEK, Make, Site
from stt_pipeline_tests.speech.encode import write_wav
from stt_pipeline_tests.speech.sounds import silence

DATE_TABLES = ("recordings", "transcripts", "segments", "words", "transcript_quality")


@pytest.fixture
def week(site: Site, short_call: Make, two_sided: Callable[[int], tuple[Any, str, str]]) -> Site:
    """Monday: calls of every fate. Tuesday: one call. An object without a date beside them."""
    samples, agent, customer = two_sided(1)
    call = site.put_call(MONDAY, "two_A7_20261116T093000", samples)
    site.references.mkdir(parents=True)
    (site.references / "two.agent.txt").write_text(agent)
    (site.references / "two.customer.txt").write_text(customer)
    mono = short_call(7)
    site.put_call(MONDAY, "mono", mono.samples, mono.text)
    write_wav(call.parent / "silent.wav", silence(5.0), 8_000, "pcm_mulaw")
    site.put_bytes(f"call_date={MONDAY}/again.wav", call.read_bytes())
    site.put_bytes(f"call_date={MONDAY}/empty.wav", b"")
    site.put_bytes(f"call_date={MONDAY}/note.wav", b"not a recording at all")
    site.put_bytes(f"call_date={MONDAY}/cut.wav", call.read_bytes()[:-20_000])
    site.put_bytes(f"call_date={MONDAY}/odd_A1_20261117T101010.wav", call.read_bytes())
    site.put_bytes(f"call_date={MONDAY}/é tel_A1_20261316T101010.wav", call.read_bytes())
    site.put_call(TUESDAY, "later", short_call(9).samples)
    site.put_bytes("inbox/unknown.wav", call.read_bytes())
    site.put_bytes("call_date=2026-02-30/never.wav", call.read_bytes())
    return site


def test_every_object_of_the_store_ends_in_one_named_state(week: Site) -> None:
    ended = week.run(MONDAY, TUESDAY)
    assert ended.code == 0, ended.err

    rows = week.query("SELECT call_date, call_id, recording_uri, status, reason FROM recordings")
    files = [f"file://{path}" for path in week.recordings.rglob("*.wav")]
    assert sorted(row["recording_uri"] for row in rows) == sorted(files)
    assert all(row["reason"] for row in rows if row["status"] != "accepted")

    monday = [row for row in rows if row["call_date"] == MONDAY]
    assert Counter(row["status"] for row in monday) == {
        "accepted": 3,
        "duplicate": 1,
        "quarantined": 5,
    }
    undated = {row["recording_uri"].rsplit("/", 1)[-1]: row for row in rows}
    assert undated["unknown.wav"]["call_date"] == "undated"
    assert undated["never.wav"]["reason"] == "impossible date '2026-02-30' in the key"

    accepted = {row["call_id"] for row in monday if row["status"] == "accepted"}
    transcribed = {row["call_id"] for row in week.table("transcripts", MONDAY)}
    assert transcribed == accepted == {"two", "mono", "silent"}


def test_the_published_tables_say_who_said_what(week: Site) -> None:
    assert week.run(MONDAY).code == 0
    calls = {row["call_id"]: row for row in week.table("transcripts", MONDAY)}
    two, mono, silent = calls["two"], calls["mono"], calls["silent"]

    assert two["agent_id"] == "A7"
    assert two["started_at"].isoformat() == "2026-11-16T08:30:00"
    assert two["language"] == mono["language"] == "en"
    assert two["agent_talk_s"] > 3
    assert two["customer_talk_s"] > 3
    assert mono["agent_talk_s"] is mono["customer_talk_s"] is None
    assert (silent["text"], silent["word_count"], silent["speech_s"]) == ("", 0, 0.0)
    assert silent["language"] is None
    assert two["cpu_s"] > 0
    assert "base@d01c3014 int8" in two["engine"]

    segments = week.table("segments", MONDAY)
    words = week.table("words", MONDAY)
    assert {s["speaker"] for s in segments if s["call_id"] == "two"} == {"agent", "customer"}
    assert {s["speaker"] for s in segments if s["call_id"] == "mono"} == {"unknown"}
    for call_id, call in calls.items():
        said = [s for s in segments if s["call_id"] == call_id]
        assert " ".join(s["text"] for s in said) == call["text"]
        assert [s["start_s"] for s in said] == sorted(s["start_s"] for s in said)
        spoken = [w for w in words if w["call_id"] == call_id]
        assert " ".join(w["word"] for w in spoken) == call["text"]
        assert len(spoken) == call["word_count"]
        assert all(0 <= w["start_s"] <= w["end_s"] <= call["duration_s"] for w in spoken)

    quality = {row["call_id"]: row for row in week.table("transcript_quality", MONDAY)}
    assert quality["two"]["has_reference"]
    assert quality["two"]["reference_words"] > 20
    assert quality["two"]["wer"] < 0.25
    assert quality["mono"]["wer"] < 0.25
    assert not quality["silent"]["has_reference"]
    assert quality["silent"]["wer"] is None


def test_a_week_with_missing_days_says_so_and_does_not_crash(week: Site) -> None:
    ended = week.run(MONDAY, TUESDAY)
    assert ended.code == 0
    rows = week.query("SELECT * FROM weekly_readiness ORDER BY call_date")
    assert [row["week"] for row in rows] == [WEEK] * 7
    assert [row["ready"] for row in rows] == [True, True, *[False] * 5]
    assert {row["reason"] for row in rows[2:]} == {"never processed"}
    monday = rows[0]
    names = ("recordings", "transcribed", "no_speech", "quarantined", "duplicates")
    counts = {name: monday[name] for name in names}
    assert counts == {
        "recordings": 9,
        "transcribed": 2,
        "no_speech": 1,
        "quarantined": 5,
        "duplicates": 1,
    }
    assert monday["recordings"] == sum(counts.values()) - monday["recordings"]

    status = week.command("status", "--week", WEEK, "--json").rows
    assert [row["ready"] for row in status] == [row["ready"] for row in rows]
    report = (week.lake / "reports" / f"week={WEEK}.html").read_text()
    assert "Not ready" in report
    assert "Wed 18 Nov: never processed" in report
    assert ">English</th>" in report
    assert ">Agent</th>" in report
    assert ">Both in one text</th>" in report


def test_the_errors_of_each_speaker_are_kept_with_what_is_published(week: Site) -> None:
    assert week.run(MONDAY).code == 0
    private = week.lake / "_work" / "published" / "error_counts" / f"call_date={MONDAY}"
    counts = pq.ParquetFile(private / "error_counts.parquet").read().to_pylist()

    assert [(row["call_id"], row["speaker"], row["language"]) for row in counts] == [
        ("mono", "", "en"),
        ("two", "agent", "en"),
        ("two", "customer", "en"),
    ]
    published = {row["call_id"]: row for row in week.table("transcript_quality", MONDAY)}
    for name in ("hits", "substitutions", "deletions", "insertions"):
        assert sum(row[name] for row in counts if row["call_id"] == "two") == published["two"][name]


def test_a_second_run_changes_nothing_and_transcribes_nothing(week: Site) -> None:
    assert week.run(MONDAY).code == 0
    before, checkpoints = week.published(), week.checkpoints()
    history = week.lake / "_work" / "publications" / f"call_date={MONDAY}.json"
    published = history.read_text()
    again = week.run(MONDAY)
    assert again.code == 0
    assert "nothing new" in again.err
    assert week.checkpoints() == checkpoints
    assert week.published() == before
    assert history.read_text() == published
    assert {name.split("/")[0] for name in before} >= set(DATE_TABLES)


def test_a_late_recording_alone_is_transcribed(week: Site, short_call: Make) -> None:
    assert week.run(TUESDAY).code == 0
    before = week.checkpoints()
    week.put_call(TUESDAY, "latecomer", short_call(11).samples)
    assert week.run(TUESDAY).code == 0
    assert len(week.checkpoints() - before) == 1
    assert {row["call_id"] for row in week.table("transcripts", TUESDAY)} == {"later", "latecomer"}
