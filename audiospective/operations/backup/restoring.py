"""Fills an empty database from a backup of either engine; one that holds anything is refused."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl
from peewee import fn

from audiospective import clock
from audiospective.clients.storage import StorageError
from audiospective.history.closed import prefix
from audiospective.models import User, database, dialects, migrations, transaction
from audiospective.models.base import placeholder
from audiospective.models.exports import CANCELLED, EXPIRED, READY, UNFINISHED, Export
from audiospective.models.founding import FoundingRegister
from audiospective.operations.backup import files, schema
from audiospective.operations.backup.container import Manifest, Reading
from audiospective.operations.backup.errors import BackupError
from audiospective.operations.backup.opening import opened
from audiospective.services import Services

# Rows that migrations make by themselves.
MADE = frozenset({"catalog_state", "founding_register"})
SINCE = 10_000  # members who may have joined after the backup was made
PARAMETERS = 900  # a statement; SQLite allows that many everywhere
NOT_EMPTY = "The database holds rows of {} already; a backup is restored into an empty one."
NEWER = "The backup was made by a newer release ({}). Install that one first."
STORAGE = "No row was restored, storage failed: {}. Begin again once it works."


def restore(services: Services, path: Path, *, over: bool = False) -> Manifest:
    """Make this instance what the backup is of; raises BackupError and changes no row then.

    Files of storage come first, since putting them can be repeated: whoever mends what failed may
    begin again. Other bytes under their keys are a reason to refuse, unless `over` is given. The
    tables of the backup's release are filled in one transaction and counted; then they are
    brought up to this release.
    """
    with opened(services, path) as reading:
        reading.check()
        _require_place(reading.manifest)
        try:
            files.put(services.storage, reading, over=over)
        except StorageError as error:
            raise BackupError(STORAGE.format(error)) from None
        _make_tables(reading.manifest)
        with transaction():
            _require_empty()
            _fill(reading)
        migrations.migrate()
        _settle()
        return reading.manifest


def _require_place(manifest: Manifest) -> None:
    """The backup can be restored into this database, by this release."""
    known = migrations.every()
    wanted = manifest.migrations
    if known[: len(wanted)] != wanted:
        raise BackupError(NEWER.format(manifest.release))
    if migrations.applied():
        _require_empty()
    elif schema.tables():
        raise BackupError(NOT_EMPTY.format(schema.tables()[0].name))


def _make_tables(manifest: Manifest) -> None:
    """The tables as the backup's release had them."""
    if migrations.applied() not in ([], manifest.migrations):
        _drop()
    migrations.migrate(up_to=manifest.migrations[-1])


def _require_empty() -> None:
    for table in schema.tables():
        if table.name not in MADE and _count(table.name):
            raise BackupError(NOT_EMPTY.format(table.name))


def _drop() -> None:
    with transaction():
        for table in reversed(schema.tables()):
            database.execute_sql(f'DROP TABLE "{table.name}"')
        database.execute_sql(f'DROP TABLE "{schema.HISTORY}"')


def _fill(reading: Reading) -> None:
    there = {table.name: table for table in schema.tables()}
    if there.keys() != reading.manifest.tables.keys():
        raise BackupError("The tables of the backup are not those of its release.")
    for name in reversed(list(there)):
        database.execute_sql(f'DELETE FROM "{name}"')  # noqa: S608 - a name of the schema
    for name, table in there.items():
        for frame in reading.frames(name):
            _insert(table, frame)
        if _count(name) != reading.manifest.rows()[name]:
            raise BackupError(f"Not every row of {name} could be written; nothing was.")
        _go_on_counting(table)


def _insert(table: schema.Table, frame: pl.DataFrame) -> None:
    told = frame.select(pl.col(column).cast(kind) for column, kind in table.columns.items())
    columns = ", ".join(f'"{one}"' for one in table.columns)
    one = f"({', '.join([placeholder()] * len(table.columns))})"
    rows = told.iter_rows()
    while some := list(islice(rows, max(1, PARAMETERS // len(table.columns)))):
        values = ", ".join([one] * len(some))
        sql = f'INSERT INTO "{table.name}" ({columns}) VALUES {values}'  # noqa: S608
        database.execute_sql(sql, tuple(_flat(some)))


def _flat(rows: list[tuple[Any, ...]]) -> Iterator[Any]:
    for row in rows:
        yield from row


def _go_on_counting(table: schema.Table) -> None:
    """PostgreSQL gives numbers from a counter of its own, which knows nothing of these rows."""
    if dialects.file() or "id" not in table.columns:
        return
    sql = "SELECT pg_get_serial_sequence(%s, 'id')"
    (counter,) = database.execute_sql(sql, (table.name,)).fetchone()
    if counter is not None:
        highest = f'(SELECT MAX(id) FROM "{table.name}")'  # noqa: S608 - a name of the schema
        database.execute_sql(
            f"SELECT setval(%s, GREATEST(COALESCE({highest}, 0), 1), {highest} IS NOT NULL)",
            (counter,),
        )


def _count(table: str) -> int:
    (count,) = database.execute_sql(f'SELECT COUNT(*) FROM "{table}"').fetchone()  # noqa: S608
    return int(count)


def _settle() -> None:
    """Let go of what belongs to the instance that the backup is of.

    Files of exports are in no backup: what was ready has to be made again. The folder of closed
    years may still be that instance's: years are read there, and this one takes its own.
    """
    now = clock.now()
    gone = {"status": EXPIRED, "key": None, "changed_at": now}
    Export.update(gone).where(Export.status == READY).execute()
    ended = {"status": CANCELLED, "changed_at": now}
    Export.update(ended).where(Export.status.in_(UNFINISHED)).execute()
    prefix.abandon()
    _leave_out_numbers()


def _leave_out_numbers() -> None:
    """Nobody new gets the number of somebody who joined since: links in e-mails name it."""
    given = User.select(fn.MAX(User.id)).scalar() or 0
    left = FoundingRegister.select(FoundingRegister.last_member).scalar() or 0
    highest = max(given, left) + SINCE
    FoundingRegister.note_left(highest)
    if dialects.file() is None:
        counter = "pg_get_serial_sequence('users', 'id')"
        database.execute_sql(f"SELECT setval({counter}, %s)", (highest,))
