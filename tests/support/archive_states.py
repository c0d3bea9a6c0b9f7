"""Every state that an archive can be in, as functions that bring it about for alice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from audiospective import clock
from audiospective.history import append
from audiospective.history.catalog import polled
from audiospective.models import Connection, SpotifyApp, User
from audiospective.models.coverage import Coverage
from audiospective.models.marks import Mark
from audiospective.models.refusals import Refusal
from audiospective.policy.health import HealthStatus
from audiospective.services import Services
from tests.factories import make_connection, make_user, track

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
Make = Callable[[Services], User]


def plays(user: User, count: int = 3) -> None:
    """The newest ended an hour ago."""
    facts = [track(f"Song {number}") for number in range(count)]
    ids = polled.remember(facts)
    newest = clock.now() - HOUR
    append.polled(
        [
            append.NewPlay(
                user.id, clock.to_ms(newest - number * 4 * MINUTE), ids[fact.spotify_id], None
            )
            for number, fact in enumerate(facts)
        ]
    )


def connected(*, ago: timedelta = 8 * MINUTE, **values: Any) -> Make:
    """Alice, archived since forty days, last checked `ago` before now."""

    def make(services: Services) -> User:
        now = clock.now()
        user = make_user("alice", created_at=now - 41 * DAY)
        found = make_connection(
            services,
            user,
            **{
                "authorized_at": now - 40 * DAY,
                "last_polled_at": now - ago,
                "last_success_at": now - ago,
                "next_poll_at": now - ago + HOUR,
                **values,
            },
        )
        if found.last_success_at is not None:
            began = now - 40 * DAY
            Coverage.begin(user.id, began)
            if found.status in ("paused", "disconnected"):
                Coverage.end(user.id, found.last_success_at)
            plays(user)
        return user

    return make


def blocked(reason: str, wait: timedelta, **values: Any) -> Make:
    """Alice while the app may make no call."""

    def make(services: Services) -> User:
        user = connected(**values)(services)
        SpotifyApp.update(blocked_until=clock.now() + wait, block_reason=reason).execute()
        return user

    return make


def own_app(secret_encrypted: str | None = None, **values: Any) -> Make:
    """Alice through an app of her own; its secret is usable unless `secret_encrypted` is given."""

    def make(services: Services) -> User:
        user = connected(**values)(services)
        app = SpotifyApp.create(
            owner=user, client_id="a" * 32, secret_encrypted="", created_at=clock.now()
        )
        app.secret_encrypted = secret_encrypted or services.vault.encrypt(
            "spotify_apps.secret", app.id, "secret"
        )
        app.save()
        Connection.update(app=app.id).where(Connection.user == user.id).execute()
        return user

    return make


def expiring(services: Services) -> User:
    """Alice, whose consent ends in ten days."""
    return connected(reauth_due_at=clock.now() + 10 * DAY)(services)


def guarded(services: Services) -> User:
    """Alice while so many are refused at once that it cannot be them."""
    user = connected(ago=5 * HOUR)(services)
    Mark.put("guard:1:auth", clock.now() - HOUR)
    return user


def refused_once(make: Make, kind: str) -> Make:
    """Alice five minutes after the first refusal; half an hour after it Spotify is asked again."""

    def refused(services: Services) -> User:
        user, at = make(services), clock.now() - 5 * MINUTE
        row = Connection.get(Connection.user == user.id)
        Refusal.create(app=row.app_id, kind=kind, user=user, first_at=at, at=at)
        Connection.update(
            consecutive_failures=1,
            last_failure_type=kind,
            last_failed_at=at,
            last_polled_at=at,
            circuit_open_until=at + 30 * MINUTE,
            next_poll_at=at + 30 * MINUTE,
        ).where(Connection.user == user.id).execute()
        return user

    return refused


def import_only(count: int) -> Make:
    def make(services: Services) -> User:
        user = make_user("alice", spotify_account_id=None, spotify_id=None)
        plays(user, count)
        return user

    return make


NETWORK = {"consecutive_failures": 4, "last_failure_type": "network"}
REFUSED = {"consecutive_failures": 1, "last_failure_type": "auth"}

STATES: dict[str, tuple[HealthStatus, Make]] = {
    "active": (HealthStatus.UP_TO_DATE, connected()),
    "renewal in ten days": (
        HealthStatus.UP_TO_DATE,
        expiring,
    ),
    "catching up": (HealthStatus.CATCHING_UP, connected(ago=6 * HOUR)),
    "refused once": (HealthStatus.REFUSED_ONCE, refused_once(connected(ago=HOUR), "auth")),
    "refused at the first check": (
        HealthStatus.REFUSED_ONCE,
        refused_once(connected(last_success_at=None), "auth"),
    ),
    "not listed once": (
        HealthStatus.REFUSED_ONCE,
        refused_once(own_app(ago=4 * HOUR, status="not_allowed"), "not_allowed"),
    ),
    "revoked a moment ago": (HealthStatus.RECONNECT_NEEDED, connected(ago=9 * MINUTE, **REFUSED)),
    "revoked for days": (
        HealthStatus.RECONNECT_NEEDED,
        connected(ago=3 * DAY, status="needs_reauth", **REFUSED),
    ),
    "not listed": (HealthStatus.NOT_LISTED, connected(ago=2 * DAY, status="not_allowed")),
    "not listed from the start": (
        HealthStatus.NOT_LISTED,
        connected(status="not_allowed", last_success_at=None),
    ),
    "own app does not list": (
        HealthStatus.OWN_APP_NOT_LISTED,
        own_app(ago=2 * DAY, status="not_allowed"),
    ),
    "paused": (HealthStatus.PAUSED, connected(ago=2 * DAY, status="paused")),
    "disconnected": (HealthStatus.DISCONNECTED, connected(ago=2 * DAY, status="disconnected")),
    "import only, empty": (HealthStatus.EMPTY, import_only(0)),
    "import only, with plays": (HealthStatus.IMPORT_ONLY, import_only(3)),
    "outage": (HealthStatus.SPOTIFY_SILENT, connected(ago=9 * HOUR, **NETWORK)),
    "limited for a day": (
        HealthStatus.WAITING_FOR_LIMIT,
        blocked("quota", 24 * HOUR, ago=4 * HOUR),
    ),
    "limited for a moment": (HealthStatus.UP_TO_DATE, blocked("rate_limit", MINUTE)),
    "app refused": (HealthStatus.APP_REFUSED, blocked("app", 30 * MINUTE, ago=DAY)),
    "own app refused": (
        HealthStatus.OWN_APP_REFUSED,
        own_app(ago=DAY, consecutive_failures=3, last_failure_type="withheld"),
    ),
    "own app's secret unreadable": (
        HealthStatus.OWN_APP_UNREADABLE,
        own_app(ago=DAY, secret_encrypted="encrypted with a key that is gone"),
    ),
    "key of this server missing": (
        HealthStatus.LOCKED,
        connected(ago=DAY, consecutive_failures=9, last_failure_type="locked"),
    ),
    "guard in force": (HealthStatus.APP_REFUSED, guarded),
    "never polled": (
        HealthStatus.FIRST_POLL,
        connected(last_polled_at=None, last_success_at=None),
    ),
    "never polled for hours": (
        HealthStatus.CATCHING_UP,
        connected(ago=5 * HOUR, last_polled_at=None, last_success_at=None),
    ),
}
