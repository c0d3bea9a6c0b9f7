"""Counts what really comes out of the files of one upload and stops when it is too much."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Protocol

from audiospective.imports.errors import ContainerError
from audiospective.imports.unpacking_limits import Limits

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

SLACK = 16 << 20  # bytes before the ratio is looked at: small files may be all zeros
BLOCK = 1 << 20


class Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...

    def close(self) -> None: ...


class Budget:
    """Shared by all archives of one upload, however deep."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.members = 0
        self.copied = 0  # bytes of nested archives on the disk
        self.read = 0  # bytes in this pass over all files

    def member(self, count: int = 1) -> None:
        self.members += count
        if self.members > self.limits.members:
            raise ContainerError(
                f"It holds more than {self.limits.members:,} files;"
                " an export of listening history has a few hundred at most."
            )

    def copy(self, count: int) -> None:
        self.copied += count
        if self.copied > self.limits.total_bytes:
            raise _too_large(self.limits.total_bytes)

    def out(self, count: int) -> None:
        self.read += count
        if self.read > self.limits.total_bytes:
            raise _too_large(self.limits.total_bytes)


class Counted(io.RawIOBase):
    """A stream that ends with ContainerError once too many bytes came out of it.

    `packed` is the number of bytes that it came from; with 0 the ratio is not looked at.
    """

    def __init__(self, stream: Readable, budget: Budget, packed: int = 0) -> None:
        self._stream = stream
        self._budget = budget
        self._limits = budget.limits
        self._packed = packed
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        data = self._stream.read(min(len(view), BLOCK))
        self.count += len(data)
        self._budget.out(len(data))
        if self.count > self._limits.file_bytes:
            raise _too_large(self._limits.file_bytes)
        if self._packed and self.count > max(SLACK, self._packed * self._limits.ratio):
            raise ContainerError(
                f"It unpacks to more than {self._limits.ratio} times its size,"
                " which no listening history does."
            )
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()


def _too_large(limit: int) -> ContainerError:
    return ContainerError(
        f"It unpacks to more than {limit / (1 << 30):.3g} GB, which is the most that is read."
    )
