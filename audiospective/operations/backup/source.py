"""Reads a database as it stood at one instant, while others go on writing."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg

from audiospective.models import database, dialects
from audiospective.models.database_away import noticing
from audiospective.operations.backup.schema import Table

Rows = Callable[[Table], Iterator[tuple[Any, ...]]]
FETCH = 100  # rows of PostgreSQL in memory at one time; a year of plays may have a megabyte


@contextmanager
def consistent(scratch: Path) -> Iterator[Rows]:
    """Gives the rows of each table, all of one instant.

    SQLite: a copy by its backup interface, made in one step, in the empty folder `scratch`.
    PostgreSQL: one read-only transaction with a snapshot, on a connection of its own.
    """
    if dialects.file():
        with _copy(scratch / "copy.db") as copy:
            yield lambda table: iter(copy.execute(table.query))
    else:
        dsn = database.obj.database
        with psycopg.connect(dsn, prepare_threshold=None, **noticing(dsn)) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            connection.execute("SELECT 1")  # the snapshot is taken with the first statement
            yield lambda table: _fetched(connection, table)


@contextmanager
def _copy(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path)) as copy:
        with closing(sqlite3.connect(database.obj.database, timeout=30)) as original:
            original.backup(copy)
        yield copy


def _fetched(connection: psycopg.Connection[Any], table: Table) -> Iterator[tuple[Any, ...]]:
    with connection.cursor(name="backup") as cursor:
        cursor.itersize = FETCH
        cursor.execute(table.query.encode())
        yield from cursor
