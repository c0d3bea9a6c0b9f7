"""How many bytes rows take, tried out in a table that is thrown away."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from audiospective.models import dialects
from audiospective.models.base import database, is_sqlite


def tried_out(columns: str, rows: Sequence[Sequence[Any]]) -> int:
    """Bytes that `rows` take in a table of their own, the key's index included; nothing is kept."""
    if is_sqlite():
        return _in_a_file(columns, rows)
    with database.atomic() as transaction:
        database.execute_sql(f"CREATE TEMPORARY TABLE cost ({columns})")
        dialects.load("cost", rows)
        (size,) = database.execute_sql("SELECT pg_total_relation_size('cost')").fetchone()
        transaction.rollback()
    return int(size)


def _in_a_file(columns: str, rows: Sequence[Sequence[Any]]) -> int:
    with (
        tempfile.TemporaryDirectory() as home,
        closing(sqlite3.connect(Path(home) / "rows.db")) as file,
    ):
        file.execute(f"CREATE TABLE cost ({columns}){dialects.in_key_order()}")
        marks = ", ".join("?" * len(rows[0]))
        file.executemany(f"INSERT INTO cost VALUES ({marks})", rows)  # noqa: S608 - marks only
        (pages,) = file.execute("PRAGMA page_count").fetchone()
        (size,) = file.execute("PRAGMA page_size").fetchone()
        return int(pages * size)
