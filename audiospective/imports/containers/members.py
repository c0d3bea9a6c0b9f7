"""The files within what was sent, archives opened to the depth that Apple's export needs."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from audiospective.imports.containers import directory
from audiospective.imports.containers.budget import BLOCK, Budget, Counted, Readable
from audiospective.imports.containers.kinds import kind
from audiospective.imports.errors import ContainerError, RefusedError

HEAD = 1 << 16
_XLSX = "xl/workbook.xml"
_FAULTS = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError)


@dataclass(frozen=True)
class Member:
    """One file; `sentence` instead of contents where it cannot be opened."""

    name: str
    size: int
    start: Callable[[], BinaryIO] | None = None
    path: Path | None = None  # where it lies on this machine as it is
    sentence: str | None = None

    def open(self) -> BinaryIO:
        """Its bytes from the start; reading raises ContainerError."""
        if self.start is None:
            raise ContainerError(self.sentence or directory.DAMAGED)
        return self.start()

    def head(self) -> bytes:
        """Its first bytes; raises ContainerError."""
        with self.open() as stream:
            return stream.read(HEAD)


class _Unpacking:
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


class Opener:
    """Finds the members of files; keeps archives open until its stack is closed."""

    def __init__(self, scratch: Path, budget: Budget, stack: ExitStack) -> None:
        self._scratch = scratch
        self._budget = budget
        self._stack = stack
        self._copies = 0

    def members(self, path: Path, name: str, depth: int = 0) -> Iterator[Member]:
        """The files in `path`, itself if it is no archive, a sentence if it is refused."""
        try:
            yield from self._members(path, name, depth)
        except RefusedError as error:
            yield Member(name, path.stat().st_size, sentence=error.sentence)

    def copy(self, member: Member) -> Path:
        """The member as a file of its own in the scratch folder; raises ContainerError."""
        self._copies += 1
        target = self._scratch / f"member-{self._copies}"
        with member.open() as stream, target.open("wb") as file:
            while block := stream.read(BLOCK):
                self._budget.copy(len(block))
                file.write(block)
        return target

    def _members(self, path: Path, name: str, depth: int) -> Iterator[Member]:
        with path.open("rb") as file:
            packed = kind(file.read(HEAD)) == "zip"
        if not packed:
            yield self._loose(path, name)
            return
        archive = directory.opened(path, self._budget)
        if _XLSX in archive.namelist():
            directory.close(archive)
            yield self._loose(path, name)
            return
        self._stack.callback(directory.close, archive)
        found = list(directory.members(archive))
        if not found:
            raise ContainerError("The archive is empty.")
        for info in found:
            yield from self._member(archive, info, name, depth)

    def _member(
        self, archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, depth: int
    ) -> Iterator[Member]:
        def start() -> BinaryIO:
            return self._counted(_Unpacking(archive, info), info.compress_size)

        whole = f"{name}/{directory.clean(info.filename)}"
        member = Member(whole, info.file_size, start)
        try:
            nested = kind(member.head()) == "zip"
            if nested and depth >= self._budget.limits.depth:
                raise ContainerError(
                    "It lies too many archives deep; unpack it and send the files."
                )
            if not nested:
                yield member
                return
            copy = self.copy(member)
        except RefusedError as error:
            yield Member(whole, info.file_size, sentence=error.sentence)
            return
        yield from self.members(copy, whole, depth + 1)

    def _loose(self, path: Path, name: str) -> Member:
        self._budget.member()
        return Member(
            name, path.stat().st_size, lambda: self._counted(path.open("rb"), 0), path=path
        )

    def _counted(self, stream: Readable, packed: int) -> BinaryIO:
        return io.BufferedReader(Counted(stream, self._budget, packed), BLOCK)
