"""How well the labelled calls of a week were heard: all of them, by language, by speaker."""

from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum

from stt_pipeline.domain.quality.intervals import Interval, wer_interval
from stt_pipeline.domain.quality.wer import ErrorCounts, pool
from stt_pipeline.domain.week.readiness import DateFacts, Row

LANGUAGES = {"en": "English", "fr": "French"}
"""Names of the call centre's languages; any other shows its code."""


class Group(StrEnum):
    """What the calls of a rate have in common."""

    WEEK = "week"
    LANGUAGE = "language"
    SPEAKER = "speaker"


@dataclass(frozen=True)
class ErrorRate:
    """The word errors of a group of labelled calls, pooled, and how sure the rate is.

    `name` is a language code or a speaker; empty for the week, for a call in which no speech was
    heard, and for calls whose reference does not tell speakers apart.
    """

    group: Group
    name: str
    counts: ErrorCounts
    interval: Interval

    @property
    def label(self) -> str:
        """The group for people."""
        if self.group is Group.WEEK:
            return "All labelled calls"
        if self.group is Group.LANGUAGE:
            return LANGUAGES.get(self.name, self.name) or "No speech heard"
        return self.name.capitalize() or "Both in one text"


class LabelledCalls:
    """Takes in a week date by date."""

    def __init__(self) -> None:
        """Of no date yet."""
        self._groups = defaultdict[tuple[Group, str], list[ErrorCounts]](list)
        self.without_speakers = 0

    def add(self, facts: DateFacts) -> None:
        """Counts a date's published calls; `without_speakers` those that have no private counts."""
        labelled = {
            row["call_id"]: _counts(row) for row in facts.quality or () if row["reference_words"]
        }
        languages = {
            row["call_id"]: row["language"]
            for row in facts.transcripts or ()
            if row["call_id"] in labelled
        }
        for call_id, counts in labelled.items():
            self._groups[Group.WEEK, ""].append(counts)
            self._groups[Group.LANGUAGE, languages.get(call_id) or ""].append(counts)
        split = [row for row in facts.error_counts or () if row["call_id"] in labelled]
        for row in split:
            self._groups[Group.SPEAKER, row["speaker"]].append(_counts(row))
        self.without_speakers += len(labelled.keys() - {row["call_id"] for row in split})

    def rates(self) -> tuple[ErrorRate, ...]:
        """A rate of each group with reference words: the week, languages, speakers, by name."""
        order = list(Group)
        found = []
        for group, name in sorted(self._groups, key=lambda key: (order.index(key[0]), key[1])):
            calls = self._groups[group, name]
            if interval := wer_interval(calls):
                counts = pool(one for one in calls if one.reference_words)
                found.append(ErrorRate(group, name, counts, interval))
        return tuple(found)


def _counts(row: Row) -> ErrorCounts:
    return ErrorCounts(row["hits"], row["substitutions"], row["deletions"], row["insertions"])
