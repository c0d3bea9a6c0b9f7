"""The log of polls: each one, kept for days, and sums by the hour for figures over everybody."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from peewee import (
    EXCLUDED,
    BigIntegerField,
    CompositeKey,
    ForeignKeyField,
    IntegerField,
    SmallIntegerField,
    TextField,
    fn,
)

from audiospective import clock
from audiospective.models.base import InstantField, Row, database, placeholder
from audiospective.models.users import User


class PollLog(Row):
    """One poll. `outcome` is "ok", "anomaly" or a failure type in lower case."""

    user = ForeignKeyField(User, on_delete="CASCADE", backref="poll_log")
    at = InstantField()
    outcome = TextField()
    offered = SmallIntegerField(default=0)  # items on the page
    added = SmallIntegerField(default=0)  # plays that were new
    took_ms = IntegerField(default=0)
    tries = SmallIntegerField(default=1)

    class Meta:
        table_name = "poll_log"
        primary_key = CompositeKey("user", "at")

    @classmethod
    def note(
        cls,
        user_id: int,
        at: datetime,
        outcome: str,
        *,
        offered: int,
        added: int,
        took_ms: int,
        tries: int,
    ) -> None:
        """Add one line, with a constant statement; the same poll noted twice is one line."""
        marks = ", ".join([placeholder()] * 7)
        database.execute_sql(
            "INSERT INTO poll_log (user_id, at, outcome, offered, added, took_ms, tries) "  # noqa: S608
            f"VALUES ({marks}) ON CONFLICT DO NOTHING",
            (user_id, clock.to_ms(at), outcome, offered, added, took_ms, tries),
        )


class Counter(Row):
    """How often (or how much) of `name` there was in the UTC hour that begins at `hour`.

    In the database, so that figures survive restarts and Redis.
    """

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
