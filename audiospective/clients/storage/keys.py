"""Keys of what is stored, and what stored things are put as."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from io import FileIO
from pathlib import Path
from typing import BinaryIO, TypeAlias

from audiospective import clock
from audiospective.clients.storage.errors import StorageError

CHUNK = 1 << 20  # bytes read at a time
TELL_EVERY = 1.0  # seconds
Content: TypeAlias = bytes | BinaryIO | Iterable[bytes]
_NAME = r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}"  # never hidden, never `..`
_KEY = re.compile(rf"{_NAME}(?:/{_NAME}){{0,9}}")


class Told(FileIO):
    """A file to be put that calls `tell` while it is read, at most once a second.

    To put a large one may take longer than whoever does it holds a claim.
    """

    def __init__(self, path: Path, tell: Callable[[], object]) -> None:
        super().__init__(path)
        self._tell, self._told = tell, clock.monotonic()

    def read(self, size: int | None = -1, /) -> bytes:
        if clock.monotonic() - self._told >= TELL_EVERY:
            self._tell()
            self._told = clock.monotonic()
        return super().read(-1 if size is None else size) or b""


def checked(key: str) -> str:
    """`key` if it is one; a key from outside can never lead out of the storage."""
    if not _KEY.fullmatch(key):
        raise StorageError(f"{key!r} is no key")
    return key


def parts(content: Content) -> Iterator[bytes]:
    """`content` piece by piece, whatever it is."""
    if isinstance(content, bytes):
        yield content
    elif hasattr(content, "read"):
        while piece := content.read(CHUNK):
            yield piece
    else:
        yield from content
