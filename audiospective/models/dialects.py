"""Where SQLite and PostgreSQL differ: files, locks, lists as one parameter, statements as text.

SQLite has one writer, and `base.transaction` begins as that writer: it needs no lock of rows.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from peewee import ModelSelect, __exception_wrapper__

from audiospective import clock
from audiospective.models.base import (
    _POSTGRES_NOW,
    _SQLITE_NOW,
    as_list,
    database,
    is_sqlite,
    listed,
    placeholder,
)

_SYNCED = ("fsync", "full_page_writes", "synchronous_commit")  # what an acknowledged commit needs


def name() -> str:
    """What the database is called."""
    return "SQLite" if is_sqlite() else "PostgreSQL"


def file() -> Path | None:
    """The file that the archive is in, None on a server."""
    return Path(str(database.database)) if is_sqlite() else None


def now() -> datetime:
    """The server's own clock, also while this process has a virtual one; SQLite has no other."""
    text = _SQLITE_NOW if is_sqlite() else _POSTGRES_NOW
    (at,) = database.execute_sql(f"SELECT {text}").fetchone()
    return clock.from_ms(int(at))


def unsynced() -> list[str]:
    """Settings of the server under which an acknowledged commit may vanish in a power cut.

    SQLite's are read back with every connection.
    """
    if is_sqlite():
        return []
    values = {name: database.execute_sql(f"SHOW {name}").fetchone()[0] for name in _SYNCED}
    return [name for name, value in values.items() if value == "off"]


def takes_writes() -> bool:
    """Whether a server takes what is written: one that became a copy answers, and refuses it.

    One small query, which also says whether there is a database at all.
    """
    query = "SELECT 1" if is_sqlite() else "SELECT current_setting('transaction_read_only') = 'off'"
    (found,) = database.execute_sql(query).fetchone()
    return bool(found)


def locked(query: ModelSelect, *, referable: bool = False) -> ModelSelect:
    """A query whose rows this transaction holds until it ends.

    `referable`: others may write rows that refer to them meanwhile.
    """
    if is_sqlite():
        return query
    return query.for_update("FOR NO KEY UPDATE" if referable else True)


def skip_locked(key: Any, condition: Any) -> Any:
    """A condition (by the primary key `key`) that takes rows and leaves those that others hold."""
    if is_sqlite():
        return condition
    rows = key.model.select(key).where(condition)
    return key.in_(rows.for_update("FOR UPDATE SKIP LOCKED"))


def advisory_lock(space: int, number: int = 0) -> None:
    """Hold a lock of this name until the transaction ends; waits for whoever has it."""
    if not is_sqlite():
        database.execute_sql("SELECT pg_advisory_xact_lock(%s, %s)", (space, number))


def try_advisory_lock(space: int, number: int = 0) -> bool:
    """The same without waiting: False where somebody else has it."""
    if is_sqlite():
        return True
    claim = "SELECT pg_try_advisory_xact_lock(%s, %s)"
    return bool(database.execute_sql(claim, (space, number)).fetchone()[0])


def run(query: str, values: Sequence[Any] = ()) -> Any:
    """Run SQL text in which parameters are marked `?`; a cursor whose blobs are bytes.

    Errors are Peewee's, as of all statements; so are those of `rows_of`, `run_many` and `load`.
    """
    connection = database.connection()
    with __exception_wrapper__:
        cursor = connection.cursor() if is_sqlite() else connection.cursor(binary=True)
        cursor.execute(query.replace("?", placeholder()), tuple(values))
    return cursor


def rows_of(query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """All rows of SQL text: SQLite reads on as they are fetched, and may meet damage then."""
    cursor = run(query, values)  # not inside: an error wrapped twice hides what the driver said
    with __exception_wrapper__:
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def run_many(query: str, rows: Sequence[Sequence[Any]]) -> None:
    """Run SQL text once for each row of parameters."""
    connection = database.connection()
    with __exception_wrapper__:
        connection.cursor().executemany(query.replace("?", placeholder()), rows)


def among(query: str, values: Collection[int] | Collection[str]) -> list[tuple[Any, ...]]:
    """Rows of a query that ends in what is compared: "SELECT ... WHERE id" (is one of `values`)."""
    if not values:
        return []
    kind = "bigint" if isinstance(next(iter(values)), int) else "text"
    text = f"{query} IN (SELECT value FROM {listed(kind)})"  # noqa: S608 - texts of ours
    rows: list[tuple[Any, ...]] = run(text, [as_list(values)]).fetchall()
    return rows


def delete_among(where: str, values: Collection[int]) -> int:
    """Delete the rows of "table WHERE column" (is one of `values`); how many there were."""
    if not values:
        return 0
    text = f"DELETE FROM {where} IN (SELECT value FROM {listed()})"  # noqa: S608 - names of ours
    return int(run(text, [as_list(values)]).rowcount)


def table_of(columns: dict[str, str], rows: Sequence[Sequence[Any]]) -> tuple[str, list[Any]]:
    """Rows as a table in a statement: its text, and its parameters; types are PostgreSQL's."""
    if is_sqlite():
        each = (
            f"json_extract(value, '$[{place}]') AS {name}" for place, name in enumerate(columns)
        )
        return f"(SELECT {', '.join(each)} FROM json_each(?))", [as_list(rows)]  # noqa: S608
    arrays = ", ".join(f"?::{kind}[]" for kind in columns.values())
    values = [list(column) for column in zip(*rows, strict=True)]
    return f"unnest({arrays}) AS listed ({', '.join(columns)})", values


def put(table: str, columns: dict[str, str], rows: Sequence[Sequence[Any]]) -> None:
    """Write rows by `columns` (PostgreSQL's types by name, the key first), over what is there."""
    if not rows:
        return
    key, *rest = columns
    names = ", ".join(columns)
    kept = ", ".join(f"{name} = excluded.{name}" for name in rest)
    ending = f"ON CONFLICT ({key}) DO UPDATE SET {kept}"
    if is_sqlite():
        marks = ", ".join("?" * len(columns))
        run_many(f"INSERT INTO {table} ({names}) VALUES ({marks}) {ending}", rows)  # noqa: S608
        return
    source, values = table_of(columns, rows)
    run(f"INSERT INTO {table} ({names}) SELECT * FROM {source} {ending}", values)  # noqa: S608


def load(table: str, rows: Sequence[Sequence[Any]]) -> None:
    """Write many rows in the order of the table's columns, the fastest way there is."""
    if is_sqlite():
        run_many(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)  # noqa: S608
        return
    connection = database.connection()
    with __exception_wrapper__, connection.cursor().copy(f"COPY {table} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def in_key_order() -> str:
    """What ends CREATE TABLE so that rows lie in the index of their key, where that is possible."""
    return " WITHOUT ROWID" if is_sqlite() else ""


def vacuum(*tables: str) -> None:
    """Find the room of rows that were rewritten, after many at once; not within a transaction."""
    if not is_sqlite() and not database.in_transaction():
        for table in tables:
            database.execute_sql(f"VACUUM {table}")


def shrink(table: str) -> None:
    """Write a table anew without the room of rows that are gone; locks it, of SQLite all of it."""
    database.execute_sql("VACUUM" if is_sqlite() else f"VACUUM FULL {table}")


def dead_rows_allowed(table: str) -> float:
    """How many rows autovacuum lets be dead besides its threshold: the table's share of its rows.

    By the number of rows that the last vacuum saw, as autovacuum itself; SQLite has no dead rows.
    """
    if is_sqlite():
        return float("inf")
    (rows, options) = database.execute_sql(
        "SELECT reltuples, reloptions FROM pg_class WHERE oid = %s::regclass", (table,)
    ).fetchone()
    told = dict(option.split("=") for option in options or ())
    share = told.get("autovacuum_vacuum_scale_factor")
    if share is None:
        (share,) = database.execute_sql("SHOW autovacuum_vacuum_scale_factor").fetchone()
    return float(share) * max(0.0, float(rows))


def numbered_by_hand(table: str) -> None:
    """After a row with an id of one's own: PostgreSQL's counter does not see it."""
    if not is_sqlite():
        database.execute_sql(
            "SELECT setval(pg_get_serial_sequence(%s, 'id'), (SELECT MAX(id) FROM "  # noqa: S608
            f"{table}))",
            (table,),
        )
