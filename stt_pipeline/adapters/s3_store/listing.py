"""Walks the keys of a bucket in few requests. Reads no object.

A request lists up to 1,000 keys. Where a level has folders to skip, they are seen at once by
listing the level alone (`Delimiter`); everything else is listed flat, whatever its folders, and a
skipped folder that a page ends in is jumped over (`StartAfter`). So the folders of other dates cost
a request in a thousand, and 60,000 recordings cost about 60, in 1 folder or in 60,000.
"""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass

from stt_pipeline.adapters.s3_store.client import Client
from stt_pipeline.adapters.s3_store.failures import Action, Place, translated
from stt_pipeline.domain.recordings.recording import FoundObject

LAST = "\U0010ffff"
"""Behind every name of a folder: S3 orders keys by their UTF-8 bytes, as Python orders text."""

Skip = Callable[[str], bool]
Found = Generator[FoundObject, None, str | None]
"""Objects; returns the key behind which the level must be looked at anew, None at its end."""


@dataclass(frozen=True)
class _Page:
    """One answer: objects and folders in order; `last` is where the next begins, None for none."""

    objects: list[FoundObject]
    folders: list[str]
    last: str | None


class Listing:
    """One walk below a prefix of a bucket."""

    def __init__(self, client: Client, place: Place, skip: Skip) -> None:
        """`skip` is asked of folders below the place's prefix, each ending with `/`."""
        self._client = client
        self._place = place
        self._skip = skip

    def walk(self, folder: str, after: str = "") -> Iterator[FoundObject]:
        """What lies below `folder` and behind the key `after`, in order."""
        resume: str | None = after
        while resume is not None:
            page = self._page(folder, resume, delimiter="/")
            if not page.folders:
                yield from _shown(page.objects)
                resume = page.last
            elif any(map(self._skipped, page.folders)):
                resume = yield from self._runs(folder, resume, page)
            else:
                resume = yield from self._flat(folder, resume, until=None)

    def _runs(self, folder: str, after: str, page: _Page) -> Found:
        """A level with folders to skip: lists each run of entries between two such folders."""
        objects = {found.key: found for found in page.objects}
        run: list[str] = []
        for entry in [*sorted([*objects, *page.folders]), None]:
            if entry is not None and (entry in objects or not self._skipped(entry)):
                run.append(entry)
                continue
            if all(one in objects for one in run):
                yield from _shown([objects[one] for one in run])
            elif len(run) == 1:
                yield from self.walk(run[0])
            else:
                resume = yield from self._flat(folder, after, until=_end(run[-1]))
                if resume is not None:
                    return resume
            after, run = _end(entry or ""), []
        return page.last

    def _flat(self, folder: str, after: str, until: str | None) -> Found:
        """Every key behind `after`, not behind `until`, whatever its folders."""
        while True:
            page = self._page(folder, after)
            stop = inside = folder
            for found in page.objects:
                if until is not None and found.key > until:
                    return None
                if stop != folder and found.key.startswith(stop):
                    continue
                stop, inside = self._stop(found.key, folder, inside)
                if stop == folder:
                    yield from _shown([found])
            if page.last is None:
                return None
            after = page.last
            if stop != folder and after.startswith(stop):
                level = stop[: stop.rindex("/", 0, -1) + 1] if "/" in stop[:-1] else ""
                if len(level) <= len(folder):
                    return _end(stop)
                yield from self.walk(level, _end(stop))
                after = _end(level)

    def _stop(self, key: str, folder: str, inside: str) -> tuple[str, str]:
        """The outermost folder of the key to skip, else `folder`; and the folder the key lies in.

        `inside` is a folder known not to be skipped.
        """
        start = inside if key.startswith(inside) else folder
        end = key.find("/", len(start))
        while end != -1 and end + 1 < len(key):
            if self._skipped(key[: end + 1]):
                return key[: end + 1], start
            start = key[: end + 1]
            end = key.find("/", len(start))
        return folder, start

    def _skipped(self, folder: str) -> bool:
        return _hidden(folder[:-1]) or self._skip(folder)

    def _page(self, folder: str, after: str, delimiter: str = "") -> _Page:
        root = self._place.prefix
        options = {"Delimiter": delimiter} if delimiter else {}
        if after:
            options["StartAfter"] = root + after
        with translated(self._place, Action.LIST):
            answer = self._client.list_objects_v2(
                Bucket=self._place.bucket, Prefix=root + folder, **options
            )
        objects = [
            FoundObject(one["Key"].removeprefix(root), one["Size"], one["ETag"].strip('"'))
            for one in answer.get("Contents", [])
        ]
        folders = [one["Prefix"].removeprefix(root) for one in answer.get("CommonPrefixes", [])]
        ends = [found.key for found in objects[-1:]] + [_end(one) for one in folders[-1:]]
        return _Page(objects, folders, max(ends) if answer["IsTruncated"] else None)


def _shown(objects: list[FoundObject]) -> Iterator[FoundObject]:
    """Without hidden names, and without the empty objects that consoles make for folders."""
    for found in objects:
        marker = found.key.endswith("/") and not found.size_bytes
        if found.key and not marker and not _hidden(found.key):
            yield found


def _end(entry: str) -> str:
    """Behind this key, or behind every key of this folder."""
    return entry + LAST if entry.endswith("/") else entry


def _hidden(key: str) -> bool:
    return key.rpartition("/")[2].startswith(".")
