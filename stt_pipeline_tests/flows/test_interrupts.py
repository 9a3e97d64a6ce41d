"""An interrupt that comes in a callback, where Python drops what is raised, stops the work too."""

import gc
import signal
import sys
import time
import weakref
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import dagster as dg
import pytest

from stt_pipeline.defs.interrupts import AGAIN_S, no_interrupt_lost


class _Cycle:
    """Garbage that only the collector finds."""

    def __init__(self) -> None:
        self.itself = self


def _interrupted_while_collected() -> None:
    cycle = _Cycle()
    watched = weakref.ref(cycle, lambda _: signal.raise_signal(signal.SIGINT))
    del cycle
    gc.collect()
    assert watched() is None


def _interrupted_work() -> None:
    _interrupted_while_collected()
    time.sleep(100 * AGAIN_S)


@pytest.mark.parametrize(
    ("run", "error"),
    [
        (dg.raise_execution_interrupts, dg.DagsterExecutionInterruptedError),
        (nullcontext, KeyboardInterrupt),
    ],
)
def test_an_interrupt_in_a_callback_of_the_collector_comes_again(
    run: Callable[[], AbstractContextManager[None]],
    error: type[BaseException],
    capfd: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(error), no_interrupt_lost(), run():
        _interrupted_work()
    assert "Traceback" not in capfd.readouterr().err


def test_another_error_in_a_callback_is_told_as_ever() -> None:
    told: list[object] = []

    def stumble(_: object) -> None:
        raise ValueError

    before = sys.unraisablehook
    sys.unraisablehook = lambda lost: told.append(lost.exc_type)
    try:
        with no_interrupt_lost():
            cycle = _Cycle()
            watched = weakref.ref(cycle, stumble)
            del cycle
            gc.collect()
            assert watched() is None
    finally:
        sys.unraisablehook = before
    assert told == [ValueError]
