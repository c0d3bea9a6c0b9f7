"""The list of members of a zip, checked before anything is unpacked."""

from __future__ import annotations

import io
import re
import stat
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from audiospective.imports.containers.budget import Budget
from audiospective.imports.errors import ContainerError

_LOCAL_HEADER = 30
_ENCRYPTED = 0x1
# LZMA may ask for gigabytes of memory, and no export has been seen with anything but these.
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_JUNK = re.compile(
    r"(^|/)(__MACOSX/|\._|\.DS_Store$|Thumbs\.db$|desktop\.ini$|\.localized$)", re.IGNORECASE
)
DAMAGED = "The archive is damaged or was cut off; download it again."


class _Bounded(io.BufferedIOBase):
    """A file of which nobody reads much at once: zipfile reads the list of members in one go."""

    def __init__(self, file: BinaryIO, limit: int) -> None:
        self._file = file
        self._limit = limit

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0:
            size = self._limit + 1
        data = self._file.read(min(size, self._limit + 1))
        if len(data) > self._limit:
            raise ContainerError("Its list of files is far too long for an export.")
        return data

    def close(self) -> None:
        self._file.close()
        super().close()


def opened(path: Path, budget: Budget) -> zipfile.ZipFile:
    """The archive, its list of members bounded and plausible; raises ContainerError."""
    file = _Bounded(path.open("rb"), budget.limits.directory_bytes)
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, struct.error):
        file.close()
        raise ContainerError(DAMAGED) from None
    except ContainerError:
        file.close()
        raise
    try:
        budget.member(len(archive.infolist()))
        _refuse_overlaps(archive)
        for info in archive.infolist():
            _refuse(info)
    except BaseException:
        close(archive)
        raise
    return archive


def close(archive: zipfile.ZipFile) -> None:
    """Also the file beneath, which was opened here."""
    file = archive.fp
    archive.close()
    if file is not None:
        file.close()


def members(archive: zipfile.ZipFile) -> Iterator[zipfile.ZipInfo]:
    """The files that may matter: no folders and none of what systems strew about."""
    for info in archive.infolist():
        if not info.is_dir() and not _JUNK.search(clean(info.filename)):
            yield info


def clean(name: str) -> str:
    """A member's name for people: `/` between folders, nothing unprintable."""
    name = name.replace("\\", "/")
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in name)


def _refuse(info: zipfile.ZipInfo) -> None:
    name = info.filename.replace("\\", "/")
    if name.startswith("/") or ".." in name.split("/") or re.match(r"[A-Za-z]:", name):
        raise ContainerError("A name in it points outside the archive.")
    if info.flag_bits & _ENCRYPTED:
        raise ContainerError("It is locked with a password; send it without one.")
    if stat.S_ISLNK(info.external_attr >> 16):
        raise ContainerError("It holds a link instead of a file.")
    if info.compress_type not in _METHODS:
        raise ContainerError("It is packed in an unusual way; unpack it and send the files.")


def _refuse_overlaps(archive: zipfile.ZipFile) -> None:
    """Members that share bytes are how a small archive unpacks to terabytes."""
    end = 0
    for info in sorted(archive.infolist(), key=lambda one: one.header_offset):
        if info.header_offset < end:
            raise ContainerError("Files in it overlap each other, as no honest archive's do.")
        end = info.header_offset + _LOCAL_HEADER + len(info.orig_filename) + info.compress_size
    if end > archive.start_dir:
        raise ContainerError("Files in it overlap each other, as no honest archive's do.")
