"""A named lock as an object of S3 that its holder renews. Knows nothing of what it protects.

The lease is made, renewed, taken over and given back by conditional requests, of which S3 lets one
of two succeed. How old a lease is, S3 says itself (`Date` less `Last-Modified`); no clock of this
machine is compared with another's. A holder counts its lease from before it asked for it, so it
stops writing before anyone may take over. What remains: a write that was sent in time and arrives
more than GRACE_S after the lease's end.
"""

import atexit
import contextlib
import errno
import json
import os
import random
import socket
import threading
import time
import uuid
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from stt_pipeline.adapters.s3_store.client import Client
from stt_pipeline.adapters.s3_store.failures import Action, Place, status_of, translated
from stt_pipeline.adapters.s3_store.reading import fetched
from stt_pipeline.domain.errors import ObjectMissingError

LIFE_S = 60.0
"""How long a holder that died is waited for; a holder renews three times in it."""

GRACE_S = 2.0
"""Both of S3's times are in whole seconds; taken over only this long after the lease's end."""

MAX_POLL_S = 5.0

_NOT_WON = (404, 409, 412)
"""Deleted, asked for at the same time, changed: the condition of a request did not hold."""


class LeaseLostError(OSError):
    """The lock is another's: what this holder would write might overwrite the other's work."""

    def __init__(self, name: str) -> None:
        """`name` is the lock's."""
        super().__init__(
            errno.ENOLCK,
            f"this run held {name} too long without renewing it, and another has taken it over: "
            "it writes nothing more",
        )


class Lease:
    """A lease that one holder at a time has; made for one holding."""

    def __init__(
        self, client: Client, renewing: Client, place: Place, name: str, life_s: float
    ) -> None:
        """`life_s`: seconds after which a lease that is not renewed is anyone's.

        `renewing` is the client of renewals in time, which gives up sooner than `client`.
        """
        self._client = client
        self._renewing = renewing
        self._place = place
        self._name = name
        self._key = f"_work/locks/{name}.lock"
        self._address = {"Bucket": place.bucket, "Key": place.prefix + self._key}
        self._life_s = life_s
        self._holder = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4()}"
        self._turn = 0
        self._etag = ""
        self._ends_at = 0.0
        self._lost = False
        self._asking = threading.Lock()
        self._done = threading.Event()
        self._renewer = threading.Thread(target=self._keep, name=f"lease {name}", daemon=True)

    def acquire(self, on_wait: Callable[[], None]) -> None:
        """Waits until the lease is ours; calls `on_wait` once where it must."""
        waited = False
        while not self._put(self._client, IfNoneMatch="*") and not self._taken_over():
            if not waited:
                on_wait()
                waited = True
            time.sleep(random.uniform(0.5, 1) * min(self._life_s / 6, MAX_POLL_S))
        atexit.register(self.release)
        self._renewer.start()

    def check(self) -> None:
        """Raises LeaseLostError where the lease is another's; renews one that has run out."""
        if not self._lost and time.monotonic() > self._ends_at:
            self._renew(self._client)
        if self._lost:
            raise LeaseLostError(self._name)

    def release(self) -> None:
        """Gives the lease back; one that cannot be given back runs out."""
        atexit.unregister(self.release)
        self._done.set()
        self._renewer.join()
        if not self._lost:
            with contextlib.suppress(ClientError, BotoCoreError):
                self._renewing.delete_object(**self._address, IfMatch=self._etag)

    def _keep(self) -> None:
        while not self._lost and not self._done.wait(self._life_s / 3):
            # S3 that cannot be reached for a while is no loss: `check` looks at the time.
            with contextlib.suppress(OSError):
                self._renew(self._renewing)

    def _renew(self, client: Client) -> None:
        """One renewal; notes where another holds the lease or has held it since."""
        with self._asking:
            while not self._lost and not self._put(client, IfMatch=self._etag):
                seen = self._seen(client)
                if seen is not None and seen["holder"] == self._holder:
                    self._etag = seen["etag"]  # Of a renewal whose answer never came.
                else:
                    self._lost = True

    def _taken_over(self) -> bool:
        """True where the lease had run out and is ours now."""
        seen = self._seen(self._client)
        if seen is None or seen["age_s"] <= seen["life_s"] + GRACE_S:
            return False
        return self._put(self._client, IfMatch=seen["etag"])

    def _put(self, client: Client, **condition: str) -> bool:
        """Writes the lease where the condition holds; the bytes, so the etag, are new each time."""
        self._turn += 1
        sent = {"holder": self._holder, "turn": self._turn, "life_s": self._life_s}
        asked_at = time.monotonic()
        try:
            with translated(self._place, Action.WRITE, self._key):
                answer = client.put_object(
                    **self._address, Body=json.dumps(sent).encode(), **condition
                )
                etag = answer["ETag"]
        except (OSError, ObjectMissingError) as error:
            if not isinstance(error.__cause__, ClientError):
                raise
            if status_of(error.__cause__) not in _NOT_WON:
                raise
            # An answer may be lost on its way: the request is repeated and meets its own success.
            seen = self._seen(client)
            if seen is None or any(seen[name] != value for name, value in sent.items()):
                return False
            etag = seen["etag"]
        self._etag, self._ends_at = etag, asked_at + self._life_s
        return True

    def _seen(self, client: Client) -> dict[str, Any] | None:
        """The lease as it lies in S3, with its etag and age; None where there is none."""
        try:
            with translated(self._place, Action.READ, self._key):
                answer, body = fetched(lambda: client.get_object(**self._address))
        except ObjectMissingError:
            return None
        now = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
        age_s = (now - answer["LastModified"]).total_seconds()
        lease: dict[str, Any] = json.loads(body)
        return lease | {"etag": answer["ETag"], "age_s": age_s}
