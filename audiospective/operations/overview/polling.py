"""Whether polls succeed: the facts of the alarm, of /readyz and of the figures."""

from __future__ import annotations

from datetime import datetime, timedelta

from peewee import Case, fn

from audiospective import clock
from audiospective.incidents import incident
from audiospective.models import Connection, SpotifyApp
from audiospective.models.base import LONG_AGO
from audiospective.models.connections import ACTIVE
from audiospective.models.marks import Mark
from audiospective.policy import alarms
from audiospective.policy.alarms import Polling
from audiospective.services import Services

LOOKED = "alarms:looked"  # mark: when alarms were last looked at, by any process
WATCHING = "alarms:watching"  # mark: since when that has gone on without a break


def facts(now: datetime) -> Polling:
    """One statement over the connections."""
    waits = (
        (Connection.circuit_open_until <= now)
        & (SpotifyApp.blocked_until <= now)
        & (Connection.next_poll_at > LONG_AGO)
        & (Connection.next_poll_at <= now)
    )
    well = fn.COALESCE(Connection.last_success_at, Connection.authorized_at)
    tried = Connection.last_polled_at > clock.to_ms(now - alarms.PATIENCE)
    members, served, waiting, count = (
        Connection.select(
            fn.COUNT(Connection.user),
            fn.MAX(well),
            fn.MIN(Case(None, [(waits, Connection.next_poll_at)], None)),
            fn.SUM(Case(None, [(tried, 1)], 0)),
        )
        .join(SpotifyApp)
        .where((Connection.status == ACTIVE) & ~incident.failing())
        .tuples()
        .get()
    )
    return Polling(int(members), _at(served), _at(waiting), int(count or 0))


def stale_since(services: Services) -> datetime | None:
    """Since when no poll succeeded although polls were due, once that is an alarm; 3 statements."""
    now = clock.now()
    longest = timedelta(minutes=services.settings.poll_max_minutes)
    return alarms.no_polls(facts(now), longest, now, watched_since(now))


def watched_since(now: datetime) -> datetime | None:
    """Since when this instance has been up without a break, as far as that is known."""
    looked = Mark.at_of(LOOKED)
    if looked is None or now - looked > alarms.INTERRUPTED:
        return None
    return Mark.at_of(WATCHING)


def _at(value: datetime | int | None) -> datetime | None:
    return clock.from_ms(value) if isinstance(value, int) else value
