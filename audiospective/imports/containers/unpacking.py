"""A member of a zip as a stream whose faults are one sentence."""

from __future__ import annotations

import zipfile
import zlib

from audiospective.imports.containers import directory
from audiospective.imports.errors import ContainerError

_FAULTS = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError)


class Unpacking:
    """Turns what zipfile may raise into one sentence, and looks whether all of it came out."""

    def __init__(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
        try:
            self._stream = archive.open(info)
        except _FAULTS:
            raise ContainerError(directory.DAMAGED) from None
        self._left = info.file_size

    def read(self, size: int = -1, /) -> bytes:
        try:
            data = self._stream.read(size)
        except _FAULTS:
            raise ContainerError(directory.DAMAGED) from None
        self._left -= len(data)
        if not data and size and self._left:
            raise ContainerError(directory.DAMAGED)
        return data

    def close(self) -> None:
        self._stream.close()
