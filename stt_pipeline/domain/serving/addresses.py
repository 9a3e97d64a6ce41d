"""Which recordings may be asked for by URI. Opens none."""

from collections.abc import Iterable
from dataclasses import dataclass

from stt_pipeline.domain.errors import UserError

MAX_URI = 2000
"""Letters: S3 allows keys of 1,024 bytes."""


@dataclass(frozen=True)
class Address:
    """A recording in a store: the store's root URI, and the key below it."""

    root: str
    key: str


def parse_address(uri: str, roots: Iterable[str]) -> Address:
    """The recording below one of the roots; raises UserError for any other.

    A key that steps out of its root, or that a store would read otherwise than it is written
    (`..`, `.`, an empty step, a control character), is refused. Nothing in it is decoded.
    """
    for root in roots:
        key = uri.removeprefix(root.rstrip("/") + "/")
        if key == uri or len(uri) > MAX_URI or not uri.isprintable():
            continue
        if not {"", ".", ".."} & set(key.split("/")):
            return Address(root.rstrip("/"), key)
    raise UserError(
        f"uri={uri[:80]!r} is not below a place that this service may read: write the whole URI of "
        "a recording below STT_RECORDINGS_URI or one of STT_SERVE_URIS."
    )
