"""How many members there are in which state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from peewee import SQL, fn

from audiospective.models import Connection, User


@dataclass(frozen=True)
class States:
    """Members by state of their connection; `none` have none and only import."""

    by_status: Mapping[str, int]
    failing: int
    none: int

    @property
    def members(self) -> int:
        return sum(self.by_status.values()) + self.none


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
