"""The database: which one, how it is opened, whose clock counts, and queries made once."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson
from peewee import (
    SQL,
    BigIntegerField,
    Database,
    DatabaseProxy,
    Model,
    Node,
    NodeList,
    SqliteDatabase,
    Value,
)

from audiospective import clock
from audiospective.models.database_away import Pool, noticing
from audiospective.models.sql_context import Postgres, QuickContext
from audiospective.policy import service_urls

database = DatabaseProxy()

SQLITE_PRAGMAS = (
    ("journal_mode", "wal"),
    ("synchronous", 2),  # FULL: a commit that was acknowledged survives a power cut
    ("foreign_keys", 1),
    ("busy_timeout", 30_000),
)


class DurabilityError(Exception):
    """The database does not keep the promise that an acknowledged commit is on disk."""


class InstantField(BigIntegerField):
    """An instant: UTC milliseconds since 1970 in the row, an aware datetime in Python."""

    if TYPE_CHECKING:

        def __get__(self, instance: Any, owner: Any = None) -> Any: ...

    def db_value(self, value: datetime | int | None) -> int | None:
        return clock.to_ms(value) if isinstance(value, datetime) else value

    def python_value(self, value: int | None) -> datetime | None:
        return None if value is None else clock.from_ms(value)


_SQLITE_NOW = "CAST(ROUND((julianday('now') - 2440587.5) * 86400000) AS INTEGER)"
_POSTGRES_NOW = "(EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::bigint"

_VIRTUAL = "now"  # of the database, while the clock is virtual
LONG_AGO = clock.EPOCH  # "never" for instants that must sort and compare, so never null


class Row(Model):
    """The root of all tables."""

    class Meta:
        database = database
        legacy_table_names = False


class _CheckedSqlite(SqliteDatabase):
    """SQLite that reads its settings back: a pragma that did not take is silent otherwise."""

    context_class = QuickContext

    def _set_pragmas(self, conn: Any) -> None:
        super()._set_pragmas(conn)
        for pragma, wanted in SQLITE_PRAGMAS:
            (found,) = conn.execute(f"PRAGMA {pragma}").fetchone()
            if found != wanted and not (pragma == "journal_mode" and found == "memory"):
                raise DurabilityError(f"SQLite keeps {pragma}={found}, {wanted} is needed")


def bind(url: str, *, pooled: bool = False) -> Database:
    """Point every model at `url` without connecting; `pooled` for servers with many threads."""
    if url.startswith("sqlite:"):
        chosen: Database = _CheckedSqlite(
            service_urls.local_path(url),
            pragmas=SQLITE_PRAGMAS,
            timeout=30,
            returning_clause=True,
        )
    else:
        # libpq reads the URL itself, so every option an operator may write is understood.
        dsn = url.replace("postgres://", "postgresql://", 1)
        options: dict[str, Any] = {
            "prefer_psycopg3": True,
            "connect_timeout": 10,
            # Behind PgBouncer in transaction mode the next statement may meet another server, which
            # knows nothing of what was prepared here.
            "prepare_threshold": None,
            **noticing(dsn),
        }
        if pooled:
            chosen = Pool(dsn, max_connections=8, stale_timeout=300, timeout=15, **options)
        else:
            chosen = Postgres(dsn, **options)
    database.initialize(chosen)
    return chosen


def is_sqlite() -> bool:
    return isinstance(database.obj, SqliteDatabase)


def transaction() -> AbstractContextManager[Any]:
    """One transaction; on SQLite it takes the write lock at once.

    A deferred SQLite transaction that reads and then writes fails at once when another process
    wrote in between, whatever the busy time-out; IMMEDIATE waits its turn instead.
    """
    if is_sqlite() and database.transaction_depth() == 0:
        return database.atomic("IMMEDIATE")  # type: ignore[no-any-return]
    return database.atomic()  # type: ignore[no-any-return]


def clock_now() -> Node:
    """The database's own clock as an SQL expression in milliseconds.

    Claims and leases compare with this one, so workers whose clocks differ cannot claim twice.
    Under a virtual clock (tests, simulation) it is that clock's value.
    """
    if clock.is_virtual():
        return Value(clock.to_ms(clock.now()), converter=False)
    return SQL(_SQLITE_NOW if is_sqlite() else _POSTGRES_NOW)


def json_object(text: str) -> dict[str, Any]:
    """A JSON object that a row holds as text; what cannot be read counts as an empty one."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def placeholder() -> str:
    """How this database's driver marks a parameter in SQL text."""
    return "?" if is_sqlite() else "%s"


def clock_text() -> tuple[str, tuple[int, ...]]:
    """`clock_now` as SQL text with its parameters, for statements that are written by hand."""
    if clock.is_virtual():
        return placeholder(), (clock.to_ms(clock.now()),)
    return (_SQLITE_NOW if is_sqlite() else _POSTGRES_NOW), ()


def read_clock() -> datetime:
    """The present instant by the database's clock; one query."""
    if clock.is_virtual():
        return clock.now()
    expression = _SQLITE_NOW if is_sqlite() else _POSTGRES_NOW
    (ms,) = database.execute_sql(f"SELECT {expression}").fetchone()
    return clock.from_ms(int(ms))


def agreed_now() -> datetime:
    """The earlier of this machine's clock and the database's: what has passed by it has passed by
    both. For what cannot be taken back, which a single clock that is ahead must not bring about.
    """
    return min(clock.now(), read_clock())


def listed(kind: str = "bigint") -> str:
    """A table with the one column `value`, made from one parameter (`as_list`).

    Constant statements, however many values there are: building one with hundreds of placeholders
    costs more than running it.
    """
    return "json_each(?) AS listed" if is_sqlite() else f"unnest(?::{kind}[]) AS listed(value)"


def as_list(values: Collection[Any]) -> Any:
    """Values as the parameter of `listed`."""
    return orjson.dumps(list(values)).decode() if is_sqlite() else list(values)


@dataclass(frozen=True)
class _Given:
    name: str


def given(name: str) -> Node:
    """Stands in a query for a value that each run gives: of an instant its milliseconds."""
    return Value(_Given(name), converter=False)


def given_list(name: str, kind: str = "bigint") -> Node:
    """Stands for a list of any length, which is one parameter: behind `field.in_`."""
    before, after = listed(kind).split("?")
    opening = SQL(f"(SELECT value FROM {before}")  # noqa: S608 - a text of ours
    return NodeList((opening, given(name), SQL(f"{after})")), glue="")


class Prepared:
    """A query of `model` that `build` makes, from the database's clock as an expression.

    Nothing in it but what is `given` may differ from one run to the next. Made at the first run
    against a kind of database, and once more under a virtual clock.
    """

    def __init__(self, model: type[Row], build: Callable[[Node], Any]) -> None:
        self._model = model
        self._build = build
        self._made: dict[tuple[bool, bool], tuple[str, list[Any]]] = {}

    def run(self, **values: Any) -> Any:
        """Peewee's raw query with these values: rows of the model, or `.tuples()`."""
        text, places = self._text()
        found = {name: _parameter(value) for name, value in values.items()}
        if clock.is_virtual():
            found[_VIRTUAL] = clock.to_ms(clock.now())
        return self._model.raw(
            text, *(found[one.name] if isinstance(one, _Given) else one for one in places)
        )

    def _text(self) -> tuple[str, list[Any]]:
        key = is_sqlite(), clock.is_virtual()
        if key not in self._made:
            now = given(_VIRTUAL) if clock.is_virtual() else clock_now()
            self._made[key] = self._build(now).sql()
        return self._made[key]


def _parameter(value: Any) -> Any:
    if isinstance(value, datetime):
        return clock.to_ms(value)
    return as_list(value) if isinstance(value, list) else value
