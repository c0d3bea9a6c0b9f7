"""How somebody's archive is doing: the rows behind the one state that all pages show."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from peewee import fn

from audiospective import clock
from audiospective.history import recent_plays
from audiospective.incidents import health_facts, incident
from audiospective.models import Connection, SpotifyApp, UnreadablePlay, User
from audiospective.models.claims import POLLED
from audiospective.models.coverage import Coverage
from audiospective.models.deletions import Deletion
from audiospective.models.gaps import Gap
from audiospective.models.poll_log import TOGETHER, PollLog
from audiospective.notices import kind
from audiospective.policy import archive_state, check_wait, empty_pages, health, schedule
from audiospective.policy.archive_state import ArchiveState, Missing, Return
from audiospective.policy.check_wait import Wait
from audiospective.policy.failures import named
from audiospective.policy.health import Facts, HealthStatus
from audiospective.services import Services

REMEMBERED = 200  # plays that tell how long somebody usually pauses
TOLD_FOR = timedelta(days=7)  # how long the page says that somebody is back

NO_ADDRESS = "no_address"
NOT_PROVEN = "not_proven"
SWITCHED_OFF = "switched_off"
NO_MAIL = "no_mail"


def state(services: Services, user_id: int) -> ArchiveState:
    """The state of one archive; a few small queries."""
    now = clock.now()
    user = _member(user_id)
    plays = recent_plays.total(user_id)
    connection = _connection(user_id)
    noted = _noted(user_id)
    gaps = tuple(missing(gap) for gap in noted)
    if connection is None:
        found = ArchiveState(
            status=health.status(Facts(connection=None, plays=plays), now),
            plays=plays,
            gaps=gaps,
            unreadable=user.unreadable,
            deletion_at=_instant(user.deletion_at),
        )
        return archive_state.as_shown(found, now)
    found = ArchiveState(
        status=health.status(health_facts.of(services, connection), now),
        plays=plays,
        began=_began(user),
        last_success_at=connection.last_success_at,
        refused_at=connection.last_failed_at,
        next_check_at=next_check(connection),
        wait=wait(connection, now),
        renew_by=connection.reauth_due_at,
        reminded=_sends(services) and kind.address(user, "renewal") is not None,
        gaps=gaps,
        unreadable=user.unreadable,
        silent=silent_mail(services, user),
        quiet_since=_quiet_since(connection, now),
        returned=_returned(connection, user, noted, now),
        connected_before=True,
        deletion_at=_instant(user.deletion_at),
    )
    return archive_state.as_shown(found, now, last_known=incident.last_known(connection))


def noted_gaps(user_id: int) -> tuple[Missing, ...]:
    """The gaps that have been noted, without one that grows at present; one query."""
    return tuple(missing(gap) for gap in _noted(user_id))


def gaps(services: Services, user_id: int) -> tuple[Missing, ...]:
    """All gaps of an archive as `state` has them, the one that grows at present first.

    For pages that show gaps and nothing else of the state; two or three small queries.
    """
    now = clock.now()
    found = noted_gaps(user_id)
    connection = _connection(user_id)
    if connection is None:
        return archive_state.as_shown(ArchiveState(HealthStatus.EMPTY, gaps=found), now).gaps
    status = health.status(health_facts.of(services, connection), now)
    shown = ArchiveState(status, gaps=found, connected_before=True)
    return archive_state.as_shown(shown, now, last_known=incident.last_known(connection)).gaps


def missing(gap: Gap) -> Missing:
    """A gap as pages show it."""
    return Missing(
        started_at=gap.started_at,
        probably_from=gap.probably_from,
        ended_at=gap.ended_at,
        cause=gap.cause,
        certainty=gap.certainty,
        closed_at=gap.closed_at,
        recovered=gap.recovered,
    )


def wait(connection: Connection, now: datetime) -> Wait | None:
    """What a check that the member asks for would wait for."""
    return check_wait.wait(
        connection.last_polled_at,
        connection.circuit_open_until,
        connection.app.blocked_until,
        named(connection.app.block_reason),
        now,
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
    """Why an e-mail about a breakdown would not reach this member, or None if it would."""
    if not user.email:
        return NO_ADDRESS
    if user.email_verified_at is None:
        return NOT_PROVEN
    if kind.address(user, "archive_stopped") is None:
        return SWITCHED_OFF
    return None if _sends(services) else NO_MAIL


def _sends(services: Services) -> bool:
    return bool(services.settings.resend_api_key and services.settings.mail_from)


def _noted(user_id: int) -> list[Gap]:
    return list(Gap.select().where(Gap.user == user_id))


def _connection(user_id: int) -> Connection | None:
    found: Connection | None = (
        Connection.select(Connection, SpotifyApp)
        .join(SpotifyApp)
        .where(Connection.user == user_id)
        .first()
    )
    return found


def _member(user_id: int) -> User:
    """The member, with `covered_from`, `lost_from`, `deletion_at` (all in ms) and the count of
    `unreadable` items."""
    covered = Coverage.select(fn.MIN(Coverage.started_at)).where(Coverage.user == user_id)
    lost = Gap.select(fn.MIN(Gap.probably_from)).where(Gap.user == user_id)
    kept = UnreadablePlay.select(fn.COUNT(UnreadablePlay.digest)).where(
        UnreadablePlay.user == user_id
    )
    leaves = Deletion.select(fn.MIN(Deletion.due_at)).where(Deletion.user == user_id)
    found: User = (
        User.select(
            User,
            covered.alias("covered_from"),
            lost.alias("lost_from"),
            kept.alias("unreadable"),
            leaves.alias("deletion_at"),
        )
        .where(User.id == user_id)
        .get()
    )
    return found


def _began(user: User) -> datetime | None:
    """Since when it is known what was saved and what was lost."""
    found = [at for at in (user.covered_from, user.lost_from) if at is not None]
    return _instant(min(found, default=None))


def _instant(at: int | None) -> datetime | None:
    return None if at is None else clock.from_ms(at)


def _quiet_since(connection: Connection, now: datetime) -> datetime | None:
    newest = connection.newest_play_at
    if connection.status not in POLLED or newest is None or now - newest <= empty_pages.AT_LEAST:
        return None
    ended = [play.played_at for play in recent_plays.recent(connection.user_id, REMEMBERED)]
    return empty_pages.quiet_since(newest, schedule.longest_silence(ended), now)


def _returned(
    connection: Connection, user: User, noted: Sequence[Gap], now: datetime
) -> Return | None:
    """The latest reconnection, as long as it is news; signing up is none. One query at most."""
    at: datetime = connection.authorized_at
    if now - at > TOLD_FOR or at - user.created_at < timedelta(minutes=10):
        return None
    if user.covered_from is None or clock.from_ms(user.covered_from) >= at:
        return None
    first = (
        PollLog.select()
        .where((PollLog.user == user.id) & (PollLog.at >= at) & (PollLog.outcome == "ok"))
        .order_by(PollLog.at)
        .first()
    )
    if first is None:
        return None
    gap = next((gap for gap in noted if timedelta() <= first.at - gap.opened_at < TOGETHER), None)
    return Return(at=at, saved=first.added, gap=missing(gap) if gap else None)
