"""Rows of text tables: comma, semicolon or tab, with or without a header, one bad row at a time."""

from __future__ import annotations

import csv
import io
import itertools
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from audiospective.imports.errors import ContainerError
from audiospective.imports.reading.delimited import OpenQuoteError, delimiter, split, strictly
from audiospective.imports.reading.encodings import WIDE, peekable

LINE = 1 << 20  # characters of one line
QUOTED_LINES = 20  # over which one quoted field may go


@dataclass(frozen=True)
class Row:
    """`number` is that of its first line in the file; `fields` is None where it is unreadable."""

    number: int
    raw: str
    fields: list[str] | None


def lines(stream: BinaryIO) -> Iterator[str]:
    """Lines without their ends, in UTF-8 (or UTF-16 with a mark), foreign bytes as Windows-1252."""
    buffered = peekable(stream)
    wide = buffered.peek(2)[:2] in WIDE
    encoding, errors = ("utf-16", "replace") if wide else ("utf-8-sig", "surrogateescape")
    text = io.TextIOWrapper(buffered, encoding, errors=errors)
    while line := text.readline(LINE + 1):
        if len(line) > LINE:
            raise ContainerError("It holds a line that is far too long.")
        yield _native(line.rstrip("\n"))


def _native(line: str) -> str:
    if line.isascii():
        return line
    try:
        line.encode()
    except UnicodeEncodeError:
        line = line.encode("utf-8", "surrogateescape").decode("cp1252", "replace")
    return line


def rows(numbered: Iterator[tuple[int, str]], sign: str, width: int) -> Iterator[Row]:
    """Rows from numbered lines; a quote that never closes spoils its own line, not the next ones.

    `width` is the number of fields that a row over several lines has to have.
    """
    ahead: deque[tuple[int, str]] = deque()
    while (first := ahead.popleft() if ahead else next(numbered, None)) is not None:
        fields: list[str] | None = None
        raw, taken = first[1], 0
        while True:
            try:
                fields = strictly(raw, sign)
            except OpenQuoteError:
                if taken == QUOTED_LINES:
                    break
                if taken == len(ahead):
                    ahead.extend(itertools.islice(numbered, 1))
                if taken == len(ahead):
                    break
                raw, taken = f"{raw}\n{ahead[taken][1]}", taken + 1
                continue
            except csv.Error:
                fields = None if taken else split(raw, sign) or None
            break
        if taken and (fields is None or len(fields) != width):
            raw, fields, taken = first[1], None, 0
        for _ in range(taken):
            ahead.popleft()
        if fields is None or any(field.strip() for field in fields):
            yield Row(first[0], raw, fields)


def table(stream: BinaryIO, comments: Sequence[str] = ()) -> tuple[list[str], Iterator[Row]]:
    """The header's names as written, and the rows below it; `comments` only come before it."""
    numbered = ((number, line) for number, line in enumerate(lines(stream), 1) if line.strip())
    first = next((one for one in numbered if not one[1].startswith(tuple(comments))), None)
    if first is None:
        return [], iter(())
    sign = delimiter(first[1])
    names = [name.strip() for name in split(first[1], sign)]
    return names, rows(numbered, sign, len(names))
