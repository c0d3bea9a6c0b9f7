"""Counters: sums by time, so that figures survive restarts and Redis.

Rows of the last hours stand for five minutes each, older ones for an hour; what is older than
anything that is shown becomes one row a name, so that totals never fall.
"""

from __future__ import annotations

from collections import Counter as Sums
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from peewee import SQL, BigIntegerField, CompositeKey, TextField, fn

from audiospective import clock
from audiospective.models import dialects
from audiospective.models.base import (
    InstantField,
    Prepared,
    Row,
    database,
    given,
    placeholder,
    transaction,
)

STEP = timedelta(minutes=5)
HOUR = timedelta(hours=1)
FINE = timedelta(hours=2)  # for which rows of STEP are kept
BY_APP = ("calls:", "limited:")  # names that end with an app: no total is kept of them


class Counter(Row):
    """How often (or how much) of `name` there was in the time that begins at `hour` (UTC)."""

    hour = InstantField()
    name = TextField()
    value = BigIntegerField(default=0)

    class Meta:
        table_name = "counters"
        primary_key = CompositeKey("hour", "name")

    @classmethod
    def add(cls, amounts: Mapping[str, int], now: datetime) -> None:
        """Add each amount to its name; one statement, nothing when all are zero."""
        at = floor(now, STEP)
        # Sorted: two processes that add at once take the rows in the same order.
        cls._add([(at, name, amount) for name, amount in sorted(amounts.items()) if amount])

    @classmethod
    def sums(cls, since: datetime, prefix: str = "") -> dict[str, int]:
        """Totals by name from the hour of `since` on, for names that begin with `prefix`."""
        rows = _SUMS.run(since=floor(since, HOUR), prefix=prefix, length=len(prefix))
        return {name: int(total) for name, total in rows.tuples()}

    @classmethod
    def totals(cls) -> dict[str, int]:
        """All that was ever counted, by name, but for what is counted by app."""
        query = cls.select(cls.name, fn.SUM(cls.value)).where(cls._of_everybody())
        return {name: int(total) for name, total in query.group_by(cls.name).tuples()}

    @classmethod
    def series(cls, since: datetime, step: timedelta) -> dict[int, dict[str, int]]:
        """Totals by name for each `step` from `since` on, but for what is counted by app."""
        begin, length = clock.to_ms(since), step // timedelta(milliseconds=1)
        # Whole numbers on both sides, so both databases cut the fraction off.
        place = (cls.hour - begin) / length
        query = (
            cls.select(place, cls.name, fn.SUM(cls.value))
            .where((cls.hour >= since) & cls._of_everybody())
            .group_by(SQL("1"), cls.name)
        )
        found: dict[int, dict[str, int]] = {}
        for at, name, total in query.tuples():
            found.setdefault(_whole(at), {})[name] = int(total)
        return found

    @classmethod
    def largest(cls, prefix: str, since: datetime, count: int) -> dict[str, int]:
        """The `count` names with the largest totals since then, of those that begin so."""
        total = fn.SUM(cls.value)
        query = (
            cls.select(cls.name, total)
            .where((cls.hour >= since) & cls.name.startswith(prefix))
            .group_by(cls.name)
            .order_by(total.desc())
            .limit(count)
        )
        return {name: int(value) for name, value in query.tuples()}

    @classmethod
    def of(cls, names: Collection[str], since: datetime) -> dict[str, int]:
        """Totals of just these names since then."""
        query = (
            cls.select(cls.name, fn.SUM(cls.value))
            .where((cls.hour >= since) & cls.name.in_(list(names)))
            .group_by(cls.name)
        )
        return {name: int(value) for name, value in query.tuples()}

    @classmethod
    def roll_up(cls, now: datetime) -> int:
        """Make one row an hour of rows older than FINE; how many there were."""
        hour = HOUR // timedelta(milliseconds=1)
        within = (cls.hour < floor(now - FINE, HOUR)) & ((cls.hour / hour) * hour != cls.hour)
        return cls._merge(within, lambda at: floor(at, HOUR))

    @classmethod
    def forget(cls, before: datetime) -> int:
        """Add rows older than that to the totals, and drop them; how many there were."""
        old = (cls.hour < before) & (cls.hour > clock.EPOCH)
        with transaction():
            gone = int(cls.delete().where(old & ~cls._of_everybody()).execute())
            return gone + cls._merge(old, lambda _: clock.EPOCH)

    @classmethod
    def _merge(cls, which: Any, place: Any) -> int:
        with transaction():
            gone = list(
                cls.delete().where(which).returning(cls.hour, cls.name, cls.value).execute()
            )
            sums: Sums[tuple[datetime, str]] = Sums()
            for row in gone:
                sums[place(row.hour), row.name] += row.value
            cls._add([(at, name, value) for (at, name), value in sorted(sums.items())])
        return len(gone)

    @classmethod
    def _of_everybody(cls) -> Any:
        condition: Any = ~cls.name.startswith(BY_APP[0])
        for prefix in BY_APP[1:]:
            condition &= ~cls.name.startswith(prefix)
        return condition

    @classmethod
    def _add(cls, rows: list[tuple[datetime, str, int]]) -> None:
        if rows:
            source, values = dialects.table_of(
                _COLUMNS, [(clock.to_ms(at), name, value) for at, name, value in rows]
            )
            text = _ADD.format(rows=source).replace("?", placeholder())
            database.execute_sql(text, values)  # its errors are Peewee's


_COLUMNS = {"h": "bigint", "n": "text", "v": "bigint"}
# With the condition SQLite does not take ON CONFLICT for that of a join.
_ADD = """
INSERT INTO counters (hour, name, value) SELECT h, n, v FROM {rows} WHERE TRUE
ON CONFLICT (hour, name) DO UPDATE SET value = counters.value + excluded.value
"""
_SUMS = Prepared(
    Counter,
    lambda _now: (
        Counter.select(Counter.name, fn.SUM(Counter.value))
        .where(
            (Counter.hour >= given("since"))
            & (fn.SUBSTR(Counter.name, 1, given("length")) == given("prefix"))
        )
        .group_by(Counter.name)
    ),
)


def floor(at: datetime, step: timedelta) -> datetime:
    """`at` cut to a multiple of `step` since 1970."""
    length = step // timedelta(milliseconds=1)
    return clock.from_ms(clock.to_ms(at) // length * length)


def _whole(value: datetime | int) -> int:
    return clock.to_ms(value) if isinstance(value, datetime) else int(value)
