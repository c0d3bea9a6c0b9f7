"""Files that do not belong into the database: uploads, records of imports, exports.

A key is a path of plain names, such as `imports/7/12/plays.parquet`. What is put becomes visible
as a whole or not at all. Errors: StorageError, and below it MissingError for a key that is not
there.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from audiospective import clock
from audiospective.policy import service_urls

CHUNK = 1 << 20  # bytes read at a time
_NAME = r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}"  # never hidden, never `..`
_KEY = re.compile(rf"{_NAME}(?:/{_NAME}){{0,9}}")
_DRAFTS = ".drafts"


class StorageError(Exception):
    """The storage did not do what it was asked."""


class MissingError(StorageError):
    """There is nothing under this key."""


@dataclass(frozen=True)
class Stored:
    """What a listing says; `size` in bytes, `modified_at` aware UTC."""

    key: str
    size: int
    modified_at: datetime


class Storage(Protocol):
    """What every kind of storage can do."""

    def put(self, key: str, content: bytes | BinaryIO | Iterable[bytes]) -> int:
        """Store `content` under `key`, replacing what was there; the number of bytes."""

    def open(self, key: str) -> BinaryIO:
        """A stream of what is stored, to be closed by the caller; raises MissingError."""

    def get(self, key: str) -> bytes:
        """All of it at once, for small things; raises MissingError."""

    def size(self, key: str) -> int | None:
        """Bytes under `key`, None if there is nothing."""

    def delete(self, key: str) -> None:
        """Remove what is under `key`; nothing happens if there is nothing."""

    def list(self, prefix: str) -> Iterator[Stored]:
        """Everything whose key begins with the path `prefix`, in the order of keys."""


class FileStorage:
    """Storage in a directory of this machine, for the owner of the process alone."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, key: str, content: bytes | BinaryIO | Iterable[bytes]) -> int:
        target = self._path(key)
        drafts = self.root / _DRAFTS
        draft = drafts / secrets.token_hex(16)
        try:
            drafts.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                size = sum(file.write(part) for part in parts(content))
                file.flush()
                os.fsync(file.fileno())
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            draft.replace(target)
            _sync(target.parent)
        except OSError as error:
            raise StorageError(f"{key} cannot be written: {error.strerror}") from error
        finally:
            draft.unlink(missing_ok=True)
        return size

    def open(self, key: str) -> BinaryIO:
        try:
            return self._path(key).open("rb")
        except FileNotFoundError:
            raise MissingError(key) from None
        except OSError as error:
            raise StorageError(f"{key} cannot be read: {error.strerror}") from error

    def get(self, key: str) -> bytes:
        with self.open(key) as file:
            return file.read()

    def size(self, key: str) -> int | None:
        try:
            return self._path(key).stat().st_size
        except FileNotFoundError:
            return None

    def delete(self, key: str) -> None:
        path = self._path(key)
        path.unlink(missing_ok=True)
        for folder in path.relative_to(self.root).parents:
            if folder.name:
                with suppress(OSError):  # not empty, or just taken into use by somebody else
                    (self.root / folder).rmdir()

    def list(self, prefix: str) -> Iterator[Stored]:
        top = self._path(prefix)
        for path in sorted(top.rglob("*")) if top.is_dir() else ():
            with suppress(FileNotFoundError):  # deleted since
                found = path.stat()
                if path.is_file():
                    at = clock.from_ms(found.st_mtime_ns // 1_000_000)
                    yield Stored(path.relative_to(self.root).as_posix(), found.st_size, at)

    def _path(self, key: str) -> Path:
        return self.root / checked(key)


class NoStorage:
    """Storage that cannot be used; everything else of the instance works without it."""

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def put(self, key: str, content: bytes | BinaryIO | Iterable[bytes]) -> int:
        raise StorageError(self.reason)

    def open(self, key: str) -> BinaryIO:
        raise StorageError(self.reason)

    def get(self, key: str) -> bytes:
        raise StorageError(self.reason)

    def size(self, key: str) -> int | None:
        raise StorageError(self.reason)

    def delete(self, key: str) -> None:
        raise StorageError(self.reason)

    def list(self, prefix: str) -> Iterator[Stored]:
        raise StorageError(self.reason)


def build(url: str) -> Storage:
    """The storage that STORAGE_URL names; nothing is touched before it is used."""
    scheme = url.partition(":")[0]
    if scheme != "file":
        return NoStorage(f"storage of the kind {scheme}:// is not available")
    return FileStorage(Path(service_urls.local_path(url)))


def checked(key: str) -> str:
    """`key` if it is one; a key from outside can never lead out of the storage."""
    if not _KEY.fullmatch(key):
        raise StorageError(f"{key!r} is no key")
    return key


def parts(content: bytes | BinaryIO | Iterable[bytes]) -> Iterator[bytes]:
    """`content` piece by piece, whatever it is."""
    if isinstance(content, bytes):
        yield content
    elif hasattr(content, "read"):
        while piece := content.read(CHUNK):
            yield piece
    else:
        yield from content


def _sync(folder: Path) -> None:
    """A file that was just named there is found again after a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
