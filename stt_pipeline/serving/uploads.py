"""Takes the form of a request from the network to the disk, within limits. Reads no sound.

python-multipart parses; a file goes to the disk piece by piece, whatever its size, under a name of
our own. Of the name that the caller gave, only a plain suffix is kept: raw sound has no header.
"""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO
from urllib.parse import unquote_plus

from fastapi.concurrency import run_in_threadpool
from python_multipart import MultipartParser, QuerystringParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from stt_pipeline.serving.refusals import RefusedError

MAX_FIELDS = 30
MAX_FIELD_BYTES = 10_000
MAX_HEADER_BYTES = 4_000

_SUFFIX = re.compile(r"\.[a-z0-9]{1,5}")


@dataclass
class Form:
    """The fields of a request, and the file that came with it; `lists` has repeated fields."""

    fields: dict[str, str] = field(default_factory=dict)
    lists: dict[str, list[str]] = field(default_factory=dict)
    upload: Path | None = None
    size_bytes: int = 0

    def add(self, name: str, value: str) -> None:
        """A field; of one that is repeated the last counts, but in `lists`."""
        if sum(map(len, self.lists.values())) >= MAX_FIELDS:
            raise RefusedError(422, f"more than {MAX_FIELDS} fields.")
        self.fields[name] = value
        self.lists.setdefault(name, []).append(value)


def suffix_of(file_name: str) -> str:
    """The suffix of a name that a caller gave, or nothing where it is no plain one."""
    suffix = PurePosixPath(file_name.replace("\\", "/")).suffix.lower()
    return suffix if _SUFFIX.fullmatch(suffix) else ""


async def receive_form(
    content_type: str, body: AsyncIterator[bytes], folder: Path, name: str, max_bytes: int
) -> Form:
    """The form, its file as `folder/name` with its suffix; raises RefusedError.

    Whoever asks removes the file; where this raises, none is left.
    """
    kind, options = parse_options_header(content_type)
    reader: _Multipart | _Urlencoded
    if kind == b"multipart/form-data" and options.get(b"boundary"):
        reader = _Multipart(options[b"boundary"], folder / name)
    elif kind == b"application/x-www-form-urlencoded":
        reader = _Urlencoded()
    else:
        raise RefusedError(415, "send a form: multipart/form-data, as curl -F does.")
    try:
        received = 0
        async for piece in body:
            received += len(piece)
            if received > max_bytes + MAX_FIELDS * (MAX_FIELD_BYTES + MAX_HEADER_BYTES):
                raise RefusedError(413, f"more than {max_bytes / 1e6:g} MB, which is the most.")
            await run_in_threadpool(reader.parser.write, piece)
            if reader.form.size_bytes > max_bytes:
                raise RefusedError(413, f"more than {max_bytes / 1e6:g} MB, which is the most.")
        await run_in_threadpool(reader.end)
    except (FormParserError, UnicodeDecodeError):
        reader.abandon()
        raise RefusedError(422, "the form is cut off, or is no form.") from None
    except BaseException:
        reader.abandon()
        raise
    return reader.form


class _Urlencoded:
    """Fields alone."""

    def __init__(self) -> None:
        self.form = Form()
        self._name = bytearray()
        self._value = bytearray()
        self.parser = QuerystringParser(
            {
                "on_field_start": self._start,
                "on_field_name": lambda data, start, end: self._grow(self._name, data[start:end]),
                "on_field_data": lambda data, start, end: self._grow(self._value, data[start:end]),
                "on_field_end": self._end,
            }
        )

    def _start(self) -> None:
        self._name.clear()
        self._value.clear()

    def _grow(self, part: bytearray, data: bytes) -> None:
        if len(part) + len(data) > MAX_FIELD_BYTES:
            raise RefusedError(422, f"a field of more than {MAX_FIELD_BYTES} bytes.")
        part += data

    def _end(self) -> None:
        name, value = (unquote_plus(bytes(part).decode()) for part in (self._name, self._value))
        self.form.add(name, value)

    def end(self) -> None:
        self.parser.finalize()

    def abandon(self) -> None:
        """There is no file."""


class _Multipart:
    """Fields and one file."""

    def __init__(self, boundary: bytes, path: Path) -> None:
        self.form = Form()
        self._path = path
        self._file: BinaryIO | None = None
        self._ended = False
        self._part: dict[str, Any] = {}
        self._header = bytearray()
        self._value = bytearray()
        self._headers: dict[bytes, bytes] = {}
        self._name = ""
        self.parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": lambda data, start, end: self._grow(
                    self._header, data[start:end], MAX_HEADER_BYTES
                ),
                "on_header_value": lambda data, start, end: self._grow(
                    self._value, data[start:end], MAX_HEADER_BYTES
                ),
                "on_header_end": self._end_header,
                "on_headers_finished": self._open,
                "on_part_data": self._take,
                "on_part_end": self._close,
                "on_end": self._finish,
            },
        )

    def _begin(self) -> None:
        self._headers.clear()
        self._header.clear()
        self._value.clear()

    def _grow(self, part: bytearray, data: bytes, most: int) -> None:
        if len(part) + len(data) > most:
            raise RefusedError(422, f"a field, or its header, of more than {most} bytes.")
        part += data

    def _end_header(self) -> None:
        if len(self._headers) >= MAX_FIELDS:
            raise RefusedError(422, f"more than {MAX_FIELDS} headers of a field.")
        self._headers[bytes(self._header).lower()] = bytes(self._value)
        self._header.clear()
        self._value.clear()

    def _open(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition"))
        self._name = options.get(b"name", b"").decode()
        self._value.clear()
        if b"filename" not in options:
            return
        if self._name != "file" or self.form.upload is not None:
            raise RefusedError(422, "one file is taken, in the field `file`.")
        suffix = suffix_of(options[b"filename"].decode(errors="replace"))
        self.form.upload = self._path.with_name(self._path.name + suffix)
        self._file = self.form.upload.open("xb")

    def _take(self, data: bytes, start: int, end: int) -> None:
        if self._file is None:
            self._grow(self._value, data[start:end], MAX_FIELD_BYTES)
            return
        self.form.size_bytes += self._file.write(data[start:end])

    def _close(self) -> None:
        if self._file is None:
            self.form.add(self._name, bytes(self._value).decode())
            return
        self._file.close()
        self._file = None

    def _finish(self) -> None:
        self._ended = True

    def end(self) -> None:
        self.parser.finalize()
        if not self._ended:
            raise RefusedError(422, "the form is cut off: its last boundary is missing.")

    def abandon(self) -> None:
        if self._file is not None:
            self._file.close()
        if self.form.upload is not None:
            self.form.upload.unlink(missing_ok=True)
