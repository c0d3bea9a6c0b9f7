"""Files that do not belong into the database: uploads, exports, closed years.

A key is a path of plain names, such as `imports/7/12/plays.parquet`. What is put becomes visible
as a whole or not at all. Errors: see `errors`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

from audiospective.clients.storage.errors import (
    AwayError,
    DamagedError,
    MissingError,
    RefusedError,
    StorageError,
)
from audiospective.clients.storage.files import FileStorage
from audiospective.clients.storage.keys import CHUNK, Content, Told, checked
from audiospective.clients.storage.s3 import S3Storage
from audiospective.clients.storage.values import Bucket, Download, Stored
from audiospective.policy import service_urls

__all__ = [
    "CHUNK",
    "AwayError",
    "Bucket",
    "Content",
    "DamagedError",
    "Download",
    "FileStorage",
    "MissingError",
    "NoStorage",
    "RefusedError",
    "S3Storage",
    "Storage",
    "StorageError",
    "Stored",
    "Told",
    "build",
    "checked",
]


class Storage(Protocol):
    """What every kind of storage can do."""

    def put(self, key: str, content: Content) -> int:
        """Store `content` under `key`, replacing what was there; the number of bytes."""

    def open(self, key: str, most: int | None = None) -> BinaryIO:
        """A stream of what is stored, to be closed by the caller; raises MissingError.

        Where a checksum is kept, other bytes than were put end in DamagedError; so do more than
        `most` bytes, before any of them is read.
        """

    def get(self, key: str, most: int | None = None) -> bytes:
        """All of it at once, for small things; raises MissingError, DamagedError (see `open`)."""

    def size(self, key: str) -> int | None:
        """Bytes under `key`, None if there is nothing."""

    def delete(self, key: str) -> None:
        """Remove what is under `key`; nothing happens if there is nothing."""

    def list(self, prefix: str) -> Iterator[Stored]:
        """Everything whose key begins with the path `prefix`, in the order of keys."""

    def link(self, key: str, download: Download) -> str | None:
        """A signed address that gives what is under `key` to whoever holds it, for a short time.

        None if this kind of storage has none: then the site itself has to send the bytes.
        """


class NoStorage:
    """Storage that cannot be used; everything else of the instance works without it."""

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def put(self, key: str, content: Content) -> int:
        raise StorageError(self.reason)

    def open(self, key: str, most: int | None = None) -> BinaryIO:
        raise StorageError(self.reason)

    def get(self, key: str, most: int | None = None) -> bytes:
        raise StorageError(self.reason)

    def size(self, key: str) -> int | None:
        raise StorageError(self.reason)

    def delete(self, key: str) -> None:
        raise StorageError(self.reason)

    def list(self, prefix: str) -> Iterator[Stored]:
        raise StorageError(self.reason)

    def link(self, key: str, download: Download) -> str | None:
        raise StorageError(self.reason)


def build(
    url: str, *, key_id: str = "", secret: str = "", endpoint: str = "", region: str = "us-east-1"
) -> Storage:
    """The storage that STORAGE_URL names; nothing is touched before it is used."""
    parts = service_urls.split(url)
    if parts.scheme == "file":
        return FileStorage(Path(service_urls.local_path(url)))
    if parts.scheme != "s3":
        return NoStorage(f"storage of the kind {parts.scheme}:// is not available")
    name, prefix = service_urls.bucket(url)
    return S3Storage(Bucket(name, key_id, secret, prefix, endpoint, region))
