"""Counters: sums by the hour, so that figures survive restarts and Redis."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from peewee import EXCLUDED, BigIntegerField, CompositeKey, TextField, fn

from audiospective.models.base import InstantField, Row


class Counter(Row):
    """How often (or how much) of `name` there was in the UTC hour that begins at `hour`."""

    hour = InstantField()
    name = TextField()
    value = BigIntegerField(default=0)

    class Meta:
        table_name = "counters"
        primary_key = CompositeKey("hour", "name")

    @classmethod
    def add(cls, amounts: Mapping[str, int], now: datetime) -> None:
        """Add each amount to its name; one statement, nothing when all are zero."""
        hour = now.replace(minute=0, second=0, microsecond=0)
        # Sorted: two processes that add at once take the rows in the same order.
        rows = [(hour, name, amount) for name, amount in sorted(amounts.items()) if amount]
        if rows:
            cls.insert_many(rows, fields=[cls.hour, cls.name, cls.value]).on_conflict(
                conflict_target=[cls.hour, cls.name],
                update={cls.value: cls.value + EXCLUDED.value},
            ).execute()

    @classmethod
    def sums(cls, since: datetime, prefix: str = "") -> dict[str, int]:
        """Totals by name from the hour of `since` on, for names that begin with `prefix`."""
        hour = since.replace(minute=0, second=0, microsecond=0)
        query = cls.select(cls.name, fn.SUM(cls.value)).where(cls.hour >= hour)
        if prefix:
            query = query.where(cls.name.startswith(prefix))
        return {name: int(total) for name, total in query.group_by(cls.name).tuples()}
