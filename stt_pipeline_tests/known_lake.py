"""A small published lake whose every row is known: two weeks, and faults of each kind.

Week 46 has one date with two labelled calls. Week 47 has a loop, a silent call, a mono call, a file
that is no audio, a duplicate, a recording without a date and one without its transcript.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any, Final

from stt_pipeline.adapters.parquet import ParquetTables
from stt_pipeline.domain.call_dates import UNDATED
from stt_pipeline.domain.ports import Store
from stt_pipeline.domain.tables import table
from stt_pipeline_tests.factories import make_quality_row, utc

FIRST_DATE: Final = dt.date(2026, 11, 1)
TODAY: Final = dt.date(2026, 11, 23)
"""The Monday on which an analyst asks: defaults of the library are about week 47."""

OLD, NEW = "old engine", "new engine"

Row = dict[str, Any]


def write_known_lake(lake: Store) -> None:
    """Publishes every table."""
    tables = ParquetTables(lake)
    for name, partition, rows in known_rows():
        tables.write(name, partition, table(name, rows))


def known_rows() -> Iterator[tuple[str, str, list[Row]]]:
    """Rows by table and partition."""
    for date, calls in CALLS.items():
        yield "recordings", date, [_recording(date, call) for call in calls] + KEPT_ASIDE[date]
        yield "transcripts", date, [_transcript(date, call) for call in calls]
        yield "segments", date, [row for call in calls for row in _segments(call)]
        yield "words", date, [row for call in calls for row in _words(call)]
        yield "transcript_quality", date, [_quality(call) for call in calls]
    yield "recordings", LATE_DATE, [_recording(LATE_DATE, {"call_id": "C6", "duration_s": 90.0})]
    yield "transcripts", LATE_DATE, []
    yield "recordings", UNDATED, [_kept_aside("U1", "quarantined", "no call date in the key")]
    for week, rows in WEEKS.items():
        yield "weekly_readiness", week, rows


def _kept_aside(name: str, status: str, reason: str, **more: Any) -> Row:
    return {
        "recording_uri": f"s3://calls/{name}.wav",
        "etag": f"etag-{name}",
        "size_bytes": 44,
        "status": status,
        "reason": reason,
        "discovered_at": utc("2026-11-18T06:00"),
        **more,
    }


LATE_DATE: Final = "2026-11-18"

CALLS: Final[dict[str, list[Row]]] = {
    "2026-11-10": [
        {
            "call_id": "C1",
            "queue": "billing",
            "customer_id": "K1",
            "time": "09:30",
            "duration_s": 60.0,
            "said": [
                ("agent", 0.0, 10.0, "Hello, how can I help?"),
                ("customer", 8.0, 20.0, "I want a REFUND, please."),
                ("agent", 20.0, 30.0, "Your refund is on its way."),
            ],
            "errors": (8, 1, 1, 0),
        },
        {
            "call_id": "C2",
            "agent_id": "A2",
            "queue": "sales",
            "time": "10:15",
            "duration_s": 120.0,
            "language": "fr",
            "said": [
                ("customer", 0.0, 30.0, "Un remboursement, s'il vous plaît."),
                ("agent", 25.0, 50.0, "Je m'en occupe."),
            ],
            "errors": (40, 0, 0, 2),
        },
    ],
    "2026-11-16": [
        {
            "call_id": "O'Brien 100%",
            "queue": "billing",
            "customer_id": "K1",
            "time": "09:05",
            "duration_s": 300.0,
            "said": [
                ("agent", 0.5, 20.5, "Good morning."),
                ("customer", 20.5, 61.0, "My refund, where is my refund?"),
                ("agent", 59.0, 80.0, "Let me see."),
                ("customer", 70.0, 71.0, "Well?"),
            ],
            "flags": "loop,low_confidence",
            "avg_logprob": -1.25,
            "errors": (90, 6, 2, 2),
        },
        {"call_id": "C4", "queue": None, "customer_id": "K3", "time": "23:30", "duration_s": 30.0},
        {
            "call_id": "C7",
            "queue": "billing",
            "customer_id": "K1",
            "agent_id": "A2",
            "time": "09:50",
            "duration_s": 45.0,
            "said": [("customer", 1.0, 5.0, "Refunds."), ("agent", 6.0, 9.0, "Which refund?")],
            "flags": "low_confidence",
            "avg_logprob": -1.5,
            "probability": 0.25,
        },
    ],
    "2026-11-17": [
        {
            "call_id": "C5",
            "agent_id": "A2",
            "time": None,
            "duration_s": 150.0,
            "said": [("unknown", 0.0, 60.0, "Bonjour, mon colis.")],
            "language": "fr",
            "engine": NEW,
            "transcribed_at": "2026-11-22T07:00",
            "errors": (17, 2, 1, 0),
        },
    ],
}
"""What differs from call to call; `errors` are hits, substitutions, deletions and insertions."""

KEPT_ASIDE: Final[dict[str, list[Row]]] = {
    "2026-11-10": [],
    "2026-11-16": [
        _kept_aside("Q1", "quarantined", "not an audio file", call_id="Q1", queue="billing"),
        _kept_aside("Q2", "quarantined", "not an audio file", call_id="Q2", queue="sales"),
    ],
    "2026-11-17": [_kept_aside("D1", "duplicate", "same bytes as C5.wav", call_id="D1")],
}


def _recording(date: str, call: Row) -> Row:
    return {
        "call_id": call["call_id"],
        "recording_uri": f"s3://calls/{call['call_id']}.wav",
        "etag": f"etag-{call['call_id']}",
        "size_bytes": 960_044,
        "duration_s": call["duration_s"],
        "sample_rate_hz": 8000,
        "channels": 1 if _is_mono(call) else 2,
        "codec": "pcm_mulaw",
        "agent_id": call.get("agent_id", "A1"),
        "customer_id": call.get("customer_id"),
        "queue": call.get("queue"),
        "started_at": _started_at(date, call),
        "status": "accepted",
        "discovered_at": utc("2026-11-18T06:00"),
    }


def _started_at(date: str, call: Row) -> dt.datetime | None:
    return utc(f"{date}T{call['time']}") if call.get("time") else None


def _said(call: Row) -> Sequence[tuple[str, float, float, str]]:
    said: Sequence[tuple[str, float, float, str]] = call.get("said", ())
    return said


def _is_mono(call: Row) -> bool:
    return any(speaker == "unknown" for speaker, *_ in _said(call))


def _talk_s(call: Row, speaker: str) -> float | None:
    if _is_mono(call):
        return None
    return sum(end_s - start_s for who, start_s, end_s, _ in _said(call) if who == speaker)


def _transcript(date: str, call: Row) -> Row:
    said = _said(call)
    flags = call.get("flags", "")
    return {
        "call_id": call["call_id"],
        "agent_id": call.get("agent_id", "A1"),
        "started_at": _started_at(date, call),
        "duration_s": call["duration_s"],
        "speech_s": sum(end_s - start_s for _, start_s, end_s, _ in said),
        "language": call.get("language", "en") if said else None,
        "language_probability": 0.875 if said else None,
        "text": " ".join(text for *_, text in said),
        "word_count": sum(len(text.split()) for *_, text in said),
        "avg_logprob": call.get("avg_logprob", -0.25) if said else None,
        "agent_talk_s": _talk_s(call, "agent"),
        "customer_talk_s": _talk_s(call, "customer"),
        "needs_review": bool(flags),
        "review_reasons": flags,
        "engine": call.get("engine", OLD),
        "cpu_s": call["duration_s"] / 8 if flags else call["duration_s"] / 16,
        "transcribed_at": utc(call.get("transcribed_at", "2026-11-18T07:00")),
    }


def _segments(call: Row) -> list[Row]:
    return [
        {
            "call_id": call["call_id"],
            "segment_id": number,
            "channel": int(speaker == "customer"),
            "speaker": speaker,
            "start_s": start_s,
            "end_s": end_s,
            "text": text,
            "avg_logprob": call.get("avg_logprob", -0.25),
            "no_speech_prob": 0.0,
            "compression_ratio": 1.0,
        }
        for number, (speaker, start_s, end_s, text) in enumerate(_said(call))
    ]


def _words(call: Row) -> list[Row]:
    """Two words a second, without a pause."""
    return [
        {
            "call_id": call["call_id"],
            "segment_id": number,
            "word_id": place,
            "channel": int(speaker == "customer"),
            "speaker": speaker,
            "start_s": start_s + place / 2,
            "end_s": start_s + place / 2 + 0.5,
            "word": word,
            "probability": call.get("probability", 0.75),
        }
        for number, (speaker, start_s, _, text) in enumerate(_said(call))
        for place, word in enumerate(text.split())
    ]


def _quality(call: Row) -> Row:
    hits, substitutions, deletions, insertions = call.get("errors", (0, 0, 0, 0))
    return make_quality_row(
        call["call_id"],
        hits=hits,
        substitutions=substitutions,
        deletions=deletions,
        insertions=insertions,
        flags=call.get("flags", ""),
    )


def _readiness(week: str, date: str, *, ready: bool, **more: Any) -> Row:
    counts = {"recordings": 0, "transcribed": 0, "no_speech": 0, "quarantined": 0, "duplicates": 0}
    return {
        "week": week,
        "call_date": date,
        **counts,
        "reference_words": 0,
        "audio_s": 0.0,
        "cpu_s": 0.0,
        "cost_usd": 0.0,
        "ready": ready,
        "reason": "" if ready else "never processed",
        **more,
    }


WEEKS: Final[dict[str, list[Row]]] = {
    "2026-W46": [
        _readiness(
            "2026-W46",
            "2026-11-10",
            ready=True,
            recordings=2,
            transcribed=2,
            audio_s=180.0,
            wer=0.08,
            reference_words=50,
            cpu_s=11.25,
            cost_usd=0.0005,
        )
    ],
    "2026-W47": [
        _readiness(
            "2026-W47",
            "2026-11-16",
            ready=True,
            recordings=5,
            transcribed=2,
            no_speech=1,
            quarantined=2,
            audio_s=375.0,
            wer=0.1,
            reference_words=98,
            cpu_s=45.0,
            cost_usd=0.002,
        ),
        _readiness(
            "2026-W47",
            "2026-11-17",
            ready=True,
            recordings=2,
            transcribed=1,
            duplicates=1,
            audio_s=150.0,
            wer=0.15,
            reference_words=20,
            cpu_s=9.375,
            cost_usd=0.0005,
        ),
        _readiness("2026-W47", LATE_DATE, ready=False, recordings=1),
    ],
}
