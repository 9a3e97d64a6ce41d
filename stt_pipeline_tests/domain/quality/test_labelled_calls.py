"""The word errors of a week: all labelled calls, by language, by speaker."""

from stt_pipeline.domain.quality.labelled_calls import ErrorRate, Group, LabelledCalls
from stt_pipeline.domain.quality.wer import ErrorCounts, pool
from stt_pipeline.domain.tables import error_count_rows
from stt_pipeline.domain.week.readiness import DateFacts, Row
from stt_pipeline_tests.factories import CALL_DATE, make_quality_row

ENGLISH = {"agent": ErrorCounts(hits=19, substitutions=1), "customer": ErrorCounts(hits=5)}
FRENCH = {"agent": ErrorCounts(hits=6, deletions=4), "customer": ErrorCounts(insertions=2)}
UNSPLIT = {"": ErrorCounts(hits=10)}


def date_of(calls: dict[str, tuple[str | None, dict[str, ErrorCounts]]]) -> DateFacts:
    quality: list[Row] = [make_quality_row("no label")]
    counts = []
    for call_id, (language, by_speaker) in calls.items():
        whole = pool(by_speaker.values())
        quality.append(
            make_quality_row(
                call_id,
                hits=whole.hits,
                substitutions=whole.substitutions,
                deletions=whole.deletions,
                insertions=whole.insertions,
            )
        )
        counts += error_count_rows(call_id, language, by_speaker)
    languages = [{"call_id": name, "language": language} for name, (language, _) in calls.items()]
    return DateFacts(CALL_DATE, transcripts=languages, quality=quality, error_counts=counts)


def rates_of(*dates: DateFacts) -> dict[tuple[Group, str], ErrorRate]:
    labelled = LabelledCalls()
    for date in dates:
        labelled.add(date)
    assert labelled.without_speakers == 0
    return {(rate.group, rate.name): rate for rate in labelled.rates()}


def test_rates_are_pooled_over_the_dates_by_language_and_by_speaker() -> None:
    rates = rates_of(
        date_of({"C1": ("en", ENGLISH), "C2": ("fr", FRENCH)}),
        date_of({"C1": ("en", UNSPLIT), "C4": (None, {"agent": ErrorCounts(deletions=3)})}),
    )

    assert list(rates) == [
        (Group.WEEK, ""),
        (Group.LANGUAGE, ""),
        (Group.LANGUAGE, "en"),
        (Group.LANGUAGE, "fr"),
        (Group.SPEAKER, ""),
        (Group.SPEAKER, "agent"),
        (Group.SPEAKER, "customer"),
    ]
    shown = {
        rate.label: (rate.interval.calls, rate.counts.errors, rate.counts.reference_words)
        for rate in rates.values()
    }
    assert shown == {
        "All labelled calls": (4, 10, 48),
        "No speech heard": (1, 3, 3),
        "English": (2, 1, 35),
        "French": (1, 6, 10),
        "Both in one text": (1, 0, 10),
        "Agent": (3, 8, 33),
        # Of the French customer there is no word in the reference: no rate can say that.
        "Customer": (1, 0, 5),
    }


def test_a_language_without_a_name_shows_its_code() -> None:
    assert rates_of(date_of({"C1": ("es", UNSPLIT)}))[Group.LANGUAGE, "es"].label == "es"


def test_a_call_whose_reference_is_empty_is_no_labelled_call() -> None:
    assert rates_of(date_of({"C1": ("en", {"agent": ErrorCounts(insertions=9)})})) == {}


def test_calls_published_before_speakers_were_counted_are_said_and_not_lost() -> None:
    facts = date_of({"C1": ("en", ENGLISH)})
    labelled = LabelledCalls()
    labelled.add(DateFacts(CALL_DATE, transcripts=facts.transcripts, quality=facts.quality))

    assert labelled.without_speakers == 1
    assert [rate.group for rate in labelled.rates()] == [Group.WEEK, Group.LANGUAGE]


def test_counts_of_a_call_that_is_not_published_are_left_out() -> None:
    facts = date_of({"C1": ("en", ENGLISH)})
    other = error_count_rows("C9", "en", ENGLISH)

    rates = rates_of(
        DateFacts(
            CALL_DATE,
            transcripts=facts.transcripts,
            quality=facts.quality,
            error_counts=[*(facts.error_counts or ()), *other],
        )
    )

    assert rates[Group.SPEAKER, "agent"].interval.calls == 1
