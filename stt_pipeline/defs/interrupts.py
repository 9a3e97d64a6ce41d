"""An interrupt that Python would lose is sent again. Decides nothing of what an interrupt stops."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import dagster as dg

_INTERRUPTS: Final = (KeyboardInterrupt, dg.DagsterExecutionInterruptedError)

AGAIN_S: Final = 0.1
"""Seconds until a lost interrupt is sent again: the callback that it met has ended by then."""


@contextmanager
def no_interrupt_lost() -> Iterator[None]:
    """Ctrl-C, and the end of a run asked for in the UI, stop the work whenever they come.

    Both are an exception that a signal's handler raises, wherever the main thread is. In a callback
    of the garbage collector Python prints it and goes on: the work would never hear of it.
    """
    before = sys.unraisablehook

    def heed(lost: "sys.UnraisableHookArgs") -> None:
        if issubclass(lost.exc_type, _INTERRUPTS):
            _interrupt_later()
        else:
            before(lost)

    sys.unraisablehook = heed
    try:
        yield
    finally:
        sys.unraisablehook = before


def _interrupt_later() -> None:
    """To the main thread by name: a signal to another would not end what it waits for."""
    main_thread = threading.main_thread().ident
    assert main_thread is not None
    again = threading.Timer(AGAIN_S, signal.pthread_kill, (main_thread, signal.SIGINT))
    again.daemon = True
    again.start()
