"""A request that is not met: the status and the sentence that its caller reads."""

from collections.abc import Mapping


class RefusedError(Exception):
    """Raised anywhere in a request; the app makes the answer of it."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        """`detail` is one sentence that names the remedy."""
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})


def busy(retry_after_s: int, why: str) -> RefusedError:
    """429: the same request may be met later."""
    return RefusedError(429, f"{why}; ask again in {retry_after_s} s.", _after(retry_after_s))


def stopping() -> RefusedError:
    """503: another process may meet it now."""
    return RefusedError(503, "this process is about to end: ask again.", _after(1))


def _after(seconds: int) -> dict[str, str]:
    return {"Retry-After": str(max(1, seconds))}
