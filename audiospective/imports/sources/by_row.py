"""Reading row by row, for every source but the largest: rows come in, bins fill, batches go out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from audiospective.imports.errors import RefusedError
from audiospective.imports.plays import Batch, Broken
from audiospective.imports.reading import json_rows, tables
from audiospective.imports.reading.gathering import Gathering
from audiospective.imports.reading.json_rows import Unreadable
from audiospective.imports.reasons import Reason
from audiospective.imports.sources.base import Answers, File

_PRIVATE = "(not shown, since it may say where you were)"
Rows = Iterable[tuple[int, Any]]
Take = Callable[[Gathering, int, Mapping[str, Any]], None]


def read(
    files: Sequence[File],
    answers: Answers,
    known: Collection[str],
    rows: Callable[[File], Rows],
    take: Take,
    shared: bool = False,
) -> Iterator[Batch | Broken]:
    """Every row of every file; `take` puts a row into a bin, what is no object is rejected.

    `known`: the fields that a report of rejected rows may show. `shared`: see Gathering.
    """
    for file in files:
        gathering = Gathering(file.number, answers.now, known, shared)
        try:
            for number, row in rows(file):
                if isinstance(row, Mapping):
                    take(gathering, number, row)
                else:
                    gathering.reject(number, Reason.UNREADABLE_ROW, row)
                yield from gathering.full()
            yield from gathering.rest()
        except RefusedError as error:
            yield Broken(file.number, error.sentence)


def array(file: File, key: str | None = None) -> Rows:
    with file.open() as stream:
        yield from json_rows.array(stream, key)


def json_lines(file: File) -> Rows:
    with file.open() as stream:
        yield from json_rows.lines(stream)


def table(file: File, comments: Sequence[str] = ()) -> Rows:
    """Rows by column name in small letters; the numbers are those of lines."""
    with file.open() as stream:
        header, rows = tables.table(stream, comments)
        yield from named([name.lower() for name in header], rows)


def private_table(file: File) -> Rows:
    """The same where columns are personal: of a row that cannot be read nothing is shown."""
    for number, row in table(file):
        yield number, Unreadable(_PRIVATE) if isinstance(row, Unreadable) else row


def named(names: Sequence[str], rows: Iterable[tables.Row]) -> Rows:
    """Rows by column name; one with more fields than there are columns is unreadable."""
    for row in rows:
        fields = row.fields
        if fields is None or any(field.strip() for field in fields[len(names) :]):
            yield row.number, Unreadable(row.raw)
        else:
            yield row.number, dict(zip(names, fields, strict=False))
