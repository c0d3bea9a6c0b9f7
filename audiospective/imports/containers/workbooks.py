"""Excel workbooks, looked through as the zip of XML that they are before a reader touches them."""

from __future__ import annotations

import html
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from audiospective.imports.containers import directory
from audiospective.imports.containers.budget import BLOCK, Budget
from audiospective.imports.containers.unpacking import Unpacking
from audiospective.imports.errors import ContainerError

WORKBOOK = "xl/workbook.xml"
_BYTES = 256 << 20  # of all parts, unpacked: the reader keeps a sheet in memory
_COLUMNS, _ROWS, _CELLS = 200, 1_048_576, 20_000_000
_OVERLAP = 256
_SHEET = re.compile(
    r"<(?:\w+:)?sheet\s[^>]{0,500}?\bname\s*=\s*(?:\"([^\"]{0,200})\"|'([^']{0,200})')"
)
_DATE_1904 = re.compile(r"\bdate1904\s*=\s*[\"'](?:1|true)[\"']")
_DOCTYPE = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_REFERENCE = re.compile(rb"\sr\s*=\s*[\"']([^\"']{0,40})")
_CELL = re.compile(rb"([A-Z]{0,3})(\d{1,7})\Z")
_TEXT = re.compile(rb"<(?:\w{1,20}:)?si[\s/>]")
_WORD = re.compile(rb"<(?:\w{1,20}:)?c[\s/>]")
_TEXTS = 2 << 30  # bytes, if every cell held the longest of the shared texts: each gets a copy
_DAMAGED = "The workbook is damaged; save it again, or save the sheet as CSV."


def sheets(archive: zipfile.ZipFile) -> tuple[str, ...]:
    """The names of its sheets; empty where they cannot be read."""
    return tuple(
        html.unescape(double or single) for double, single in _SHEET.findall(_workbook(archive))
    )


@contextmanager
def rows(path: Path, sheet: str, budget: Budget) -> Iterator[tuple[bool, Iterator[list[Any]]]]:
    """Whether its days count from 1904, and the sheet's rows; raises ContainerError."""
    archive = directory.opened(path, budget)
    try:
        _inspect(archive)
        from_1904 = bool(_DATE_1904.search(_workbook(archive)))
    finally:
        directory.close(archive)
    # Loaded here, since few imports need it.
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        with CalamineWorkbook.from_path(str(path)) as book:
            yield from_1904, book.get_sheet_by_name(sheet).iter_rows()
    except CalamineError:
        raise ContainerError(_DAMAGED) from None
    except BaseException as error:  # a panic of the reader derives from nothing narrower
        if type(error).__name__ == "PanicException":
            raise ContainerError(_DAMAGED) from None
        raise


def _workbook(archive: zipfile.ZipFile) -> str:
    try:
        stream = Unpacking(archive, archive.getinfo(WORKBOOK))
        return stream.read(BLOCK).decode("utf-8", "replace")
    except (ContainerError, KeyError):
        return ""


def _inspect(archive: zipfile.ZipFile) -> None:
    """Refuses what no program writes: entities, gigabytes, a cell at the far end of the sheet."""
    total = cells = longest = 0
    for info in archive.infolist():
        columns = lines = size = 0
        begun: int | None = None  # where the last shared text begins
        stream, rest = Unpacking(archive, info), b""
        while block := stream.read(BLOCK):
            total += len(block)
            if total > _BYTES:
                raise ContainerError("The workbook is too large; save the sheet as CSV.")
            text = rest + block
            cells += len(_WORD.findall(text))
            for one in _TEXT.finditer(text):
                at = size - len(rest) + one.start()
                longest, begun = max(longest, at - (at if begun is None else begun)), at
            size += len(block)
            if _DOCTYPE.search(text):
                raise ContainerError("The workbook holds XML entities, which no program writes.")
            column, line = _extent(text)
            columns, lines = max(columns, column), max(lines, line)
            rest = text[-_OVERLAP:]
        longest = max(longest, size - (size if begun is None else begun))
        if columns > _COLUMNS or lines > _ROWS or columns * lines > _CELLS:
            raise ContainerError("The sheet is too large; save it as CSV.")
    if longest * cells > _TEXTS:
        raise ContainerError("The sheet repeats a text that is far too long; save it as CSV.")


def _extent(text: bytes) -> tuple[int, int]:
    """The rightmost column and the lowest row that cells say they are in."""
    columns = lines = 0
    for written in _REFERENCE.findall(text):
        cell = _CELL.match(written)
        if cell is None:
            if b"&" in written:
                raise ContainerError(_DAMAGED)
            continue
        column = 0
        for letter in cell[1]:
            column = column * 26 + letter - 64
        columns, lines = max(columns, column), max(lines, int(cell[2]))
    return columns, lines
