"""Repairs what a clock that ran ahead left in rows: it must stop no polls and hide no refusals."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from peewee import Case

from audiospective import log
from audiospective.models import Connection, SpotifyApp, database, transaction
from audiospective.models.base import clock_now, clock_text
from audiospective.models.claims import LEASE
from audiospective.models.refusals import Refusal
from audiospective.services import Services

LESS = timedelta(minutes=1) // timedelta(milliseconds=1)  # clocks differ by less
LEASED = LEASE // timedelta(milliseconds=1)  # at most, by a clock that is right
_ANYTHING = (
    "SELECT EXISTS (SELECT 1 FROM connections WHERE last_polled_at > {later})"
    " OR EXISTS (SELECT 1 FROM connections WHERE authorized_at > {later})"
    " OR EXISTS (SELECT 1 FROM connections WHERE lease_until > {leased})"
    " OR EXISTS (SELECT 1 FROM spotify_apps WHERE blocked_at > {later})"
    " OR EXISTS (SELECT 1 FROM refusals WHERE at > {later} OR first_at > {later})"
)


def bring_back(services: Services) -> int:
    """Bring back whatever lies further ahead than its own period; how many rows did.

    What was planned by a clock that was ahead stays as far from now as it was from then. Goes by
    the database's clock, as claims do. One constant statement as long as clocks are right.
    """
    if not _is_anything_ahead():
        return 0
    now = clock_now()
    with transaction():
        found = _polled(now) + _never_polled(now) + _leased(now)
        blocked = _blocked(now)
        refused = _refused(now)
    for app in blocked:
        services.blocked_apps.lift(app.id)
        services.blocked_apps.block(app.id, app.blocked_until)
    if found or blocked or refused:
        log.event(
            "clock_was_ahead", log.WARNING, people=found, apps=len(blocked), refusals=refused,
        )  # fmt: skip
    return found + len(blocked) + refused


def _is_anything_ahead() -> bool:
    now, instant = clock_text()
    query = _ANYTHING.format(later=f"{now} + {LESS}", leased=f"{now} + {LEASED + LESS}")
    (found,) = database.execute_sql(query, instant * 6).fetchone()
    return bool(found)


def _polled(now: Any) -> int:
    ahead = Connection.last_polled_at - now
    return int(
        Connection.update(
            next_poll_at=Connection.next_poll_at - ahead,
            circuit_open_until=Case(
                None,
                [(Connection.circuit_open_until > now, Connection.circuit_open_until - ahead)],
                Connection.circuit_open_until,
            ),
            # As long before the last poll as it was: a day without one stays a day without one.
            last_success_at=_back(Connection.last_success_at, ahead, now),
            last_failed_at=_at_most(Connection.last_failed_at, now),
            last_polled_at=now,
        )
        .where(Connection.last_polled_at > now + LESS)
        .execute()
    )


def _never_polled(now: Any) -> int:
    """Whoever connected while the clock was ahead waits for nothing."""
    return int(
        Connection.update(authorized_at=now, next_poll_at=now)
        .where((Connection.authorized_at > now + LESS) & (Connection.next_poll_at > now))
        .execute()
    )


def _leased(now: Any) -> int:
    return int(
        Connection.update(lease_until=now + LEASED)
        .where(Connection.lease_until > now + LEASED + LESS)
        .execute()
    )


def _blocked(now: Any) -> list[SpotifyApp]:
    ahead = SpotifyApp.blocked_at - now
    return list(
        SpotifyApp.update(blocked_until=SpotifyApp.blocked_until - ahead, blocked_at=now)
        .where(SpotifyApp.blocked_at > now + LESS)
        .returning(SpotifyApp)
        .execute()
    )


def _refused(now: Any) -> int:
    """A refusal counts from now: one that lies ahead would be taken for the first of later ones."""
    return int(
        Refusal.update(first_at=_at_most(Refusal.first_at, now), at=_at_most(Refusal.at, now))
        .where((Refusal.at > now + LESS) | (Refusal.first_at > now + LESS))
        .execute()
    )


def _back(column: Any, ahead: Any, now: Any) -> Case:
    """What lies ahead of `now` comes back by `ahead`, and to `now` at the latest."""
    back = column - ahead
    return Case(None, [(column <= now, column), (back > now, now)], back)


def _at_most(column: Any, now: Any) -> Case:
    return Case(None, [(column > now, now)], column)
