"""How many requests a client may make: a bucket of tokens each. Reads no clock."""

from dataclasses import dataclass

MAX_CLIENTS = 10_000
"""Buckets that are kept: full ones are forgotten beyond, then those used the longest ago."""


@dataclass
class _Bucket:
    tokens: float
    at_s: float


class RateLimit:
    """A token bucket a client: `per_minute` requests at once, and so many again each minute."""

    def __init__(self, per_minute: int) -> None:
        """`per_minute` is at least one."""
        self._per_minute = per_minute
        self._buckets: dict[str, _Bucket] = {}

    def wait_s(self, client: str, now_s: float) -> float:
        """0 where the request may go on, and counts it; else the seconds until one may.

        `now_s` is of a clock that never goes back.
        """
        bucket = self._buckets.pop(client, None) or _Bucket(self._per_minute, now_s)
        gained = (now_s - bucket.at_s) * self._per_minute / 60
        bucket.tokens = min(float(self._per_minute), bucket.tokens + gained)
        bucket.at_s = now_s
        # Those used last stand at the end.
        self._buckets[client] = bucket
        if len(self._buckets) > MAX_CLIENTS:
            del self._buckets[next(iter(self._buckets))]
        if bucket.tokens >= 1:
            bucket.tokens -= 1
            return 0.0
        return (1 - bucket.tokens) * 60 / self._per_minute
