"""The tables of a database as they are, whichever engine and whichever release made them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from audiospective.models import database

HISTORY = "schema_migration"  # told in the manifest instead
_KINDS: tuple[tuple[str, type[pl.DataType]], ...] = (
    ("BOOL", pl.Boolean),
    ("INT", pl.Int64),
    ("TEXT", pl.String),
    ("CHAR", pl.String),
    ("BLOB", pl.Binary),
    ("BYTEA", pl.Binary),
    ("DOUBLE", pl.Float64),
    ("REAL", pl.Float64),
    ("FLOAT", pl.Float64),
)


@dataclass(frozen=True)
class Table:
    """`key` are the columns by which rows are put in order."""

    name: str
    columns: Mapping[str, type[pl.DataType]]
    key: Sequence[str]

    @property
    def query(self) -> str:
        """Selects all rows, in order."""
        columns = ", ".join(f'"{one}"' for one in self.columns)
        order = ", ".join(f'"{one}"' for one in self.key)
        return f'SELECT {columns} FROM "{self.name}"' + (f" ORDER BY {order}" if order else "")  # noqa: S608 - names of the schema


def tables() -> list[Table]:
    """All tables, each after those that it refers to."""
    names = sorted(set(database.get_tables()) - {HISTORY, "sqlite_sequence"})
    needs = {
        name: {key.dest_table for key in database.get_foreign_keys(name)} - {name} for name in names
    }
    placed: list[str] = []
    while len(placed) < len(names):
        ready = [one for one in names if one not in placed and needs[one] <= set(placed)]
        if not ready:
            raise ValueError("tables that refer to each other in a circle")
        placed += ready
    return [_table(name) for name in placed]


def _table(name: str) -> Table:
    columns = database.get_columns(name)
    kinds = {one.name: kind(str(one.data_type)) for one in columns}
    return Table(name, kinds, [one.name for one in columns if one.primary_key])


def kind(declared: str) -> type[pl.DataType]:
    """What a column holds, by the type that it was declared with; raises ValueError."""
    for word, found in _KINDS:
        if word in declared.upper():
            return found
    raise ValueError(f"a column of the type {declared} has no form in a backup")


def plain(value: Any) -> Any:
    """A value as databases give it, with bytes as bytes."""
    return bytes(value) if isinstance(value, memoryview | bytearray) else value
