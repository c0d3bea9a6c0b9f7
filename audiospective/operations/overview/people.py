"""Members by state, those whose polls fail, and when consents end; numbers, no names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from peewee import SQL, fn

from audiospective import clock
from audiospective.incidents import incident
from audiospective.models import Connection, SpotifyApp, User
from audiospective.models.connections import ACTIVE, NEEDS_REAUTH, NOT_ALLOWED
from audiospective.operations import health
from audiospective.policy.failures import Failure

WEEK = timedelta(days=7)
WEEKS = 27  # a consent lasts six months
SHOWN = 50


@dataclass(frozen=True)
class States:
    """Members by state of their connection; `none` have none and only import."""

    by_status: Mapping[str, int]
    failing: int
    none: int

    @property
    def members(self) -> int:
        return sum(self.by_status.values()) + self.none


@dataclass(frozen=True)
class Failing:
    """One member whose polls fail; `number` says nothing to who has no access to the database."""

    number: int
    reason: Failure | None
    since: datetime
    tries: int
    next_try: datetime | None
    status: str


def states() -> States:
    """Two statements."""
    failing = fn.SUM((Connection.consecutive_failures > 0).cast("INTEGER"))
    rows = (
        Connection.select(Connection.status, fn.COUNT(SQL("*")), failing)
        .group_by(Connection.status)
        .tuples()
    )
    found = {status: (int(count), int(bad or 0)) for status, count, bad in rows}
    everybody = int(User.select(fn.COUNT(SQL("*"))).scalar())
    by_status = {status: count for status, (count, _) in found.items()}
    return States(
        by_status,
        sum(bad for _, bad in found.values()),
        max(0, everybody - sum(by_status.values())),
    )


def failing(limit: int = SHOWN) -> list[Failing]:
    """Whose polls fail at present, the latest first; one statement."""
    broken = (Connection.consecutive_failures > 0) | Connection.status.in_(
        [NEEDS_REAUTH, NOT_ALLOWED]
    )
    query = (
        Connection.select(Connection, SpotifyApp)
        .join(SpotifyApp)
        .where(broken)
        .order_by(Connection.last_failed_at.desc())
        .limit(limit)
    )
    return [
        Failing(
            number=int(one.user_id),
            reason=incident.last_failure(one),
            since=incident.last_known(one),
            tries=int(one.consecutive_failures),
            next_try=health.next_check(one),
            status=str(one.status),
        )
        for one in query
    ]


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
