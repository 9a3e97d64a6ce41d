"""Figures of quality from what was heard: rates, errors, speakers, languages. Hears nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from stt_pipeline.domain.quality import expected_wer, signals
from stt_pipeline.domain.quality.call_figures import Figures, measure
from stt_pipeline.domain.quality.intervals import wer_interval
from stt_pipeline.domain.quality.normalise import Normaliser, normaliser
from stt_pipeline.domain.quality.references import spoken_by
from stt_pipeline.domain.quality.wer import ErrorCounts, count_errors, pool
from stt_pipeline.domain.speech.transcription import Transcription
from stt_pipeline_tests.benchmarks.job import Heard
from stt_pipeline_tests.benchmarks.quality_calls import Call, Half
from stt_pipeline_tests.benchmarks.quality_faults import MONO_FAULTS

Row = dict[str, Any]

LONG_CALL_S = 30.0

EXPLAINED = tuple(spoil.__name__ for spoil in MONO_FAULTS)
"""Faults that the expected rate is fitted with and told of: those of the sound, not of the text."""

HARM = 0.05
"""A spoiled call whose error rate rose by more than this has suffered."""


def texts_of(heard: Transcription | Heard, call: Call) -> dict[str, str]:
    """What was heard, by the speakers of the call."""
    if isinstance(heard, Heard):
        return heard.texts
    return {who: spoken_by(heard, who or None) for who in call.texts}


def errors_of(
    call: Call, heard: Transcription | Heard, rule: Normaliser | None = None
) -> ErrorCounts:
    """Word errors of a call, its speakers together, under the language's normaliser."""
    rule = rule or normaliser(call.language)[1]
    said = texts_of(heard, call)
    return pool(count_errors(text, said.get(who, ""), rule) for who, text in call.texts.items())


def speakers_row(calls: Sequence[Call], heard: Mapping[str, Transcription]) -> Row:
    """Words whose middle lies in a turn, and how many of them were given to who spoke it."""
    row = {"calls": len(calls), "words": 0, "wrong": 0}
    for call in calls:
        turns = [(turn, who) for who, side in call.turns.items() for turn in side]
        for segment in heard[call.name].segments:
            for word in segment.words:
                middle_s = (word.start_s + word.end_s) / 2
                spoke = {who for turn, who in turns if turn.start_s <= middle_s <= turn.end_s}
                row["words"] += bool(spoke)
                row["wrong"] += bool(spoke) and segment.speaker not in spoke
    return row


@dataclass(frozen=True)
class Judged:
    """A call with its figures, the signals it shows, and its word errors."""

    call: Call
    heard: Transcription
    figures: Figures
    flags: tuple[str, ...]
    errors: ErrorCounts


def judge(call: Call, heard: Transcription, fault: str = "") -> Judged:
    """A call as the pipeline judges it, and as its reference does; `fault` is of its text."""
    if fault:
        call = replace(call, fault=fault, twin=call.name, name=f"{call.name}-{fault}")
    figures = measure(heard)
    return Judged(call, heard, figures, signals.shown(figures), errors_of(call, heard))


def languages_row(judged: Sequence[Judged]) -> Row:
    """Clean calls of LONG_CALL_S or more, and how many of them were read in another language."""
    long = [one for one in judged if not one.call.fault and one.call.duration_s >= LONG_CALL_S]
    wrong = [one.call.name for one in long if one.heard.language != one.call.language]
    return {"calls": len(long), "wrong": len(wrong), "names": wrong}


def errors_row(calls: Sequence[Call], heard: Mapping[str, Transcription | Heard]) -> Row:
    """Pooled word errors with their counts and the interval over calls."""
    return row_of([errors_of(call, heard[call.name]) for call in calls])


def row_of(counts: Sequence[ErrorCounts]) -> Row:
    """The same of counts, one a call."""
    pooled, interval = pool(counts), wer_interval(counts)
    return {
        "calls": len(counts),
        "reference_words": pooled.reference_words,
        "wer": pooled.wer,
        "low": interval.low if interval else None,
        "high": interval.high if interval else None,
        "substitutions": pooled.substitutions,
        "deletions": pooled.deletions,
        "insertions": pooled.insertions,
    }


def signal_rows(judged: Sequence[Judged], half: Half) -> Row:
    """Of the half's clean calls, and of those of each fault, how many show each signal, or any."""
    mine = [one for one in judged if one.call.half == half]
    kinds = dict.fromkeys(one.call.fault for one in mine)
    by_fault = {fault: [one for one in mine if one.call.fault == fault] for fault in kinds}
    spoiled = [one for one in mine if one.call.fault]
    before = {one.call.name: one.errors.wer or 0.0 for one in by_fault.get("", [])}
    return {
        "half": half,
        "clean": _shown(by_fault.get("", [])),
        "spoiled": _shown(spoiled),
        "harmed": _shown([one for one in spoiled if _harm(one, before) > HARM]),
        "faults": {fault: _shown(calls) for fault, calls in by_fault.items() if fault},
        "missed": {one.call.name: _harm(one, before) for one in spoiled if not one.flags},
        "false_alarms": {
            one.call.name: ",".join(one.flags) for one in by_fault.get("", []) if one.flags
        },
    }


def _harm(spoiled: Judged, before: Mapping[str, float]) -> float:
    """How much higher its error rate is than that of the call it was made of."""
    return (spoiled.errors.wer or 0.0) - before[spoiled.call.twin]


def _shown(calls: Sequence[Judged]) -> Row:
    showing = {name: sum(name in one.flags for one in calls) for name in signals.SIGNALS}
    return {
        "calls": len(calls),
        "needs_review": sum(bool(one.flags) for one in calls),
        "signals": {name: count for name, count in showing.items() if count},
    }


def expected_row(judged: Sequence[Judged]) -> Row:
    """The expected rate, fitted on one half, told of the other: its error, and the week's rate."""
    heard_badly = [one for one in judged if one.call.fault in ("", *EXPLAINED)]
    labelled = [labelled_call(one) for one in heard_badly if one.call.half == "fit"]
    told = [one for one in heard_badly if one.call.half == "report" and one.errors.reference_words]
    model = expected_wer.fit(labelled)
    if isinstance(model, expected_wer.TooFewCalls):
        return {"refused": model.message}
    heard = [
        expected_wer.HeardCall(expected_wer.features_of(vars(one.figures)), one.heard.word_count)
        for one in told
    ]
    week = expected_wer.estimate(labelled, heard)
    pooled = pool(one.errors for one in told)
    off = [
        (one.errors.reference_words, abs((one.errors.wer or 0.0) - model.wer(call.features)))
        for one, call in zip(told, heard, strict=True)
    ]
    row = {
        "labelled_calls": model.labelled_calls,
        "cross_validated_error": model.error,
        "error_of_mean": model.error_of_mean,
        "calls": len(told),
        "error": sum(words * far for words, far in off) / pooled.reference_words,
        "wer": pooled.wer,
    }
    if isinstance(week, expected_wer.Estimate):
        row |= {"expected": week.wer, "low": week.low, "high": week.high}
    return row


def labelled_call(one: Judged) -> expected_wer.LabelledCall:
    """A call as the model is fitted on it."""
    return expected_wer.LabelledCall(
        expected_wer.features_of(vars(one.figures)), one.errors.errors, one.errors.reference_words
    )
