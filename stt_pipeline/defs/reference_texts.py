"""Reads the reference texts of calls from their store. Compares nothing, and writes none."""

import contextlib
from collections.abc import Collection, Sequence

from stt_pipeline.defs.resources import Pipeline
from stt_pipeline.domain.errors import FolderMissingError, ObjectMissingError
from stt_pipeline.domain.quality.references import Reference, reference_keys
from stt_pipeline.domain.recordings.recording import Recording


def reference_names(pipeline: Pipeline, calls: Sequence[Recording]) -> set[str]:
    """Keys of reference texts, by one listing of where texts of these calls can lie.

    Few calls have one: to ask for each name would be three requests a call.
    """
    folders = {
        call_id[: end + 1]
        for call_id in (recording.call_id or "" for recording in calls)
        for end, character in enumerate(call_id)
        if character == "/"
    }
    try:
        listing = pipeline.references.walk("", skip=lambda folder: folder not in folders)
        return {found.key for found in listing}
    except FolderMissingError:
        return set()


def read_reference(pipeline: Pipeline, call_id: str, known: Collection[str]) -> Reference:
    """The reference texts of a call, as far as they exist."""
    texts = {}
    for speaker, key in reference_keys(call_id).items():
        if key not in known:
            continue
        with (
            contextlib.suppress(ObjectMissingError),
            pipeline.references.open(key) as file,
        ):
            texts[speaker] = file.read().decode("utf-8-sig", errors="replace")
    return Reference(texts)
