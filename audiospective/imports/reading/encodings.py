"""Byte order marks: UTF-8 with one, and UTF-16, which some tools on Windows write."""

from __future__ import annotations

import codecs
import io
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def peekable(stream: BinaryIO) -> io.BufferedReader:
    """The stream, buffered so that its start can be looked at."""
    if isinstance(stream, io.BufferedReader):
        return stream
    return io.BufferedReader(_Plain(stream))


def as_utf8(stream: BinaryIO) -> BinaryIO:
    """The stream in UTF-8 without a mark."""
    buffered = peekable(stream)
    start = buffered.peek(3)[:3]
    if start.startswith(WIDE):
        text = io.TextIOWrapper(buffered, "utf-16", errors="replace", newline="")
        return io.BufferedReader(_Recoded(text))
    if start == codecs.BOM_UTF8:
        buffered.read(3)
    return buffered


class _Plain(io.RawIOBase):
    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        data = self._stream.read(len(view))
        view[: len(data)] = data
        return len(data)


class _Recoded(io.RawIOBase):
    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        data = self._text.read(len(view) // 4).encode("utf-8", "replace")
        view[: len(data)] = data
        return len(data)
