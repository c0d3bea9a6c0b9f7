"""When consents end, week by week."""

from __future__ import annotations

from datetime import datetime, timedelta

from peewee import SQL, fn

from audiospective import clock
from audiospective.models import Connection
from audiospective.models.connections import ACTIVE

WEEK = timedelta(days=7)
WEEKS = 27  # a consent lasts six months


def renewals(now: datetime) -> list[tuple[datetime, int]]:
    """(first day of a week, how many consents end in it), from this week on; one statement."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    first = midnight - timedelta(days=midnight.weekday())
    begin, length = clock.to_ms(first), WEEK // timedelta(milliseconds=1)
    place = (Connection.reauth_due_at - begin) / length
    rows = (
        Connection.select(place, fn.COUNT(SQL("*")))
        .where(
            (Connection.status == ACTIVE)
            & (Connection.reauth_due_at >= first)
            & (Connection.reauth_due_at < first + WEEKS * WEEK)
        )
        .group_by(SQL("1"))
        .tuples()
    )
    found = {_whole(at): int(count) for at, count in rows}
    return [(first + week * WEEK, found.get(week, 0)) for week in range(WEEKS)]


def _whole(value: datetime | int) -> int:
    return clock.to_ms(value) if isinstance(value, datetime) else int(value)
