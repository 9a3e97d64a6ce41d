"""Weeks of a call centre of 100 agents as the report gets them: ready, late, unlabelled, empty."""

import datetime as dt
import random
from dataclasses import replace
from zoneinfo import ZoneInfo

from stt_pipeline.domain.call_dates import dates_of
from stt_pipeline.domain.quality.labelled_calls import LabelledCalls
from stt_pipeline.domain.week.readiness import DateFacts, DateReadiness
from stt_pipeline.domain.week.week_aside import SHOWN, Aside, AsideRecording, ReviewCall, Some
from stt_pipeline.domain.week.week_progress import DateOutlook, Expected, WeekProgress
from stt_pipeline.domain.week.week_report import WeekReport
from stt_pipeline_tests.factories import make_quality_row, utc

PARIS = ZoneInfo("Europe/Paris")
WEEK = "2026-W47"
DEADLINE = dt.datetime(2026, 11, 23, 8, 0, tzinfo=PARIS)
HOURS = (551.2, 498.7, 502.3, 470.9, 478.8, 201.4, 0.0)
"""Of calls by date, Monday first."""

NOTHING = {"recordings": 0, "no_speech": 0, "quarantined": 0, "duplicates": 0, "wer": None}

SIGNALS = ("low_confidence", "low_coverage", "dual_mono", "language_doubtful", "loop", "low_level")


def make_date(call_date: str, hours: float = 0.5, **changes: object) -> DateReadiness:
    """A date with calls of 5 minutes, 12 recordings an hour."""
    calls = round(hours * 12)
    date = DateReadiness(
        week=WEEK,
        call_date=call_date,
        recordings=calls + 3,
        transcribed=calls,
        no_speech=1,
        quarantined=1,
        duplicates=1,
        audio_s=hours * 3600.0,
        wer=0.05,
        reference_words=200,
        cpu_s=hours * 300.0,
        cost_usd=hours * 0.005,
        ready=True,
        reason="",
    )
    return replace(date, **changes)  # type: ignore[arg-type]


def ready_week() -> WeekReport:
    """A week published by Sunday 02:40, with 640 calls to review and 57 recordings kept aside."""
    days = dates_of(WEEK)
    dates = [make_date(str(day), hours) for day, hours in zip(days, HOURS, strict=True)]
    dates[3] = replace(
        dates[3],
        reason="the version before stands; its last run failed the gate: wer: word error rate "
        "31.0% (310 errors in 1,000 reference words of 4 labelled calls), limit 20.0%",
    )
    labelled = labelled_calls(60)
    return WeekReport(
        WEEK,
        tuple(dates),
        finished(DEADLINE - dt.timedelta(hours=2)),
        Aside(review(640), quarantined(57), undated=3),
        labelled.rates(),
        ui_url="https://dagster.example.com",
    )


def late_week() -> WeekReport:
    """Sunday evening: Friday never passed its gate, Saturday is at work, Sunday still to come."""
    days = dates_of(WEEK)
    reasons = {
        4: "its last run failed the gate: completeness: 14 of 5,746 accepted recordings have no "
        "transcript: C5001, C5007, C5011, C5020, C5021 and 9 more. Run the date again; only these "
        "are transcribed",
        5: "found, not yet published",
        6: "never processed",
    }
    dates = [
        make_date(
            str(day),
            0.0 if number in reasons else hours,
            ready=number not in reasons,
            reason=reasons.get(number, ""),
            **(NOTHING if number in reasons else {}),
        )
        for number, (day, hours) in enumerate(zip(days, HOURS, strict=True))
    ]
    now = dt.datetime(2026, 11, 22, 20, 0, tzinfo=PARIS)
    whole = finished(now)
    friday = left(days[4], HOURS[4], HOURS[4] * 0.99, now, 1.0)
    saturday = left(days[5], HOURS[5], 61.0, now, 3.5)
    sunday = replace(left(days[6], 12.0, 0.0, now, 6.2), is_guess=True)
    progress = replace(
        whole, dates=(*whole.dates[:4], friday, saturday, sunday), published=whole.published[:4]
    )
    rates = labelled_calls(7).rates()
    return WeekReport(WEEK, tuple(dates), progress, Aside(review(9)), rates, without_speakers=2)


def unlabelled_week() -> WeekReport:
    """A ready week without any reference text, and with nothing to look at."""
    report = ready_week()
    dates = tuple(replace(one, wer=None, reference_words=0, reason="") for one in report.dates)
    return replace(report, dates=dates, rates=(), aside=Aside(), ui_url="")


def empty_week() -> WeekReport:
    """A week of which nobody ever saw anything."""
    days = dates_of(WEEK)
    dates = tuple(
        make_date(str(day), 0.0, ready=False, reason="never processed", **NOTHING) for day in days
    )
    outlooks = tuple(DateOutlook(day, is_complete=False) for day in days)
    progress = WeekProgress(DEADLINE, DEADLINE, 6 * 3600.0, outlooks)
    return WeekReport(WEEK, dates, progress)


def finished(now: dt.datetime) -> WeekProgress:
    """Each date published in the night after it, Thursday once more with late recordings."""
    nights = [
        dt.datetime.combine(day, dt.time(0, 30), PARIS) + dt.timedelta(days=1, hours=hours / 230)
        for day, hours in zip(dates_of(WEEK), HOURS, strict=True)
    ]
    outlooks = tuple(
        DateOutlook(day, True, hours * 3600, hours * 3600, complete_since=night)
        for day, hours, night in zip(dates_of(WEEK), HOURS, nights, strict=True)
    )
    steps, total = [], 0.0
    for night, hours in zip(nights, HOURS, strict=True):
        total += hours
        steps.append((night, total))
    return WeekProgress(now, DEADLINE, 6 * 3600.0, outlooks, tuple(steps))


def left(day: dt.date, hours: float, done: float, now: dt.datetime, in_hours: float) -> DateOutlook:
    """A date that will be published in so many hours, give or take a quarter."""
    low, likely, high = (now + dt.timedelta(hours=in_hours * by) for by in (0.75, 1.0, 1.25))
    return DateOutlook(day, False, hours * 3600, done * 3600, expected=Expected(low, likely, high))


def labelled_calls(calls: int) -> LabelledCalls:
    """Half of them French; the customer is harder to hear than the agent."""
    draw = random.Random(3)
    labelled = LabelledCalls()
    quality, counts, transcripts = [], [], []
    for number in range(calls):
        call_id, language = f"C{number:04d}", ("fr", "en")[number % 2]
        whole = [0, 0, 0, 0]
        for speaker, harder in (("agent", 1.0), ("customer", 1.6)):
            words = draw.randint(80, 600)
            rate = draw.uniform(0.03, 0.14) * harder * (1.7 if language == "fr" else 1.0)
            wrong = [round(words * rate * share) for share in (0.6, 0.3, 0.1)]
            own = [words - wrong[0] - wrong[1], *wrong]
            whole = [one + other for one, other in zip(whole, own, strict=True)]
            names = ("hits", "substitutions", "deletions", "insertions")
            counts.append(
                {"call_id": call_id, "speaker": speaker, **dict(zip(names, own, strict=True))}
            )
        hits, substitutions, deletions, insertions = whole
        quality.append(
            make_quality_row(
                call_id,
                hits=hits,
                substitutions=substitutions,
                deletions=deletions,
                insertions=insertions,
            )
        )
        transcripts.append({"call_id": call_id, "language": language})
    labelled.add(
        DateFacts(dates_of(WEEK)[0], transcripts=transcripts, quality=quality, error_counts=counts)
    )
    return labelled


def review(count: int) -> Some[ReviewCall]:
    """So many calls to review, the first of them shown."""
    shown = tuple(
        ReviewCall(
            call_date=str(dates_of(WEEK)[number % 5]),
            call_id=f"C{20_000 + number * 37}",
            agent_id=f"A{number % 99:02d}",
            started_at=utc("2026-11-16T09:30"),
            duration_s=60.0 + 41 * number,
            language=("fr", "en", None)[number % 3],
            avg_logprob=-1.4 + number / 40,
            reasons=SIGNALS[number % 3 : number % 3 + (3 if number < 8 else 1)],
        )
        for number in range(min(count, SHOWN))
    )
    by_reason = tuple((name, count // (2 + place)) for place, name in enumerate(SIGNALS))
    return Some(count, by_reason, shown)


def quarantined(count: int) -> Some[AsideRecording]:
    """So many recordings kept aside, the first of them shown."""
    bucket = "s3://call-centre-recordings-eu-west-3/queue=reservations/customer_id=K4470"
    shown = tuple(
        AsideRecording(
            str(dates_of(WEEK)[number % 5]),
            f"{bucket}/C{number}_A21_20261116T101155.wav",
            ("the file is empty", "truncated: 98517 bytes of sound are missing at its end")[
                number % 2
            ],
        )
        for number in range(min(count, SHOWN))
    )
    kinds = (("truncated", count - count // 3), ("the file is empty", count // 3))
    return Some(count, kinds, shown)
