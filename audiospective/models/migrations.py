"""Applies the numbered migrations; two releases that start at once wait for each other."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from playhouse.migrations import Runner

from audiospective.models import dialects
from audiospective.models.base import database, is_sqlite
from audiospective.models.database_away import noticing, says_away, says_full

DIRECTORY = Path(__file__).parent.parent / "migrations"
_LOCK = 0x41554449  # any constant that every release of this program agrees on
_AT_A_TIME = 5_000  # ms that one try waits for it
_PAUSE = 0.5  # seconds between two tries, in which no connection is held
# Time-outs of a role, a database or a host's defaults would end the wait, or give the lock away.
_WITHOUT_END = """
SELECT set_config(name, '0', true) FROM pg_settings WHERE name IN
('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout')
"""
_LIMITED = f"SET LOCAL lock_timeout = {_AT_A_TIME}"


class EncodingError(Exception):
    """The PostgreSQL database does not keep text as UTF-8, so names would be lost or refused."""


class BrokenMigrationError(Exception):
    """A migration ended with an error, which is the cause; `name` says which one.

    Those before it stay applied.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def migrate(up_to: str | None = None) -> list[str]:
    """Apply what is pending, in order and not beyond `up_to`; returns the names that were applied.

    Raises EncodingError before anything is written, and BrokenMigrationError where one fails for
    another reason than that the database is away or full.
    """
    # In this order: a connection that idles while another release migrates may be ended.
    with _only_one_release(), database.connection_context():
        require_utf8()
        try:
            return list(_runner().up(up_to))
        except Exception as error:
            if says_away(error) or says_full(error) or not (left := pending()):
                raise
            raise BrokenMigrationError(left[0]) from error  # they run in this order


def pending() -> list[str]:
    """Names of migrations that the database has not seen yet; raises EncodingError."""
    with database.connection_context():
        require_utf8()
        return [step.name for step in _runner().status() if step.path and not step.applied]


def applied() -> list[str]:
    """Names of the migrations that the database has seen, in order."""
    return [step.name for step in _runner().status() if step.applied]


def applied_at(name: str) -> datetime | None:
    """When the database saw a migration; None if it has not."""
    found = next((step.applied for step in _runner().status() if step.name == name), None)
    return found.astimezone(UTC) if found else None  # it is noted in local time


def every() -> list[str]:
    """Names of all migrations of this release, in order."""
    return [step.name for step in _runner().migrations()]


def require_utf8() -> None:
    """Raises EncodingError for a PostgreSQL database in any other encoding, SQL_ASCII included."""
    if is_sqlite():
        return
    (encoding,) = database.execute_sql("SHOW server_encoding").fetchone()
    name = encoding.decode() if isinstance(encoding, bytes) else str(encoding)
    if name != "UTF8":
        raise EncodingError(
            f"the database's encoding is {name}; make one with: "
            "CREATE DATABASE audiospective ENCODING 'UTF8' TEMPLATE template0"
        )


def _runner() -> Runner:
    return Runner(database.obj, str(DIRECTORY))


@contextmanager
def _only_one_release() -> Iterator[None]:
    if is_sqlite():
        with _alone_in_the_folder(dialects.file()):
            yield
        return
    # A transaction on a connection of its own holds the lock: a lock of the session would stay
    # behind in a pooler that hands the server on after each transaction.
    dsn = database.obj.database
    while True:
        with psycopg.connect(
            dsn, connect_timeout=10, prepare_threshold=None, **noticing(dsn)
        ) as holder:
            if _has_lock(holder):
                yield
                return
        # Through a pooler who migrates may need the very connection that was held here.
        threading.Event().wait(_PAUSE)


def _has_lock(holder: psycopg.Connection[Any]) -> bool:
    """Whether the lock came in the time of one try."""
    holder.execute(_WITHOUT_END)
    holder.execute(_LIMITED)
    try:
        holder.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
    except psycopg.errors.LockNotAvailable:
        holder.rollback()
        return False
    holder.execute("SET LOCAL lock_timeout = 0")
    return True


@contextmanager
def _alone_in_the_folder(file: Path | None) -> Iterator[None]:
    """SQLite's own lock is not enough: who comes second has read already what is pending."""
    if file is None or not file.parent.is_dir():
        yield
        return
    folder = os.open(file.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        with suppress(OSError):  # NFS locks no folder
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)
