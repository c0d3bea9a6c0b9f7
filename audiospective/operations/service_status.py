"""The facts of the public page of status: sums over everybody, nothing about anybody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from peewee import fn

from audiospective import clock
from audiospective.incidents import outage
from audiospective.models import Connection, SpotifyApp
from audiospective.models.base import LONG_AGO
from audiospective.models.claims import POLLED
from audiospective.models.counters import Counter
from audiospective.policy import service_status
from audiospective.policy.service_status import ServiceFacts, ServiceState
from audiospective.services import Services

CHECKS = "polls:"
ANSWERED = ("polls:ok", "polls:empty")


@dataclass(frozen=True)
class ServiceStatus:
    """`checks` and `answered` are those since the full hour before last; `at` is when it was so."""

    state: ServiceState
    at: datetime
    checks: int
    answered: int
    last_check_at: datetime | None
    blocked_until: datetime | None
    sends_emails: bool


def look(services: Services) -> ServiceStatus:
    """Five small queries."""
    now = clock.now()
    app = SpotifyApp.select().where(SpotifyApp.owner.is_null()).order_by(SpotifyApp.id).first()
    blocked = app.blocked_until if app and app.blocked_until > now else None
    facts = ServiceFacts(
        most_overdue=_most_overdue(now),
        outage=bool(app and app.id in outage.active()),
        app_refused=bool(app and any(one.app_id == app.id for one in outage.refused_apps())),
        blocked_until=blocked,
    )
    sums = Counter.sums(now - timedelta(hours=1), CHECKS)
    newest = Connection.select(fn.MAX(Connection.last_polled_at)).scalar()
    return ServiceStatus(
        state=service_status.state(facts, now),
        at=now,
        checks=sum(sums.values()),
        answered=sum(sums.get(name, 0) for name in ANSWERED),
        last_check_at=clock.from_ms(newest) if isinstance(newest, int) else newest,
        blocked_until=blocked,
        sends_emails=bool(services.settings.resend_api_key and services.settings.mail_from),
    )


def _most_overdue(now: datetime) -> timedelta:
    """Of checks that wait for nothing but us."""
    waiting = (
        Connection.status.in_(POLLED)
        & (Connection.circuit_open_until <= now)
        & (SpotifyApp.blocked_until <= now)
    )
    first = (
        Connection.select(fn.MIN(Connection.next_poll_at)).join(SpotifyApp).where(waiting).scalar()
    )
    at = clock.from_ms(first) if isinstance(first, int) else first
    return max(timedelta(0), now - at) if at and at > LONG_AGO else timedelta(0)
