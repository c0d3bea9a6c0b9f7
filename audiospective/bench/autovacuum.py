"""Vacuums by the rule of PostgreSQL's autovacuum where what takes years takes minutes."""

from __future__ import annotations

from collections import Counter

from audiospective.models import dialects

LEAST = 50  # autovacuum_vacuum_threshold


class Autovacuum:
    """Told of rows that are gone, vacuums their table when PostgreSQL would, within a minute."""

    def __init__(self) -> None:
        self._gone: Counter[str] = Counter()

    def gone(self, table: str, rows: int) -> None:
        """So many rows of a table were deleted, or written anew."""
        self._gone[table] += rows
        if self._gone[table] > LEAST + dialects.dead_rows_allowed(table):
            dialects.vacuum(table)
            self._gone[table] = 0
