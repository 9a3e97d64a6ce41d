"""The folder of one process's uploads; what dead processes left goes. Knows no upload."""

import fcntl
import shutil
from pathlib import Path
from typing import IO
from uuid import uuid4

from stt_pipeline.domain.errors import UserError


def own_folder(parent: Path) -> tuple[Path, IO[bytes]]:
    """A folder for the uploads of this process; those of processes that died are removed.

    The file beside each is locked while its process lives.
    """
    try:
        parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise UserError(
            f"Uploads cannot be kept in {parent} ({error.strerror}): set STT_LAKE_URI or TMPDIR to "
            "a place that this user may write."
        ) from None
    for mark in parent.glob("*.lock"):
        with mark.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            shutil.rmtree(mark.with_suffix(""), ignore_errors=True)
            mark.unlink(missing_ok=True)
    folder = parent / uuid4().hex
    # Locked before others can see it.
    unseen = folder.with_suffix(".new")
    mark_file = unseen.open("xb")
    fcntl.flock(mark_file, fcntl.LOCK_EX)
    unseen.rename(folder.with_suffix(".lock"))
    folder.mkdir(mode=0o700)
    return folder, mark_file
