"""Runs a command that must not outlive who started it: `python guard.py COMMAND …`.

The command ends with its own exit code, on SIGTERM and SIGINT, which are passed on to it, and when
standard input ends: so it ends too where the test run, or its machine's user, is killed.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from types import FrameType

END_S = 20.0
"""Seconds that the command has to end before it is killed."""


def main() -> int:
    """The exit code of the command."""
    process = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)

    def pass_on(number: int, _: FrameType | None) -> None:
        process.send_signal(number)

    signal.signal(signal.SIGTERM, pass_on)
    signal.signal(signal.SIGINT, pass_on)
    threading.Thread(target=_end_with_input, args=(process,), daemon=True).start()
    return process.wait()


def _end_with_input(process: "subprocess.Popen[bytes]") -> None:
    while os.read(0, 1024):
        pass
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(END_S)
    os.killpg(os.getpgid(0), signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
