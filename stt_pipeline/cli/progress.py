"""Progress bars: audio minutes transcribed, a line a call date, or things done. Counts nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from stt_pipeline.cli.output import NOTES
from stt_pipeline.domain.planning.progress import DateProgress


class AudioMinutesBar:
    """Implements ProgressListener in the terminal; use it as a context manager."""

    def __init__(self) -> None:
        """Shown on standard error; where that is no terminal, only the ends of dates are."""
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[audio]}"),
            TimeElapsedColumn(),
            console=NOTES,
            disable=not NOTES.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> "AudioMinutesBar":
        """Starts to draw."""
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leaves the bars as they are."""
        self._bar.stop()

    def update(self, call_date: str, progress: DateProgress) -> None:
        """See ProgressListener."""
        if call_date not in self._tasks:
            self._tasks[call_date] = self._bar.add_task(f"{call_date}", total=None, audio="")
        done, total = progress.audio_done_s / 60, progress.audio_s / 60
        audio = f"{done:.1f} of {total:.1f} audio min"
        if progress.recordings == 0:
            audio, total, done = f"nothing new, {progress.reused} known", 1.0, 1.0
        elif progress.recordings == progress.recordings_done:
            done = total
        self._bar.update(self._tasks[call_date], completed=done, total=total or 1.0, audio=audio)
        if self._bar.disable and progress.recordings == progress.recordings_done:
            NOTES.print(f"{call_date}: {audio}")


@contextmanager
def counted(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar of things done, by a function that is told how many and of how many."""
    with Progress(
        TextColumn(what),
        BarColumn(),
        MofNCompleteColumn(),
        console=NOTES,
        disable=not NOTES.is_terminal,
    ) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
