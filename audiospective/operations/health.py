"""How somebody's archive is doing: one sentence, and the facts that stand under it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from audiospective import clock
from audiospective.history.recent_plays import recent
from audiospective.incidents import incident, mass_failure
from audiospective.models import Connection, SpotifyApp, User
from audiospective.models.base import LONG_AGO
from audiospective.models.claims import POLLED
from audiospective.models.coverage import Coverage
from audiospective.models.gaps import Gap
from audiospective.models.poll_log import PollLog
from audiospective.notices import recipients
from audiospective.policy import empty_pages, health, schedule
from audiospective.policy.failures import Failure
from audiospective.policy.health import SENTENCES, Sentence, Standing
from audiospective.services import Services

REMEMBERED = 200  # plays that tell how long somebody usually pauses
TOLD_FOR = timedelta(days=7)  # how long the page says that somebody is back

NO_ADDRESS = "no_address"
NOT_PROVEN = "not_proven"
SWITCHED_OFF = "switched_off"
NO_MAIL = "no_mail"


@dataclass(frozen=True)
class Return:
    """Somebody reconnected: what the first poll after it saved, and where a hole may be."""

    at: datetime
    saved: int
    hole: Gap | None


@dataclass(frozen=True)
class Health:
    """The state of one archive; instants are aware.

    `silent` says why a breakdown would stay untold: no_address, not_proven, switched_off,
    no_mail (this server has no mail account), or None when letters would arrive.
    `at_risk_since`: plays after that are not being saved. `quiet_since`: Spotify shows nothing new
    since then, which may well be a holiday.
    """

    sentence: Sentence
    title: str
    tone: str
    status: str | None
    last_success_at: datetime | None
    next_check_at: datetime | None
    renew_by: datetime | None
    gaps: int
    silent: str | None
    at_risk_since: datetime | None = None
    quiet_since: datetime | None = None
    returned: Return | None = None


def state(services: Services, user_id: int) -> Health:
    """The state of one person's archive; a few small queries."""
    now = clock.now()
    user = User.get_by_id(user_id)
    gaps = Gap.select().where((Gap.user == user_id) & Gap.closed_at.is_null()).count()
    silent = silent_mail(services, user)
    connection: Connection | None = (
        Connection.select(Connection, SpotifyApp)
        .join(SpotifyApp)
        .where(Connection.user == user_id)
        .first()
    )
    if connection is None:
        found = health.sentence(Standing(status=None), now)
        return Health(
            found, SENTENCES[found], health.tone(found), None, None, None, None, gaps, silent
        )
    found = health.sentence(standing(connection), now)
    return Health(
        sentence=found,
        title=SENTENCES[found],
        tone=health.tone(found),
        status=connection.status,
        last_success_at=connection.last_success_at,
        next_check_at=next_check(connection),
        renew_by=connection.reauth_due_at,
        gaps=gaps,
        silent=silent,
        at_risk_since=at_risk_since(connection),
        quiet_since=_quiet_since(connection, now),
        returned=_returned(connection, user, now),
    )


def standing(connection: Connection) -> Standing:
    """What the sentence is decided on; `connection.app` is read as well."""
    app = connection.app
    return Standing(
        status=connection.status,
        next_poll_at=connection.next_poll_at,
        last_success_at=connection.last_success_at,
        consecutive_failures=connection.consecutive_failures,
        failure=_failure(connection.last_failure_type),
        app_blocked_until=app.blocked_until if app.blocked_until > LONG_AGO else None,
        app_failure=_failure(app.block_reason),
        mass_refusal=mass_failure.any_in_force(app.id),
        own_app=incident.own_app(connection),
    )


def next_check(connection: Connection) -> datetime | None:
    """When the next poll may be made, None while none is planned."""
    if connection.status not in POLLED:
        return None
    soonest: datetime = max(
        connection.next_poll_at, connection.circuit_open_until, connection.app.blocked_until
    )
    return soonest


def silent_mail(services: Services, user: User) -> str | None:
    """Why a letter about a breakdown would not reach this person, or None if it would."""
    if not user.email:
        return NO_ADDRESS
    if user.email_verified_at is None:
        return NOT_PROVEN
    if recipients.address(user, "archive_stopped") is None:
        return SWITCHED_OFF
    if not services.settings.resend_api_key or not services.settings.mail_from:
        return NO_MAIL
    return None


def at_risk_since(connection: Connection) -> datetime | None:
    """Since when plays are not being saved, None while they are."""
    stopped = connection.status not in POLLED or incident.is_broken(connection)
    return incident.last_known(connection) if stopped else None


def _quiet_since(connection: Connection, now: datetime) -> datetime | None:
    newest = connection.newest_play_at
    if connection.status not in POLLED or newest is None or now - newest <= empty_pages.AT_LEAST:
        return None
    ended = [play.played_at for play in recent(int(connection.__data__["user"]), REMEMBERED)]
    return empty_pages.quiet_since(newest, schedule.longest_silence(ended), now)


def _returned(connection: Connection, user: User, now: datetime) -> Return | None:
    """The latest reconnection, as long as it is news; signing up is none."""
    at: datetime = connection.authorized_at
    if now - at > TOLD_FOR or at - user.created_at < timedelta(minutes=10):
        return None
    before = Coverage.select().where((Coverage.user == user.id) & (Coverage.started_at < at))
    if not before.exists():
        return None
    first = (
        PollLog.select()
        .where((PollLog.user == user.id) & (PollLog.at >= at) & (PollLog.outcome == "ok"))
        .order_by(PollLog.at)
        .first()
    )
    if first is None:
        return None
    hole = Gap.get_or_none((Gap.user == user.id) & (Gap.opened_at == first.at))
    return Return(at=at, saved=first.added, hole=hole)


def _failure(name: str | None) -> Failure | None:
    return Failure(name) if name in set(Failure) else None
