"""API keys: kept as hashes, compared in constant time. Reads no request and no file."""

import hashlib
import hmac
import re
from collections.abc import Mapping

from stt_pipeline.domain.errors import UserError

_ENTRY = re.compile(r"(?P<name>[\w.@-]{1,64}):(?P<sha256>[0-9a-f]{64})")


def parse_keys(text: str) -> dict[str, str]:
    """Hashes by the names of who holds the keys; entries are parted by commas or lines.

    A line that begins with `#` is left out. Raises UserError without showing what is wrong: it
    may be a key that somebody forgot to hash.
    """
    lines = (line.strip() for line in text.splitlines() if not line.strip().startswith("#"))
    entries = [part.strip() for line in lines for part in line.split(",") if part.strip()]
    keys: dict[str, str] = {}
    for number, entry in enumerate(entries, start=1):
        match = _ENTRY.fullmatch(entry)
        if match is None or match["name"] in keys:
            raise UserError(
                f"STT_SERVE_API_KEYS: entry {number} is not name:sha256, with a name of its own "
                "and the 64 hexadecimal digits that `printf %s KEY | sha256sum` prints."
            )
        keys[match["name"]] = match["sha256"]
    return keys


def holder_of(key: str, keys: Mapping[str, str]) -> str | None:
    """Who holds the key, or None.

    Every hash is compared whole, whatever was found before: the time says nothing of any key.
    """
    given = hashlib.sha256(key.encode("utf-8", errors="surrogateescape")).hexdigest()
    found = None
    for name, sha256 in keys.items():
        if hmac.compare_digest(given, sha256):
            found = name
    return found
