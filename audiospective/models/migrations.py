"""Applies the numbered migrations; two releases that start at once wait for each other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playhouse.migrations import Runner

from audiospective.models.base import database, is_sqlite

DIRECTORY = Path(__file__).parent.parent / "migrations"
_LOCK = 0x41554449  # any constant that every release of this program agrees on


def migrate() -> list[str]:
    """Apply what is pending, in order; returns the names that were applied."""
    with database.connection_context(), _only_one_release():
        return list(_runner().up())


def pending() -> list[str]:
    """Names of migrations that the database has not seen yet."""
    with database.connection_context():
        return [step.name for step in _runner().status() if step.path and not step.applied]


def _runner() -> Runner:
    return Runner(database.obj, str(DIRECTORY))


@contextmanager
def _only_one_release() -> Iterator[None]:
    if is_sqlite():  # each migration takes SQLite's one write lock itself
        yield
        return
    database.execute_sql("SELECT pg_advisory_lock(%s)", (_LOCK,))
    try:
        yield
    finally:
        database.execute_sql("SELECT pg_advisory_unlock(%s)", (_LOCK,))
