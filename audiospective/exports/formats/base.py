"""What every format is: words for whoever chooses it, and the files it consists of."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import IO

import polars as pl
from polars.io.plugins import register_io_source

from audiospective.exports.descriptions import Description
from audiospective.exports.formats.changes import Changes
from audiospective.exports.snapshot import Snapshot

Write = Callable[[IO[bytes]], None]


@dataclass(frozen=True)
class Part:
    """One file of an export. Parts are written in order, each to its end before the next."""

    path: str
    write: Write


Parts = Callable[[Snapshot, Changes | None], Iterator[Part]]


@dataclass(frozen=True)
class Format:
    """A format. `parts(snapshot, changes)` gives its files.

    Without `changes` it is faithful: what is unknown stays unknown. With them it is compatible:
    what readers insist on is filled in, what they cannot take is left out, and every such play is
    told to `changes`.
    """

    about: Description
    parts: Parts
    file_name: Callable[[Snapshot], str]
    zipped: bool = False  # its readers want a zip

    @property
    def name(self) -> str:
        return self.about.name


def one_file(path: str, write: Write) -> Iterator[Part]:
    """The parts of a format that is one file."""
    yield Part(path, write)


def json_list(head: str, rows: Iterable[pl.Series], tail: str) -> Write:
    """Writes JSON texts (series of them, in order) as a list, one a line, between head and tail."""

    def write(out: IO[bytes]) -> None:
        out.write(head.encode())
        separator = "\n"
        for texts in rows:
            if texts.len():
                out.write(separator.encode())
                _lines(out, texts[:-1], ",\n")
                out.write(texts[-1].encode())
                separator = ",\n"
        out.write(tail.encode())

    return write


def lines(rows: Iterable[pl.Series]) -> Write:
    """Writes texts one a line."""

    def write(out: IO[bytes]) -> None:
        for texts in rows:
            _lines(out, texts, "\n")

    return write


def _lines(out: IO[bytes], texts: pl.Series, end: str) -> None:
    # As a table of one column: three times as fast as text that passes through Python.
    texts.to_frame().write_csv(out, include_header=False, quote_style="never", line_terminator=end)


def streamed(tables: Callable[[], Iterator[pl.DataFrame]], schema: pl.Schema) -> pl.LazyFrame:
    """Tables that are made while Polars writes those before: both processors have work.

    They are made in a thread of Polars, which has no database.
    """

    def source(
        columns: list[str] | None, _where: pl.Expr | None, _most: int | None, _size: int | None
    ) -> Iterator[pl.DataFrame]:
        for table in tables():
            yield table if columns is None else table.select(columns)

    return register_io_source(source, schema=schema)


def slug(name: str) -> str:
    """A name as part of a file's name on any system; never empty."""
    return re.sub(r"[^A-Za-z0-9-]+", "-", name).strip("-")[:40] or "archive"
