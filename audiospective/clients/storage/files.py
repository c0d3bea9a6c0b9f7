"""Storage in a directory of this machine."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from audiospective import clock
from audiospective.clients.storage.errors import DamagedError, MissingError, StorageError
from audiospective.clients.storage.keys import Content, checked, parts
from audiospective.clients.storage.values import Download, Stored

_DRAFTS = ".drafts"
_A_DAY = 86_400.0  # seconds
_TRIES = 3


class FileStorage:
    """Storage in a directory of this machine, for the owner of the process alone."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, key: str, content: Content) -> int:
        target = self._path(key)
        drafts = self.root / _DRAFTS
        draft = drafts / secrets.token_hex(16)
        try:
            drafts.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                _forget_drafts(drafts, os.fstat(descriptor).st_mtime)
                size = sum(file.write(part) for part in parts(content))
                file.flush()
                os.fsync(file.fileno())
            _name(draft, target)
            _sync(target.parent)
        except OSError as error:
            raise StorageError(f"{key} cannot be written: {error.strerror}") from error
        finally:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
        return size

    def open(self, key: str, most: int | None = None) -> BinaryIO:
        try:
            file = self._path(key).open("rb")
            size = os.fstat(file.fileno()).st_size
        except FileNotFoundError:
            raise MissingError(key) from None
        except OSError as error:
            raise StorageError(f"{key} cannot be read: {error.strerror}") from error
        if most is not None and size > most:
            file.close()
            raise DamagedError(f"{key} is larger than what was put")
        return file

    def get(self, key: str, most: int | None = None) -> bytes:
        with self.open(key, most) as file:
            return file.read()

    def size(self, key: str) -> int | None:
        try:
            return self._path(key).stat().st_size
        except FileNotFoundError:
            return None

    def delete(self, key: str) -> None:
        path = self._path(key)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise StorageError(f"{key} cannot be deleted: {error.strerror}") from error
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

    def link(self, key: str, download: Download) -> str | None:
        return None

    def _path(self, key: str) -> Path:
        return self.root / checked(key)


def _name(draft: Path, target: Path) -> None:
    """Let a file be seen under its name; raises OSError."""
    for left in reversed(range(_TRIES)):
        try:
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            draft.replace(target)
        except FileNotFoundError:  # whoever deletes the last file of a folder removes it
            if not left:
                raise
        else:
            return


def _forget_drafts(drafts: Path, now: float) -> None:
    """Remove what killed processes left half written: nobody writes to it any more after a day.

    `now` is by the clock of the disk, by which a draft was last written to.
    """
    for draft in drafts.iterdir():
        with suppress(OSError):  # just been named, or removed by somebody else
            if now - draft.stat().st_mtime > _A_DAY:
                draft.unlink()


def _sync(folder: Path) -> None:
    """A file that was just named there is found again after a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
