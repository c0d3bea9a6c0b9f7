"""Those who are refused for a day while others are served: told a few a day, the operator first.

Such refusals hold no guard up. Many of them may still be an outage of an app in part, which costs
nobody a token: so the alert of the guard stands on, and no more members are told a day than would
be refused without a guard.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from functools import cached_property

from peewee import fn

from audiospective import clock, log
from audiospective.incidents.guard_marks import STILL_REFUSED, Guard, read
from audiospective.models import Connection
from audiospective.models.claims import POLLED
from audiospective.models.marks import Mark
from audiospective.models.refusals import Refusal
from audiospective.policy import mass_failure


class Turns:
    """Who of each app may still be told today; `told` are the apps of those who were, one each."""

    def __init__(self, told: Iterable[int]) -> None:
        self._told = Counter(told)

    @cached_property
    def _room(self) -> dict[int, int]:
        query = Connection.select(Connection.app, fn.COUNT(Connection.user))
        people = query.where(Connection.status.in_(POLLED)).group_by(Connection.app).tuples()
        return {app_id: mass_failure.tolerable(count) for app_id, count in people}

    def take(self, app_id: int) -> bool:
        """Whether one more person of this app may be told today."""
        if self._told[app_id] >= self._room.get(app_id, 0):
            return False
        self._told[app_id] += 1
        return True


def active() -> list[Guard]:
    """Guards that no longer hold although many are still refused."""
    return [guard for mark in Mark.named(STILL_REFUSED) if (guard := read(mark))]


def keep(guard: Guard, recheck: datetime) -> None:
    """Note, as a guard is lifted, that many are refused on; whom it spares was asked since."""
    if _many(guard, recheck):
        name = f"{STILL_REFUSED}{guard.app_id}:{guard.failure.value}"
        Mark.keep(name, guard.since, str(clock.to_ms(clock.now())))


def review(recheck: datetime) -> None:
    """Drop the marks of those who are few by now."""
    for one in active():
        if not _many(one, recheck):
            Mark.drop(one.mark)
            log.event("refusals_over", log.WARNING, app=one.app_id, failure=one.failure.value)


def _many(guard: Guard, recheck: datetime) -> bool:
    charged = (Connection.consecutive_failures > 0) & (
        Connection.last_failure_type == guard.failure.value
    )
    refused = (
        Refusal.select()
        .join(Connection, on=(Connection.user == Refusal.user))
        .where(
            (Refusal.app == guard.app_id)
            & (Refusal.kind == guard.failure.value)
            & (charged | (Refusal.at > recheck))
            & Connection.status.in_(POLLED)
        )
        .count()
    )
    people = Connection.select().where(
        (Connection.app == guard.app_id) & Connection.status.in_(POLLED)
    )
    return bool(refused > mass_failure.tolerable(people.count()))
