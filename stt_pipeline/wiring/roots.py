"""Opens the roots that the settings name, in a folder or on S3. Knows no table."""

import tempfile
from pathlib import Path
from urllib.parse import unquote, urlsplit
from weakref import WeakValueDictionary

from stt_pipeline.adapters.local_store import LocalStore
from stt_pipeline.adapters.s3_store import S3Store
from stt_pipeline.domain.errors import ObjectMissingError, UserError
from stt_pipeline.domain.ports import ReadableStore, Store
from stt_pipeline.settings import Settings

S3 = "s3://"

_S3_STORES: WeakValueDictionary[tuple[str, str], S3Store] = WeakValueDictionary()
"""Those in use: everything of a run shares one store of the lake, so its locks and connections."""


def folder_of(uri: str, setting: str) -> Path:
    """The folder of a file:/// URI; raises UserError naming the setting."""
    parts = urlsplit(uri)
    if parts.scheme != "file":
        raise UserError(f"{setting}={uri}: only file:///… can be used here.")
    return Path(unquote(parts.path))


def _s3_store(uri: str, setting: str) -> S3Store:
    """The store of `s3://bucket/prefix`; such addresses are not percent-encoded."""
    store = _S3_STORES.get((uri, setting))
    if store is None:
        bucket, _, prefix = uri.removeprefix(S3).partition("/")
        store = _S3_STORES[uri, setting] = S3Store(bucket, prefix, setting)
    return store


def store_at(uri: str, setting: str) -> Store:
    """The store at a URI, in a folder or on S3; raises UserError naming the setting."""
    if uri.startswith(S3):
        return _s3_store(uri, setting)
    return LocalStore(folder_of(uri, setting), setting)


def object_at(uri: str, setting: str) -> tuple[ReadableStore, str]:
    """The store and key of one object."""
    if uri.startswith(S3):
        folder, _, name = uri.rpartition("/")
        return _s3_store(folder, setting), name
    path = folder_of(uri, setting)
    return LocalStore(path.parent, setting), path.name


def text_at(uri: str, setting: str) -> str:
    """The text of one object; raises UserError where the setting names none that can be read."""
    store, name = object_at(uri, setting)
    try:
        with store.open(name) as file:
            return file.read().decode()
    except (ObjectMissingError, UnicodeDecodeError, OSError):
        raise UserError(
            f"{setting} names {uri}, which is no text file that can be read: correct it."
        ) from None


def recordings_store(settings: Settings) -> ReadableStore:
    """The store of recordings."""
    return store_at(settings.recordings_uri, "STT_RECORDINGS_URI")


def references_store(settings: Settings) -> ReadableStore:
    """The store of reference texts."""
    return store_at(settings.references_uri, "STT_REFERENCES_URI")


def references_to_write(settings: Settings) -> Store:
    """The same for who stores reference texts: only `label import` does."""
    return store_at(settings.references_uri, "STT_REFERENCES_URI")


def lake_store(settings: Settings) -> Store:
    """The lake; its folder is made where it is missing. Raises UserError where it cannot be."""
    if settings.lake_uri.startswith(S3):
        return _s3_store(settings.lake_uri, "STT_LAKE_URI")
    folder = folder_of(settings.lake_uri, "STT_LAKE_URI")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"STT_LAKE_URI names {folder}, which cannot be made ({error.strerror}): correct it."
        ) from None
    return LocalStore(folder, "STT_LAKE_URI")


def work_folder(settings: Settings) -> Path:
    """Where this machine's disk is written: the lake, or where tables are made before S3."""
    if settings.lake_uri.startswith(S3):
        return Path(tempfile.gettempdir())
    lake_store(settings)
    return folder_of(settings.lake_uri, "STT_LAKE_URI")
