"""What stands between the processes and PostgreSQL: which pooler, in which mode, and what it drops.

PgBouncer tells its mode on its own console, to those whom it lets in; otherwise it shows in whether
a transaction of one connection is served by the server's process that another one had.
"""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import psycopg
from peewee import PeeweeException
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from audiospective.models import database, dialects
from audiospective.operations.doctor.finding import UNASKED, Finding
from audiospective.services import Services

SUBJECT = "Pooler"
TRANSACTION, SESSION, STATEMENT = "transaction", "session", "statement"
MOST = 3  # further connections, each in a transaction, until one must have met the first's server
PATIENCE = 5.0  # seconds for an answer; a pool that is used up lets everybody wait
_EXTENDED = "Set pool_mode = transaction: nothing here outlives a transaction."


def look(services: Services) -> Finding:
    """A pooler gives a process number of its own, so the server's differs from the greeting's."""
    if dialects.file():
        return Finding(SUBJECT, "none, SQLite is a file")
    url = services.settings.database_url.replace("postgres://", "postgresql://", 1)
    try:
        with database.connection_context():
            (encoding,) = database.execute_sql("SHOW server_encoding").fetchone()
            (served,) = database.execute_sql("SELECT pg_backend_pid()").fetchone()
            greeted = database.connection().info.backend_pid
            dropped = _dropped(url)
    except (PeeweeException, psycopg.Error, OSError):
        return Finding(SUBJECT, UNASKED, "Repair the database first.")
    if served == greeted:
        return Finding(SUBJECT, f"none in between, encoding {encoding}")
    mode, whence = _told(url), ""
    if mode is None:
        mode, whence = _seen(url), ", as it behaves"
    state = f"one in between, {mode} mode{whence}, encoding {encoding}"
    if mode == STATEMENT:
        return Finding(SUBJECT, state, f"It refuses transactions. {_EXTENDED}")
    if dropped:
        return Finding(
            SUBJECT,
            f"{state}; it drops {', '.join(dropped)} of DATABASE_URL",
            "Give it to the role instead: ALTER ROLE name SET setting = value.",
            serious=False,
        )
    if mode == SESSION:
        return Finding(
            SUBJECT,
            f"{state}: each connection keeps one of the server's",
            "default_pool_size has to hold 8 for each web process, 1 for each worker and scheduler"
            f" and some for commands. Or s{_EXTENDED[1:]}",
            serious=False,
        )
    return Finding(SUBJECT, state)


def _dropped(url: str) -> list[str]:
    """Settings that DATABASE_URL asks for as each session's and that are not in force."""
    options = str(conninfo_to_dict(url).get("options") or "")
    return [name for name, value in _given(options) if not _holds(name, value)]


def _given(options: str) -> list[tuple[str, str]]:
    """Names and values, split as PostgreSQL does: by blanks without a backslash, quoted or not."""
    words = (re.sub(r"\\(.)", r"\1", word) for word in re.findall(r"(?:\\.|[^\s\\])+", options))
    pairs = (re.sub(r"^(-c|--)", "", word).partition("=") for word in words)
    return [(name.replace("-", "_"), value) for name, given, value in pairs if given]


def _holds(name: str, value: str) -> bool:
    """Whether a setting is in force, whoever gave it, in whatever unit: 30000 is 30s."""
    question = "SELECT current_setting(%s), set_config(%s, %s, true)"  # until the statement ends
    try:
        now, asked = database.execute_sql(question, (name, name, value)).fetchone()
    except PeeweeException:
        return False  # there is no such setting, or no such value
    return bool(now == asked)


def _told(url: str) -> str | None:
    """The mode by PgBouncer's console, which only its administrators may ask."""
    about = conninfo_to_dict(url)
    name, user = about.get("dbname"), about.get("user")
    try:
        with _asked({**about, "dbname": "pgbouncer", "options": ""}) as console:
            answer = console.execute("SHOW POOLS")
            columns = [column.name for column in answer.description or ()]
            rows = [dict(zip(columns, row, strict=True)) for row in answer.fetchall()]
    except (psycopg.Error, OSError):
        return None
    mine = {row["pool_mode"] for row in rows if (row["database"], row["user"]) == (name, user)}
    return str(mine.pop()) if len(mine) == 1 else None


def _seen(url: str) -> str:
    """The mode by what it does; it is that of sessions unless something else is seen."""
    about = conninfo_to_dict(url)
    with ExitStack() as held:
        try:
            first = held.enter_context(_asked(about))
            server = _server(first)
            for _ in range(MOST):
                other = held.enter_context(_asked(about))
                other.execute("BEGIN")
                if _server(other) == server:
                    return TRANSACTION
            return TRANSACTION if _server(first) != server else SESSION
        except psycopg.errors.ProtocolViolation:
            return STATEMENT
        except (psycopg.Error, OSError):
            return SESSION  # a pool of so few that others wait


@contextmanager
def _asked(about: dict[str, Any]) -> Iterator[psycopg.Connection[Any]]:
    """A connection that is cut off once it lets us wait."""
    told = make_conninfo(**{**about, "connect_timeout": int(PATIENCE)})
    with psycopg.connect(told, autocommit=True, prepare_threshold=None) as connection:
        line = socket.socket(fileno=connection.fileno())
        end = threading.Timer(PATIENCE, cut_off, (line,))
        end.start()
        try:
            yield connection
        finally:
            end.cancel()
            line.detach()
            connection.close()


def cut_off(line: socket.socket) -> None:
    """End what waits on a socket; nothing where it was closed at the same moment."""
    with suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)


def _server(connection: psycopg.Connection[Any]) -> int:
    row = connection.execute("SELECT pg_backend_pid()").fetchone()
    assert row is not None
    return int(row[0])
