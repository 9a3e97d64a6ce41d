"""A prefix of a bucket as a store; its parts are in the modules beside. Knows no recording."""

import contextlib
import hashlib
import io
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, BinaryIO

from stt_pipeline.adapters.s3_store.client import RENEWAL, WORK, Client, make_client
from stt_pipeline.adapters.s3_store.failures import Action, Place, translated
from stt_pipeline.adapters.s3_store.lease import LIFE_S, Lease
from stt_pipeline.adapters.s3_store.listing import Listing
from stt_pipeline.adapters.s3_store.reading import FIRST_BLOCK_BYTES, RangedReader, fetched
from stt_pipeline.domain.errors import ObjectMissingError
from stt_pipeline.domain.recordings.recording import FoundObject

MD5 = "md5"
"""Metadata of an object that this store wrote: its etag is no MD5 where a KMS key encrypts it."""

HASH_BLOCK_BYTES = 1 << 20


class S3Store:
    """Implements Store over `s3://bucket/prefix`.

    Errors that settings or account must mend are UserError; others, after eight attempts, OSError.
    """

    def __init__(
        self,
        bucket: str,
        prefix: str,
        setting: str,
        client: Client = None,
        lease_life_s: float = LIFE_S,
    ) -> None:
        """`setting` is the STT_ setting that names the place, for messages.

        Without a client one is made at the first request, from AWS's own environment.
        """
        root = prefix.strip("/")
        self._place = Place(bucket, f"{root}/" if root else "", setting)
        self._given = client
        self._lease_life_s = lease_life_s
        self._leases: list[Lease] = []

    @cached_property
    def _client(self) -> Client:
        return self._given or make_client(self._place, WORK)

    @cached_property
    def _renewing_client(self) -> Client:
        return self._given or make_client(self._place, RENEWAL)

    def walk(self, prefix: str, skip: Callable[[str], bool]) -> Iterator[FoundObject]:
        """See ReadableStore; names with a leading dot and empty folder objects are left out."""
        yield from Listing(self._client, self._place, skip).walk(prefix)

    def etag(self, found: FoundObject) -> str:
        """The etag of the listing, else one request.

        The MD5 of the bytes, but for objects put in parts or encrypted by a KMS key: their etags
        are others for equal bytes, so such duplicates are not seen. Changed bytes change any etag.
        """
        return found.etag or str(self._head(found.key)["ETag"]).strip('"')

    def open(self, key: str) -> BinaryIO:
        """See ReadableStore; read in ranges, always of the version that was opened.

        Reading on raises OSError where the object was replaced or deleted meanwhile.
        """
        reader = RangedReader(self._client, self._place, key)
        return io.BufferedReader(reader, buffer_size=FIRST_BLOCK_BYTES)

    def uri(self, key: str) -> str:
        """`s3://bucket/…`."""
        return self._place.uri(key)

    def read(self, key: str) -> bytes | None:
        """See Store."""
        try:
            with translated(self._place, Action.READ, key):
                return fetched(lambda: self._client.get_object(**self._address(key)))[1]
        except ObjectMissingError:
            return None

    def write(self, key: str, data: bytes) -> None:
        """See Store; one request, which S3 takes whole or not at all."""
        self._put(key, data, hashlib.md5(data, usedforsecurity=False).hexdigest())

    def write_file(self, key: str, file: BinaryIO) -> None:
        """See Store; one request, as `write`."""
        content = hashlib.md5(usedforsecurity=False)
        file.seek(0)
        while block := file.read(HASH_BLOCK_BYTES):
            content.update(block)
        file.seek(0)
        self._put(key, file, content.hexdigest())

    def copy(self, source_key: str, target_key: str) -> None:
        """See Store; S3 copies by itself."""
        self._check_leases()
        source = {"Bucket": self._place.bucket, "Key": self._place.prefix + source_key}
        with translated(self._place, Action.WRITE, source_key):
            self._client.copy_object(**self._address(target_key), CopySource=source)

    def fingerprint(self, key: str) -> str | None:
        """See Store; of an object that something else wrote, its etag."""
        try:
            head = self._head(key)
        except ObjectMissingError:
            return None
        return str(head["Metadata"].get(MD5) or head["ETag"].strip('"'))

    def delete(self, key: str) -> None:
        """See Store."""
        self._check_leases()
        with translated(self._place, Action.DELETE, key):
            self._client.delete_object(**self._address(key))

    @contextlib.contextmanager
    def locked(self, name: str, on_wait: Callable[[], None]) -> Iterator[None]:
        """See Store; a holder that dies frees the lock within its lease's life.

        One that cannot renew its lease in time, and whose lock another then takes, raises
        LeaseLostError (an OSError) at its next write, copy or delete with this store.
        """
        lease = Lease(self._client, self._renewing_client, self._place, name, self._lease_life_s)
        lease.acquire(on_wait)
        self._leases.append(lease)
        try:
            yield
        finally:
            self._leases.remove(lease)
            lease.release()

    def _check_leases(self) -> None:
        for lease in list(self._leases):
            lease.check()

    def _put(self, key: str, body: bytes | BinaryIO, md5: str) -> None:
        self._check_leases()
        with translated(self._place, Action.WRITE, key):
            self._client.put_object(**self._address(key), Body=body, Metadata={MD5: md5})

    def _head(self, key: str) -> dict[str, Any]:
        with translated(self._place, Action.READ, key):
            head: dict[str, Any] = self._client.head_object(**self._address(key))
        return head

    def _address(self, key: str) -> dict[str, str]:
        return {"Bucket": self._place.bucket, "Key": self._place.prefix + key}
