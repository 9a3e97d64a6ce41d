"""The cases: which calls, which contenders, how often. Builds calls on demand; measures nothing."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from stt_pipeline_tests.benchmarks import build
from stt_pipeline_tests.benchmarks.build import Built
from stt_pipeline_tests.benchmarks.contenders import (
    ALL,
    BATCHED_2,
    OURS_1,
    OURS_2,
    PLAIN_1,
    PLAIN_2,
    PLAIN_WITHOUT_VAD,
)
from stt_pipeline_tests.benchmarks.job import CALL_DATE, WARM_UP_DATE
from stt_pipeline_tests.speech.calls import RATE_HZ, Turn
from stt_pipeline_tests.speech.prompts import Language

LONG_MONO = "mono 2-5 min"
DEALT_MONO = "mono, each prompt in three calls"
SHORT_MONO = "mono 15-40 s"
SHORT_TWO = "two-channel 40 s"
LONG_TWO = "two-channel 2-5 min"
MIXED = "two-channel 2-5 min, mixed to mono"
ONE_HOUR = "two-channel 1 h"
THREE_HOURS = "two-channel 3 h"
SHORT_HOUR = "1 h of calls of 20 s"
TEN_HOURS = "10 h of calls of all lengths"
NON_SPEECH = "30 min without speech"


TASK_OF_TWO = (PLAIN_2, BATCHED_2, OURS_1, OURS_2)
"""Without one-thread runs of the library, which tell the same in every language."""


@dataclass(frozen=True)
class Case:
    """Calls of one kind, and who transcribes them; `in_order` as Job has it."""

    kind: str
    language: Language
    calls: Callable[[], Iterator[Built]]
    contenders: tuple[str, ...] = ALL
    repeats: int = 1
    long: bool = False
    in_order: bool = False

    @property
    def name(self) -> str:
        """Its name in every table."""
        return self.kind if self.kind.startswith(NON_SPEECH) else f"{self.language} {self.kind}"


@dataclass(frozen=True)
class Call:
    """A written call: `turns` by speaker say what is said when; a mono call's speaker is ``."""

    path: Path
    duration_s: float
    turns: dict[str, tuple[Turn, ...]]

    @property
    def texts(self) -> dict[str, str]:
        """The reference text of each speaker."""
        return {who: " ".join(turn.text for turn in side) for who, side in self.turns.items()}


def _of(
    language: Language, contenders: tuple[str, ...], on_long: tuple[str, ...]
) -> Iterator[Case]:
    """What both languages are measured on; `on_long` are the contenders on long mono calls."""

    def two_long() -> Iterator[Built]:
        return build.two_channel_calls(language, (150.0, 240.0, 180.0, 210.0))

    def two_short() -> Iterator[Built]:
        return build.two_channel_calls(language, [40.0] * 15)

    yield Case(LONG_MONO, language, lambda: build.long_calls(language), on_long)
    yield Case(DEALT_MONO, language, lambda: build.dealt_calls(language), (PLAIN_2, OURS_2))
    yield Case(SHORT_MONO, language, lambda: build.short_calls(language, 24), contenders, repeats=2)
    yield Case(SHORT_TWO, language, two_short, contenders, repeats=2)
    yield Case(LONG_TWO, language, two_long, contenders)
    yield Case(MIXED, language, lambda: build.mixed(two_long()), contenders=(OURS_1,))


CASES: tuple[Case, ...] = (
    *_of("en", ALL, ALL),
    *_of("fr", TASK_OF_TWO, (*TASK_OF_TWO, PLAIN_1)),
    Case(NON_SPEECH, "en", build.non_speech, (PLAIN_2, BATCHED_2, OURS_1)),
    Case(
        NON_SPEECH + ", voice activity off", "en", build.non_speech, (PLAIN_WITHOUT_VAD,), long=True
    ),
    Case(
        ONE_HOUR,
        "en",
        lambda: build.two_channel_calls("en", [3600.0]),
        (BATCHED_2, OURS_1),
        long=True,
    ),
    Case(
        THREE_HOURS,
        "en",
        lambda: build.two_channel_calls("en", [3 * 3600.0]),
        (OURS_1,),
        long=True,
    ),
    Case(
        SHORT_HOUR,
        "en",
        lambda: build.short_calls("en", 180, 17.0, 23.0),
        (OURS_1,),
        long=True,
    ),
    Case(
        TEN_HOURS, "en", lambda: build.hours_of_calls("en", 10), (OURS_1,), long=True, in_order=True
    ),
)


def write_calls(case: Case, site: Path, most: int | None) -> list[Call]:
    """The case's calls, `most` of them at most, where the pipeline finds them below `site`."""
    folder = site / "recordings" / f"call_date={CALL_DATE}"
    folder.mkdir(parents=True)
    return list(_written(islice(case.calls(), most), folder))


def _written(calls: Iterable[Built], folder: Path) -> Iterator[Call]:
    for number, call in enumerate(calls):
        path = build.write(call, folder / f"call-{number:04}.wav")
        yield Call(path, len(call.samples) / RATE_HZ, dict(call.turns))


def write_warm_up(language: Language, two_channel: bool, site: Path) -> None:
    """A call of some 20 s that every process hears before the clock starts."""
    folder = site / "recordings" / f"call_date={WARM_UP_DATE}"
    folder.mkdir(parents=True)
    calls = (
        build.two_channel_calls(language, [20.0])
        if two_channel
        else build.short_calls(language, 1, 15.0, 25.0)
    )
    build.write(next(calls), folder / "warm-up.wav")
