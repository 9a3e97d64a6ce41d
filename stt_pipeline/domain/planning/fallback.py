"""Which calls another engine is paid for, at what price, and what is chosen. Asks no engine.

The local engine's results stay what they are. A call's text from the other engine belongs to that
one local engine's attempt: it counts as finished for the date, and a change of the local engine, or
of its settings, has the call tried anew by the local one, at no cost where it fails again.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from stt_pipeline.domain.planning.prices import OUTSIDE
from stt_pipeline.domain.ports import ResultStore
from stt_pipeline.domain.recordings.recording import Recording
from stt_pipeline.domain.speech.transcription import Failure, Outcome, Result, Transcription

ENGINE: Final = "amazon-transcribe"
"""What the column `engine` says of its rows."""

FAILED: Final = "failed"
LATE: Final = "late"

FAULTS_OF_FILES: Final = ("truncated:", "damaged:", "no audio behind the header")
"""How a reason begins that lies in the file: of such a call a part is missing, whoever reads it."""


def is_paid_for(failure: Failure) -> bool:
    """True where another engine may read what this one could not, and the next run will not."""
    return not failure.transient and not failure.reason.startswith(FAULTS_OF_FILES)


def price_usd(recordings: Iterable[Recording]) -> float:
    """What the other engine charges; it is asked for none of unknown length."""
    return sum(OUTSIDE.call_usd(one.duration_s or 0.0) for one in recordings)


# --- What a week has spent -----------------------------------------------------------------------


@dataclass(frozen=True)
class Spending:
    """USD by job of one week; a job counts from before it is asked for."""

    usd_by_job: Mapping[str, float] = field(default_factory=dict)

    @property
    def usd(self) -> float:
        """Of all jobs."""
        return sum(self.usd_by_job.values())

    def with_job(self, job: str, usd: float, budget_usd: float) -> "Spending | None":
        """With one job more; None where that would exceed the budget. One known is not paid again.

        Amounts are compared to a millionth of a dollar.
        """
        if job in self.usd_by_job:
            return self
        if round(self.usd + usd, 6) > budget_usd:
            return None
        return Spending({**self.usd_by_job, job: usd})


# --- What counts as a date's results -------------------------------------------------------------


class ResultsWithFallback:
    """Implements ResultStore: the local engine's results, and in their place the other engine's.

    A transcription of the local engine always counts; else one of the other engine; else the local
    failure, whose reason says why the other engine did not help.
    """

    def __init__(
        self, local: ResultStore, paid: ResultStore, handed_over: Callable[[], Collection[str]]
    ) -> None:
        """`handed_over` are etags that the local engine leaves to the other one."""
        self._local = local
        self._paid = paid
        self._handed_over = handed_over

    def finished(self) -> set[str]:
        """See ResultStore."""
        return self._local.finished() | self._paid.finished() | set(self._handed_over())

    def read(self, etag: str) -> Result | None:
        """See ResultStore."""
        return self._chosen(etag, self._local.read(etag))

    def read_all(self, etags: Iterable[str]) -> Iterator[Result | None]:
        """See ResultStore; the other engine's are looked for where the local one has none."""
        known = list(etags)
        for etag, local in zip(known, self._local.read_all(known), strict=True):
            yield self._chosen(etag, local)

    def write(self, result: Result) -> None:
        """See ResultStore; a result of the local engine."""
        self._local.write(result)

    def _chosen(self, etag: str, local: Result | None) -> Result | None:
        if local is not None and isinstance(local.outcome, Transcription):
            return local
        return chosen(local, self._paid.read(etag))


def chosen(local: Result | None, paid: Result | None) -> Result | None:
    """The result that counts of a call that the local engine has no transcription of."""
    if paid is None or local is None or isinstance(paid.outcome, Transcription):
        return paid or local
    assert isinstance(local.outcome, Failure)
    reason = f"{local.outcome.reason}; {ENGINE}: {paid.outcome.reason}"
    return Result(local.etag, local.engine, Failure(reason, local.outcome.transient))


def kept(outcome: Outcome) -> Outcome:
    """An outcome as it is kept: why the other engine did not help is asked again by every run."""
    return Failure(outcome.reason, transient=True) if isinstance(outcome, Failure) else outcome


# --- What cannot make the deadline ---------------------------------------------------------------


def least_to_hand_over(
    missing: Sequence[Recording],
    is_in_time: Callable[[Sequence[Recording]], bool],
    budget_usd: float,
    left_s: float,
) -> list[Recording]:
    """The fewest recordings without which the rest is in time; else as many as may be paid.

    Those that save the most work for their price come first: two channels cost what one does, and
    a long call is long for one worker. None that the other engine may not end itself before the
    deadline: it is taken to need as long as the call lasts. `is_in_time` never turns false as
    recordings are taken away.
    """
    ordered = sorted(
        (one for one in missing if 0 < (one.duration_s or 0.0) < left_s),
        key=lambda one: (-(one.channels or 1), -(one.duration_s or 0.0), one.key),
    )
    most, usd = 0, 0.0
    while most < len(ordered) and round(usd + price_usd([ordered[most]]), 6) <= budget_usd:
        usd += price_usd([ordered[most]])
        most += 1

    def rest(count: int) -> list[Recording]:
        taken = {one.etag for one in ordered[:count]}
        return [one for one in missing if one.etag not in taken]

    low, high = 0, most
    while low < high:
        middle = (low + high) // 2
        if is_in_time(rest(middle)):
            high = middle
        else:
            low = middle + 1
    return ordered[:low]
