"""What becomes of a recording whose worker died twice, the second time on it alone."""

from stt_pipeline.domain.quality.gates import MAX_FAILED_SHARE
from stt_pipeline.domain.speech.transcription import Failure

FEW = 3
"""So many recordings of a run may be poison, however small the run."""


def is_rare(died: int, transcribed: int) -> bool:
    """True where the engine works, and a few recordings end it: then the reason lies in them.

    `died` counts the run's recordings that were given up, `transcribed` those with a transcript.
    Few are FEW, or MAX_FAILED_SHARE of both; they must be fewer than those transcribed.
    """
    return died < transcribed and died <= max(FEW, MAX_FAILED_SHARE * (died + transcribed))


def death_failure(death: str, crashed: bool, is_rare: bool) -> Failure:
    """The failure of a given-up recording; `death` says how its worker ended.

    A worker that crashed or fell silent on it, in a run where that is rare, would do so again: the
    recording is quarantined for good under this engine, and holds up nothing. Else the next run
    tries it again: a worker that was killed may want a machine with more memory, one that left
    with an exit code may lack something, and where deaths are common the machine or the engine is
    to blame, which the completeness check then says.
    """
    return Failure(
        f"the engine died on this recording, and again on it alone ({death})",
        transient=not (crashed and is_rare),
    )
