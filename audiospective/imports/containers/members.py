"""The files within what was sent, archives opened to the depth that Apple's export needs."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from audiospective.imports.containers import directory, workbooks
from audiospective.imports.containers.budget import BLOCK, Budget, Counted, Readable
from audiospective.imports.containers.kinds import kind
from audiospective.imports.containers.unpacking import Unpacking
from audiospective.imports.errors import ContainerError, RefusedError

HEAD = 1 << 16


@dataclass(frozen=True)
class Member:
    """One file; `sentence` instead of contents where it cannot be opened."""

    name: str
    size: int
    start: Callable[[], BinaryIO] | None = None
    path: Path | None = None  # where it lies on this machine as it is
    sentence: str | None = None
    sheets: tuple[str, ...] = ()  # of a workbook

    def open(self) -> BinaryIO:
        """Its bytes from the start; reading raises ContainerError."""
        if self.start is None:
            raise ContainerError(self.sentence or directory.DAMAGED)
        return self.start()

    def head(self) -> bytes:
        """Its first bytes; raises ContainerError."""
        with self.open() as stream:
            return stream.read(HEAD)


class Opener:
    """Finds the members of files; keeps archives open until its stack is closed."""

    def __init__(self, scratch: Path, budget: Budget, stack: ExitStack) -> None:
        self.scratch = scratch
        self.budget = budget
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
        target = self.scratch / f"member-{self._copies}"
        with member.open() as stream, target.open("wb") as file:
            while block := stream.read(BLOCK):
                self.budget.copy(len(block))
                file.write(block)
        return target

    def unpacked(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> BinaryIO:
        """What a member of an archive holds; reading raises ContainerError."""
        return self._counted(Unpacking(archive, info), info.compress_size)

    def _members(self, path: Path, name: str, depth: int) -> Iterator[Member]:
        with path.open("rb") as file:
            packed = kind(file.read(HEAD)) == "zip"
        if not packed:
            yield self._loose(path, name)
            return
        archive = directory.opened(path, self.budget)
        if workbooks.WORKBOOK in archive.namelist():
            sheets = workbooks.sheets(archive)
            directory.close(archive)
            yield replace(self._loose(path, name), sheets=sheets)
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
            return self.unpacked(archive, info)

        whole = f"{name}/{directory.clean(info.filename)}"
        member = Member(whole, info.file_size, start)
        try:
            nested = kind(member.head()) == "zip"
            if nested and depth >= self.budget.limits.depth:
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
        self.budget.member()
        return Member(
            name, path.stat().st_size, lambda: self._counted(path.open("rb"), 0), path=path
        )

    def _counted(self, stream: Readable, packed: int) -> BinaryIO:
        return io.BufferedReader(Counted(stream, self.budget, packed), BLOCK)
