"""The database while it is away: which errors say so, and a pool that says so when it is full."""

from __future__ import annotations

import sqlite3
from typing import Any

from peewee import InternalError, OperationalError
from playhouse.pool import MaxConnectionsExceeded, PooledPostgresqlDatabase

from audiospective.models.sql_context import QuickContext

# Another process holds SQLite's lock for longer than we wait, or the file's disk is not there.
_SQLITE = frozenset(
    {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_CANTOPEN}
)
# The second where not even the file is there through which readers find each other.
_SQLITE_FULL = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE)
# PostgreSQL's classes of errors, its appendix A: the connection, a transaction that met another,
# too few resources, and a server that stops or starts.
_CLASSES = ("08", "40", "53", "57P0")
_FULL = "53100"  # a disk stays full until somebody makes room
# A server that vanished says nothing: no answer for a minute ends a connection. The machine's own
# limits are fifteen minutes while something is on its way there, and else two hours.
NOTICED = {
    "keepalives_idle": 30,  # seconds
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,  # ms
}
# A lock that did not come, and a server that has just become a read-only copy.
_STATES = frozenset({"55P03", "25006"})


def says_away(error: BaseException) -> bool:
    """Whether an error of Peewee's means that the database cannot be used at the moment.

    Both drivers call some of our own faults operational, too, such as a table that is missing in
    SQLite; those pass for nobody who tries again.
    """
    if not isinstance(error, OperationalError | InternalError):
        return False
    cause: Any = getattr(error, "orig", None)  # what the driver raised
    if isinstance(cause, sqlite3.Error):
        # Without a code, SQLite's driver has raised it by itself: nothing was asked.
        return (getattr(cause, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF) in _SQLITE
    state = getattr(cause, "sqlstate", None)
    if state is None:  # no server answered
        return isinstance(error, OperationalError)
    return state in _STATES or (state.startswith(_CLASSES) and state != _FULL)


def says_full(error: BaseException) -> bool:
    """Whether an error of Peewee's means that the database's disk takes nothing more."""
    cause: Any = getattr(error, "orig", None)
    if isinstance(cause, sqlite3.Error):
        return getattr(cause, "sqlite_errorcode", None) in _SQLITE_FULL
    return getattr(cause, "sqlstate", None) == _FULL


def noticing(url: str) -> dict[str, Any]:
    """Options of libpq with which a connection to a server that vanished ends, but for those that
    `url` sets itself."""
    from psycopg import ProgrammingError  # who has SQLite does not need it
    from psycopg.conninfo import conninfo_to_dict

    try:
        told = conninfo_to_dict(url)
    except ProgrammingError:  # what is wrong with it is said where it is used
        told = {}
    return {name: value for name, value in NOTICED.items() if name not in told}


class Pool(PooledPostgresqlDatabase):
    """Connections that threads share; a full pool is a database that cannot be used."""

    context_class = QuickContext

    def connect(self, reuse_if_open: bool = False) -> Any:
        try:
            return super().connect(reuse_if_open)
        except MaxConnectionsExceeded as error:  # no error of Peewee's, so nobody would expect it
            raise OperationalError("all connections are in use") from error
