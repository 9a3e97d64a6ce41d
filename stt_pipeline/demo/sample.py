"""Speaks one sample call into a file, run as `python -m stt_pipeline.demo.sample FILE`."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Final

from stt_pipeline.demo.calls import Kind, SampleFile, write_files
from stt_pipeline.demo.dialogues import DIALOGUES

CALL_ID: Final = "C2002"
"""A customer asks for a refund; two channels, 40 seconds."""


def main() -> None:
    """Writes the call, unless the file is there."""
    path = Path(sys.argv[1]).absolute()
    dialogue = next(one for one in DIALOGUES if one.call_id == CALL_ID)
    # Nobody measures it: no reference text beside it.
    plan = [SampleFile(path.name, Kind.SPOKEN, replace(dialogue, labelled=False))]
    write_files(plan, path.parent, path.parent, lambda done, count: None)


if __name__ == "__main__":
    main()
