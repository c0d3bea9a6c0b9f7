"""Keys of what is stored, and what stored things are put as."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO, TypeAlias

from audiospective.clients.storage.errors import StorageError

CHUNK = 1 << 20  # bytes read at a time
Content: TypeAlias = bytes | BinaryIO | Iterable[bytes]
_NAME = r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}"  # never hidden, never `..`
_KEY = re.compile(rf"{_NAME}(?:/{_NAME}){{0,9}}")


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
